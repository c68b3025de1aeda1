"""Trains one recipe and records it with the truth about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from bench.collection.general import GeneralRecipe
from bench.collection.recording import Number, Recording, as_json_number
from bench.collection.truth import Examiner, ModeExaminer, Truth, unexamined
from fitmon.engine import environment, events
from fitmon.engine.commands import Resume, SetKnob
from fitmon.engine.measures import Measures
from fitmon.engine.training.options import RunOptions
from fitmon.engine.training.session import Session

if TYPE_CHECKING:
    from bench.collection.recipe import Recipe
    from fitmon.engine.facts import Facts
    from fitmon.engine.job import Job
    from fitmon.engine.values import KnobValue

KnobAt = tuple[int, str, float]
Examine = Callable[[Any], None]
"""Takes the model at the end of an epoch."""


class _Listener:
    """Collects a run's epochs in the training thread, and examines the model at the end of each."""

    def __init__(self, knob_at: KnobAt | None, examine: Examine) -> None:
        self.session: Session | None = None
        self.facts: Facts | msgspec.UnsetType = msgspec.UNSET
        self.epochs: list[events.EpochEnded] = []
        self.failure = "the run did not end"
        self._knob_at, self._examine = knob_at, examine

    def __call__(self, event: events.Event) -> None:
        match event:
            case events.RunStarted():
                self.facts = event.facts
            case events.RunPaused() if self.session is not None:
                # A NaN loss pauses the run; recordings continue, as a user may.
                self.session.send(Resume())
            case events.EpochEnded() if self.session is not None:
                self.epochs.append(event)
                self.facts = self.session.facts or self.facts
                self._examine(self.session.model)
                self._turn_knob(event.epoch + 1)
            case events.RunEnded():
                self.failure = ""
            case events.RunFailed():
                self.failure = event.message

    def _turn_knob(self, epoch: int) -> None:
        knob = self._knob_at
        if knob is not None and knob[0] == epoch and self.session is not None:
            self.session.send(SetKnob(knob=knob[1], value=knob[2]))


def record(recipe: Recipe | GeneralRecipe) -> Recording:
    """Train a recipe and return its recording without labels; raises RuntimeError when it failed."""
    return _record_general(recipe) if isinstance(recipe, GeneralRecipe) else _record_split(recipe)


def _record_split(recipe: Recipe) -> Recording:
    split = recipe.split()
    examiner = Examiner(split)
    listener = _trained(recipe, recipe.job(split), examiner.examine)
    return _recording(recipe, listener, split.name, examiner.truth())


def _record_general(recipe: GeneralRecipe) -> Recording:
    # Streams need it before the session imports it.
    environment.import_tensorflow()
    dealt = recipe.dealt()
    modes = ModeExaminer(dealt.data, recipe.settings.batch_size) if recipe.both_modes else None
    listener = _trained(recipe, recipe.job(dealt), modes.examine if modes else lambda _: None)
    truth = unexamined(chance=dealt.chance, **modes.losses if modes else {})
    return msgspec.structs.replace(_recording(recipe, listener, "", truth), healthy=recipe.healthy)


def _trained(recipe: Recipe | GeneralRecipe, job: Job, examine: Examine) -> _Listener:
    """Train a job to its end, and return who listened."""
    listener = _Listener(recipe.knob_at, examine)
    listener.session = Session(job, RunOptions(on_event=listener))
    listener.session.start()
    listener.session.join()
    if listener.failure or listener.facts is msgspec.UNSET:
        raise RuntimeError(f"{recipe.name}: {listener.failure or 'the run reported no facts'}")
    return listener


def _recording(recipe: Recipe | GeneralRecipe, listener: _Listener, data: str, truth: Truth) -> Recording:
    if listener.facts is msgspec.UNSET:
        raise RuntimeError(f"{recipe.name}: the run reported no facts")
    return Recording(
        name=recipe.name,
        made=recipe.made,
        data=data,
        epochs=recipe.settings.epochs,
        facts=listener.facts,
        knobs=_knobs(listener.epochs),
        metrics=_columns([dict(epoch.metrics) for epoch in listener.epochs]),
        measures=_columns([_measured(epoch) for epoch in listener.epochs]),
        truth=truth,
    )


def _measured(epoch: events.EpochEnded) -> dict[str, float | None]:
    measures = Measures() if epoch.measures is msgspec.UNSET else epoch.measures
    return {name: getattr(measures, name) for name in measures.__struct_fields__}


def _columns(rows: list[dict[str, float]] | list[dict[str, float | None]]) -> dict[str, list[Number]]:
    """Return what the rows hold by name, names without any value left out."""
    names = dict.fromkeys(name for row in rows for name, value in row.items() if value is not None)
    return {name: [as_json_number(row.get(name)) for row in rows] for name in names}


def _knobs(epochs: list[events.EpochEnded]) -> tuple[tuple[int, dict[str, KnobValue]], ...]:
    """Return the values of the knobs at the start and from each epoch that changed one."""
    found: list[tuple[int, dict[str, KnobValue]]] = []
    for epoch in epochs:
        if not found or found[-1][1] != epoch.knobs:
            found.append((epoch.epoch, epoch.knobs))
    return tuple(found)
