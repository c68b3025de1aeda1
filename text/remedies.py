"""The remedies of all findings as a numbered list, and as the commands that a person would give. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import count

from msgspec.structs import replace

from fitmon.engine.commands import Command, Rewind, SetKnob, Stop
from fitmon.engine.finding import Finding, Remedy
from fitmon.engine.knobs.catalogue import EPOCHS, THRESHOLD
from fitmon.engine.record.branch import path_to
from fitmon.engine.record.snapshot import Snapshot

MAX_NUMBERS = 9
"""One digit chooses."""
STOP_REASON = "stopped: keep the best weights"


@dataclass(frozen=True, slots=True)
class RewindChoices:
    """To which epochs the run can go back now."""

    kept: Mapping[int, Collection[int]] | None = None
    """By branch, the epochs with a checkpoint; None: nobody knows, so any may have one."""
    refusal: str = ""
    """Why it can go back to none; empty when it can."""


@dataclass(frozen=True, slots=True)
class RemedyChoice:
    """A remedy of a finding, as it is offered."""

    finding: Finding
    remedy: Remedy
    number: int | None
    """The digit that applies it; None for advice, which the run under way cannot be given."""
    refusal: str
    """Why it cannot be applied as things stand; empty when it can."""

    @property
    def ready(self) -> bool:
        """Whether its digit would apply it."""
        return self.number is not None and not self.refusal


def choices_of(snapshot: Snapshot, rewind_choices: RewindChoices) -> tuple[RemedyChoice, ...]:
    """Return all remedies of what was found, those of the strongest finding first."""
    return tuple(_choices(snapshot, rewind_choices))


def _choices(snapshot: Snapshot, rewind_choices: RewindChoices) -> Iterator[RemedyChoice]:
    numbers = count(1)
    for finding in snapshot.findings:
        for remedy in (as_things_stand(remedy, snapshot) for remedy in finding.remedies):
            number = next(numbers) if remedy.applicable else MAX_NUMBERS + 1
            known = number if number <= MAX_NUMBERS else None
            yield RemedyChoice(finding, remedy, known, refusal_of(remedy, snapshot, rewind_choices) if known else "")


def as_things_stand(remedy: Remedy, snapshot: Snapshot) -> Remedy:
    """Return a remedy as it can be given: more epochs behind the last one are a branch that sets out from there."""
    if snapshot.over and remedy.rewind_to is None and remedy.changes.get(EPOCHS.name, 0) > snapshot.epochs_done:
        return replace(remedy, rewind_to=snapshot.epochs_done)
    return remedy


def refusal_of(remedy: Remedy, snapshot: Snapshot, rewind_choices: RewindChoices) -> str:
    """Say why a remedy cannot be applied as things stand; empty when it can."""
    if remedy.rewind_to is not None:
        there = rewind_choices.kept is None or remedy.rewind_to in _epochs_kept(snapshot, rewind_choices.kept)
        return rewind_choices.refusal or ("" if there else f"epoch {remedy.rewind_to} has no checkpoint")
    return "the run is over" if snapshot.over and (remedy.stop or knob_changes(remedy)) else ""


def _epochs_kept(snapshot: Snapshot, kept: Mapping[int, Collection[int]]) -> set[int]:
    """Return the epochs with a checkpoint that led to where the branch under way is, those of its parents too."""
    way = path_to(snapshot.branch, snapshot.other_branches)
    return {epoch for stretch in way for epoch in kept.get(stretch.branch.number, ()) if epoch in stretch.epochs}


def knob_changes(remedy: Remedy) -> dict[str, float]:
    """Return the knobs of the training that it turns, the epochs first: others may need an epoch to hold in."""
    names = sorted(remedy.changes, key=lambda name: name != EPOCHS.name)
    return {name: remedy.changes[name] for name in names if name != THRESHOLD.name}


def threshold_of(remedy: Remedy) -> float | None:
    """Return the view's threshold that it asks for, in [0, 1]; None where it leaves that alone."""
    return remedy.changes.get(THRESHOLD.name)


def commands_of(finding: Finding, remedy: Remedy) -> tuple[Command, ...]:
    """Return the commands that a person would give; none for what changes the view alone."""
    changes = knob_changes(remedy)
    if remedy.rewind_to is not None:
        return (Rewind(epoch=remedy.rewind_to, changes=changes, because=finding.name),)
    turned = tuple(SetKnob(knob=name, value=value, because=finding.name) for name, value in changes.items())
    return (*turned, Stop(reason=STOP_REASON)) if remedy.stop else turned
