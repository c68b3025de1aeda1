"""A knob changed between epochs trains exactly as a fresh model with the new value would, and proves it."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from fitmon.engine import events
from fitmon.engine.commands import Command, SetKnob, Stop
from fitmon.engine.data.feed import epoch_order
from fitmon.engine.job import Settings, TrainingData
from tests.engine.watching import Watched, build_table_model, settings, small_table, table_job


def _without_validation() -> TrainingData:
    data = small_table()
    return TrainingData(x=data.x, y=data.y)


def _quick(*commands: Command, build: Callable[..., Any] = build_table_model, **chosen: Any) -> Watched:
    """Return a run of one eager step per epoch without validation, for what is decided between epochs."""

    def build_eager(*job: Any) -> Any:
        model = build(*job)
        model.run_eagerly = True
        return model

    return Watched(table_job(build_eager, settings(**{"batch_size": 100, **chosen}), _without_validation()), *commands)


CHANGES: list[tuple[str, str, float]] = [
    ("L1 on a model without a penalty", "l1", 0.01),
    ("L1 taken away", "l1", 0.0),
    ("L2 on a model without a penalty", "l2", 0.05),
    ("L2 raised", "l2", 0.2),
    ("learning rate", "learning_rate", 0.003),
    ("dropout up", "dropout", 0.6),
    ("dropout to almost none", "dropout", 1e-9),
    ("smaller batch, short last one", "batch_size", 7),
    ("batch larger than the data", "batch_size", 1000),
]
"""One after the other, each at the start of an epoch; the first epoch trains with the settings of `FIRST`."""
FIRST = settings(dropout=0.3, optimizer="rmsprop", epochs=1 + len(CHANGES))


def _build(chosen: Settings, _data: Any = None) -> Any:
    model = build_table_model(chosen)
    # Metrics take part of the time to trace a step and change nothing here.
    model.compile(model.optimizer, "binary_crossentropy", jit_compile=False)
    return model


@dataclass
class Fitted:
    """What Keras makes of an epoch: with a fresh model that has the new value, and with one that has the old."""

    fresh: list[Any]
    unchanged: list[Any]


def _settings_by_epoch() -> list[Settings]:
    chosen = [FIRST]
    for _, knob, value in CHANGES:
        change: Any = {knob: int(value) if knob == "batch_size" else value}
        chosen.append(replace(chosen[-1], **change))
    return chosen


@functools.cache
def _fitted() -> list[Fitted]:
    """Train every epoch with `fit`, carrying all state over into a fresh model after each."""
    import keras

    keras.utils.set_random_seed(FIRST.seed)
    model, chosen = _build(FIRST), _settings_by_epoch()
    _fit_one_epoch(model, FIRST, 1)
    epochs = []
    for epoch, (before, after) in enumerate(itertools.pairwise(chosen), 2):
        state = _state(model)
        fresh = _build(after)
        _assign(fresh, state)
        _fit_one_epoch(fresh, after, epoch)
        _fit_one_epoch(model, before, epoch)
        epochs.append(Fitted(fresh=_state(fresh), unchanged=_state(model)))
        model = fresh
    return epochs


def _state(model: Any) -> list[Any]:
    return [np.asarray(variable) for variable in [*model.variables, *model.optimizer.variables]]


def _assign(model: Any, state: list[Any]) -> None:
    model.optimizer.build(model.trainable_variables)
    for variable, value in zip([*model.variables, *model.optimizer.variables], state, strict=True):
        if variable is not model.optimizer.learning_rate:
            variable.assign(value)


def _fit_one_epoch(model: Any, chosen: Settings, epoch: int) -> None:
    data = small_table()
    order = epoch_order(len(data.x), chosen.seed, epoch)
    model.fit(data.x[order], data.y[order], batch_size=chosen.batch_size, shuffle=False, verbose=0)


@functools.cache
def _changed() -> tuple[Watched, list[list[Any]]]:
    """Make all changes in one run; return it and the state after every epoch."""
    commands = [SetKnob(knob, value, epoch=epoch) for epoch, (_, knob, value) in enumerate(CHANGES, 2)]
    watched = Watched(table_job(_build, FIRST, _without_validation()), *commands)
    states: list[list[Any]] = []
    watched.on(events.EpochEnded, lambda _: states.append(_state(watched.session.model))).run()
    return watched, states


EACH = pytest.mark.parametrize("place", range(len(CHANGES)), ids=[name for name, *_ in CHANGES])


@pytest.mark.slow
@EACH
def test_a_changed_knob_trains_as_a_fresh_model_would(place: int) -> None:
    """All weights, moments and seed states after the epoch are the same bits; the receipt reports the value."""
    watched, states = _changed()
    assert _same(states[place + 1], _fitted()[place].fresh)

    before, after = _settings_by_epoch()[place : place + 2]
    _, knob, value = CHANGES[place]
    receipt = watched.all(events.KnobApplied)[place]
    assert (receipt.knob, receipt.asked, receipt.epoch, receipt.step) == (knob, value, place + 2, 1)
    assert receipt.previous == getattr(before, knob)
    assert receipt.value == (100 if value == 1000 else getattr(after, knob))


@pytest.mark.slow
@EACH
def test_a_knob_that_is_not_changed_trains_as_before(place: int) -> None:
    """A control: without the change the bits differ from those of the fresh model, so the test above can fail."""
    assert not _same(_fitted()[place].unchanged, _fitted()[place].fresh)


def _same(some: list[Any], others: list[Any]) -> bool:
    return all(np.array_equal(one, other) for one, other in zip(some, others, strict=True))


def _with_schedule(chosen: Settings, _data: Any = None, *, scale: float = 1.0) -> Any:
    import keras

    model = build_table_model(chosen)
    schedule = keras.optimizers.schedules.ExponentialDecay(0.05 * scale, 10, 0.9)
    model.compile(keras.optimizers.SGD(schedule), "binary_crossentropy", jit_compile=False)
    return model


@functools.cache
def _with_factor() -> Watched:
    commands = SetKnob("learning_rate", 0.1), SetKnob("learning_rate_factor", 0.25, epoch=2)
    return Watched(table_job(_with_schedule, settings(), _without_validation()), *commands).run()


@pytest.mark.slow
def test_a_schedule_is_scaled_by_a_factor() -> None:
    """With factor 0.25 from epoch 2, training continues as with a schedule a quarter as high."""
    import keras

    keras.utils.set_random_seed(3)
    first, fresh = _with_schedule(settings()), _with_schedule(settings(), scale=0.25)
    _fit_one_epoch(first, settings(), 1)
    fresh.set_weights(first.get_weights())
    fresh.optimizer.build(fresh.trainable_variables)
    fresh.optimizer.iterations.assign(first.optimizer.iterations)
    _fit_one_epoch(fresh, settings(), 2)

    watched = _with_factor()
    model: Any = watched.session.model
    for ours, theirs in zip(model.get_weights(), fresh.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)
    receipt = watched.one(events.KnobApplied)
    assert (receipt.knob, receipt.value, receipt.previous) == ("learning_rate_factor", 0.25, 1.0)
    assert isinstance(model.optimizer.get_config()["learning_rate"], dict), "the schedule itself is restored afterwards"


def test_the_rate_of_a_schedule_is_refused_with_the_way_out() -> None:
    assert "change learning_rate_factor instead" in _with_factor().one(events.KnobRefused).reason


def test_dropout_that_starts_at_zero_can_be_raised() -> None:
    """Keras's own layer has no seeds then; the receipt and the far higher training loss show that it works."""
    chosen = settings(dropout=0.0, epochs=3, units=(32,))
    watched = Watched(
        table_job(build_table_model, chosen, _without_validation()), SetKnob("dropout", 0.97, epoch=3)
    ).run()

    losses = [epoch.metrics["loss"] for epoch in watched.all(events.EpochEnded)]
    assert watched.one(events.KnobApplied).value == 0.97
    assert losses[2] > 1.3 * losses[1]


