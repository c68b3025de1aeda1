"""Dropout rates that start at 0 in layers that test the rate with a Python `if`: raised, changed and set back."""

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
from fitmon.engine.data.feed import ResidentFeed, epoch_order
from fitmon.engine.job import TrainingData
from fitmon.engine.keras_internals import build_model
from fitmon.engine.knobs.model_knobs import ModelKnobs
from fitmon.engine.training.loop import TrainingLoop
from fitmon.engine.values import KnobOffer
from tests.engine.watching import Watched, build_table_model, settings, small_table, table_job

pytestmark = pytest.mark.slow

BATCH_SIZE = 16
STEPS = 7
SEED = 3

Build = Callable[[float], Any]
"""Returns a compiled model with one rate in all its layers."""


def _on_steps(*layers: Any) -> Any:
    """Return a model that reads the table's 6 columns as 2 steps of 3: an unrolled layer is traced once per step."""
    import keras

    inputs = keras.Input((6,))
    steps = keras.layers.Reshape((2, 3))(inputs)
    for layer in layers:
        steps = layer(steps)
    flat = keras.layers.Flatten()(steps)
    return _compiled(keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(flat)))


def _compiled(model: Any, *, eager: bool = False) -> Any:
    """Compile with an optimizer that has moments and few operations: tracing it is most of a test's time."""
    import keras

    optimizer = keras.optimizers.SGD(0.05, momentum=0.9)
    model.compile(optimizer, "binary_crossentropy", jit_compile=False, run_eagerly=eager)
    return model


def recurrent(rate: float) -> Any:
    import keras

    layers = keras.layers
    # The other models are unrolled, which is traced faster; this one keeps the loop.
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
"""The rate of each epoch: 0 at first, raised, then changed or set back."""


class Trained:
    """A model trained for an epoch with each of the rates, changed by the knob between epochs."""

    def __init__(self, model: Any, rates: tuple[float, ...], steps: int = STEPS) -> None:
        data = small_table()
        self.model, self.read_back, self.losses, self.traced_in = model, [], [], []
        feed = ResidentFeed(data.x, data.y)
        build_model(model, feed.head())
        model_knobs = ModelKnobs(model)
        self.offered = _offer_of(model_knobs)
        loop = TrainingLoop(model, feed, model_knobs.readings)
        for epoch, rate in enumerate(rates, 1):
            if epoch > 1 and model_knobs.turn("dropout", rate):
                loop.retrace()
            self.traced_in += [] if loop.traced else [epoch]
            loop.begin_epoch()
            order = feed.begin_epoch(epoch, seed=SEED, batch_size=BATCH_SIZE)
            chunk = loop.run_chunk(order, 0, steps, BATCH_SIZE)
            self.losses.append(np.float32(chunk.epoch_metrics["loss"]))
            self.read_back.append(chunk.readings["dropout"])
        self.state = _state(model)
        self.predictions = np.asarray(model(data.x_validation))
        model_knobs.restore()


def _offer_of(model_knobs: ModelKnobs) -> KnobOffer:
    return next(offer for offer in model_knobs.offers() if offer.name == "dropout")


@functools.cache
def _trained(build: Build) -> Trained:
    import keras

    keras.utils.set_random_seed(SEED)
    return Trained(build(0.0), RATES[build])


class Fitted:
    """One Keras model per rate; each continues from the weights, moments and seeds of the one trained last."""

    def __init__(self, build: Build) -> None:
        import keras

        keras.utils.set_random_seed(SEED)
        # Rate 0 is built first, as in the run, so that all start from the same weights.
        self.models = {rate: build(rate) for rate in dict.fromkeys(RATES[build])}
        self.state = _state(self.models[0.0])
        self.model = self.models[0.0]

    def fit(self, rate: float, epoch: int) -> np.float32:
        """Train the model with that rate for an epoch, from the last state; return the loss."""
        self.model = model = self.models[rate]
        for variable, value in zip(_variables(model), self.state, strict=False):
            variable.assign(value)
        loss = _fit_one_epoch(model, epoch)
        # A model built with rate 0 may have no seeds; the others keep theirs.
        state = _state(model)
        self.state = [*state, *self.state[len(state) :]]
        return loss


