"""Chooses which metrics of a run to show, by their Keras names."""

from fitmon.engine.record.snapshot import Snapshot


def second_metric(snapshot: Snapshot) -> str | None:
    """Return the metric to show beside the loss: accuracy if there is one, else the first other; None if there is none.

    Metrics that are also validated are preferred.
    """
    names = [name for name in (*snapshot.metrics, *snapshot.chunks) if name != "loss" and not name.startswith("val_")]
    if "accuracy" in names:
        return "accuracy"
    validated = [name for name in names if f"val_{name}" in snapshot.metrics]
    return next(iter(validated or names), None)


def has_values(snapshot: Snapshot, metric: str) -> bool:
    """Return whether a metric, by its Keras name, has values to draw."""
    return metric in snapshot.metrics or metric in snapshot.chunks
