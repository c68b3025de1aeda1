"""Families of runs that differ only in their learning rate."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from bench.collection import tables
from bench.collection.recipe import Recipe
from bench.collection.recipes.defaults import EITHER, settings_of
from fitmon.engine.job import Settings

UNREASONABLE_RATE = 0.1


def _rates(family: str, made: str, split: Any, settings: Settings, rates: tuple[float, ...]) -> tuple[Recipe, ...]:
    return tuple(
        Recipe(
            name=f"{family}, rate {rate:g}",
            made=f"{made}, {settings.optimizer} at {rate:g}",
            split=split,
            settings=replace(settings, learning_rate=rate),
            family=family,
            # Dead units and saturated outputs are consequences of such a rate, so these findings may be made.
            labels=dict.fromkeys(("dead_units", "saturated_outputs", "suspected_labels"), EITHER)
            if rate >= UNREASONABLE_RATE
            else {},
        )
        for rate in rates
    )


RATES = (
    *_rates(
        "mnist 2000",
        "2 000 images, Dense 128, 15 epochs",
        partial(tables.mnist, 2_000, 3_000),
        settings_of(15, 32, (128,)),
        (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0),
    ),
    *_rates(
        "digits SGD",
        "600 digits, Dense 64, 30 epochs",
        partial(tables.digits, 600, 400),
        settings_of(30, 32, (64,), optimizer="sgd"),
        (1e-6, 1e-4, 1e-1, 3.0, 10.0),
    ),
    *_rates(
        "breast cancer",
        "250 patients, Dense 16, 30 epochs",
        partial(tables.breast_cancer, 250, 150),
        settings_of(30, 16, (16,)),
        (1e-6, 1e-5, 1e-3, 3.0),
    ),
    *_rates(
        "table 6000",
        "6 000 rows, Dense 32, 20 epochs",
        partial(tables.table, 6_000, 3_000, n_clusters_per_class=1, class_sep=1.5),
        settings_of(20, 64, (32,)),
        (1e-6, 1e-3, 1.0),
    ),
)
