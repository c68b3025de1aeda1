"""Which knobs a model offers, which layers they reach, and how requests for them are answered."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from fitmon.engine import events
from fitmon.engine.commands import SetKnob, Stop
from fitmon.engine.job import Settings
from fitmon.engine.knobs.dropout import DropoutKnob
from tests.engine.knobs.knob_runs import quick, same, without_validation
from tests.engine.watching import Watched, build_table_model, settings, small_table, table_job

pytestmark = pytest.mark.slow


def test_dropout_that_starts_at_zero_can_be_raised() -> None:
    """Keras's own layer has no seeds then; the receipt and the far higher training loss show that it works."""
    chosen = settings(dropout=0.0, epochs=3, units=(32,))
    watched = Watched(
        table_job(build_table_model, chosen, without_validation()), SetKnob("dropout", 0.97, epoch=3)
    ).run()

    losses = [epoch.metrics["loss"] for epoch in watched.all(events.EpochEnded)]
    assert watched.one(events.KnobApplied).value == 0.97
    assert losses[2] > 1.3 * losses[1]


def test_until_it_is_raised_a_dropout_of_zero_draws_nothing_and_the_step_has_none() -> None:
    import keras

    model = keras.Sequential([keras.layers.Dropout(0.5, seed=3)])
    model.layers[0].rate = 0.0
    knob, inputs = DropoutKnob(model), np.ones((2, 500), np.float32)
    seeds = model.layers[0].seed_generator.state
    before = np.array(seeds)
    assert np.array_equal(model(inputs, training=True), inputs)
    assert np.array_equal(seeds, before)
    assert list(np.array(knob.readings()["dropout"])) == [0.0]
    assert knob.turn("dropout", 0.4), "the step must be traced again"
    assert np.count_nonzero(model(inputs, training=True)) < 800
    assert not knob.turn("dropout", 0.0), "from now on the step reads the rate"
    assert not knob.turn("dropout", 0.2)


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
    watched = Watched(table_job(build, chosen, without_validation()), SetKnob("dropout", 0.0, epoch=3)).run()

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

    watched = quick(SetKnob("dropout", 0.2, epoch=2), build=build).run()
    offers = {offer.name: offer.value for offer in watched.one(events.RunStarted).knobs}
    assert offers["dropout"] == (0.1, 0.4)
    assert watched.one(events.KnobApplied).value == 0.2


REFUSALS = [
    (SetKnob("momentum", 0.5), "Unknown knob"),
    (SetKnob("dropout", 0.5), "this model has no dropout"),
    (SetKnob("learning_rate", -1.0), "a number above 0"),
    (SetKnob("learning_rate", float("nan")), "a number above 0"),
    (SetKnob("batch_size", 2.5), "a whole number"),
    (SetKnob("l2", 0.1, epoch=0), "Expected an epoch after 0"),
    (SetKnob("l2", 0.1, epoch=9), "the run ends with epoch 2"),
    (SetKnob("learning_rate_factor", 0.5), "no schedule"),
]


def test_impossible_requests_are_refused_with_the_reason_and_change_nothing() -> None:
    watched = quick(*(request for request, _ in REFUSALS)).run()

    refused = watched.all(events.KnobRefused)
    assert [refusal.knob for refusal in refused] == [request.knob for request, _ in REFUSALS]
    for refusal, (_, reason) in zip(refused, REFUSALS, strict=True):
        assert reason in refusal.reason
    assert not watched.all(events.KnobApplied)
    assert same(watched.state(), quick().run().state())


def test_a_change_requested_while_training_is_pending_until_the_next_epoch() -> None:
    watched = quick(epochs=3)
    watched.on(events.EpochStarted, lambda e: watched.session.send(SetKnob("l2", 0.5)) if e.epoch == 1 else None)
    pending = []
    watched.on(events.KnobRequested, lambda _: pending.append(watched.session.snapshot().knob("l2")))
    watched.run()

    assert [(knob.pending, knob.pending_epoch, knob.value) for knob in pending if knob] == [(0.5, 2, 0.0)]
    assert watched.one(events.KnobApplied).epoch == 2
    knob = watched.session.snapshot().knob("l2")
    assert knob is not None
    assert (knob.value, knob.pending) == (0.5, None)


