"""A knob changed between epochs trains exactly as a fresh model with the new value would, and proves it."""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from fitmon.engine import events
from fitmon.engine.commands import SetKnob
from fitmon.engine.data.feed import epoch_order
from fitmon.engine.job import Settings
from tests.engine.knobs.knob_runs import same, without_validation
from tests.engine.watching import Watched, build_table_model, settings, small_table, table_job

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
    watched = Watched(table_job(_build, FIRST, without_validation()), *commands)
    states: list[list[Any]] = []
    watched.on(events.EpochEnded, lambda _: states.append(_state(watched.session.model))).run()
    return watched, states


EACH = pytest.mark.parametrize("place", range(len(CHANGES)), ids=[name for name, *_ in CHANGES])


@pytest.mark.slow
@EACH
def test_a_changed_knob_trains_as_a_fresh_model_would(place: int) -> None:
    """All weights, moments and seed states after the epoch are the same bits; the receipt reports the value."""
    watched, states = _changed()
    assert same(states[place + 1], _fitted()[place].fresh)

    before, after = _settings_by_epoch()[place : place + 2]
    _, knob, value = CHANGES[place]
    receipt = watched.all(events.KnobApplied)[place]
    assert (receipt.knob, receipt.requested, receipt.epoch, receipt.step) == (knob, value, place + 2, 1)
    assert receipt.previous == getattr(before, knob)
    assert receipt.value == (100 if value == 1000 else getattr(after, knob))


@pytest.mark.slow
@EACH
def test_a_knob_that_is_not_changed_trains_as_before(place: int) -> None:
    """A control: without the change the bits differ from those of the fresh model, so the test above can fail."""
    assert not same(_fitted()[place].unchanged, _fitted()[place].fresh)


def _with_schedule(chosen: Settings, _data: Any = None, *, scale: float = 1.0) -> Any:
    import keras

    model = build_table_model(chosen)
    schedule = keras.optimizers.schedules.ExponentialDecay(0.05 * scale, 10, 0.9)
    model.compile(keras.optimizers.SGD(schedule), "binary_crossentropy", jit_compile=False)
    return model


@functools.cache
def _with_factor() -> Watched:
    commands = SetKnob("learning_rate", 0.1), SetKnob("learning_rate_factor", 0.25, epoch=2)
    return Watched(table_job(_with_schedule, settings(), without_validation()), *commands).run()


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


def test_changing_the_rate_of_a_schedule_is_refused_and_the_factor_suggested() -> None:
    assert "change learning_rate_factor instead" in _with_factor().one(events.KnobRefused).reason
