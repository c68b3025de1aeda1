"""Rates that began at 0 where Keras asks with a Python `if`: raised, changed, set back, and left to plain Keras."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fitmon.engine import events
from fitmon.engine.commands import SetKnob
from fitmon.engine.data.feed import epoch_order
from tests.engine.watching import Watched, build_table_model, settings, small_table, table_job

Build = Callable[[float], Any]
"""Returns a compiled model with one rate in all its layers."""


def _on_steps(*layers: Any) -> Any:
    """Return a model that looks at the table's 6 columns as 2 steps of 3: unrolled, each step is traced anew."""
    import keras

    inputs = keras.Input((6,))
    steps = keras.layers.Reshape((2, 3))(inputs)
    for layer in layers:
        steps = layer(steps)
    flat = keras.layers.Flatten()(steps)
    return _compiled(keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(flat)))


def _compiled(model: Any) -> Any:
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"], jit_compile=False)
    return model


def recurrent(rate: float) -> Any:
    import keras

    layers = keras.layers
    # Steps unrolled are traced much faster than a loop; this one is left to be seen.
    return _on_steps(layers.LSTM(3, dropout=rate, seed=5))


def wrapped(rate: float) -> Any:
    import keras

    layers = keras.layers
    stacked = layers.RNN([layers.SimpleRNNCell(3, dropout=rate), layers.GRUCell(3, dropout=rate)], unroll=True)
    both_ways = layers.Bidirectional(layers.SimpleRNN(2, dropout=rate, return_sequences=True, unroll=True))
    return _on_steps(both_ways, stacked)


def convolutional(rate: float) -> Any:
    import keras

    layers = keras.layers
    return _on_steps(layers.Reshape((2, 3, 1)), layers.ConvLSTM1D(2, 2, dropout=rate, unroll=True))


def attention(rate: float) -> Any:
    import keras

    heads = keras.layers.MultiHeadAttention(2, 3, dropout=rate, seed=5)
    groups = keras.layers.GroupQueryAttention(3, 2, 1, dropout=rate, seed=6)
    plain = keras.layers.Attention(dropout=rate, seed=7)
    return _on_steps(lambda x: heads(x, x), lambda x: groups(x, x), lambda x: plain([x, x]))


RATES: dict[Build, tuple[float, ...]] = {
    recurrent: (0.0, 0.4),
    wrapped: (0.0, 0.4),
    convolutional: (0.0, 0.4, 0.6),
    attention: (0.0, 0.4, 0.0),
}
"""An epoch with each: begun at 0, raised, then changed or set back."""


@functools.cache
def _turned(build: Build) -> Watched:
    """Train an epoch with each of the rates, in one run."""
    commands = [SetKnob("dropout", rate, epoch=epoch) for epoch, rate in enumerate(RATES[build], 1) if epoch > 1]
    return Watched(table_job(lambda *_: build(0.0), settings(epochs=len(RATES[build]))), *commands).run()


def _losses(watched: Watched) -> list[tuple[np.float32, np.float32]]:
    """Return loss and validation loss of every epoch."""
    metrics = [epoch.metrics for epoch in watched.all(events.EpochEnded)]
    return [(np.float32(told["loss"]), np.float32(told["val_loss"])) for told in metrics]


class Fitted:
    """Models of Keras's own, one a rate, that hand all their state to each other: weights, moments and seeds."""

    def __init__(self, build: Build) -> None:
        import keras

        keras.utils.set_random_seed(settings().seed)
        # The one with rate 0 first, as in the run: its weights are those that all begin with.
        self.models = {rate: build(rate) for rate in dict.fromkeys(RATES[build])}
        self.state = _state(self.models[0.0])

    def fit(self, rate: float, epoch: int) -> tuple[np.float32, np.float32]:
        """Train the model with that rate for an epoch, from the state of the last; return its losses."""
        model = self.models[rate]
        for variable, value in zip(_variables(model), self.state, strict=False):
            variable.assign(value)
        losses = _fit_one_epoch(model, epoch)
        # Models built with rate 0 may have no seeds, and then leave those of the others as they are.
        state = _state(model)
        self.state = [*state, *self.state[len(state) :]]
        return losses