def test_more_or_fewer_epochs_can_be_requested() -> None:
    longer = quick(SetKnob("epochs", 3, epoch=1), epochs=1).run()
    shorter = quick(SetKnob("epochs", 2, epoch=2), epochs=9).run()

    assert longer.one(events.RunEnded).epochs_done == 3
    assert shorter.one(events.RunEnded).epochs_done == 2
    assert shorter.one(events.RunEnded).completed


def test_the_reported_batch_size_is_not_that_of_the_short_last_batch() -> None:
    """With a clock that makes every chunk one step long, the last chunk is the short batch of 4 alone."""
    ticks = itertools.count()
    job = table_job(build_table_model, settings(epochs=1), without_validation())
    watched = Watched(job, clock=lambda: float(next(ticks))).run()

    assert watched.all(events.ChunkEnded)[-2].step == 6
    assert watched.one(events.EpochEnded).knobs["batch_size"] == 16


def test_a_layer_with_its_own_call_method_is_unchanged() -> None:
    """Dropout that also drops at inference, as for Monte Carlo estimates, is not made something else."""

    def build(_chosen: Settings, _data: Any) -> Any:
        import keras

        class Always(keras.layers.Dropout):  # type: ignore[misc]  # Keras has no types
            def call(self, inputs: Any, training: bool = False) -> Any:  # noqa: ARG002 - Keras passes it
                return super().call(inputs, training=True)

        model = keras.Sequential([keras.Input((6,)), Always(0.9), keras.layers.Dense(1, activation="sigmoid")])
        model.compile("adam", "binary_crossentropy", jit_compile=False)
        return model

    watched = quick(SetKnob("dropout", 0.1), build=build).run()
    assert "no dropout to change" in watched.one(events.KnobRefused).reason
    model: Any = watched.session.model
    rows = small_table().x
    assert not np.array_equal(model.predict(rows, verbose=0), model.predict(rows, verbose=0))


def test_an_unknown_kind_of_penalty_is_unchanged() -> None:
    def build(_chosen: Settings, _data: Any) -> Any:
        import keras

        class Hundredfold(keras.regularizers.L2):  # type: ignore[misc]  # Keras has no types
            def __call__(self, weights: Any) -> Any:
                return 100 * super().__call__(weights)

        dense = keras.layers.Dense(1, activation="sigmoid", kernel_regularizer=Hundredfold(0.1))
        model = keras.Sequential([keras.Input((6,)), dense])
        model.compile("adam", "binary_crossentropy", jit_compile=False)
        return model

    watched = quick(SetKnob("l2", 0.5), build=build).run()
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

    job = table_job(build, settings(epochs=3), without_validation())
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

    watched = Watched(table_job(build, settings(), without_validation())).run()
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

    watched = quick(SetKnob("l2", 0.1, epoch=2), build=build).run()
    assert watched.one(events.KnobApplied).value == 0.1


def test_after_the_run_the_layers_are_plain_keras_again() -> None:
    model: Any = quick(dropout=0.5).run().session.model
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
    watched = quick(*requests, epochs=9).run()

    answers = len(watched.all(events.KnobApplied)) + len(watched.all(events.KnobRefused))
    assert answers == len(requests)
    assert reason in watched.one(events.KnobRefused).reason
    assert all(knob.pending is None for knob in watched.session.snapshot().knobs)


def test_a_request_that_comes_with_the_stop_is_answered_too() -> None:
    watched = quick(epochs=9)

    def send_requests(_: events.EpochStarted) -> None:
        watched.session.send(SetKnob("l2", 0.1, epoch=7))
        watched.session.send(Stop())

    watched.on(events.EpochStarted, send_requests).run()
    assert "before the request was processed" in watched.one(events.KnobRefused).reason
