"""Runs a session and keeps every event, so that a test can wait for what it needs instead of sleeping."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import fields
from typing import Any, TypeVar

import numpy as np

from fitmon.engine import events
from fitmon.engine.commands import Command
from fitmon.engine.job import Job, Settings, TrainingData
from fitmon.engine.training.options import RunOptions
from fitmon.engine.training.session import Session

Kind = TypeVar("Kind")

PATIENCE_SECONDS = 120
"""How long a test waits for an event before it fails; never how long it takes."""


class Watched:
    """A session whose events are kept."""

    def __init__(self, job: Job, *commands: Command, make: Callable[..., Any] = Session, **options: Any) -> None:
        """Prepare a session, or a kept run, and send it commands; `start` starts it."""
        self.events: list[events.Event] = []
        self._changed = threading.Condition()
        self._react: list[Callable[[events.Event], None]] = []
        chosen = {field.name: options.pop(field.name) for field in fields(RunOptions) if field.name in options}
        self.session: Any = make(job, RunOptions(on_event=self._note, **chosen), **options)
        for command in commands:
            self.session.send(command)

    def on(self, kind: type[Kind], react: Callable[[Kind], None]) -> Watched:
        """Call `react` in the training thread with every event of a kind: the way to act at an exact moment."""
        self._react.append(lambda event: react(event) if isinstance(event, kind) else None)
        return self

    def start(self) -> Watched:
        """Start the session."""
        self.session.start()
        return self

    def run(self) -> Watched:
        """Start the session and wait for its end."""
        self.start()
        assert self.session.join(PATIENCE_SECONDS), "the session did not end"
        return self

    def wait_for(self, kind: type[Kind], count: int = 1) -> Kind:
        """Wait until so many events of a kind have come; return the last of them."""
        with self._changed:
            came = self._changed.wait_for(lambda: len(self.all(kind)) >= count, PATIENCE_SECONDS)
        assert came, f"no {kind.__name__} came; there were {[type(event).__name__ for event in self.events]}"
        return self.all(kind)[count - 1]

    def all(self, kind: type[Kind]) -> list[Kind]:
        """Return the events of a kind, in order."""
        return [event for event in self.events if isinstance(event, kind)]

    def one(self, kind: type[Kind]) -> Kind:
        """Return the only event of a kind."""
        (event,) = self.all(kind)
        return event

    def state(self) -> list[Any]:
        """Return every variable of the trained model and its optimizer."""
        model: Any = self.session.model
        return [np.asarray(variable) for variable in [*model.variables, *model.optimizer.variables]]

    def _note(self, event: events.Event) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()
        for react in self._react:
            react(event)


def settings(**changes: Any) -> Settings:
    """Return small settings for a quick run."""
    return Settings(**{"epochs": 2, "batch_size": 16, "learning_rate": 0.01, "units": (8,), "seed": 3, **changes})


def table_job(
    build: Callable[[Settings, TrainingData], Any], chosen: Settings, data: TrainingData | None = None
) -> Job:
    """Return a job on a small table of two classes: 100 training and 40 validation rows of 6 features."""
    return Job(name="table", settings=chosen, load=lambda *_: data or small_table(), build=build)


def small_table() -> TrainingData:
    """Return a table that can be learnt: the class is the sign of a sum, with noise."""
    random = np.random.default_rng(0)
    x = random.normal(size=(140, 6)).astype(np.float32)
    y = (x.sum(axis=1) + random.normal(size=140) > 0).astype(np.float32)
    return TrainingData(x=x[:100], y=y[:100], x_validation=x[100:], y_validation=y[100:], class_names=("no", "yes"))


def build_table_model(chosen: Settings, _data: TrainingData | None = None) -> Any:
    """Return Dense → Dropout → Dense 1 with the settings' rate, dropout, and L1 and L2 on every kernel."""
    import keras

    layers = keras.layers
    penalty = keras.regularizers.L1L2(chosen.l1, chosen.l2) if chosen.l1 or chosen.l2 else None
    hidden = [layers.Dense(width, activation="relu", kernel_regularizer=penalty) for width in chosen.units]
    dropped = [] if chosen.dropout is None else [layers.Dropout(chosen.dropout, seed=9)]
    last = layers.Dense(1, activation="sigmoid", kernel_regularizer=penalty)
    model = keras.Sequential([keras.Input((6,)), *hidden, *dropped, last])
    model.compile(
        keras.optimizers.get({"class_name": chosen.optimizer, "config": {"learning_rate": chosen.learning_rate}}),
        "binary_crossentropy",
        metrics=["accuracy"],
        jit_compile=False,
    )
    return model


def build_eager_table_model(chosen: Settings, data: TrainingData | None = None) -> Any:
    """Return the same model without compiled steps: nothing is traced, which is most of the time of a short run."""
    model = build_table_model(chosen, data)
    model.run_eagerly = True
    return model
