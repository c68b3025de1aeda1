"""Runs whose data, labels or output have a fault that was put in."""

from __future__ import annotations

from functools import partial

from bench.collection import models, tables
from bench.collection.recipe import Recipe
from bench.collection.recipes.defaults import EITHER, MUST, MUST_NOT, UNSCALED, settings_of

_CUT = {
    "class_missing": MUST,
    "sorted_labels": MUST,
    # The samples to validate with are of other classes than those to train on.
    **dict.fromkeys(("overfitting", "good_fit", "learning_well", "underfitting", "not_learning"), EITHER),
    **dict.fromkeys(("unbalanced", "suspected_labels", "saturated_outputs", "plateau", "worse_than_guessing"), EITHER),
    **dict.fromkeys(("memorizing", "label_shift", "validation_differs"), EITHER),
}

_BY_LOSS = (
    *("learning_well", "good_fit", "underfitting", "not_learning", "plateau", "validation_looks_better"),
    *("memorizing", "worse_than_guessing"),
)

_ALWAYS_ONE = {
    "output_mismatch": MUST,
    "good_fit": MUST_NOT,
    "learning_well": MUST_NOT,
    "overfitting": MUST_NOT,
    # Everything else is a consequence, so these findings may be made.
    **dict.fromkeys(("not_learning", "underfitting", "plateau", "learning_rate_too_high"), EITHER),
    **dict.fromkeys(("learning_rate_too_low", "saturated_outputs", "suspected_labels", "unbalanced"), EITHER),
    "worse_than_guessing": EITHER,
}

