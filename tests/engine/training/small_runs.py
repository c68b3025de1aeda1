"""Small models with every kind of state, and a run of each that can be stopped and resumed anywhere."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fitmon.engine.checkpoints.state import CheckpointFacts, TrainingState, capture, restore
from fitmon.engine.data.feed import ResidentFeed
from fitmon.engine.keras_internals import build_model
from fitmon.engine.knobs.model_knobs import ModelKnobs
from fitmon.engine.training.loop import TrainingLoop

SEED = 5
BATCH_SIZE = 8
SAMPLES = 30
"""Four batches an epoch, the last one short."""
STEPS = 4
STEPS_PER_CHUNK = 2


@dataclass(frozen=True)
class SmallRun:
    """A compiled model's builder, and the knobs that are turned on the way."""

    build: Callable[[], Any]
    turns: Mapping[int, Mapping[str, float]] = field(default_factory=dict)
    """By the epoch at whose start they turn."""
    leave_at: tuple[tuple[int, int], ...] = ((1, 2),)
    """Epochs done and steps of the next one, for every moment at which the run is left."""


def _images(*layers: Any, optimizer: Any = "adam") -> Any:
    import keras

    last = keras.layers.Dense(3, activation="softmax", dtype="float32")
    return _compiled(keras.Sequential([keras.Input((4, 4, 1)), *layers, keras.layers.Flatten(), last]), optimizer)


def _compiled(model: Any, optimizer: Any) -> Any:
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
    return model


def dense_with_dropout() -> Any:
    import keras

    layers = keras.layers
    return _images(layers.Dense(4, activation="relu"), layers.Dropout(0.3))


def augmented_with_moving_averages() -> Any:
    import keras

    layers = keras.layers
    augmentation = [layers.RandomFlip(), layers.RandomRotation(0.2)]
    hidden = [layers.Conv2D(3, 2), layers.BatchNormalization(), layers.Dropout(0.3)]
    return _images(*augmentation, *hidden, optimizer=keras.optimizers.Adam(use_ema=True, ema_overwrite_frequency=3))


def attention_with_schedule() -> Any:
    import keras

    layers = keras.layers
    schedule = keras.optimizers.schedules.CosineDecay(0.1, 10)
    inputs = keras.Input((4, 4, 1))
    rows = layers.Reshape((4, 4))(inputs)
    attended = layers.Flatten()(layers.Attention()([layers.Dense(4)(rows), rows]))
    outputs = layers.Dense(3, activation="softmax")(attended)
    return _compiled(keras.Model(inputs, outputs), keras.optimizers.SGD(schedule, momentum=0.9))


def mixed_float16() -> Any:
    import keras

    layers = keras.layers
    hidden = [layers.Dense(4, dtype="mixed_float16"), layers.Dropout(0.0, dtype="mixed_float16")]
    scaled = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.01), dynamic_growth_steps=3)
    return _images(*hidden, optimizer=scaled)


def bfloat16() -> Any:
    import keras

    layers = keras.layers
    return _images(layers.Dense(4, dtype="bfloat16"), layers.BatchNormalization(dtype="mixed_bfloat16"))