def _variables(model: Any) -> list[Any]:
    """Return all variables of a model and its optimizer, the seeds last."""
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    variables = [*model.variables, *model.optimizer.variables]
    return sorted(variables, key=lambda variable: variable.name == "seed_generator_state")


def _state(model: Any) -> list[Any]:
    return [np.asarray(variable) for variable in _variables(model)]


def _fit_one_epoch(model: Any, epoch: int) -> np.float32:
    data = small_table()
    order = epoch_order(len(data.x), SEED, epoch)
    report = model.fit(data.x[order], data.y[order], batch_size=BATCH_SIZE, shuffle=False, verbose=0)
    return np.float32(report.history["loss"][0])


@pytest.mark.parametrize("build", RATES)
def test_after_each_change_it_trains_like_a_model_built_with_that_rate(build: Build) -> None:
    """Losses of every epoch, and weights, moments, seed states and predictions at the end, are the same bits.

    A control: another epoch at 0 in place of the first raise has another loss.
    """
    trained = _trained(build)
    fitted = Fitted(build)
    losses = [fitted.fit(0.0, 1)]
    after_one = fitted.state
    not_raised = fitted.fit(0.0, 2)
    fitted.state = after_one
    losses += [fitted.fit(rate, epoch) for epoch, rate in enumerate(RATES[build], 1) if epoch > 1]

    assert trained.losses == losses
    assert losses[1] != not_raised
    pairs = zip(trained.state, fitted.state, strict=True)
    assert all(np.array_equal(ours, theirs) for ours, theirs in pairs)
    assert np.array_equal(trained.predictions, fitted.model(small_table().x_validation))


@pytest.mark.parametrize("build", RATES)
def test_it_is_offered_as_zero_and_every_rate_is_read_back(build: Build) -> None:
    trained = _trained(build)
    assert (trained.offered.value, trained.offered.unavailable) == (0.0, "")
    assert tuple(trained.read_back) == RATES[build]


@pytest.mark.parametrize("build", RATES)
def test_only_a_raise_from_zero_or_a_return_to_it_compiles_again(build: Build) -> None:
    changes = enumerate(itertools.pairwise(RATES[build]), 2)
    expected = [1] + [epoch for epoch, (before, after) in changes if (before > 0) != (after > 0)]
    assert _trained(build).traced_in == expected


@pytest.mark.parametrize("build", RATES)
def test_the_trained_model_is_saved_with_its_rate_and_applies_it_in_plain_keras(build: Build, tmp_path: Path) -> None:
    import keras

    model: Any = _trained(build).model
    path = tmp_path / "model.keras"
    model.save(path)
    loaded = keras.saving.load_model(path)

    rows = small_table().x
    rate = RATES[build][-1]
    in_config = f"'dropout': {rate}"
    assert str(loaded.get_config()).count(in_config) == str(build(rate).get_config()).count(in_config) > 0
    assert np.array_equal(loaded(rows), model(rows))
    assert np.array_equal(model(rows, training=True), model(rows, training=True)) == (rate == 0)


