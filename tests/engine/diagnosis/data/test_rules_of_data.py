"""What all rules about the data have in common."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fitmon.engine.diagnosis.data.rules import DATA_RULES
from fitmon.engine.diagnosis.examine import DataFacts, ModelFacts, examine
from fitmon.engine.facts import Facts
from fitmon.engine.job import TrainingData
from tests.engine.diagnosis.data.given import evidence, facts, names_found

SOFTMAX: dict[str, Any] = {"loss": "categorical_crossentropy", "output_activation": "softmax"}
SPARSE: dict[str, Any] = {"loss": "sparse_categorical_crossentropy", "output_activation": "softmax"}
SIGMOID: dict[str, Any] = {"loss": "binary_crossentropy", "output_activation": "sigmoid", "output_units": 1}


def examined(data: TrainingData, job: str, **model: Any) -> Facts:
    """Return the facts of data and of a model for it."""
    return examine(data, DataFacts(job=job), ModelFacts(**model))


@pytest.mark.parametrize("rule", DATA_RULES, ids=lambda rule: rule.name)
def test_a_rule_explains_itself_and_names_a_source(rule: Any) -> None:
    assert rule.explanation.count(".") >= 2
    assert re.search(r"https?://|Tutorial \d", rule.source)
    assert 0 < rule.weight <= 1


def test_no_two_rules_have_one_name() -> None:
    assert len({rule.name for rule in DATA_RULES}) == len(DATA_RULES)


@pytest.mark.parametrize("rule", DATA_RULES, ids=lambda rule: rule.name)
def test_a_rule_is_silent_where_nothing_is_known(rule: Any) -> None:
    assert rule.check(evidence(facts(training_samples=0, validation_samples=0))) is None


@pytest.mark.parametrize("rule", DATA_RULES, ids=lambda rule: rule.name)
def test_a_rule_is_silent_on_curves_without_a_number(rule: Any) -> None:
    known = facts(classes=2, training_counts=(500, 500), validation_counts=(100, 100))
    curves = ("validation_loss", "validation_accuracy", "validation_since_best", "validation_since_best_error")
    unknown: dict[str, Any] = dict.fromkeys(curves, np.nan)
    assert rule.check(evidence(known, epoch=6, **unknown)) is None


def test_nothing_is_found_in_the_presets_tables() -> None:
    from sklearn.datasets import load_breast_cancer, load_iris

    from fitmon.presets.tables import split_table

    assert names_found(examined(split_table(load_iris(), seed=0), "iris", output_units=3, **SOFTMAX)) == set()
    assert names_found(examined(split_table(load_breast_cancer(), seed=0), "binary", **SIGMOID)) == set()


def test_nothing_is_found_in_mnist_though_its_borders_are_constant(mnist_path: Path) -> None:
    with np.load(mnist_path, allow_pickle=False) as file:
        x, x_validation = (file[name][::4] / np.float32(255) for name in ("x_train", "x_test"))
        data = TrainingData(x=x, y=file["y_train"][::4], x_validation=x_validation, y_validation=file["y_test"][::4])
    known = examined(data, "mnist", output_units=10, **SPARSE)
    assert (known.constant_features or 0) > 50
    assert names_found(known) == set()


def test_digits_in_sixteen_shades_are_neither_unscaled_nor_constant() -> None:
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    data = TrainingData(x=x[:1400], y=y[:1400], x_validation=x[1400:], y_validation=y[1400:])
    assert names_found(examined(data, "digits", output_units=10, **SPARSE)) == set()


def test_iris_in_file_order_is_caught_as_a_class_missing() -> None:
    from sklearn.datasets import load_iris

    table = load_iris()
    y = np.eye(3)[table.target]
    data = TrainingData(
        x=table.data[:120],
        y=y[:120],
        x_validation=table.data[120:],
        y_validation=y[120:],
        class_names=tuple(map(str, table.target_names)),
    )
    assert names_found(examined(data, "iris", output_units=3, **SOFTMAX)) == {
        "class_missing",
        "sorted_labels",
        "validation_differs",
    }


def test_raw_measurements_and_raw_pixels_are_unscaled(mnist_path: Path) -> None:
    from sklearn.datasets import load_breast_cancer

    x, y = load_breast_cancer(return_X_y=True)
    table = TrainingData(x=x[:400], y=y[:400], x_validation=x[400:], y_validation=y[400:])
    # The file's last rows have far more benign cases than its first.
    assert names_found(examined(table, "binary", **SIGMOID)) == {"unscaled_features", "label_shift"}
    with np.load(mnist_path, allow_pickle=False) as file:
        images = TrainingData(x=file["x_test"], y=file["y_test"])
    assert names_found(examined(images, "mnist", output_units=10, **SPARSE)) == {"unscaled_features"}
