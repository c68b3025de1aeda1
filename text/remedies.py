"""The remedies of all findings as a numbered list, and the commands that apply them. Pure."""

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
"""A remedy is chosen with one digit."""
STOP_REASON = "stopped: keep the best weights"


@dataclass(frozen=True, slots=True)
class RewindChoices:
    """The epochs that the run can rewind to now."""

    kept: Mapping[int, Collection[int]] | None = None
    """By branch, the epochs with a checkpoint; None: unknown, so any epoch may have one."""
    refusal: str = ""
    """Why it cannot rewind at all; empty if it can."""


@dataclass(frozen=True, slots=True)
class RemedyChoice:
    """A remedy as the user can choose it."""

    finding: Finding
    remedy: Remedy
    number: int | None
    """The digit that applies it now; None if none does."""
    refusal: str
    """Why it cannot be applied now; empty if it can, or if it is advice that no command follows."""


def choices_of(snapshot: Snapshot, rewind_choices: RewindChoices) -> tuple[RemedyChoice, ...]:
    """Return the remedies of all findings, those of the strongest finding first.

    The ones that can be applied now have the numbers from 1, without gaps.
    """
    return tuple(_choices(snapshot, rewind_choices))


def _choices(snapshot: Snapshot, rewind_choices: RewindChoices) -> Iterator[RemedyChoice]:
    numbers = count(1)
    for finding in snapshot.findings:
        for remedy in (remedy_now(remedy, snapshot) for remedy in finding.remedies):
            refusal = remedy_refusal(remedy, snapshot, rewind_choices) if remedy.applicable else ""
            number = next(numbers) if remedy.applicable and not refusal else None
            yield RemedyChoice(finding, remedy, number if (number or 0) <= MAX_NUMBERS else None, refusal)


def remedy_now(remedy: Remedy, snapshot: Snapshot) -> Remedy:
    """Return a remedy as it applies now: more epochs for a finished run are a rewind to its last epoch."""
    if snapshot.over and remedy.rewind_to is None and remedy.changes.get(EPOCHS.name, 0) > snapshot.epochs_done:
        return replace(remedy, rewind_to=snapshot.epochs_done)
    return remedy


def remedy_refusal(remedy: Remedy, snapshot: Snapshot, rewind_choices: RewindChoices) -> str:
    """Return why a remedy cannot be applied now; empty if it can."""
    if remedy.rewind_to is not None:
        is_saved = rewind_choices.kept is None or remedy.rewind_to in _epochs_kept(snapshot, rewind_choices.kept)
        return rewind_choices.refusal or ("" if is_saved else f"epoch {remedy.rewind_to} has no checkpoint")
    return "the run has ended" if snapshot.over and (remedy.stop or knob_changes(remedy)) else ""


def _epochs_kept(snapshot: Snapshot, kept: Mapping[int, Collection[int]]) -> set[int]:
    """Return the epochs with a checkpoint on the path to the current branch, including its parents."""
    path = path_to(snapshot.branch, snapshot.other_branches)
    return {epoch for stretch in path for epoch in kept.get(stretch.branch.number, ()) if epoch in stretch.epochs}


def knob_changes(remedy: Remedy) -> dict[str, float]:
    """Return the knobs that it changes, the epochs first: other changes may need a further epoch to take effect in."""
    names = sorted(remedy.changes, key=lambda name: name != EPOCHS.name)
    return {name: remedy.changes[name] for name in names if name != THRESHOLD.name}


def threshold_of(remedy: Remedy) -> float | None:
    """Return the threshold that it sets in the view, in [0, 1]; None if it does not change it."""
    return remedy.changes.get(THRESHOLD.name)


def commands_of(finding: Finding, remedy: Remedy) -> tuple[Command, ...]:
    """Return the commands that apply a remedy; empty if it only changes the view."""
    changes = knob_changes(remedy)
    if remedy.rewind_to is not None:
        return (Rewind(epoch=remedy.rewind_to, changes=changes, because=finding.name),)
    knobs = tuple(SetKnob(knob=name, value=value, because=finding.name) for name, value in changes.items())
    return (*knobs, Stop(reason=STOP_REASON)) if remedy.stop else knobs