@pytest.mark.slow
def test_every_layer_with_dropout_is_changed() -> None:
    """Set to 0, each kind of dropout lets training be what it is without dropout: the same loss twice."""

    def build(_chosen: Settings, _data: Any) -> Any:
        import keras

        layers = keras.layers
        inputs = keras.Input((6,))
        x = layers.Reshape((6, 1))(inputs)
        x = layers.SpatialDropout1D(0.5)(layers.Dense(4)(x))
        x = layers.LSTM(4, dropout=0.5, recurrent_dropout=0.5, return_sequences=True)(x)
        x = layers.MultiHeadAttention(1, 4, dropout=0.5)(x, x)
        x = layers.AdditiveAttention(dropout=0.5)([x, x])
        x = layers.AlphaDropout(0.5)(layers.Flatten()(x))
        x = layers.GaussianDropout(0.5)(x)
        model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(layers.Dropout(0.5)(x)))
        model.compile(keras.optimizers.SGD(1e-30), "binary_crossentropy", jit_compile=False)
        return model

    chosen = settings(epochs=4, batch_size=100)
    watched = Watched(table_job(build, chosen, _without_validation()), SetKnob("dropout", 0.0, epoch=3)).run()

    losses = [epoch.metrics["loss"] for epoch in watched.all(events.EpochEnded)]
    assert losses[0] != pytest.approx(losses[1], rel=1e-6), "with dropout, no two epochs are alike"
    assert losses[2] == pytest.approx(losses[3], rel=1e-6)
    assert losses[3] == pytest.approx(watched.all(events.EpochEnded)[3].metrics["loss"])
    assert watched.one(events.KnobApplied).previous == 0.5
    model: Any = watched.session.model
    config = str(model.get_config())
    assert "0.5" not in config, "the layers' configuration has the new rate"


