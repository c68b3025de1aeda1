"""With the knobs' values written into it, a model is saved as plain Keras; afterwards it is as before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fitmon.engine.keras_internals import all_layers, build_model, learning_rate_schedule
from fitmon.engine.knobs.model_knobs import ModelKnobs
from tests.engine.knobs.test_dropout_from_zero import attention, recurrent, wrapped
from tests.engine.watching import build_table_model, settings, small_table

pytestmark = pytest.mark.slow


def _scheduled(_rate: float) -> Any:
    import keras

    model = build_table_model(settings(dropout=0.2))
    schedule = keras.optimizers.schedules.ExponentialDecay(0.01, 10, 0.5)
    model.compile(keras.optimizers.Adam(schedule), "binary_crossentropy", jit_compile=False)
    return model


def _penalized(_rate: float) -> Any:
    return build_table_model(settings(dropout=0.2, l1=0.01, l2=0.02))


def _rates_in(config: Any) -> set[float]:
    """Return every dropout rate that a configuration names."""
    match config:
        case dict():
            own = {value for key, value in config.items() if key in {"dropout", "rate"} and isinstance(value, float)}
            return own.union(*map(_rates_in, config.values()))
        case list() | tuple():
            return set().union(*map(_rates_in, config))
    return set()


def _attributes_of(model: Any) -> list[Any]:
    """Return the attributes of layers and optimizer, which are compared by identity."""
    owners = [*all_layers(model), model.optimizer]
    return [{name: value for name, value in vars(owner).items() if not name.startswith("_obj")} for owner in owners]


@pytest.mark.parametrize("build", [recurrent, wrapped, attention])
@pytest.mark.parametrize("first", [0.0, 0.3])
def test_a_changed_rate_is_in_the_file(build: Callable[[float], Any], first: float, tmp_path: Path) -> None:
    import keras

    model, data = build(first), small_table()
    build_model(model, (data.x[:4], data.y[:4]))
    model_knobs = ModelKnobs(model)
    model_knobs.turn("dropout", 0.45)
    before = _attributes_of(model)
    with model_knobs.plain():
        model.save(tmp_path / "model.keras")
    assert _attributes_of(model) == before
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert 0.45 in _rates_in(loaded.get_config())
    assert np.array_equal(loaded(data.x), model(data.x))


def test_a_schedule_goes_into_the_file_without_the_factor_and_the_factor_stays(tmp_path: Path) -> None:
    import keras

    model, data = _scheduled(0.0), small_table()
    build_model(model, (data.x[:4], data.y[:4]))
    model_knobs = ModelKnobs(model)
    model_knobs.turn("learning_rate_factor", 0.5)
    with model_knobs.plain():
        model.save(tmp_path / "model.keras")
    assert float(model.optimizer.learning_rate.numpy()) == pytest.approx(0.005)
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert isinstance(learning_rate_schedule(loaded.optimizer), keras.optimizers.schedules.ExponentialDecay)
    assert float(loaded.optimizer.learning_rate.numpy()) == pytest.approx(0.01)


@pytest.mark.parametrize(("l1", "l2"), [(0.5, 0.25), (0.0, 0.25), (0.0, 0.0)])
def test_changed_penalties_are_in_the_file(l1: float, l2: float, tmp_path: Path) -> None:
    import keras

    model, data = _penalized(0.0), small_table()
    build_model(model, (data.x[:4], data.y[:4]))
    model_knobs = ModelKnobs(model)
    model_knobs.turn("l1", l1)
    model_knobs.turn("l2", l2)
    regularizers = [layer.kernel.regularizer for layer in model.layers if hasattr(layer, "kernel")]
    with model_knobs.plain():
        model.save(tmp_path / "model.keras")
    assert [layer.kernel.regularizer for layer in model.layers if hasattr(layer, "kernel")] == regularizers
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    weights = [weight for weight in loaded.get_weights() if weight.ndim == 2]
    expected = sum(l1 * np.abs(weight).sum() + l2 * np.square(weight).sum() for weight in weights)
    assert float(sum(loaded.losses, 0.0)) == pytest.approx(float(expected), rel=1e-5)


def test_a_save_that_fails_leaves_the_model_as_it_was() -> None:
    model, data = _penalized(0.0), small_table()
    build_model(model, (data.x[:4], data.y[:4]))
    model_knobs = ModelKnobs(model)
    model_knobs.turn("dropout", 0.6)
    before = _attributes_of(model)
    with pytest.raises(OSError, match="full"), model_knobs.plain():
        raise OSError("full")
    assert _attributes_of(model) == before
