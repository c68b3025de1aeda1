"""A model whose custom step finds the targets in the inputs is trained on inputs alone, as with `fit`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest

from fitmon.engine import events
from fitmon.engine.data import choose_feed as feeds
from fitmon.engine.data.feed import epoch_order
from tests.engine.data.batches import BATCH_SIZE, TABLE, assert_equal, dataset, fitted, watched_on
from tests.engine.watching import settings

pytestmark = pytest.mark.slow


def _autoencoder(**options: Any) -> Any:
    import keras
    import tensorflow as tf

    class Autoencoder(keras.Model):  # type: ignore[misc]  # Keras has no types
        def train_step(self, data: Any) -> dict[str, Any]:
            x, _, _ = keras.utils.unpack_x_y_sample_weight(data)
            with tf.GradientTape() as tape:
                restored = self(x, training=True)
                loss = self.compute_loss(x, x, restored)
            self._loss_tracker.update_state(loss)
            self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
            return dict(self.compute_metrics(x, x, restored))

    inputs = keras.Input((6,))
    model = Autoencoder(inputs, keras.layers.Dense(6)(keras.layers.Dropout(0.2)(inputs)))
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), "mse", jit_compile=False, **options)
    return model


def _build(*_: Any) -> Any:
    return _autoencoder(metrics=["mae"])


def _build_eager(*_: Any) -> Any:
    return _autoencoder(run_eagerly=True)


def _as_visited() -> Any:
    return TABLE.x[epoch_order(100, settings().seed, 1)]


@functools.cache
def _fitted(build: Callable[..., Any]) -> tuple[Any, dict[str, Any]]:
    return fitted(build, epochs=1, x=_as_visited(), batch_size=BATCH_SIZE)


@pytest.mark.parametrize("build", [_build, _build_eager], ids=["compiled", "eager"])
def test_loss_and_metrics_that_only_the_step_gives_targets_to_are_those_of_fit(build: Callable[..., Any]) -> None:
    watched = watched_on(build, epochs=1, x=TABLE.x).run()
    assert_equal(watched, *_fitted(build))


def test_they_are_those_of_fit_with_arrays_through_the_host_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "fits_on_device", lambda _nbytes: False)
    watched = watched_on(_build, epochs=1, x=TABLE.x).run()
    assert_equal(watched, *_fitted(_build))


def test_they_are_those_of_fit_with_a_dataset_in_every_epoch() -> None:
    def inputs() -> Any:
        return dataset().map(lambda x, _: x).batch(BATCH_SIZE)

    watched = watched_on(_build, x=inputs()).run()
    assert_equal(watched, *fitted(_build, x=inputs()))
    assert [set(event.metrics) for event in watched.all(events.EpochEnded)] == [{"loss", "mae"}] * 2


def test_a_compiled_loss_that_the_step_never_computes_does_no_harm() -> None:
    import keras
    import tensorflow as tf

    class Own(keras.Model):  # type: ignore[misc]  # Keras has no types
        def train_step(self, data: Any) -> dict[str, Any]:
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((self(data, training=True) - data) ** 2)
            self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
            return {"reconstruction": loss}

    def build(*_: Any) -> Any:
        model = Own(inputs := keras.Input((6,)), keras.layers.Dense(6)(inputs))
        model.compile("adam", "mse", jit_compile=False)
        return model

    watched = watched_on(build, epochs=1, x=TABLE.x).run()
    assert_equal(watched, *fitted(build, epochs=1, x=_as_visited(), batch_size=BATCH_SIZE))