def test_layers_with_different_rates_are_reported_as_several_values() -> None:
    def build(_chosen: Settings, _data: Any) -> Any:
        import keras

        layers = keras.layers
        stack = [keras.Input((6,)), layers.Dropout(0.1), layers.Dense(8), layers.Dropout(0.4), layers.Dense(1)]
        model = keras.Sequential(stack)
        model.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True), jit_compile=False)
        return model

    watched = _quick(SetKnob("dropout", 0.2, epoch=2), build=build).run()
    offers = {offer.name: offer.value for offer in watched.one(events.RunStarted).knobs}
    assert offers["dropout"] == (0.1, 0.4)
    assert watched.one(events.KnobApplied).value == 0.2


REFUSALS = [
    (SetKnob("momentum", 0.5), "Expected one of the knobs"),
    (SetKnob("dropout", 0.5), "this model has no dropout"),
    (SetKnob("learning_rate", -1.0), "a number above 0"),
    (SetKnob("learning_rate", float("nan")), "a number above 0"),
    (SetKnob("batch_size", 2.5), "a whole number"),
    (SetKnob("l2", 0.1, epoch=0), "Expected an epoch after 0"),
    (SetKnob("l2", 0.1, epoch=9), "the run ends with epoch 2"),
    (SetKnob("learning_rate_factor", 0.5), "no schedule"),
]


def test_impossible_requests_are_refused_with_the_reason_and_change_nothing() -> None:
    watched = _quick(*(request for request, _ in REFUSALS)).run()

    refused = watched.all(events.KnobRefused)
    assert [refusal.knob for refusal in refused] == [request.knob for request, _ in REFUSALS]
    for refusal, (_, reason) in zip(refused, REFUSALS, strict=True):
        assert reason in refusal.reason
    assert not watched.all(events.KnobApplied)
    assert _same(watched.state(), _quick().run().state())


