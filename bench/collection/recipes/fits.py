"""Models that are too large, well made or too small for their data."""

from __future__ import annotations

from functools import partial
from typing import Any

from bench.collection import tables
from bench.collection.recipe import Recipe
from bench.collection.recipes.defaults import EITHER, MUST, settings_of

TOO_LARGE = (
    Recipe(
        name="mnist 1000, too large",
        made="1 000 images, Dense 512 twice, 40 epochs: many more weights than samples",
        split=partial(tables.mnist, 1_000, 2_000),
        settings=settings_of(40, 32, (512, 512)),
    ),
    Recipe(
        name="mnist 3000, 256",
        made="3 000 images, Dense 256, 30 epochs",
        split=partial(tables.mnist, 3_000, 3_000),
        settings=settings_of(30, 64, (256,)),
    ),
    Recipe(
        name="mnist 20000, 512",
        made="20 000 images, Dense 512, 12 epochs: source 1 with less data",
        split=partial(tables.mnist, 20_000, 10_000),
        settings=settings_of(12, 64, (512,)),
    ),
    Recipe(
        name="digits 300, wrong labels",
        made="300 digits, every fifth label wrong, Dense 256, 80 epochs: what is learnt by heart is wrong",
        split=lambda: tables.with_wrong_labels(tables.digits(300, 500), 0.2),
        settings=settings_of(80, 16, (256,)),
        labels={"suspected_labels": MUST},
    ),
    Recipe(
        name="mnist 2000, wrong labels",
        made="2 000 images, every fifth label wrong, Dense 256, 30 epochs",
        split=lambda: tables.with_wrong_labels(tables.mnist(2_000, 2_000), 0.2),
        settings=settings_of(30, 32, (256,)),
        labels={"suspected_labels": MUST},
    ),
    Recipe(
        name="breast cancer 100, too large",
        made="100 patients, Dense 128 twice, 150 epochs",
        split=partial(tables.breast_cancer, 100, 150),
        settings=settings_of(150, 16, (128, 128)),
    ),
    Recipe(
        name="iris, wrong labels",
        made="60 flowers, every fifth label wrong, Dense 64 twice, 200 epochs, Adam 0.005",
        split=lambda: tables.with_wrong_labels(tables.iris(60, 45), 0.2),
        settings=settings_of(200, 8, (64, 64), 5e-3),
        labels={"suspected_labels": EITHER},
    ),
    Recipe(
        name="table 1000, too large",
        made="1 000 rows, a tenth of the labels tossed, Dense 128 twice, 40 epochs",
        split=partial(tables.table, 1_000, 1_500, flip=0.1),
        settings=settings_of(40, 32, (128, 128)),
        labels={"suspected_labels": EITHER},
    ),
    Recipe(
        name="table 4000, weak, too large",
        made="4 000 rows, three labels of four tossed, Dense 128, 40 epochs",
        split=partial(tables.table, 4_000, 3_000, flip=0.75),
        settings=settings_of(40, 64, (128,)),
        labels={"suspected_labels": EITHER},
    ),
    Recipe(
        name="no signal, learnt by heart",
        made="1 000 rows of noise, labels tossed, Dense 128, 60 epochs: only the training set can be learnt",
        split=partial(tables.no_signal, 1_000, 2_000),
        settings=settings_of(60, 32, (128,)),
        labels={"suspected_labels": EITHER, "not_learning": EITHER},
    ),
    Recipe(
        name="mnist 1000, dropout 0.5",
        made="1 000 images, Dense 512 twice, dropout 0.5, 40 epochs",
        split=partial(tables.mnist, 1_000, 2_000),
        settings=settings_of(40, 32, (512, 512), dropout=0.5),
    ),
    Recipe(
        name="mnist 1000, L2",
        made="1 000 images, Dense 256, L2 0.001, 40 epochs",
        split=partial(tables.mnist, 1_000, 2_000),
        settings=settings_of(40, 32, (256,), l2=1e-3),
    ),
    Recipe(
        name="table 1000, wide, rmsprop",
        made="1 000 rows, a fifth of the labels tossed, Dense 256, RMSprop, 40 epochs",
        split=partial(tables.table, 1_000, 1_500, flip=0.2, seed=681),
        settings=settings_of(40, 32, (256,), optimizer="rmsprop"),
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
        settings=settings_of(300, 8, (8,), 2e-3, l2=1e-3),
        labels={"validation_too_small": EITHER},
    ),
    Recipe(
        name="digits 900, L2",
        made="900 digits, Dense 64, L2 0.001, 60 epochs",
        split=partial(tables.digits, 900, 400),
        settings=settings_of(60, 32, (64,), l2=1e-3),
    ),
    Recipe(
        name="digits 900, dropout",
        made="900 digits, Dense 128, dropout 0.3, 50 epochs",
        split=partial(tables.digits, 900, 400),
        settings=settings_of(50, 32, (128,), dropout=0.3),
    ),
    Recipe(
        name="breast cancer 300, L2",
        made="300 patients, Dense 16, L2 0.01, 80 epochs",
        split=partial(tables.breast_cancer, 300, 130),
        settings=settings_of(80, 16, (16,), l2=1e-2),
    ),
    Recipe(
        name="table 10000, small",
        made="10 000 rows with hardly a wrong label, Dense 32, L2 0.0003, 40 epochs",
        split=partial(tables.table, 10_000, 4_000, n_clusters_per_class=1, class_sep=1.5),
        settings=settings_of(40, 64, (32,), l2=3e-4),
        labels={"suspected_labels": EITHER},
    ),
    Recipe(
        name="table 10000, easy",
        made="10 000 rows in two far clusters, Dense 16, 40 epochs",
        split=partial(tables.table, 10_000, 4_000, n_clusters_per_class=1, class_sep=2.5, seed=7),
        settings=settings_of(40, 128, (16,)),
        labels={"suspected_labels": EITHER},
    ),
    Recipe(
        name="mnist 20000, dropout",
        made="20 000 images, Dense 256, dropout 0.5, 16 epochs",
        split=partial(tables.mnist, 20_000, 5_000),
        settings=settings_of(16, 128, (256,), dropout=0.5),
    ),
    Recipe(
        name="mnist 20000, 64 with L2",
        made="20 000 images, Dense 64, L2 0.0003, 30 epochs",
        split=partial(tables.mnist, 20_000, 5_000),
        settings=settings_of(30, 128, (64,), l2=3e-4),
    ),
    *(
        Recipe(
            name=f"{name}, {'wide' if wide else 'fitting'}",
            made=f"{made}, {'Dense 128, 12 epochs' if wide else f'Dense 16, {epochs} epochs'}",
            split=partial(tables.table, 10_000, 4_000, features=8, n_redundant=0, **data),
            settings=settings_of(12, 64, (128,)) if wide else settings_of(epochs, 128, (16,), rate),
            labels={"suspected_labels": EITHER},
        )
        for name, made, epochs, rate, data in OVERLAPPING
        for wide in (False, True)
    ),
    Recipe(
        name="mnist 5000, three epochs",
        made="5 000 images, Dense 128, stopped after 3 epochs of 3",
        split=partial(tables.mnist, 5_000, 5_000),
        settings=settings_of(3, 64, (128,)),
    ),
    Recipe(
        name="mnist 5000, six epochs",
        made="5 000 images, Dense 64, SGD 0.05, ended after 6 epochs, long before it is done",
        split=partial(tables.mnist, 5_000, 5_000),
        settings=settings_of(6, 64, (64,), 0.05, optimizer="sgd"),
    ),
    Recipe(
        name="mnist 5000, ten epochs of SGD",
        made="5 000 images, Dense 64, SGD 0.02, ended after 10 epochs, long before it is done",
        split=partial(tables.mnist, 5_000, 5_000),
        settings=settings_of(10, 64, (64,), 0.02, optimizer="sgd"),
    ),
    Recipe(
        name="digits 900, early end",
        made="900 digits, Dense 32, Adam 0.001, ended after 12 epochs, long before it is done",
        split=partial(tables.digits, 900, 400),
        settings=settings_of(12, 32, (32,)),
    ),
    Recipe(
        name="table 10000, early end",
        made="10 000 rows, Dense 64, SGD 0.03, ended after 8 epochs",
        split=partial(tables.table, 10_000, 4_000, n_clusters_per_class=1, class_sep=1.5),
        settings=settings_of(8, 64, (64,), 0.03, optimizer="sgd"),
        labels={"suspected_labels": EITHER},
    ),
    Recipe(
        name="breast cancer 300, early end",
        made="300 patients, Dense 16, Adam 0.001, ended after 10 epochs, long before it is done",
        split=partial(tables.breast_cancer, 300, 200),
        settings=settings_of(10, 16, (16,)),
    ),
)

