"""All recipes of the collection. `made` says how; `labels` what that alone tells, before any rule on held-back data."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from bench.collection import models, tables
from bench.collection.recipe import Recipe
from bench.collection.recording import Answer
from bench.collection.tables import Part, Split
from fitmon.engine.job import Settings

MUST, MUST_NOT, EITHER = Answer.MUST, Answer.MUST_NOT, Answer.EITHER


UNREASONABLE_RATE = 0.1


def _settings(epochs: int, batch: int, units: tuple[int, ...], rate: float = 1e-3, **more: Any) -> Settings:
    return Settings(epochs=epochs, batch_size=batch, learning_rate=rate, units=units, **more)


def _of_preset(name: str) -> Split:
    """Return the data of a preset as it is split there; nothing is left to hold back."""
    import numpy as np

    from fitmon.presets import preset_named

    preset = preset_named(name)
    data = preset.job().load(replace(preset.settings, seed=tables.DEALER.seed), lambda _: None)
    classes = max(2, data.y.shape[1])

    def part(x: Any, y: Any) -> Part:
        return Part(x, (y.argmax(axis=1) if y.shape[1] > 1 else y[:, 0]).astype(np.int64))

    training, validation = part(data.x, data.y), part(data.x_validation, data.y_validation)
    held_back = validation.rows(slice(0))
    return Split(name=f"preset {name}", classes=classes, training=training, validation=validation, held_back=held_back)


def _preset_settings(name: str) -> Settings:
    from fitmon.presets import preset_named

    return preset_named(name).settings


SOURCES = (
    Recipe(
        name="source 1",
        made="MNIST, 60 000 images, Dense 512, Adam 0.001, 10 epochs, batch 64, as the tutorial has it",
        split=tables.mnist_of_the_tutorial,
        settings=_settings(10, 64, (512,)),
        labels={"overfitting": MUST, "not_learning": MUST_NOT, "underfitting": MUST_NOT, "good_fit": MUST_NOT},
    ),
    Recipe(
        name="source 2, file order",
        made="iris, sorted by class, the last fifth to validate with, as Keras's validation_split cuts it",
        split=tables.iris_in_file_order,
        settings=_settings(100, 5, (8,), 5e-4),
        labels={
            "class_missing": MUST,
            "sorted_labels": MUST,
            "unbalanced": EITHER,
            "validation_too_small": EITHER,
            "suspected_labels": EITHER,
        },
    ),
    Recipe(
        name="source 2, stratified",
        made="iris as the preset has it, split with a seed",
        split=partial(_of_preset, "iris"),
        settings=_preset_settings("iris"),
        labels={"not_learning": MUST_NOT, "underfitting": MUST_NOT, "validation_too_small": EITHER},
    ),
    Recipe(
        name="source 3",
        made="the binary preset: a table with a weak signal, three labels of four tossed by a coin",
        split=partial(_of_preset, "binary"),
        settings=_preset_settings("binary"),
        build=models.with_single_dropout,
        labels={"not_learning": MUST, "overfitting": MUST_NOT, "good_fit": MUST_NOT, "suspected_labels": EITHER},
    ),
    Recipe(
        name="source 3, held back",
        made="as the binary preset, with rows held back",
        split=partial(tables.table, 14_000, 4_000, flip=0.75),
        settings=_preset_settings("binary"),
        build=models.with_single_dropout,
        labels={"suspected_labels": EITHER},
    ),
)

TOO_LARGE = (
    Recipe(
        name="mnist 1000, too large",
        made="1 000 images, Dense 512 twice, 40 epochs: many more weights than samples",
        split=partial(tables.mnist, 1_000, 2_000),
        settings=_settings(40, 32, (512, 512)),
    ),
    Recipe(
        name="mnist 3000, 256",
        made="3 000 images, Dense 256, 30 epochs",
        split=partial(tables.mnist, 3_000, 3_000),
        settings=_settings(30, 64, (256,)),
    ),
    Recipe(
        name="mnist 20000, 512",
        made="20 000 images, Dense 512, 12 epochs: source 1 with less data",
        split=partial(tables.mnist, 20_000, 10_000),
        settings=_settings(12, 64, (512,)),
    ),
    Recipe(
        name="digits 300, wrong labels",
        made="300 digits, every fifth label wrong, Dense 256, 80 epochs: what is learnt by heart is wrong",
        split=lambda: tables.with_wrong_labels(tables.digits(300, 500), 0.2),
        settings=_settings(80, 16, (256,)),
        labels={"suspected_labels": MUST},
    ),
    Recipe(
        name="mnist 2000, wrong labels",
        made="2 000 images, every fifth label wrong, Dense 256, 30 epochs",
        split=lambda: tables.with_wrong_labels(tables.mnist(2_000, 2_000), 0.2),
        settings=_settings(30, 32, (256,)),
        labels={"suspected_labels": MUST},
    ),
    Recipe(
        name="breast cancer 100, too large",
        made="100 patients, Dense 128 twice, 150 epochs",
        split=partial(tables.breast_cancer, 100, 150),
        settings=_settings(150, 16, (128, 128)),
    ),
    Recipe(
        name="iris, wrong labels",
        made="60 flowers, every fifth label wrong, Dense 64 twice, 200 epochs, Adam 0.005",
        split=lambda: tables.with_wrong_labels(tables.iris(60, 45), 0.2),
        settings=_settings(200, 8, (64, 64), 5e-3),
        labels={"suspected_labels": EITHER},
    ),
    Recipe(
        name="table 1000, too large",
        made="1 000 rows, a tenth of the labels tossed, Dense 128 twice, 40 epochs",
        split=partial(tables.table, 1_000, 1_500, flip=0.1),
        settings=_settings(40, 32, (128, 128)),
        labels={"suspected_labels": EITHER},
    ),
    Recipe(
        name="table 4000, weak, too large",
        made="4 000 rows, three labels of four tossed, Dense 128, 40 epochs",
        split=partial(tables.table, 4_000, 3_000, flip=0.75),
        settings=_settings(40, 64, (128,)),
        labels={"suspected_labels": EITHER},
    ),
    Recipe(
        name="no signal, learnt by heart",
        made="1 000 rows of noise, labels tossed, Dense 128, 60 epochs: only the training set can be learnt",
        split=partial(tables.no_signal, 1_000, 2_000),
        settings=_settings(60, 32, (128,)),
        labels={"suspected_labels": EITHER, "not_learning": EITHER},
    ),
    Recipe(
        name="mnist 1000, dropout 0.5",
        made="1 000 images, Dense 512 twice, dropout 0.5, 40 epochs",
        split=partial(tables.mnist, 1_000, 2_000),
        settings=_settings(40, 32, (512, 512), dropout=0.5),
    ),
    Recipe(
        name="mnist 1000, L2",
        made="1 000 images, Dense 256, L2 0.001, 40 epochs",
        split=partial(tables.mnist, 1_000, 2_000),
        settings=_settings(40, 32, (256,), l2=1e-3),
    ),
    Recipe(
        name="table 1000, wide, rmsprop",
        made="1 000 rows, a fifth of the labels tossed, Dense 256, RMSprop, 40 epochs",
        split=partial(tables.table, 1_000, 1_500, flip=0.2, seed=681),
        settings=_settings(40, 32, (256,), optimizer="rmsprop"),
        labels={"suspected_labels": EITHER},
    ),
)

OVERLAPPING: tuple[tuple[str, str, int, float, dict[str, Any]], ...] = (
    (
        "two clouds",
        "10 000 rows of two clouds that overlap",
        40,
        1e-3,
        {"n_informative": 2, "n_clusters_per_class": 1, "class_sep": 0.9, "seed": 11},
    ),
    (
        "three clouds",
        "10 000 rows of three clouds that overlap",
        50,
        1e-3,
        {"n_informative": 4, "n_clusters_per_class": 1, "class_sep": 1.2, "seed": 12, "n_classes": 3},
    ),
    (
        "five clouds",
        "10 000 rows of five clouds that overlap",
        60,
        3e-3,
        {"n_informative": 5, "n_clusters_per_class": 1, "class_sep": 1.6, "seed": 13, "n_classes": 5},
    ),
    (
        "two clouds, wrong labels",
        "10 000 rows of two clouds, every tenth label tossed",
        30,
        3e-3,
        {"n_informative": 3, "n_clusters_per_class": 1, "class_sep": 1.5, "seed": 14, "flip": 0.1},
    ),
)

WELL_MADE = (
    Recipe(
        name="iris 75, long",
        made="75 flowers, Dense 8, 300 epochs, Adam 0.002",
        split=partial(tables.iris, 75, 35),
        settings=_settings(300, 8, (8,), 2e-3, l2=1e-3),
        labels={"validation_too_small": EITHER},
    ),
    Recipe(
        name="digits 900, L2",
        made="900 digits, Dense 64, L2 0.001, 60 epochs",
        split=partial(tables.digits, 900, 400),
        settings=_settings(60, 32, (64,), l2=1e-3),
    ),
    Recipe(
        name="digits 900, dropout",
        made="900 digits, Dense 128, dropout 0.3, 50 epochs",
        split=partial(tables.digits, 900, 400),
        settings=_settings(50, 32, (128,), dropout=0.3),
    ),
    Recipe(
        name="breast cancer 300, L2",
        made="300 patients, Dense 16, L2 0.01, 80 epochs",
        split=partial(tables.breast_cancer, 300, 130),
        settings=_settings(80, 16, (16,), l2=1e-2),
    ),
    Recipe(
        name="table 10000, small",
        made="10 000 rows with hardly a wrong label, Dense 32, L2 0.0003, 40 epochs",
        split=partial(tables.table, 10_000, 4_000, n_clusters_per_class=1, class_sep=1.5),
        settings=_settings(40, 64, (32,), l2=3e-4),
        labels={"suspected_labels": EITHER},
    ),
    Recipe(
        name="table 10000, easy",
        made="10 000 rows in two far clusters, Dense 16, 40 epochs",
        split=partial(tables.table, 10_000, 4_000, n_clusters_per_class=1, class_sep=2.5, seed=7),
        settings=_settings(40, 128, (16,)),
        labels={"suspected_labels": EITHER},
    ),
    Recipe(
        name="mnist 20000, dropout",
        made="20 000 images, Dense 256, dropout 0.5, 16 epochs",
        split=partial(tables.mnist, 20_000, 5_000),
        settings=_settings(16, 128, (256,), dropout=0.5),
    ),
    Recipe(
        name="mnist 20000, 64 with L2",
        made="20 000 images, Dense 64, L2 0.0003, 30 epochs",
        split=partial(tables.mnist, 20_000, 5_000),
        settings=_settings(30, 128, (64,), l2=3e-4),
    ),
    *(
        Recipe(
            name=f"{name}, {'wide' if wide else 'fitting'}",
            made=f"{made}, {'Dense 128, 12 epochs' if wide else f'Dense 16, {epochs} epochs'}",
            split=partial(tables.table, 10_000, 4_000, features=8, n_redundant=0, **data),
            settings=_settings(12, 64, (128,)) if wide else _settings(epochs, 128, (16,), rate),
            labels={"suspected_labels": EITHER},
        )
        for name, made, epochs, rate, data in OVERLAPPING
        for wide in (False, True)
    ),
    Recipe(
        name="mnist 5000, three epochs",
        made="5 000 images, Dense 128, stopped after 3 epochs of 3",
        split=partial(tables.mnist, 5_000, 5_000),
        settings=_settings(3, 64, (128,)),
    ),
    Recipe(
        name="mnist 5000, six epochs",
        made="5 000 images, Dense 64, SGD 0.05, ended after 6 epochs, long before it is done",
        split=partial(tables.mnist, 5_000, 5_000),
        settings=_settings(6, 64, (64,), 0.05, optimizer="sgd"),
    ),
    Recipe(
        name="mnist 5000, ten epochs of SGD",
        made="5 000 images, Dense 64, SGD 0.02, ended after 10 epochs, long before it is done",
        split=partial(tables.mnist, 5_000, 5_000),
        settings=_settings(10, 64, (64,), 0.02, optimizer="sgd"),
    ),
    Recipe(
        name="digits 900, early end",
        made="900 digits, Dense 32, Adam 0.001, ended after 12 epochs, long before it is done",
        split=partial(tables.digits, 900, 400),
        settings=_settings(12, 32, (32,)),
    ),
    Recipe(
        name="table 10000, early end",
        made="10 000 rows, Dense 64, SGD 0.03, ended after 8 epochs",
        split=partial(tables.table, 10_000, 4_000, n_clusters_per_class=1, class_sep=1.5),
        settings=_settings(8, 64, (64,), 0.03, optimizer="sgd"),
        labels={"suspected_labels": EITHER},
    ),
    Recipe(
        name="breast cancer 300, early end",
        made="300 patients, Dense 16, Adam 0.001, ended after 10 epochs, long before it is done",
        split=partial(tables.breast_cancer, 300, 200),
        settings=_settings(10, 16, (16,)),
    ),
)

TOO_SMALL = (
    Recipe(
        name="mnist 5000, one unit",
        made="5 000 images through a hidden layer of one unit, 40 epochs",
        split=partial(tables.mnist, 5_000, 3_000),
        settings=_settings(40, 64, (1,), 3e-3),
        labels={"dead_units": EITHER},
    ),
    Recipe(
        name="mnist 5000, two units",
        made="5 000 images through a hidden layer of two units, 40 epochs",
        split=partial(tables.mnist, 5_000, 3_000),
        settings=_settings(40, 64, (2,), 3e-3),
        labels={"dead_units": EITHER},
    ),
    Recipe(
        name="mnist 5000, L2 0.1",
        made="5 000 images, Dense 64, L2 0.1: the penalty leaves the weights no room, 30 epochs",
        split=partial(tables.mnist, 5_000, 3_000),
        settings=_settings(30, 64, (64,), l2=0.1),
    ),
    Recipe(
        name="mnist 5000, L1 0.01",
        made="5 000 images, Dense 64, L1 0.01, 30 epochs",
        split=partial(tables.mnist, 5_000, 3_000),
        settings=_settings(30, 64, (64,), l1=0.01),
        labels={"dead_units": EITHER},
    ),
    Recipe(
        name="mnist 5000, dropout 0.95",
        made="5 000 images, Dense 32 twice, dropout 0.95 behind both, 30 epochs",
        split=partial(tables.mnist, 5_000, 3_000),
        settings=_settings(30, 64, (32, 32), dropout=0.95),
    ),
    Recipe(
        name="table 8000, linear",
        made="8 000 rows of eight clusters a class without a hidden layer: no line can part them, 40 epochs",
        split=partial(
            tables.table,
            8_000,
            4_000,
            features=10,
            n_informative=8,
            n_redundant=0,
            n_clusters_per_class=8,
            class_sep=1.5,
        ),
        settings=_settings(40, 64, (), 3e-3),
        labels={"suspected_labels": EITHER},
    ),
    Recipe(
        name="table 8000, wide",
        made="the same rows with Dense 256 twice, 25 epochs: what the data allow",
        split=partial(
            tables.table,
            8_000,
            4_000,
            features=10,
            n_informative=8,
            n_redundant=0,
            n_clusters_per_class=8,
            class_sep=1.5,
        ),
        settings=_settings(25, 64, (256, 256)),
        labels={"suspected_labels": EITHER},
    ),
    Recipe(
        name="digits 900, L2 0.3",
        made="900 digits, Dense 64, L2 0.3, 50 epochs",
        split=partial(tables.digits, 900, 400),
        settings=_settings(50, 32, (64,), l2=0.3),
        labels={"not_learning": EITHER},
    ),
    Recipe(
        name="digits 900, two units",
        made="900 digits through a hidden layer of two units, 80 epochs, Adam 0.005",
        split=partial(tables.digits, 900, 400),
        settings=_settings(80, 32, (2,), 5e-3),
        labels={"dead_units": EITHER},
    ),
)

NO_SIGNAL = (
    Recipe(
        name="no signal, small",
        made="10 000 rows of noise, labels tossed, Dense 8, 20 epochs",
        split=partial(tables.no_signal, 10_000, 3_000),
        settings=_settings(20, 128, (8,)),
        labels={"suspected_labels": EITHER},
    ),
    Recipe(
        name="no signal, dropout",
        made="10 000 rows of noise, labels tossed, Dense 32, dropout 0.5, 15 epochs",
        split=partial(tables.no_signal, 10_000, 3_000),
        settings=_settings(15, 128, (32,), dropout=0.5),
        labels={"suspected_labels": EITHER},
    ),
    Recipe(
        name="mnist 5000, L1 1",
        made="5 000 images, Dense 64, L1 1: all weights go to zero, 15 epochs",
        split=partial(tables.mnist, 5_000, 3_000),
        settings=_settings(15, 64, (64,), l1=1.0),
        labels={"dead_units": EITHER},
    ),
)


def _rates(family: str, made: str, split: Any, settings: Settings, rates: tuple[float, ...]) -> tuple[Recipe, ...]:
    return tuple(
        Recipe(
            name=f"{family}, rate {rate:g}",
            made=f"{made}, {settings.optimizer} at {rate:g}",
            split=split,
            settings=replace(settings, learning_rate=rate),
            family=family,
            # What a rate out of all reason does to units and answers is its consequence, and may be told.
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
        _settings(15, 32, (128,)),
        (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0),
    ),
    *_rates(
        "digits SGD",
        "600 digits, Dense 64, 30 epochs",
        partial(tables.digits, 600, 400),
        _settings(30, 32, (64,), optimizer="sgd"),
        (1e-6, 1e-4, 1e-1, 3.0, 10.0),
    ),
    *_rates(
        "breast cancer",
        "250 patients, Dense 16, 30 epochs",
        partial(tables.breast_cancer, 250, 150),
        _settings(30, 16, (16,)),
        (1e-6, 1e-5, 1e-3, 3.0),
    ),
    *_rates(
        "table 6000",
        "6 000 rows, Dense 32, 20 epochs",
        partial(tables.table, 6_000, 3_000, n_clusters_per_class=1, class_sep=1.5),
        _settings(20, 64, (32,)),
        (1e-6, 1e-3, 1.0),
    ),
)

_UNSCALED = {
    "unscaled_features": MUST,
    # On such a scale a rate that is usual elsewhere makes the losses jump: which of them looks better is chance.
    **dict.fromkeys(("learning_rate_too_high", "validation_looks_better", "suspected_labels"), EITHER),
}

_SATURATED = {
    "saturated_outputs": MUST,
    # Probabilities of 0 hide how far the loss has moved.
    **dict.fromkeys(("plateau", "learning_well", "suspected_labels"), EITHER),
}

SICK = (
    Recipe(
        name="digits, inputs with holes",
        made="600 digits with 40 NaN among the training inputs",
        split=lambda: tables.with_holes(tables.digits(600, 400), 40),
        settings=_settings(6, 32, (64,)),
        labels={"non_finite_loss": MUST, "non_finite_features": MUST},
    ),
    Recipe(
        name="breast cancer, inputs with holes",
        made="300 patients with 5 NaN among the training inputs",
        split=lambda: tables.with_holes(tables.breast_cancer(300, 130), 5),
        settings=_settings(6, 16, (16,)),
        labels={"non_finite_loss": MUST, "non_finite_features": MUST},
    ),
    Recipe(
        name="table, holes in what validates",
        made="2 000 rows, 20 NaN among the inputs to validate with alone",
        split=lambda: tables.with_holes(tables.table(2_000, 1_000), 20, of="validation"),
        settings=_settings(6, 32, (32,)),
        labels={"non_finite_loss": MUST, "non_finite_features": MUST},
    ),
    Recipe(
        name="table, diverging to infinity",
        made="2 000 rows, their first feature 1e15 times as large, SGD 10: weights overflow",
        split=lambda: tables.with_large_feature(tables.table(2_000, 1_000), 1e15),
        settings=_settings(8, 64, (32,), 10.0, optimizer="sgd"),
        labels=_UNSCALED,
    ),
    Recipe(
        name="mnist, dead units",
        made="2 000 images, Dense 64 twice with biases of -30: no unit of them is ever above 0",
        split=partial(tables.mnist, 2_000, 2_000),
        settings=_settings(12, 32, (64, 64)),
        build=models.with_dead_units,
        labels={"dead_units": MUST},
    ),
    Recipe(
        name="digits, half dead",
        made="600 digits, Dense 64 of which every second unit has a bias of -30",
        split=partial(tables.digits, 600, 400),
        settings=_settings(25, 32, (64,)),
        build=models.with_half_dead_units,
        labels={"dead_units": MUST},
    ),
    Recipe(
        name="breast cancer, unscaled, SGD",
        made="250 patients on the scale as measured, up to 4 000, Dense 16, SGD 0.1",
        split=partial(tables.breast_cancer, 250, 150, scaled=False),
        settings=_settings(15, 16, (16,), 0.1, optimizer="sgd"),
        labels=_UNSCALED,
    ),
    Recipe(
        name="digits, saturated",
        made="600 digits, Dense 64 with weights fifty times too large: answers are sure from the start",
        split=partial(tables.digits, 600, 400),
        settings=_settings(12, 32, (64,), 1e-5),
        build=models.with_large_weights,
        labels=_SATURATED,
    ),
    Recipe(
        name="table, saturated",
        made="2 000 rows, every tenth label tossed, Dense 64 with weights fifty times too large",
        split=partial(tables.table, 2_000, 2_000, flip=0.1),
        settings=_settings(10, 32, (64,), 1e-5),
        build=models.with_large_weights,
        labels=_SATURATED,
    ),
    Recipe(
        name="mnist, saturated",
        made="2 000 images, Dense 64 with weights fifty times too large",
        split=partial(tables.mnist, 2_000, 2_000),
        settings=_settings(10, 32, (64,), 1e-5),
        build=models.with_large_weights,
        labels=_SATURATED,
    ),
)

_CUT = {
    "class_missing": MUST,
    "sorted_labels": MUST,
    # The samples to validate with are of other classes than those to train on.
    **dict.fromkeys(("overfitting", "good_fit", "learning_well", "underfitting", "not_learning"), EITHER),
    **dict.fromkeys(("unbalanced", "suspected_labels", "saturated_outputs", "plateau"), EITHER),
}

_BY_LOSS = ("learning_well", "good_fit", "underfitting", "not_learning", "plateau", "validation_looks_better")

_ALWAYS_ONE = {
    "output_mismatch": MUST,
    "good_fit": MUST_NOT,
    "learning_well": MUST_NOT,
    "overfitting": MUST_NOT,
    # All else is a consequence, which may be told.
    **dict.fromkeys(("not_learning", "underfitting", "plateau", "learning_rate_too_high"), EITHER),
    **dict.fromkeys(("learning_rate_too_low", "saturated_outputs", "suspected_labels", "unbalanced"), EITHER),
}

DATA = (
    Recipe(
        name="table, three classes, one of them rare",
        made="a table of three classes, 90, 7 and 3 of a hundred rows, and hardly any signal",
        split=lambda: tables.with_shares(
            tables.table(12_000, 6_000, flip=0.8, n_classes=3), (0.9, 0.07, 0.03), training=3_500, validation=1_600
        ),
        settings=_settings(20, 64, (16,)),
        labels={"unbalanced": MUST, "suspected_labels": EITHER},
    ),
    Recipe(
        name="breast cancer, duplicates",
        made="300 patients, a third of the 130 to validate with are among them",
        split=lambda: tables.with_duplicates(tables.breast_cancer(300, 130), 1 / 3),
        settings=_settings(20, 16, (16,)),
        labels={"duplicates": MUST, "overfitting": EITHER},
    ),
    Recipe(
        name="mnist 3 and 8, one in twenty",
        made="a 3 against an 8, nineteen to one",
        split=lambda: tables.with_shares(
            models.two_digits(1_500, 1_500, 3, 8), (0.95, 0.05), training=800, validation=800
        ),
        settings=_settings(20, 32, (32,)),
        labels={"unbalanced": MUST},
    ),
    Recipe(
        name="table, nine to one",
        made="a table with nine rows of one class to one of the other, and hardly any signal",
        split=lambda: tables.with_shares(
            tables.table(9_000, 6_000, flip=0.6), (0.9, 0.1), training=4_000, validation=2_000
        ),
        settings=_settings(20, 64, (16,)),
        labels={"unbalanced": MUST, "suspected_labels": EITHER},
    ),
    Recipe(
        name="table, ninety-seven to three",
        made="a table with 97 rows of one class to three of the other",
        split=lambda: tables.with_shares(
            tables.table(9_000, 6_000, flip=0.2), (0.97, 0.03), training=4_000, validation=2_000
        ),
        settings=_settings(15, 64, (16,)),
        labels={"unbalanced": MUST, "suspected_labels": EITHER},
    ),
    Recipe(
        name="digits, a class not validated",
        made="900 digits, no 7 among those to validate with",
        split=lambda: tables.without_class(tables.digits(900, 400), 7, of="validation"),
        settings=_settings(20, 32, (32,)),
        labels={"class_missing": MUST},
    ),
    Recipe(
        name="digits, a class not trained",
        made="900 digits, no 7 among those to train on",
        split=lambda: tables.without_class(tables.digits(900, 400), 7, of="training"),
        settings=_settings(20, 32, (32,)),
        labels={"class_missing": MUST, "suspected_labels": EITHER, "overfitting": EITHER, "saturated_outputs": EITHER},
    ),
    Recipe(
        name="digits, twelve to validate with",
        made="900 digits, 12 to validate with",
        split=partial(tables.digits, 900, 12),
        settings=_settings(25, 32, (64,)),
        labels={"validation_too_small": MUST, "class_missing": EITHER, "unbalanced": EITHER},
    ),
    Recipe(
        name="breast cancer, ten to validate with",
        made="300 patients, 10 to validate with",
        split=partial(tables.breast_cancer, 300, 10),
        settings=_settings(40, 16, (32,)),
        labels={"validation_too_small": MUST, "unbalanced": EITHER},
    ),
    Recipe(
        name="table, sixteen to validate with",
        made="2 000 rows, 16 to validate with",
        split=partial(tables.table, 2_000, 16, flip=0.2),
        settings=_settings(20, 32, (32,)),
        labels={"validation_too_small": MUST, "unbalanced": EITHER, "suspected_labels": EITHER},
    ),
    Recipe(
        name="mnist, sorted batches",
        made="2 000 images in batches of one class, as a generator gives a sorted file",
        split=lambda: tables.sorted_by_class(tables.mnist(2_000, 2_000)),
        settings=_settings(12, 50, (64,)),
        in_batches=True,
        # What a generator will give cannot be looked at before the training.
        labels={"sorted_labels": EITHER},
    ),
    Recipe(
        name="digits, cut from a sorted file",
        made="1 300 digits sorted by class, of which the last 400 are taken to validate with",
        split=lambda: tables.cut_from_sorted_file(tables.digits(900, 400)),
        settings=_settings(15, 32, (32,)),
        labels=_CUT,
    ),
    Recipe(
        name="breast cancer, cut from a sorted file",
        made="430 patients sorted by class, of which the last 130 are taken to validate with",
        split=lambda: tables.cut_from_sorted_file(tables.breast_cancer(300, 130)),
        settings=_settings(15, 16, (16,)),
        labels=_CUT,
    ),
    Recipe(
        name="mnist, cut from a sorted file",
        made="4 000 images sorted by class, of which the last 1 000 are taken to validate with",
        split=lambda: tables.cut_from_sorted_file(tables.mnist(3_000, 1_000)),
        settings=_settings(10, 64, (64,)),
        labels=_CUT,
    ),
    Recipe(
        name="mnist, mixed batches",
        made="2 000 images in batches as a generator gives a mixed file",
        split=partial(tables.mnist, 2_000, 2_000),
        settings=_settings(12, 50, (64,)),
        in_batches=True,
    ),
    Recipe(
        name="digits, sorted array",
        made="600 digits sorted by class, which fitmon mixes anew in each epoch",
        split=lambda: tables.sorted_by_class(tables.digits(600, 400)),
        settings=_settings(15, 32, (32,)),
        labels={"sorted_labels": EITHER},
    ),
    Recipe(
        name="digits, duplicates",
        made="600 digits, 200 of them again among the 400 to validate with",
        split=lambda: tables.with_duplicates(tables.digits(600, 400), 0.5),
        settings=_settings(15, 32, (64,)),
        labels={"duplicates": MUST, "overfitting": EITHER},
    ),
    Recipe(
        name="table, duplicates",
        made="2 000 rows, a fifth of those to validate with are among them",
        split=lambda: tables.with_duplicates(tables.table(2_000, 1_000, flip=0.1), 0.2),
        settings=_settings(15, 32, (32,)),
        labels={"duplicates": MUST, "overfitting": EITHER, "suspected_labels": EITHER},
    ),
    Recipe(
        name="table, constant features",
        made="2 000 rows with 10 constant features beside the 30",
        split=lambda: tables.with_constants(tables.table(2_000, 1_000), 10),
        settings=_settings(12, 32, (32,)),
        labels={"constant_features": MUST, "suspected_labels": EITHER},
    ),
    Recipe(
        name="iris, constant features",
        made="75 flowers with 2 constant features beside the 4",
        split=lambda: tables.with_constants(tables.iris(75, 45), 2),
        settings=_settings(20, 8, (8,), 5e-3),
        labels={"constant_features": MUST, "suspected_labels": EITHER},
    ),
    Recipe(
        name="breast cancer, constant features",
        made="300 patients with 3 constant features beside the 30",
        split=lambda: tables.with_constants(tables.breast_cancer(300, 130), 3),
        settings=_settings(15, 16, (16,)),
        labels={"constant_features": MUST},
    ),
    Recipe(
        name="breast cancer, unscaled",
        made="300 patients as measured, from 0.002 to 4 000, Adam 0.001",
        split=partial(tables.breast_cancer, 300, 130, scaled=False),
        settings=_settings(25, 16, (16,)),
        labels=_UNSCALED,
    ),
    Recipe(
        name="table, one large feature",
        made="2 000 rows, one of 30 features 10 000 times as large as the others",
        split=lambda: tables.with_large_feature(tables.table(2_000, 1_000), 1e4),
        settings=_settings(15, 32, (32,)),
        labels=_UNSCALED,
    ),
    Recipe(
        name="mnist, a tenth of the labels wrong",
        made="5 000 images, a tenth of the labels wrong in training and validation, Dense 64, L2 0.001, 12 epochs",
        split=lambda: tables.with_wrong_labels(tables.mnist(5_000, 2_000), 0.1),
        settings=_settings(12, 64, (64,), l2=1e-3),
        labels={"suspected_labels": MUST},
    ),
    Recipe(
        name="mnist, 15 % of the labels wrong, dropout",
        made="5 000 images, 15 % of the labels wrong, Dense 128, dropout 0.3, 12 epochs",
        split=lambda: tables.with_wrong_labels(tables.mnist(5_000, 1_000), 0.15),
        settings=_settings(12, 64, (128,), dropout=0.3),
        labels={"suspected_labels": MUST},
    ),
    Recipe(
        name="breast cancer, 15 % of the labels wrong",
        made="300 patients, 15 % of the labels wrong, Dense 16, L2 0.001, 40 epochs",
        split=lambda: tables.with_wrong_labels(tables.breast_cancer(300, 200), 0.15),
        settings=_settings(40, 16, (16,), l2=1e-3),
        labels={"suspected_labels": MUST},
    ),
    Recipe(
        name="digits, a tenth of the labels wrong",
        made="900 digits, a tenth of the labels wrong, Dense 64, L2 0.001, 40 epochs",
        split=lambda: tables.with_wrong_labels(tables.digits(900, 400), 0.1),
        settings=_settings(40, 32, (64,), l2=1e-3),
        labels={"suspected_labels": MUST},
    ),
    Recipe(
        name="digits, one-hot with sigmoid",
        made="900 digits, one-hot labels, ten sigmoid units, binary cross-entropy",
        split=partial(tables.digits, 900, 400),
        settings=_settings(15, 32, (32,)),
        build=models.with_sigmoids,
        # Its loss, a binary one over ten columns, is none that the rules for labels know.
        labels={"output_mismatch": MUST} | dict.fromkeys(_BY_LOSS, EITHER),
    ),
    Recipe(
        name="table, one column with softmax",
        made="2 000 rows, softmax over a single column: the answer is always 1",
        split=partial(tables.table, 2_000, 1_000),
        settings=_settings(8, 32, (32,)),
        build=models.with_softmax_over_one,
        labels=_ALWAYS_ONE,
    ),
    Recipe(
        name="breast cancer, one column with softmax",
        made="300 patients, softmax over a single column",
        split=partial(tables.breast_cancer, 300, 130),
        settings=_settings(8, 16, (16,)),
        build=models.with_softmax_over_one,
        labels=_ALWAYS_ONE,
    ),
)

STEERED = (
    Recipe(
        name="mnist 5000, L2 raised",
        made="5 000 images, Dense 64, L2 raised from 0.00001 to 0.01 at epoch 7: both losses jump by the penalty",
        split=partial(tables.mnist, 5_000, 5_000),
        settings=_settings(14, 64, (64,), l2=1e-5),
        knob_at=(7, "l2", 1e-2),
    ),
    Recipe(
        name="digits 900, dropout 0.8",
        made="900 digits, Dense 256, dropout 0.8, 30 epochs: Keras's training loss is far above validation",
        split=partial(tables.digits, 900, 400),
        settings=_settings(30, 32, (256,), dropout=0.8),
    ),
    Recipe(
        name="mnist 5000, dropout 0.7",
        made="5 000 images, Dense 128 twice, dropout 0.7, 10 epochs",
        split=partial(tables.mnist, 5_000, 5_000),
        settings=_settings(10, 64, (128, 128), dropout=0.7),
    ),
    Recipe(
        name="breast cancer 300, dropout 0.6",
        made="300 patients, Dense 64, dropout 0.6, 40 epochs",
        split=partial(tables.breast_cancer, 300, 200),
        settings=_settings(40, 16, (64,), dropout=0.6),
    ),
)

RECIPES: tuple[Recipe, ...] = (
    *SOURCES,
    *TOO_LARGE,
    *WELL_MADE,
    *TOO_SMALL,
    *NO_SIGNAL,
    *RATES,
    *SICK,
    *DATA,
    *STEERED,
)
"""In the order in which they are trained and kept."""