def _variables(model: Any) -> list[Any]:
    """Return all variables of a model and its optimizer, the seeds last."""
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    variables = [*model.variables, *model.optimizer.variables]
    return sorted(variables, key=lambda variable: variable.name == "seed_generator_state")


def _state(model: Any) -> list[Any]:
    return [np.asarray(variable) for variable in _variables(model)]


def _fit_one_epoch(model: Any, epoch: int) -> tuple[np.float32, np.float32]:
    data = small_table()
    order = epoch_order(len(data.x), settings().seed, epoch)
    validation = (data.x_validation, data.y_validation)
    told = model.fit(
        data.x[order], data.y[order], batch_size=16, validation_data=validation, shuffle=False, verbose=0
    ).history
    return np.float32(told["loss"][0]), np.float32(told["val_loss"][0])


@pytest.mark.slow
@pytest.mark.parametrize("build", RATES)
def test_raised_changed_and_set_back_it_trains_as_models_built_so_would(build: Build) -> None:
    """Losses of every epoch, and weights, moments and seed states at the end, are the same bits.

    A control: another epoch at 0 in place of the first raise has other losses.
    """
    watched = _turned(build)
    fitted = Fitted(build)
    losses = [fitted.fit(0.0, 1)]
    after_one = fitted.state
    not_raised = fitted.fit(0.0, 2)
    fitted.state = after_one
    losses += [fitted.fit(rate, epoch) for epoch, rate in enumerate(RATES[build], 1) if epoch > 1]

    assert _losses(watched) == losses
    assert losses[1] != not_raised
    pairs = zip(_state(watched.session.model), fitted.state, strict=True)
    assert all(np.array_equal(ours, theirs) for ours, theirs in pairs)


@pytest.mark.parametrize("build", RATES)
def test_it_is_offered_as_zero_and_every_rate_is_read_back(build: Build) -> None:
    watched = _turned(build)

    offers = {offer.name: offer for offer in watched.one(events.RunStarted).knobs}
    assert (offers["dropout"].value, offers["dropout"].unavailable) == (0.0, "")
    assert tuple(epoch.knobs["dropout"] for epoch in watched.all(events.EpochEnded)) == RATES[build]
    receipts = [(receipt.previous, receipt.value) for receipt in watched.all(events.KnobApplied)]
    assert receipts == list(itertools.pairwise(RATES[build]))


@pytest.mark.parametrize("build", RATES)
def test_only_a_raise_from_zero_or_a_return_to_it_compiles_again(build: Build) -> None:
    traced = {chunk.epoch for chunk in _turned(build).all(events.ChunkEnded) if chunk.traced}
    changes = enumerate(itertools.pairwise(RATES[build]), 2)
    assert traced == {1} | {epoch for epoch, (before, after) in changes if (before > 0) != (after > 0)}


@pytest.mark.parametrize("build", RATES)
def test_the_model_left_behind_is_saved_with_its_rate_and_drops_by_itself(build: Build, tmp_path: Path) -> None:
    import keras

    model: Any = _turned(build).session.model
    path = tmp_path / "model.keras"
    model.save(path)
    loaded = keras.saving.load_model(path)

    rows = small_table().x
    rate = RATES[build][-1]
    told = f"'dropout': {rate}"
    assert str(loaded.get_config()).count(told) == str(build(rate).get_config()).count(told) > 0
    assert np.array_equal(loaded(rows), model(rows))
    assert np.array_equal(model(rows, training=True), model(rows, training=True)) == (rate == 0)