def test_a_change_asked_for_while_training_is_pending_until_the_next_epoch() -> None:
    watched = _quick(epochs=3)
    watched.on(events.EpochStarted, lambda e: watched.session.send(SetKnob("l2", 0.5)) if e.epoch == 1 else None)
    pending = []
    watched.on(events.KnobAsked, lambda _: pending.append(watched.session.snapshot().knob("l2")))
    watched.run()

    assert [(knob.pending, knob.pending_epoch, knob.value) for knob in pending if knob] == [(0.5, 2, 0.0)]
    assert watched.one(events.KnobApplied).epoch == 2
    knob = watched.session.snapshot().knob("l2")
    assert knob is not None
    assert (knob.value, knob.pending) == (0.5, None)


def test_more_epochs_can_be_asked_for_and_fewer() -> None:
    longer = _quick(SetKnob("epochs", 3, epoch=1), epochs=1).run()
    shorter = _quick(SetKnob("epochs", 2, epoch=2), epochs=9).run()

    assert longer.one(events.RunEnded).epochs_done == 3
    assert shorter.one(events.RunEnded).epochs_done == 2
    assert shorter.one(events.RunEnded).completed


def test_the_reported_batch_size_is_not_that_of_the_short_last_batch() -> None:
    """With a clock that makes every chunk one step long, the last chunk is the short batch of 4 alone."""
    ticks = itertools.count()
    job = table_job(build_table_model, settings(epochs=1), _without_validation())
    watched = Watched(job, clock=lambda: float(next(ticks))).run()

    assert watched.all(events.ChunkEnded)[-2].step == 6
    assert watched.one(events.EpochEnded).knobs["batch_size"] == 16


def test_a_layer_with_a_call_of_its_own_keeps_it_and_its_rate() -> None:
    """Dropout that also drops at inference, as for Monte Carlo estimates, is not made something else."""

    def build(_chosen: Settings, _data: Any) -> Any:
        import keras

        class Always(keras.layers.Dropout):  # type: ignore[misc]  # Keras has no types
            def call(self, inputs: Any, training: bool = False) -> Any:  # noqa: ARG002 - Keras passes it
                return super().call(inputs, training=True)

        model = keras.Sequential([keras.Input((6,)), Always(0.9), keras.layers.Dense(1, activation="sigmoid")])
        model.compile("adam", "binary_crossentropy", jit_compile=False)
        return model

    watched = _quick(SetKnob("dropout", 0.1), build=build).run()
    assert "no dropout to change" in watched.one(events.KnobRefused).reason
    model: Any = watched.session.model
    rows = small_table().x
    assert not np.array_equal(model.predict(rows, verbose=0), model.predict(rows, verbose=0))


def test_a_penalty_that_computes_something_else_is_left_alone() -> None:
    def build(_chosen: Settings, _data: Any) -> Any:
        import keras

        class Hundredfold(keras.regularizers.L2):  # type: ignore[misc]  # Keras has no types
            def __call__(self, weights: Any) -> Any:
                return 100 * super().__call__(weights)

        dense = keras.layers.Dense(1, activation="sigmoid", kernel_regularizer=Hundredfold(0.1))
        model = keras.Sequential([keras.Input((6,)), dense])
        model.compile("adam", "binary_crossentropy", jit_compile=False)
        return model

    watched = _quick(SetKnob("l2", 0.5), build=build).run()
    assert "no kernel" in watched.one(events.KnobRefused).reason
    assert watched.all(events.EpochEnded)[0].metrics["loss"] > 3, "the penalty counts a hundredfold, as it did"


