"""A captured state is a complete copy; it is restored exactly, or not at all."""

from __future__ import annotations

from typing import Any

import keras
import msgspec
import numpy as np
import pytest

from fitmon.engine.checkpoints.random_state import random_state, set_random_state
from fitmon.engine.checkpoints.state import CheckpointFacts, TrainingState, capture, restore
from fitmon.engine.errors import DataError
from fitmon.engine.knobs.model_knobs import ModelKnobs
from fitmon.engine.knobs.saved_knobs import SavedKnobs

pytestmark = pytest.mark.slow

FACTS = CheckpointFacts(epochs_done=1, seed=0, batch_size=8, epochs=3)


def _model(*, width: int = 4, dropout: float | None = 0.5, l2: float = 0.0, dtype: str = "float32") -> Any:
    layers = keras.layers
    penalty = keras.regularizers.L2(l2) if l2 else None
    hidden = layers.Dense(width, kernel_regularizer=penalty, dtype=dtype)
    dropped = [] if dropout is None else [layers.Dropout(dropout)]
    model = keras.Sequential([keras.Input((3,)), hidden, *dropped, layers.Dense(1)])
    model.compile("adam", "mse", jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    return model


def _attention() -> Any:
    inputs = keras.Input((3, 2))
    model = keras.Model(inputs, keras.layers.Attention()([inputs, inputs]))
    model.compile("adam", "mse", jit_compile=False)
    model.optimizer.build([])
    return model


def _values(model: Any) -> list[Any]:
    return [variable.numpy() for variable in [*model.variables, *model.optimizer.variables]]


def _refusal(model: Any, state: TrainingState, model_knobs: ModelKnobs | None = None) -> str:
    """Return the reason why a state is rejected; all values must be unchanged."""
    before, knobs, shared = _values(model), model_knobs and model_knobs.saved(), random_state()
    with pytest.raises(DataError) as caught:
        restore(model, state, model_knobs=model_knobs)
    assert all(np.array_equal(now, then) for now, then in zip(_values(model), before, strict=False))
    assert (model_knobs and model_knobs.saved(), random_state()) == (knobs, shared)
    return str(caught.value)


def _with(state: TrainingState, **variables: Any) -> TrainingState:
    return TrainingState(state.facts, state.knobs, state.random, {**state.variables, **variables})


def test_names_do_not_depend_on_what_was_built_before() -> None:
    first, second = capture(_model(), FACTS), capture(_model(), FACTS)
    assert first.variables.keys() == second.variables.keys()
    assert "model/0/sequential/dense/kernel" in first.variables
    assert len({name.split("/", 2)[2] for name in first.variables}) < len(first.variables), "places tell twins apart"


def test_a_captured_state_does_not_change_with_the_model() -> None:
    model = _model()
    state = capture(model, FACTS)
    before = {name: array.copy() for name, array in state.variables.items()}
    model.fit(np.ones((8, 3)), np.ones(8), verbose=0)
    after = capture(model, FACTS).variables
    assert all(np.array_equal(array, before[name]) for name, array in state.variables.items())
    assert all(not np.array_equal(after[name], before[name]) for name in before if "kernel" in name)


def test_metrics_are_only_kept_in_the_middle_of_an_epoch() -> None:
    model = _model()
    inside = capture(model, msgspec.structs.replace(FACTS, step=1)).variables.keys()
    assert set(inside - capture(model, FACTS).variables.keys()) == {
        "metric/0/loss/total",
        "metric/1/loss/count",
    }


OTHERS = [
    pytest.param({"width": 5}, "'model/0/sequential/dense/kernel' is (3, 5) float32 in the checkpoint and (3, 4)"),
    pytest.param({"dtype": "float16"}, "'model/0/sequential/dense/kernel' is (3, 4) float16 in the checkpoint and"),
    pytest.param({"dropout": None}, "'model/2/seed_generator/seed_generator_state' is not in the checkpoint"),
]


@pytest.mark.parametrize(("other", "difference"), OTHERS)
def test_a_state_of_another_model_is_rejected_with_a_list_of_differences(
    other: dict[str, Any], difference: str
) -> None:
    message = _refusal(_model(), capture(_model(**other), FACTS))
    assert difference in message
    assert "nothing was loaded" in message
    assert message.count(";") <= 10


def test_all_differences_are_listed_and_names_from_a_file_are_quoted() -> None:
    model = _model()
    state = capture(model, FACTS)
    message = _refusal(model, _with(state, **{"model/1/sequential/dense/bias": np.zeros(9), "\x1b[31m": np.zeros(1)}))
    assert "'model/1/sequential/dense/bias' is (9,) float64 in the checkpoint and (4,) float32 here" in message
    assert r"'\x1b[31m' is not in this model" in message


def test_knobs_are_unchanged_after_a_rejection() -> None:
    source, model = _model(l2=0.1), _model(l2=0.2)
    model_knobs = ModelKnobs(source)
    model_knobs.turn("dropout", 0.9)
    state = capture(source, FACTS, model_knobs=model_knobs)
    here = ModelKnobs(model)
    message = _refusal(model, _with(state, surplus=np.zeros(1)), here)
    assert "'surplus' is not in this model" in message
    assert not restore(model, state, model_knobs=here), "neither rate nor factor appears or goes"
    assert (here.saved().rates, here.saved().l2) == ((0.9,), (0.1,))


def test_a_model_with_other_knobs_is_rejected() -> None:
    state = capture(_model(), FACTS)
    message = _refusal(_model(), state, ModelKnobs(_model()))
    assert "expected 1 dropout rates, 2 kernels with a penalty and no learning-rate schedule" in message


def test_a_penalty_that_the_model_was_built_without_must_be_traced_again() -> None:
    source, model = _model(), _model()
    model_knobs, here = ModelKnobs(source), ModelKnobs(model)
    model_knobs.turn("l2", 0.3)
    assert restore(model, capture(source, FACTS, model_knobs=model_knobs), model_knobs=here)
    assert not restore(model, capture(source, FACTS, model_knobs=model_knobs), model_knobs=here)
    assert here.saved().l2 == (0.3, 0.3)


def test_seeds_of_a_layer_built_without_dropout_are_kept() -> None:
    """Keras does not give such a layer any."""
    source, model = _model(dropout=0.0), _model(dropout=0.0)
    model_knobs, here = ModelKnobs(source), ModelKnobs(model)
    name = "knob/0/seed_generator/seed_generator_state"
    state = capture(source, FACTS, model_knobs=model_knobs)
    assert not np.array_equal(state.variables[name], capture(model, FACTS, model_knobs=here).variables[name])
    restore(model, state, model_knobs=here)
    assert np.array_equal(state.variables[name], capture(model, FACTS, model_knobs=here).variables[name])


def test_a_model_whose_dropout_was_raised_since_rejects_an_earlier_state() -> None:
    """It has seeds that the state lacks; a newly built model accepts it."""
    model = _attention()
    model_knobs = ModelKnobs(model)
    before = capture(model, FACTS, model_knobs=model_knobs)
    model_knobs.turn("dropout", 0.5)
    assert "is not in the checkpoint" in _refusal(model, before, model_knobs)
    anew = _attention()
    assert not restore(anew, before, model_knobs=ModelKnobs(anew))


def test_invalid_states_of_global_generators_are_rejected() -> None:
    model = _model()
    state = capture(model, FACTS)
    broken = msgspec.structs.replace(state.random, python=(3, (1, 2), None))
    assert "random generators" in _refusal(model, TrainingState(state.facts, state.knobs, broken, state.variables))


def test_keras_recreates_its_global_seeds_if_a_state_has_none() -> None:
    keras.utils.set_random_seed(4)
    untouched = random_state()
    drawn = [keras.random.normal((2,)).numpy().tolist() for _ in range(2)]
    assert untouched.keras is None
    assert random_state().keras is not None
    set_random_state(untouched)
    assert [keras.random.normal((2,)).numpy().tolist() for _ in range(2)] == drawn


def test_another_generator_in_place_of_numpys_is_left_unchanged() -> None:
    usual = np.random.get_bit_generator()  # type: ignore[attr-defined]  # not in numpy's stubs
    try:
        np.random.set_bit_generator(np.random.PCG64(1))  # type: ignore[attr-defined]
        state = random_state()
        assert state.numpy is None
        set_random_state(state)
    finally:
        np.random.set_bit_generator(usual)  # type: ignore[attr-defined]


def test_a_model_without_knobs_has_an_empty_state() -> None:
    assert capture(_model(), FACTS).knobs == SavedKnobs()