def test_a_dropout_layer_that_was_raised_from_zero_goes_on_under_plain_keras() -> None:
    """Keras gives it no seeds when it is built with 0; the run leaves it some."""
    chosen = settings(dropout=0.0)
    watched = Watched(table_job(build_table_model, chosen), SetKnob("dropout", 0.5, epoch=2)).run()

    model: Any = watched.session.model
    assert np.isfinite(_fit_one_epoch(model, 3)).all()
    assert len(_state(model)) == len(_state(build_table_model(settings(dropout=0.5))))


def _lstm_and(**rates: float) -> Any:
    """Return an LSTM with the rates given, an attention layer with Keras's defaults, and a Dropout layer if asked."""
    import keras

    layers = keras.layers
    inputs = keras.Input((6,))
    of_layer = rates.pop("of_layer", None)
    steps = layers.LSTM(4, return_sequences=True, name="lstm", **rates)(layers.Reshape((3, 2))(inputs))
    attended = layers.Attention(name="attention")([steps, steps])
    flat = layers.Flatten()(attended)
    dropped = flat if of_layer is None else layers.Dropout(of_layer, name="dropout")(flat)
    return _compiled(keras.Model(inputs, layers.Dense(1, activation="sigmoid")(dropped)))


OTHERS = [
    pytest.param({"of_layer": 0.3}, (0.0, 0.0, 0.0, 0.5), id="a Dropout layer"),
    pytest.param({"of_layer": 0.0}, (0.0, 0.0, 0.0, 0.5), id="a Dropout layer at 0, put there to be raised"),
    pytest.param({"recurrent_dropout": 0.3}, (0.0, 0.5, 0.0, None), id="a recurrent rate"),
    pytest.param({}, (0.5, 0.0, 0.5, None), id="nothing else"),
]


@pytest.mark.parametrize(("rates", "expected"), OTHERS)
def test_it_is_turned_only_where_there_is_nothing_else_to_turn(
    rates: dict[str, float], expected: tuple[Any, ...]
) -> None:
    """Input and recurrent rate of the LSTM, rate of the attention, rate of the Dropout layer, after a change to 0.5."""
    chosen = settings()
    watched = Watched(table_job(lambda *_: _lstm_and(**rates), chosen), SetKnob("dropout", 0.5, epoch=2)).run()

    assert watched.one(events.KnobApplied).value == 0.5
    model: Any = watched.session.model
    lstm, attention = model.get_layer("lstm"), model.get_layer("attention")
    of_layer = next((layer.rate for layer in model.layers if layer.name == "dropout"), None)
    assert (lstm.dropout, lstm.recurrent_dropout, attention.dropout, of_layer) == expected


def test_cells_that_keras_fails_on_with_a_rate_are_not_raised() -> None:
    """With `implementation=1` Keras 3.15 trains with an input rate only beside a recurrent one."""

    def build(*_: Any) -> Any:
        import keras

        return _on_steps(keras.layers.GRU(3, implementation=1))

    watched = Watched(table_job(build, settings()), SetKnob("dropout", 0.5, epoch=2)).run()
    assert "no dropout to turn" in watched.one(events.KnobRefused).reason
    assert watched.one(events.RunEnded).completed


def test_an_attention_layer_that_is_never_called_is_no_obstacle() -> None:
    """Keras does not build it, so that it lacks the Dropout it would have inside."""

    def build(*_: Any) -> Any:
        import keras

        class WithSpare(keras.Model):  # type: ignore[misc]  # Keras has no types
            def __init__(self) -> None:
                super().__init__()
                self.spare = keras.layers.MultiHeadAttention(1, 2, dropout=0.5)
                self.head = keras.layers.Dense(1, activation="sigmoid")

            def build(self, shape: Any) -> None:
                self.head.build(shape)

            def call(self, inputs: Any) -> Any:
                return self.head(inputs)

        return _compiled(WithSpare())

    watched = Watched(table_job(build, settings(epochs=1))).run()
    offers = {offer.name: offer for offer in watched.one(events.RunStarted).knobs}
    assert "no dropout to turn" in str(offers["dropout"].unavailable)