def test_the_rate_of_an_optimizer_that_does_not_train_is_not_read_back() -> None:
    """A custom step with another optimizer leaves the model's idle: a receipt for its rate would be false."""

    def build(_chosen: Settings, _data: Any) -> Any:
        import keras
        import tensorflow as tf

        class OwnOptimizer(keras.Model):  # type: ignore[misc]  # Keras has no types
            def train_step(self, data: Any) -> dict[str, Any]:
                x, y = data
                with tf.GradientTape() as tape:
                    loss = self.compute_loss(x=x, y=y, y_pred=self(x, training=True))
                own.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
                return {"loss": loss}

        own = keras.optimizers.SGD(0.05)
        model = OwnOptimizer(inputs := keras.Input((6,)), keras.layers.Dense(1, activation="sigmoid")(inputs))
        model.compile(loss="binary_crossentropy", jit_compile=False)
        own.build(model.trainable_variables)
        return model

    job = table_job(build, settings(epochs=3), _without_validation())
    watched = Watched(job, SetKnob("learning_rate", 0.5, epoch=2)).run()
    assert not watched.all(events.KnobApplied)
    assert "does not use its learning_rate" in watched.one(events.KnobRefused).reason


def test_the_rate_reported_for_an_epoch_is_one_it_was_trained_with() -> None:
    """A schedule that drops after the last step of the first epoch has not dropped in that epoch."""

    def build(chosen: Settings, _data: Any) -> Any:
        import keras

        model = build_table_model(chosen)
        schedule = keras.optimizers.schedules.PiecewiseConstantDecay([6], [0.1, 0.001])
        model.compile(keras.optimizers.SGD(schedule), "binary_crossentropy", jit_compile=False)
        return model

    watched = Watched(table_job(build, settings(), _without_validation())).run()
    assert [epoch.knobs["learning_rate"] for epoch in watched.all(events.EpochEnded)] == [0.1, 0.001]


def test_layers_that_share_a_kernel_give_one_value() -> None:
    def build(_chosen: Settings, _data: Any) -> Any:
        import keras

        class Tied(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
            @property
            def kernel(self) -> Any:
                return first.kernel

            def call(self, inputs: Any) -> Any:
                return keras.ops.matmul(inputs, first.kernel)

        inputs, first = keras.Input((6,)), keras.layers.Dense(6)
        hidden = Tied()(first(inputs))
        model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(hidden))
        model.compile("adam", "binary_crossentropy", jit_compile=False)
        return model

    watched = _quick(SetKnob("l2", 0.1, epoch=2), build=build).run()
    assert watched.one(events.KnobApplied).value == 0.1


def test_after_the_run_the_layers_work_by_themselves_again() -> None:
    model: Any = _quick(dropout=0.5).run().session.model
    model.layers[1].rate = 0.0
    rows = small_table().x
    assert np.array_equal(model(rows, training=True), model(rows, training=False))


LOST = [
    pytest.param([SetKnob("l2", 0.1, epoch=8), SetKnob("epochs", 3, epoch=2)], "now ends with epoch 3", id="cut off"),
    pytest.param([SetKnob("epochs", 5, epoch=99)], "There is no epoch 99", id="epochs, far after the end"),
    pytest.param([SetKnob("l2", 0.1, epoch=3), SetKnob("l2", 0.2, epoch=3)], "replaced", id="replaced"),
    pytest.param([SetKnob("epochs", 2, epoch=5)], "at least 4 epochs", id="fewer than are done by then"),
]


@pytest.mark.parametrize(("requests", "reason"), LOST)
def test_every_request_is_answered(requests: list[SetKnob], reason: str) -> None:
    watched = _quick(*requests, epochs=9).run()

    answers = len(watched.all(events.KnobApplied)) + len(watched.all(events.KnobRefused))
    assert answers == len(requests)
    assert reason in watched.one(events.KnobRefused).reason
    assert all(knob.pending is None for knob in watched.session.snapshot().knobs)


def test_a_request_that_comes_with_the_stop_is_answered_too() -> None:
    watched = _quick(epochs=9)

    def ask(_: events.EpochStarted) -> None:
        watched.session.send(SetKnob("l2", 0.1, epoch=7))
        watched.session.send(Stop())

    watched.on(events.EpochStarted, ask).run()
    assert "before the request was processed" in watched.one(events.KnobRefused).reason
