"""Each preset is the system of its source, layer for layer and default for default."""

import dataclasses
import subprocess
import sys
import textwrap
from typing import Any

import numpy as np
import pytest

from fitmon.engine.errors import UsageError
from fitmon.engine.job import Settings, TrainingData
from fitmon.presets import PRESETS, preset_named
from fitmon.presets.layers import OPTIMIZERS, build_classifier


def silent(_text: str) -> None:
    pass


def table_data(classes: int, inputs: tuple[int, ...] = (4,)) -> TrainingData:
    y = np.zeros((6, 1), np.float32) if classes == 1 else np.eye(classes, dtype=np.float32)[np.arange(6) % classes]
    return TrainingData(x=np.zeros((6, *inputs), np.float32), y=y)


def layers_of(model: Any) -> list[tuple[Any, ...]]:
    """Return what each layer is: its kind and what matters of it."""
    described: list[tuple[Any, ...]] = []
    for layer in model.layers:
        kind = type(layer).__name__
        details = {"Dense": ("units", "activation"), "Dropout": ("rate",)}.get(kind, ())
        described.append((kind, *(layer.get_config()[detail] for detail in details)))
    return described


def changed(**changes: Any) -> Settings:
    return dataclasses.replace(Settings(epochs=1, batch_size=2, learning_rate=0.01, units=(8, 4)), **changes)


def test_names_are_known_without_importing_a_preset() -> None:
    program = "import sys, fitmon.presets as p; print(*p.PRESETS, *(m for m in sys.modules if 'fitmon.presets.' in m))"
    answer = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert answer.stdout.split() == ["mnist", "iris", "binary"]


@pytest.mark.parametrize("name", PRESETS)
def test_describing_a_preset_loads_nothing_heavy(name: str) -> None:
    program = f"import sys, fitmon.presets as p; p.preset_named('{name}').settings; print(*sys.modules)"
    answer = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert not {"numpy", "keras", "tensorflow", "sklearn", "msgspec", "textual"} & set(answer.stdout.split())


def test_a_misspelt_preset_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UsageError, match=r"received 'mnits'. Did you mean 'mnist'?"):
        preset_named("mnits")


@pytest.mark.slow
def test_the_preset_shown_as_an_example_can_be_trained() -> None:
    from fitmon.presets import preset as shown

    _, _, program = (shown.__doc__ or "").partition("\n\n    ")
    names: dict[str, Any] = {}
    exec(textwrap.dedent("    " + program), names)  # noqa: S102 - our own text
    job = names["PRESET"].job()
    model = job.build(job.settings, job.load(job.settings, silent))
    assert layers_of(model) == [("Dense", 16, "relu"), ("Dense", 3, "softmax")]


def test_mnist_has_the_architecture_and_defaults_of_its_source() -> None:
    preset = preset_named("mnist")
    assert preset.settings == Settings(
        epochs=10, batch_size=64, learning_rate=0.001, units=(512,), optimizer="adam", dropout=0.0
    )
    model = preset.job().build(preset.settings, table_data(10, (28, 28, 1)))
    assert layers_of(model) == [("Flatten",), ("Dense", 512, "relu"), ("Dropout", 0.0), ("Dense", 10, "softmax")]
    assert model.count_params() == 407_050
    assert (type(model.optimizer).__name__, model.loss) == ("Adam", "categorical_crossentropy")
    assert model.jit_compile == "auto" or isinstance(model.jit_compile, bool)


def test_iris_has_the_architecture_and_defaults_of_its_source() -> None:
    preset = preset_named("iris")
    assert preset.settings == Settings(
        epochs=200, batch_size=5, learning_rate=0.0005, units=(8,), optimizer="adam", dropout=0.0
    )
    job = preset.job()
    model = job.build(preset.settings, job.load(preset.settings, silent))
    assert layers_of(model) == [("Dense", 8, "relu"), ("Dropout", 0.0), ("Dense", 3, "softmax")]
    assert float(model.optimizer.learning_rate) == pytest.approx(0.0005)


def test_binary_has_one_dropout_of_three_tenths_after_its_hidden_layers() -> None:
    preset = preset_named("binary")
    settings = dataclasses.replace(preset.settings, units=(16, 8, 4))
    model = preset.job(settings).build(settings, table_data(1))
    widths = [("Dense", 16, "relu"), ("Dense", 8, "relu"), ("Dense", 4, "relu")]
    assert layers_of(model) == [*widths, ("Dropout", 0.3), ("Dense", 1, "sigmoid")]
    assert model.loss == "binary_crossentropy"


def test_iris_is_split_stratified_and_standardized_by_its_training_set() -> None:
    job = preset_named("iris").job()
    data = job.load(job.settings, silent)
    assert (data.x.shape, data.x_validation.shape) == ((120, 4), (30, 4))
    assert data.y.sum(axis=0).tolist() == [40, 40, 40]
    assert data.y_validation.sum(axis=0).tolist() == [10, 10, 10]
    assert np.allclose(data.x.mean(axis=0), 0, atol=1e-5)
    assert np.allclose(data.x.std(axis=0), 1, atol=1e-5)
    assert data.class_names == ("setosa", "versicolor", "virginica")


