"""Measures how long it takes to draw the charts of a run of 100,000 epochs on two branches; prints a line of JSON."""

from __future__ import annotations

import json
import statistics
import time

import numpy as np

from fitmon.engine import events
from fitmon.engine.measures import Measures
from fitmon.engine.record.record import RunRecord
from fitmon.engine.record.snapshot import Snapshot
from fitmon.tui.chart_view import ChartView
from fitmon.tui.drawing.curves import chart_of
from fitmon.tui.drawing.run_chart import draw_chart

EPOCHS = 100_000
SIZES = ((60, 18), (120, 36), (200, 46))
VIEWS = {
    "as it is": ChartView(),
    "cursor": ChartView(cursor=EPOCHS // 3),
    "by time": ChartView(by_time=True),
    "smoothed": ChartView(smoothing=0.9),
    "zoomed": ChartView(window=100),
}
REPETITIONS = 15


def long_run() -> Snapshot:
    """Return a run that has trained all epochs, and half of them again with another seed."""
    record, random = RunRecord(), np.random.default_rng(0)
    _train(record, random, 1)
    record.apply(events.BranchStarted(branch=2, parent=1, epoch=EPOCHS // 2, knobs={}))
    _train(record, random, EPOCHS // 2 + 1)
    return record.snapshot()


def _train(record: RunRecord, random: np.random.Generator, first: int) -> None:
    noise = random.random((EPOCHS + 1, 4)) / 10
    for epoch in range(first, EPOCHS + 1):
        loss, val_loss, accuracy, val_accuracy = noise[epoch].tolist()
        metrics = {
            "loss": 1 / epoch + loss,
            "val_loss": 0.5 + 1 / epoch + val_loss,
            "accuracy": 0.9 + accuracy,
            "val_accuracy": 0.8 + val_accuracy,
        }
        record.apply(events.EpochStarted(epoch=epoch, epochs=EPOCHS, steps=2))
        for step in (1, 2):
            chunk = {"loss": loss * step, "accuracy": 0.9}
            record.apply(
                events.ChunkEnded(
                    epoch=epoch, step=step, steps=2, chunk_metrics=chunk, epoch_metrics=chunk, seconds=0.01
                )
            )
        record.apply(
            events.EpochEnded(
                epoch=epoch, epochs=EPOCHS, seconds=0.02, metrics=metrics, knobs={}, measures=Measures(penalty=0.1)
            )
        )


def milliseconds(snapshot: Snapshot) -> dict[str, float]:
    """Return the median processor time of a redraw, by metric, view and size: other programs do not change it."""
    found = {}
    for key in ("loss", "accuracy"):
        for name, view in VIEWS.items():
            for width, height in SIZES:
                found[f"{key}, {name}, {width}×{height}"] = _redraw(snapshot, key, view, width, height)
    return found


def _redraw(snapshot: Snapshot, key: str, view: ChartView, width: int, height: int) -> float:
    times = []
    for _ in range(REPETITIONS):
        start = time.thread_time()
        draw_chart(chart_of(snapshot, key, False, view), width, height)
        times.append(1000 * (time.thread_time() - start))
    return statistics.median(times)


if __name__ == "__main__":
    print(json.dumps(milliseconds(long_run())))
