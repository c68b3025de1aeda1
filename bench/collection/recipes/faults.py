"""Runs without a signal, and runs that go wrong: NaN, dead units, saturated outputs."""

from __future__ import annotations

from functools import partial

from bench.collection import models, tables
from bench.collection.recipe import Recipe
from bench.collection.recipes.defaults import EITHER, MUST, UNSCALED, settings_of

NO_SIGNAL = (
    Recipe(
        name="no signal, small",
        made="10 000 rows of noise, labels tossed, Dense 8, 20 epochs",
        split=partial(tables.no_signal, 10_000, 3_000),
        settings=settings_of(20, 128, (8,)),
        labels={"suspected_labels": EITHER},
    ),
    Recipe(
        name="no signal, dropout",
        made="10 000 rows of noise, labels tossed, Dense 32, dropout 0.5, 15 epochs",
        split=partial(tables.no_signal, 10_000, 3_000),
        settings=settings_of(15, 128, (32,), dropout=0.5),
        labels={"suspected_labels": EITHER},
    ),
    Recipe(
        name="mnist 5000, L1 1",
        made="5 000 images, Dense 64, L1 1: all weights go to zero, 15 epochs",
        split=partial(tables.mnist, 5_000, 3_000),
        settings=settings_of(15, 64, (64,), l1=1.0),
        labels={"dead_units": EITHER, "penalty_too_strong": MUST},
    ),
)

_SATURATED = {
    "saturated_outputs": MUST,
    # Probabilities of 0 hide how far the loss has moved.
    **dict.fromkeys(("plateau", "learning_well", "suspected_labels"), EITHER),
}

_HOLES = {
    "non_finite_features": MUST,
    # On some processors TensorFlow turns NaN into 0 inside a layer: the loss stays finite, and the units look dead.
    **dict.fromkeys(("dead_units", "not_learning"), EITHER),
}

SICK = (
    Recipe(
        name="digits, inputs with holes",
        made="600 digits with 40 NaN among the training inputs",
        split=lambda: tables.with_holes(tables.digits(600, 400), 40),
        settings=settings_of(6, 32, (64,)),
        labels=_HOLES,
    ),
    Recipe(
        name="breast cancer, inputs with holes",
        made="300 patients with 5 NaN among the training inputs",
        split=lambda: tables.with_holes(tables.breast_cancer(300, 130), 5),
        settings=settings_of(6, 16, (16,)),
        labels=_HOLES,
    ),
    Recipe(
        name="table, holes in what validates",
        made="2 000 rows, 20 NaN among the inputs to validate with alone",
        split=lambda: tables.with_holes(tables.table(2_000, 1_000), 20, of="validation"),
        settings=settings_of(6, 32, (32,)),
        labels=_HOLES,
    ),
    Recipe(
        name="table, diverging to infinity",
        made="2 000 rows, their first feature 1e15 times as large, SGD 10: weights overflow",
        split=lambda: tables.with_large_feature(tables.table(2_000, 1_000), 1e15),
        settings=settings_of(8, 64, (32,), 10.0, optimizer="sgd"),
        labels=UNSCALED,
    ),
    Recipe(
        name="mnist, dead units",
        made="2 000 images, Dense 64 twice with biases of -30: no unit of them is ever above 0",
        split=partial(tables.mnist, 2_000, 2_000),
        settings=settings_of(12, 32, (64, 64)),
        build=models.with_dead_units,
        labels={"dead_units": MUST},
    ),
    Recipe(
        name="digits, half dead",
        made="600 digits, Dense 64 of which every second unit has a bias of -30",
        split=partial(tables.digits, 600, 400),
        settings=settings_of(25, 32, (64,)),
        build=models.with_half_dead_units,
        labels={"dead_units": MUST},
    ),
    Recipe(
        name="breast cancer, unscaled, SGD",
        made="250 patients on the scale as measured, up to 4 000, Dense 16, SGD 0.1",
        split=partial(tables.breast_cancer, 250, 150, scaled=False),
        settings=settings_of(15, 16, (16,), 0.1, optimizer="sgd"),
        labels=UNSCALED,
    ),
    Recipe(
        name="digits, saturated",
        made="600 digits, Dense 64 with weights fifty times too large: answers are sure from the start",
        split=partial(tables.digits, 600, 400),
        settings=settings_of(12, 32, (64,), 1e-5),
        build=models.with_large_weights,
        labels=_SATURATED,
    ),
    Recipe(
        name="table, saturated",
        made="2 000 rows, every tenth label tossed, Dense 64 with weights fifty times too large",
        split=partial(tables.table, 2_000, 2_000, flip=0.1),
        settings=settings_of(10, 32, (64,), 1e-5),
        build=models.with_large_weights,
        labels=_SATURATED,
    ),
    Recipe(
        name="mnist, saturated",
        made="2 000 images, Dense 64 with weights fifty times too large",
        split=partial(tables.mnist, 2_000, 2_000),
        settings=settings_of(10, 32, (64,), 1e-5),
        build=models.with_large_weights,
        labels=_SATURATED,
    ),
)