def test_a_table_keeps_its_columns_names_and_the_values_people_know() -> None:
    job = preset_named("iris").job()
    data = job.load(job.settings, silent)
    assert data.feature_names[0] == "sepal length (cm)"
    assert data.x_validation_original.shape == data.x_validation.shape
    assert data.x_validation_original[:, 0].min() > 4, "centimetres, not standardised"


def test_a_split_follows_the_seed_alone() -> None:
    job = preset_named("iris").job()
    first, again, other = (job.load(changed(seed=seed), silent) for seed in (1, 1, 2))
    assert np.array_equal(first.x, again.x)
    assert not np.array_equal(first.x, other.x)


def test_the_weak_table_does_not_depend_on_the_seed() -> None:
    job = preset_named("binary").job()
    first, second = (job.load(changed(seed=seed), silent) for seed in (1, 2))
    assert (first.x.shape, first.x_validation.shape, first.y.shape) == ((16_000, 30), (4_000, 30), (16_000, 1))
    assert first.y.sum() == second.y.sum()
    assert first.class_names == ("0", "1")


def test_breast_cancer_is_the_other_table_of_binary() -> None:
    job = preset_named("binary").job(dataset="breast_cancer")
    data = job.load(job.settings, silent)
    assert len(data.x) + len(data.x_validation) == 569
    assert data.class_names == ("malignant", "benign")


def test_an_unknown_data_set_is_refused_by_naming_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"to be one of weak_signal, breast_cancer; received 'wine'"):
        preset_named("binary").job(dataset="wine")


def test_dropout_follows_each_hidden_layer() -> None:
    model = build_classifier(changed(dropout=0.4), table_data(3))
    assert [kind for kind, *_ in layers_of(model)] == ["Dense", "Dropout", "Dense", "Dropout", "Dense"]


def test_a_dropout_of_zero_can_be_raised_later() -> None:
    layer = build_classifier(changed(dropout=0.0), table_data(3)).layers[1]
    assert layer.rate == 0
    layer.rate = 0.9
    assert np.count_nonzero(layer(np.ones((1, 1000), np.float32), training=True)) < 500


def test_a_dropout_of_zero_changes_no_weight_to_the_last_bit() -> None:
    import keras

    weights = []
    for dropout in (None, 0.0):
        keras.utils.set_random_seed(7)
        weights.append(build_classifier(changed(dropout=dropout), table_data(3)).get_weights())
    assert all(np.array_equal(without, with_it) for without, with_it in zip(*weights, strict=True))


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("units", [(), (8, 4)])
@pytest.mark.parametrize("dropout", [None, 0.0, 0.3])
def test_a_preset_declares_whether_its_model_has_dropout(
    name: str, units: tuple[int, ...], dropout: float | None
) -> None:
    preset, settings = preset_named(name), changed(units=units, dropout=dropout)
    kinds = [kind for kind, *_ in layers_of(preset.build(settings, table_data(3)))]
    assert preset.has_dropout(settings) == ("Dropout" in kinds)


@pytest.mark.parametrize(
    ("penalties", "kind"),
    [({}, "NoneType"), ({"l1": 0.1}, "L1"), ({"l2": 0.01}, "L2"), ({"l1": 0.1, "l2": 0.01}, "L1L2")],
)
def test_penalties_weigh_on_hidden_and_output_kernels(penalties: dict[str, float], kind: str) -> None:
    model = build_classifier(changed(**penalties), table_data(3))
    assert [type(layer.kernel_regularizer).__name__ for layer in model.layers] == [kind] * 3


def test_accuracy_predicts_1_only_above_the_threshold() -> None:
    model = build_classifier(changed(threshold=0.75, units=()), table_data(1))
    model.layers[0].set_weights([np.ones((4, 1), np.float32), np.zeros(1, np.float32)])
    inputs = np.zeros((2, 4), np.float32)
    inputs[0, 0] = 1.0  # p = 0.731: above one half, not above 0.75
    inputs[1, 0] = 2.0  # p = 0.881
    answers = model.evaluate(inputs, np.array([[0.0], [1.0]], np.float32), verbose=0, return_dict=True)
    assert answers["accuracy"] == 1.0


def test_a_model_without_hidden_layers_can_be_built() -> None:
    assert layers_of(build_classifier(changed(units=()), table_data(3))) == [("Dense", 3, "softmax")]


@pytest.mark.parametrize("jit", [True, False])
def test_the_choice_of_xla_reaches_the_model(jit: bool) -> None:
    assert build_classifier(changed(jit=jit), table_data(3)).jit_compile is jit


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_named_optimizer_takes_the_learning_rate(name: str) -> None:
    model = build_classifier(changed(optimizer=name), table_data(3))
    assert type(model.optimizer).__name__.lower() == name
    assert float(model.optimizer.learning_rate) == pytest.approx(0.01)


def test_no_plain_optimizer_of_keras_is_missing() -> None:
    import keras

    classes = {name.lower() for name, member in vars(keras.optimizers).items() if isinstance(member, type)}
    # These wrap other optimizers or need the weights switched between training and inference.
    others = {"optimizer", "lossscaleoptimizer", "multioptimizer", "optimizermap", "schedulefreeadamw"}
    assert classes - others <= set(OPTIMIZERS)