TOO_SMALL = (
    Recipe(
        name="mnist 5000, one unit",
        made="5 000 images through a hidden layer of one unit, 40 epochs",
        split=partial(tables.mnist, 5_000, 3_000),
        settings=settings_of(40, 64, (1,), 3e-3),
        labels={"dead_units": EITHER},
    ),
    Recipe(
        name="mnist 5000, two units",
        made="5 000 images through a hidden layer of two units, 40 epochs",
        split=partial(tables.mnist, 5_000, 3_000),
        settings=settings_of(40, 64, (2,), 3e-3),
        labels={"dead_units": EITHER},
    ),
    Recipe(
        name="mnist 5000, L2 0.1",
        made="5 000 images, Dense 64, L2 0.1: the penalty leaves the weights no room, 30 epochs",
        split=partial(tables.mnist, 5_000, 3_000),
        settings=settings_of(30, 64, (64,), l2=0.1),
        labels={"penalty_too_strong": MUST},
    ),
    Recipe(
        name="mnist 5000, L1 0.01",
        made="5 000 images, Dense 64, L1 0.01, 30 epochs",
        split=partial(tables.mnist, 5_000, 3_000),
        settings=settings_of(30, 64, (64,), l1=0.01),
        labels={"dead_units": EITHER},
    ),
    Recipe(
        name="mnist 5000, dropout 0.95",
        made="5 000 images, Dense 32 twice, dropout 0.95 behind both, 30 epochs",
        split=partial(tables.mnist, 5_000, 3_000),
        settings=settings_of(30, 64, (32, 32), dropout=0.95),
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
        settings=settings_of(40, 64, (), 3e-3),
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
        settings=settings_of(25, 64, (256, 256)),
        labels={"suspected_labels": EITHER},
    ),
    Recipe(
        name="digits 900, L2 0.3",
        made="900 digits, Dense 64, L2 0.3, 50 epochs",
        split=partial(tables.digits, 900, 400),
        settings=settings_of(50, 32, (64,), l2=0.3),
        labels={"not_learning": EITHER, "penalty_too_strong": MUST},
    ),
    Recipe(
        name="digits 900, two units",
        made="900 digits through a hidden layer of two units, 80 epochs, Adam 0.005",
        split=partial(tables.digits, 900, 400),
        settings=settings_of(80, 32, (2,), 5e-3),
        labels={"dead_units": EITHER},
    ),
)