DATA = (
    Recipe(
        name="table, three classes, one of them rare",
        made="a table of three classes, 90, 7 and 3 of a hundred rows, and hardly any signal",
        split=lambda: tables.with_shares(
            tables.table(12_000, 6_000, flip=0.8, n_classes=3), (0.9, 0.07, 0.03), training=3_500, validation=1_600
        ),
        settings=settings_of(20, 64, (16,)),
        labels={"unbalanced": MUST, "suspected_labels": EITHER},
    ),
    Recipe(
        name="breast cancer, duplicates",
        made="300 patients, a third of the 130 to validate with are among them",
        split=lambda: tables.with_duplicates(tables.breast_cancer(300, 130), 1 / 3),
        settings=settings_of(20, 16, (16,)),
        labels={"duplicates": MUST, "overfitting": EITHER, "memorizing": EITHER},
    ),
    Recipe(
        name="mnist 3 and 8, one in twenty",
        made="a 3 against an 8, nineteen to one",
        split=lambda: tables.with_shares(
            models.two_digits(1_500, 1_500, 3, 8), (0.95, 0.05), training=800, validation=800
        ),
        settings=settings_of(20, 32, (32,)),
        labels={"unbalanced": MUST},
    ),
    Recipe(
        name="table, nine to one",
        made="a table with nine rows of one class to one of the other, and hardly any signal",
        split=lambda: tables.with_shares(
            tables.table(9_000, 6_000, flip=0.6), (0.9, 0.1), training=4_000, validation=2_000
        ),
        settings=settings_of(20, 64, (16,)),
        labels={"unbalanced": MUST, "suspected_labels": EITHER},
    ),
    Recipe(
        name="table, ninety-seven to three",
        made="a table with 97 rows of one class to three of the other",
        split=lambda: tables.with_shares(
            tables.table(9_000, 6_000, flip=0.2), (0.97, 0.03), training=4_000, validation=2_000
        ),
        settings=settings_of(15, 64, (16,)),
        labels={"unbalanced": MUST, "suspected_labels": EITHER},
    ),
    Recipe(
        name="digits, a class not validated",
        made="900 digits, no 7 among those to validate with",
        split=lambda: tables.without_class(tables.digits(900, 400), 7, of="validation"),
        settings=settings_of(20, 32, (32,)),
        labels={"class_missing": MUST, "label_shift": EITHER},
    ),
    Recipe(
        name="digits, a class not trained",
        made="900 digits, no 7 among those to train on",
        split=lambda: tables.without_class(tables.digits(900, 400), 7, of="training"),
        settings=settings_of(20, 32, (32,)),
        labels={
            "class_missing": MUST,
            **dict.fromkeys(("suspected_labels", "overfitting", "saturated_outputs", "label_shift"), EITHER),
        },
    ),
    Recipe(
        name="digits, twelve to validate with",
        made="900 digits, 12 to validate with",
        split=partial(tables.digits, 900, 12),
        settings=settings_of(25, 32, (64,)),
        labels={"validation_too_small": MUST, "class_missing": EITHER, "unbalanced": EITHER},
    ),
    Recipe(
        name="breast cancer, ten to validate with",
        made="300 patients, 10 to validate with",
        split=partial(tables.breast_cancer, 300, 10),
        settings=settings_of(40, 16, (32,)),
        labels={"validation_too_small": MUST, "unbalanced": EITHER},
    ),
    Recipe(
        name="table, sixteen to validate with",
        made="2 000 rows, 16 to validate with",
        split=partial(tables.table, 2_000, 16, flip=0.2),
        settings=settings_of(20, 32, (32,)),
        labels={"validation_too_small": MUST, "unbalanced": EITHER, "suspected_labels": EITHER},
    ),
    Recipe(
        name="mnist, sorted batches",
        made="2 000 images in batches of one class, as a generator gives a sorted file",
        split=lambda: tables.sorted_by_class(tables.mnist(2_000, 2_000)),
        settings=settings_of(12, 50, (64,)),
        in_batches=True,
        labels={"sorted_labels": MUST},
    ),
    Recipe(
        name="digits, cut from a sorted file",
        made="1 300 digits sorted by class, of which the last 400 are taken to validate with",
        split=lambda: tables.cut_from_sorted_file(tables.digits(900, 400)),
        settings=settings_of(15, 32, (32,)),
        labels=_CUT,
    ),
    Recipe(
        name="breast cancer, cut from a sorted file",
        made="430 patients sorted by class, of which the last 130 are taken to validate with",
        split=lambda: tables.cut_from_sorted_file(tables.breast_cancer(300, 130)),
        settings=settings_of(15, 16, (16,)),
        labels=_CUT,
    ),
    Recipe(
        name="mnist, cut from a sorted file",
        made="4 000 images sorted by class, of which the last 1 000 are taken to validate with",
        split=lambda: tables.cut_from_sorted_file(tables.mnist(3_000, 1_000)),
        settings=settings_of(10, 64, (64,)),
        labels=_CUT,
    ),
    Recipe(
        name="mnist, mixed batches",
        made="2 000 images in batches as a generator gives a mixed file",
        split=partial(tables.mnist, 2_000, 2_000),
        settings=settings_of(12, 50, (64,)),
        in_batches=True,
    ),
    Recipe(
        name="digits, sorted array",
        made="600 digits sorted by class, which fitmon mixes anew in each epoch",
        split=lambda: tables.sorted_by_class(tables.digits(600, 400)),
        settings=settings_of(15, 32, (32,)),
        labels={"sorted_labels": EITHER},
    ),
    Recipe(
        name="digits, duplicates",
        made="600 digits, 200 of them again among the 400 to validate with",
        split=lambda: tables.with_duplicates(tables.digits(600, 400), 0.5),
        settings=settings_of(15, 32, (64,)),
        labels={"duplicates": MUST, "overfitting": EITHER, "memorizing": EITHER},
    ),
    Recipe(
        name="table, duplicates",
        made="2 000 rows, a fifth of those to validate with are among them",
        split=lambda: tables.with_duplicates(tables.table(2_000, 1_000, flip=0.1), 0.2),
        settings=settings_of(15, 32, (32,)),
        labels={"duplicates": MUST, **dict.fromkeys(("overfitting", "memorizing", "suspected_labels"), EITHER)},
    ),
    Recipe(
        name="table, constant features",
        made="2 000 rows with 10 constant features beside the 30",
        split=lambda: tables.with_constants(tables.table(2_000, 1_000), 10),
        settings=settings_of(12, 32, (32,)),
        labels={"constant_features": MUST, "suspected_labels": EITHER},
    ),
    Recipe(
        name="iris, constant features",
        made="75 flowers with 2 constant features beside the 4",
        split=lambda: tables.with_constants(tables.iris(75, 45), 2),
        settings=settings_of(20, 8, (8,), 5e-3),
        labels={"constant_features": MUST, "suspected_labels": EITHER},
    ),
    Recipe(
        name="breast cancer, constant features",
        made="300 patients with 3 constant features beside the 30",
        split=lambda: tables.with_constants(tables.breast_cancer(300, 130), 3),
        settings=settings_of(15, 16, (16,)),
        labels={"constant_features": MUST},
    ),
    Recipe(
        name="breast cancer, unscaled",
        made="300 patients as measured, from 0.002 to 4 000, Adam 0.001",
        split=partial(tables.breast_cancer, 300, 130, scaled=False),
        settings=settings_of(25, 16, (16,)),
        labels=UNSCALED,
    ),
    Recipe(
        name="table, one large feature",
        made="2 000 rows, one of 30 features 10 000 times as large as the others",
        split=lambda: tables.with_large_feature(tables.table(2_000, 1_000), 1e4),
        settings=settings_of(15, 32, (32,)),
        labels=UNSCALED,
    ),
    Recipe(
        name="mnist, a tenth of the labels wrong",
        made="5 000 images, a tenth of the labels wrong in training and validation, Dense 64, L2 0.001, 12 epochs",
        split=lambda: tables.with_wrong_labels(tables.mnist(5_000, 2_000), 0.1),
        settings=settings_of(12, 64, (64,), l2=1e-3),
        labels={"suspected_labels": MUST},
    ),
    Recipe(
        name="mnist, 15 % of the labels wrong, dropout",
        made="5 000 images, 15 % of the labels wrong, Dense 128, dropout 0.3, 12 epochs",
        split=lambda: tables.with_wrong_labels(tables.mnist(5_000, 1_000), 0.15),
        settings=settings_of(12, 64, (128,), dropout=0.3),
        labels={"suspected_labels": MUST},
    ),
    Recipe(
        name="breast cancer, 15 % of the labels wrong",
        made="300 patients, 15 % of the labels wrong, Dense 16, L2 0.001, 40 epochs",
        split=lambda: tables.with_wrong_labels(tables.breast_cancer(300, 200), 0.15),
        settings=settings_of(40, 16, (16,), l2=1e-3),
        labels={"suspected_labels": MUST},
    ),
    Recipe(
        name="digits, a tenth of the labels wrong",
        made="900 digits, a tenth of the labels wrong, Dense 64, L2 0.001, 40 epochs",
        split=lambda: tables.with_wrong_labels(tables.digits(900, 400), 0.1),
        settings=settings_of(40, 32, (64,), l2=1e-3),
        labels={"suspected_labels": MUST},
    ),
    Recipe(
        name="digits, one-hot with sigmoid",
        made="900 digits, one-hot labels, ten sigmoid units, binary cross-entropy",
        split=partial(tables.digits, 900, 400),
        settings=settings_of(15, 32, (32,)),
        build=models.with_sigmoids,
        # Its loss, a binary one over ten columns, is none that the rules for labels know.
        labels={"output_mismatch": MUST} | dict.fromkeys(_BY_LOSS, EITHER),
    ),
    Recipe(
        name="table, one column with softmax",
        made="2 000 rows, softmax over a single column: the answer is always 1",
        split=partial(tables.table, 2_000, 1_000),
        settings=settings_of(8, 32, (32,)),
        build=models.with_softmax_over_one,
        labels=_ALWAYS_ONE,
    ),
    Recipe(
        name="breast cancer, one column with softmax",
        made="300 patients, softmax over a single column",
        split=partial(tables.breast_cancer, 300, 130),
        settings=settings_of(8, 16, (16,)),
        build=models.with_softmax_over_one,
        labels=_ALWAYS_ONE,
    ),
)