def with_state_of_its_own() -> Any:
    """Return a model with state that no list of Keras's names."""
    import keras
    import tensorflow as tf

    class Noisy(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
        def __init__(self) -> None:
            super().__init__()
            self.passes = [tf.Variable(0.0, trainable=False)]
            self.generator = tf.random.Generator.from_seed(3)

        def call(self, inputs: Any, training: bool = False) -> Any:
            if not training:
                return inputs
            self.passes[0].assign_add(1.0)
            noise = self.generator.normal(tf.shape(inputs)) + keras.random.normal(tf.shape(inputs))
            return inputs + noise * self.passes[0] / 10

    class TwoOptimizers(keras.Model):  # type: ignore[misc]  # Keras has no types
        def train_step(self, data: Any) -> dict[str, Any]:
            with tf.GradientTape() as tape:
                loss = self.compute_loss(x=data[0], y=data[1], y_pred=self(data[0], training=True))
            *first, kernel, bias = zip(tape.gradient(loss, self.trainable_weights), self.trainable_weights, strict=True)
            self.optimizer.apply_gradients(first)
            self.second_optimizer.apply_gradients([kernel, bias])
            self._loss_tracker.update_state(loss)
            return {"loss": self._loss_tracker.result()}

    layers = keras.layers
    inputs = keras.Input((4, 4, 1))
    hidden = layers.Dense(4)(Noisy()(layers.Flatten()(inputs)))
    model = TwoOptimizers(inputs, layers.Dense(3, activation="softmax")(hidden))
    model.second_optimizer = keras.optimizers.RMSprop(0.01)
    return _compiled(model, "adam")


RUNS: dict[str, SmallRun] = {
    "dropout": SmallRun(dense_with_dropout, {2: {"dropout": 0.6}}),
    "augmented, moving averages": SmallRun(augmented_with_moving_averages, {2: {"dropout": 0.6}}),
    # The dropout is raised from 0 and set back to it: its seeds come and stay.
    "attention, schedule": SmallRun(
        attention_with_schedule,
        {2: {"dropout": 0.4, "learning_rate_factor": 0.3}, 3: {"dropout": 0.0, "l1": 0.01}},
        ((1, 0), (2, 2)),
    ),
    "mixed float16": SmallRun(mixed_float16, {2: {"dropout": 0.5, "learning_rate": 0.003, "l2": 0.1}}),
    "bfloat16": SmallRun(bfloat16),
    "state of its own": SmallRun(with_state_of_its_own),
}


FIRST = next(iter(RUNS))


class Trained:
    """A run of a model, from its first epoch or from wherever a state left it."""

    def __init__(self, run: SmallRun) -> None:
        """Build the model and trace nothing yet."""
        import keras

        keras.utils.set_random_seed(SEED)
        self.model = run.build()
        self.epochs_done, self.step = 0, 0
        self.told: dict[str, float] = {}
        self._turns = run.turns
        self._feed = ResidentFeed(*small_images())
        build_model(self.model, self._feed.head())
        self.model_knobs = ModelKnobs(self.model)
        self._loop = TrainingLoop(self.model, self._feed, self.model_knobs.readings)

    def train_to(self, epochs_done: int, step: int = 0) -> None:
        """Train on until so many epochs and so many steps of the next one are done."""
        while (self.epochs_done, self.step) < (epochs_done, step):
            self._train_chunk(step if self.epochs_done == epochs_done else STEPS)

    def capture(self) -> TrainingState:
        """Return the state that a checkpoint would hold now."""
        facts = CheckpointFacts(
            epochs_done=self.epochs_done, step=self.step, seed=SEED, batch_size=BATCH_SIZE, epochs=3
        )
        return capture(self.model, facts, model_knobs=self.model_knobs)

    def restore(self, state: TrainingState) -> None:
        """Go on from a state instead."""
        if hasattr(self.model, "second_optimizer"):
            # It makes its variables while the step is traced.
            self._loop.run_chunk(self._order(), 0, 0, BATCH_SIZE)
        if restore(self.model, state, model_knobs=self.model_knobs):
            self._loop.retrace()
        self.epochs_done, self.step = state.facts.epochs_done, state.facts.step

    def digests(self) -> dict[str, str]:
        """Return a hash of every variable there is and of the metrics told, found without the code under test."""
        import keras
        import tensorflow as tf

        model = self.model
        lists = {"model": model.variables, "optimizer": model.optimizer.variables}
        second = getattr(model, "second_optimizer", None)
        lists["second"] = [] if second is None else second.variables
        raw = [v for v in tf.train.TrackableView(model).descendants() if isinstance(v, tf.Variable)]
        lists["raw"] = [*raw, *(layer.passes[0] for layer in model.layers if hasattr(layer, "passes"))]
        named = {f"{kind} {place}": v for kind, variables in lists.items() for place, v in enumerate(variables)}
        found = {name: _digest(keras.ops.convert_to_numpy(variable)) for name, variable in named.items()}
        return found | {name: value.hex() for name, value in self.told.items()} | {"shared": _shared_generators()}

    def _train_chunk(self, last: int) -> None:
        epoch = self.epochs_done + 1
        if self.step == 0:
            turned = [self.model_knobs.turn(name, value) for name, value in self._turns.get(epoch, {}).items()]
            if any(turned):
                self._loop.retrace()
            self._loop.begin_epoch()
        chunk = self._loop.run_chunk(self._order(), self.step, min(last, self.step + STEPS_PER_CHUNK), BATCH_SIZE)
        _draw_from_shared_generators()
        self.step, self.told = chunk.step, chunk.epoch_metrics
        if self.step == STEPS:
            self.epochs_done, self.step = epoch, 0

    def _order(self) -> Any:
        return self._feed.begin_epoch(self.epochs_done + 1, seed=SEED, batch_size=BATCH_SIZE)


def small_images() -> tuple[Any, Any]:
    """Return (30, 4, 4, 1) float32 and (30,) int64 in 0..2."""
    generator = np.random.default_rng(0)
    y = generator.integers(0, 3, SAMPLES)
    x = generator.normal(size=(SAMPLES, 4, 4, 1)) + y[:, None, None, None]
    return x.astype(np.float32), y


def _digest(array: Any) -> str:
    array = np.asarray(array)
    return f"{array.dtype} {array.shape} {hashlib.sha256(array.tobytes()).hexdigest()}"


def _draw_from_shared_generators() -> None:
    """Stand for a user's generator of batches."""
    random.gauss()
    np.random.normal()  # noqa: NPY002


def _shared_generators() -> str:
    both = random.getstate(), np.random.get_state(legacy=False)  # noqa: NPY002
    with np.printoptions(threshold=1000):
        return hashlib.sha256(repr(both).encode()).hexdigest()
