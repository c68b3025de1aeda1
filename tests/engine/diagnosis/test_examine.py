"""What is known of data and model before the first epoch."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from fitmon.engine.diagnosis import duplicates, row_blocks
from fitmon.engine.diagnosis.examine import DataFacts, ModelFacts, examine
from fitmon.engine.facts import Facts
from fitmon.engine.job import TrainingData

Array = npt.NDArray[Any]

SPARSE: dict[str, Any] = {"loss": "sparse_categorical_crossentropy", "output_activation": "softmax"}
SOFTMAX: dict[str, Any] = {"loss": "categorical_crossentropy", "output_activation": "softmax"}
SIGMOID: dict[str, Any] = {"loss": "binary_crossentropy", "output_activation": "sigmoid", "output_units": 1}


def noise(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def of(
    x: Any, y: Any = None, x_validation: Any = None, y_validation: Any = None, *, samples: int = 0, **model: Any
) -> Facts:
    data = TrainingData(x=x, y=y, x_validation=x_validation, y_validation=y_validation)
    return examine(data, DataFacts(job="job", training_samples=samples), ModelFacts(**model))


@pytest.mark.parametrize("shape", ["numbers", "column", "one-hot"])
def test_classes_are_counted_whatever_form_their_labels_have(shape: str) -> None:
    labels = np.array([0, 2, 2, 1, 0, 2])
    given = {"numbers": labels, "column": labels[:, None].astype(np.float32), "one-hot": np.eye(3)[labels]}[shape]
    task = SOFTMAX if shape == "one-hot" else SPARSE
    facts = of(noise(6, 4), given, noise(2, 4), given[:2], **task)
    assert (facts.classes, facts.training_counts, facts.validation_counts) == (3, (2, 1, 3), (1, 0, 1))
    assert facts.one_hot is (shape == "one-hot")


def test_chance_loss_is_the_entropy_of_the_validation_frequencies() -> None:
    balanced, skewed = np.arange(100) % 2, np.arange(100) % 10 == 0
    facts = of(noise(100, 2), balanced, noise(100, 2), skewed.astype(int), **SIGMOID)
    assert facts.baseline_loss == pytest.approx(-0.1 * np.log(0.1) - 0.9 * np.log(0.9), rel=1e-5)
    assert of(noise(100, 2), balanced, **SIGMOID).baseline_loss == pytest.approx(np.log(2), rel=1e-5)
    assert of(noise(100, 2), balanced, loss="mean_squared_error").baseline_loss is None


def test_chance_loss_of_one_hot_rows_and_of_class_numbers_is_the_same() -> None:
    labels = np.random.default_rng(0).integers(0, 5, 300)
    one_hot = of(noise(300, 2), np.eye(5)[labels], **SOFTMAX).baseline_loss
    assert one_hot == of(noise(300, 2), labels, **SPARSE).baseline_loss


def test_quantities_are_no_classes() -> None:
    facts = of(noise(50, 2), np.arange(50) % 5, loss="mean_squared_error", output_activation="linear")
    assert facts.classes is None
    assert facts.training_counts is None


def test_several_labels_at_once_are_no_classes_but_have_a_chance_loss() -> None:
    labels = (noise(400, 3) > 0).astype(np.float32)
    facts = of(noise(400, 2), labels, loss="binary_crossentropy", output_activation="sigmoid", output_units=3)
    assert facts.classes is None
    assert facts.one_hot is False
    assert facts.baseline_loss == pytest.approx(np.log(2), abs=0.01)


@pytest.mark.parametrize(
    ("labels", "answer"),
    [
        pytest.param(np.repeat([0, 1, 2], 40), True, id="in blocks"),
        pytest.param(np.random.default_rng(0).permutation(np.repeat([0, 1, 2], 40)), False, id="mixed"),
        pytest.param(np.tile([0, 1, 2], 40), False, id="in turn"),
        pytest.param(np.array([0, 0, 1, 1]), None, id="too few to tell"),
        pytest.param(np.zeros(100, int), None, id="one class only"),
    ],
)
def test_sorted_labels_differ_from_mixed_ones(labels: Array, answer: bool | None) -> None:
    assert of(noise(len(labels), 2), labels, **SPARSE).labels_sorted is answer


def test_duplicates_are_the_validation_samples_that_are_trained_on_with_the_same_label() -> None:
    x, y = noise(500, 8), np.random.default_rng(0).integers(0, 2, 500)
    x_validation = np.concatenate([x[:7], noise(93, 8, seed=1)])
    y_validation = np.concatenate([y[:4], 1 - y[4:7], y[:93]])
    assert of(x, y, x_validation, y_validation, **SIGMOID).duplicates == 4


def test_rows_that_differ_outside_the_quick_keys_bytes_are_no_duplicates() -> None:
    x = np.zeros((64, 4_000), np.float32)
    x[:, 0] = np.arange(64)
    y = np.zeros(64, int)
    assert of(x[:32], y[:32], x[32:], y[32:], **SIGMOID).duplicates == 0
    assert of(x[:40], y[:40], x[32:], y[32:], **SIGMOID).duplicates == 8


def test_rows_that_are_too_slow_to_compare_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "MAX_DIGESTED", 10_000)
    x, y = np.zeros((64, 4_000), np.float32), np.zeros(64, int)
    x[:, 0] = np.arange(64)
    assert of(x[:32], y[:32], x[32:], y[32:], **SIGMOID).duplicates is None


def test_rows_of_zeros_and_ones_are_distinguished() -> None:
    bits = (np.arange(4_096)[:, None] >> np.arange(12) & 1).astype(np.float32)
    y = np.zeros(4_096, int)
    assert of(bits[::2], y[::2], bits[1::2], y[1::2], **SIGMOID).duplicates == 0


def test_iris_has_one_flower_twice() -> None:
    from sklearn.datasets import load_iris

    x, y = load_iris(return_X_y=True)
    assert of(x[:130], y[:130], x[130:], y[130:], **SPARSE).duplicates == 1


def test_features_are_measured_as_numpy_measures_them() -> None:
    x = noise(3_000, 400) * np.linspace(0.1, 20, 400, dtype=np.float32) + 1_000
    facts = of(x)
    assert facts.features == 400
    assert facts.largest_scale == pytest.approx(x.std(axis=0, dtype=np.float64).max(), rel=1e-4)
    assert facts.smallest_scale == pytest.approx(x.std(axis=0, dtype=np.float64).min(), rel=1e-3)
    assert facts.largest_mean == pytest.approx(np.abs(x.mean(axis=0, dtype=np.float64)).max(), rel=1e-4)
    assert facts.largest_value == pytest.approx(np.abs(x).max(), rel=1e-4)


def test_constant_features_are_counted_and_named() -> None:
    x = noise(100, 3)
    x[:, 1] = 0.1
    facts = examine(TrainingData(x=x, feature_names=("a", "b", "c")), DataFacts(job="job"), ModelFacts())
    assert (facts.constant_features, facts.constant_names) == (1, ("b",))


def test_numbers_that_are_not_finite_are_counted_in_both_sets_and_left_out_of_the_scale() -> None:
    x, x_validation = noise(200, 3), noise(50, 3)
    x[[3, 150], [0, 2]] = np.nan, np.inf
    x_validation[7, 1] = -np.inf
    facts = of(x, x_validation=x_validation)
    assert facts.non_finite_values == 3
    assert facts.non_finite_parts == {"training inputs": 2, "validation inputs": 1}
    assert facts.largest_scale == pytest.approx(1, abs=0.15)


def test_nan_in_targets_and_sample_weights_is_counted_by_where_it_is() -> None:
    targets, weights = {"a": noise(20, 2), "b": noise(20, 3, 3)}, np.ones(20)
    targets["b"][3, 1, 2], weights[5] = np.nan, np.inf
    data = TrainingData(
        x=noise(20, 4),
        y=targets,
        sample_weight=weights,
        x_validation=noise(4, 4),
        y_validation=np.array([0.0, np.nan, np.inf, 1.0]),
        sample_weight_validation=np.ones(4),
    )
    facts = examine(data, DataFacts(job="job"), ModelFacts())
    assert (facts.non_finite_values, facts.non_finite_targets) == (0, 3)
    assert facts.non_finite_parts == {
        "training targets": 1,
        "validation targets": 2,
        "training sample weights": 1,
    }


@pytest.mark.parametrize("kind", [np.float16, np.float64, np.complex64])
def test_nan_is_found_in_numbers_of_any_width(kind: Any) -> None:
    x = np.ones((5, 3), kind)
    x[2, 1] = np.nan
    assert of({"numbers": x, "texts": np.array(["a"] * 5)}).non_finite_parts == {"training inputs": 1}


def test_whole_numbers_need_no_check() -> None:
    facts = of(np.arange(12).reshape(6, 2), np.arange(6), **SPARSE)
    assert (facts.non_finite_values, facts.non_finite_targets, facts.non_finite_parts) == (0, 0, {})


def test_nan_in_what_validates_batches_is_found() -> None:
    x_validation = noise(20, 3)
    x_validation[4, 1] = np.nan
    facts = of(iter([]), None, x_validation, np.arange(20) % 2, **SIGMOID)
    assert facts.non_finite_parts == {"validation inputs": 1}


def test_several_inputs_are_measured_together() -> None:
    x = {"picture": noise(60, 4, 4, 1), "table": np.full((60, 3), 7.0)}
    facts = of(x, np.arange(60) % 2, {name: part[:5] for name, part in x.items()}, np.arange(5) % 2, **SIGMOID)
    assert (facts.features, facts.constant_features, facts.input_axes, facts.duplicates) == (19, 3, 3, 5)


def test_of_batches_only_the_validation_samples_are_counted() -> None:
    def batches() -> Iterator[tuple[Array, Array]]:
        yield noise(8, 3), np.zeros(8)

    facts = of(batches(), None, noise(20, 3), np.arange(20) % 2, samples=8, **SIGMOID)
    assert (facts.training_samples, facts.validation_samples) == (8, 20)
    assert [facts.features, facts.training_counts, facts.duplicates] == [None] * 3
    assert facts.validation_counts == (10, 10)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        pytest.param(np.array([{}, None], object), np.array(["a", "b"], object), id="objects"),
        pytest.param(np.array(["a text", "another"]), np.array([0, 1]), id="texts"),
        pytest.param(noise(0, 3), np.zeros(0), id="empty"),
        pytest.param(noise(5, 3), np.zeros(4), id="other lengths"),
        pytest.param(noise(5), np.array([np.nan] * 5), id="labels that are no numbers"),
        pytest.param(noise(5, 3), np.array([-1, 0, 1, 10**12, 3]), id="labels that are no classes"),
        pytest.param([[1.0, 2.0], [3.0, 4.0]], [0, 1], id="lists"),
        pytest.param(None, None, id="nothing"),
        pytest.param(noise(6, 3).astype(np.float16), {"a": np.zeros(6), "b": np.ones(6)}, id="several outputs"),
        pytest.param(np.full((4, 2), 1e300), np.arange(4) % 2, id="huge numbers"),
        pytest.param(noise(5, 3) + 1j, np.zeros(5), id="complex numbers"),
        pytest.param(7, 7, id="no array at all"),
    ],
)
def test_unusual_data_raises_nothing(x: Any, y: Any) -> None:
    assert of(x, y, x, y, **SPARSE).job == "job"


def test_a_check_that_raises_is_logged_and_noted(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        shape = (4, 2)

        def __len__(self) -> int:
            return 4

        def __getitem__(self, rows: Any) -> Any:
            raise OSError("the disk is gone")

    facts = of(Broken(), Broken())
    assert (facts.training_samples, facts.features) == (4, None)
    checks = ("features", "differences", "duplicates", "NaN in targets", "targets", "labels")
    assert facts.failed_checks == tuple(f"{check} (OSError: the disk is gone)" for check in checks)
    assert [record.name for record in caplog.records] == ["fitmon.diagnosis"] * len(checks)


def test_data_that_is_merely_unusual_fails_no_check() -> None:
    texts, labels = np.array(["a text", "another"] * 20), np.arange(40) % 2
    facts = of(texts, labels, texts, labels, **SPARSE)
    assert (facts.failed_checks, facts.features) == ((), None)
    assert of(noise(5, 3), np.zeros(5)).failed_checks == ()
    objects = np.array([{}, None] * 20, object)
    assert of(objects, labels, objects, labels, **SPARSE).failed_checks == ()


def test_rows_of_a_file_are_read_as_those_of_an_array(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    x, y = noise(300, 5), np.arange(300) % 3
    with h5py.File(tmp_path / "table.h5", "w") as file:
        file["x"], file["y"] = x, y
        assert of(file["x"], file["y"], x[:9], y[:9], **SPARSE) == of(x, y, x[:9], y[:9], **SPARSE)


def test_of_very_many_rows_a_part_is_measured_and_nothing_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = noise(4_000, 64), np.arange(4_000) % 2
    monkeypatch.setattr(row_blocks, "BLOCK_BYTES", 4_096)
    monkeypatch.setattr(row_blocks, "MAX_BYTES", x.nbytes // 4)
    facts = of(x, y, x[:50], y[:50], **SIGMOID)
    assert [facts.constant_features, facts.duplicates] == [None, None]
    assert facts.largest_scale == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize(
    ("layers", "answer"),
    [
        (("InputLayer", "Rescaling", "Conv2D"), True),
        (("Embedding", "LSTM", "Dense"), True),
        (("InputLayer", "Functional", "Dense"), True),
        (("Flatten", "Dense", "Dense", "Dropout", "BatchNormalization"), False),
    ],
)
def test_a_model_that_scales_its_inputs_itself_is_known(layers: tuple[str, ...], answer: bool) -> None:
    assert of(noise(5, 3), layers=layers).scales_inputs is answer


@pytest.mark.slow
def test_all_of_mnist_has_the_facts_that_are_known_of_it(mnist_path: Path) -> None:
    with np.load(mnist_path, allow_pickle=False) as file:
        x, x_validation = (file[name] / np.float32(255) for name in ("x_train", "x_test"))
        facts = of(x, file["y_train"], x_validation, file["y_test"], output_units=10, **SPARSE)
    assert (facts.training_samples, facts.validation_samples, facts.features) == (60_000, 10_000, 784)
    assert facts.training_counts == (5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949)
    assert (facts.constant_features, facts.duplicates, facts.non_finite_values) == (67, 0, 0)
    assert (facts.labels_sorted, facts.largest_value) == (False, 1.0)
    assert facts.baseline_loss == pytest.approx(2.3, abs=0.01)


def test_neither_keras_nor_tensorflow_is_needed() -> None:
    import subprocess

    program = (
        "import sys; import fitmon.engine.diagnosis.rules, fitmon.engine.diagnosis.examine; "
        "sys.exit(any(name in sys.modules for name in ('keras', 'tensorflow')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