def test_a_session_traces_again_for_such_a_raise_and_emits_a_receipt() -> None:
    def build(*_: Any) -> Any:
        import keras

        return _on_steps(lambda x: keras.layers.Attention()([x, x]))

    data = small_table()
    job = table_job(build, settings(epochs=3), TrainingData(x=data.x, y=data.y))
    rates = (0.0, 0.4, 0.0)
    commands = [SetKnob("dropout", rate, epoch=epoch) for epoch, rate in enumerate(rates, 1) if epoch > 1]
    watched = Watched(job, *commands).run()

    offers = {offer.name: offer for offer in watched.one(events.RunStarted).knobs}
    assert (offers["dropout"].value, offers["dropout"].unavailable) == (0.0, "")
    assert tuple(epoch.knobs["dropout"] for epoch in watched.all(events.EpochEnded)) == rates
    receipts = [(receipt.previous, receipt.value) for receipt in watched.all(events.KnobApplied)]
    assert receipts == list(itertools.pairwise(rates))
    assert {chunk.epoch for chunk in watched.all(events.ChunkEnded) if chunk.traced} == {1, 2, 3}


def test_a_dropout_layer_that_was_raised_from_zero_trains_under_plain_keras() -> None:
    """Keras gives it no seeds when it is built with 0; the run creates them."""
    model = _compiled(build_table_model(settings(dropout=0.0)))
    Trained(model, (0.0, 0.5), steps=1)

    assert np.isfinite(_fit_one_epoch(model, 3))
    assert len(_state(model)) == len(_state(_compiled(build_table_model(settings(dropout=0.5)))))


def _lstm_and(**rates: float) -> Any:
    """Return an LSTM with the given rates, an attention layer with Keras's defaults, and optionally a Dropout layer."""
    import keras

    layers = keras.layers
    inputs = keras.Input((6,))
    of_layer = rates.pop("of_layer", None)
    steps = layers.LSTM(4, return_sequences=True, name="lstm", **rates)(layers.Reshape((3, 2))(inputs))
    attended = layers.Attention(name="attention")([steps, steps])
    flat = layers.Flatten()(attended)
    dropped = flat if of_layer is None else layers.Dropout(of_layer, name="dropout")(flat)
    return _compiled(keras.Model(inputs, layers.Dense(1, activation="sigmoid")(dropped)), eager=True)


OTHERS = [
    pytest.param({"of_layer": 0.3}, (0.0, 0.0, 0.0, 0.5), id="a Dropout layer"),
    pytest.param({"of_layer": 0.0}, (0.0, 0.0, 0.0, 0.5), id="a Dropout layer at 0, put there to be raised"),
    pytest.param({"recurrent_dropout": 0.3}, (0.0, 0.5, 0.0, None), id="a recurrent rate"),
    pytest.param({}, (0.5, 0.0, 0.5, None), id="nothing else"),
]


@pytest.mark.parametrize(("rates", "expected"), OTHERS)
def test_it_is_changed_only_where_no_other_dropout_can_be_changed(
    rates: dict[str, float], expected: tuple[Any, ...]
) -> None:
    """Input and recurrent rate of the LSTM, rate of the attention, rate of the Dropout layer, after a change to 0.5."""
    model = _lstm_and(**rates)
    first = max(rates.values(), default=0.0)
    assert Trained(model, (first, 0.5), steps=1).read_back == [first, 0.5]

    lstm, attention = model.get_layer("lstm"), model.get_layer("attention")
    of_layer = next((layer.rate for layer in model.layers if layer.name == "dropout"), None)
    assert (lstm.dropout, lstm.recurrent_dropout, attention.dropout, of_layer) == expected


def test_cells_that_keras_fails_on_with_a_rate_are_not_raised() -> None:
    """With `implementation=1` Keras 3.15 trains with an input rate only beside a recurrent one."""
    import keras

    model = _on_steps(keras.layers.GRU(3, implementation=1))
    build_model(model, (small_table().x[:2], small_table().y[:2]))
    assert "no dropout to change" in _offer_of(ModelKnobs(model)).unavailable


def test_an_attention_layer_that_is_never_called_is_no_obstacle() -> None:
    """Keras does not build it, so that it lacks the Dropout it would have inside."""
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

    model = _compiled(WithSpare())
    build_model(model, (small_table().x[:2], small_table().y[:2]))
    assert "no dropout to change" in _offer_of(ModelKnobs(model)).unavailable
