"""What was changed and what it did, in sentences. Pure, and free of control characters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from fitmon.engine.record.outcome import REWIND, Outcome, outcomes_of
from fitmon.engine.record.snapshot import Snapshot
from fitmon.text import format as form
from fitmon.text.sentences import knob_words

SHOWN_OUTCOMES = 12
"""A schedule may change a knob thousands of times; only the last changes are told."""


def outcome_sentences(snapshot: Snapshot, most: int = SHOWN_OUTCOMES) -> list[str]:
    """Return the last changes and what came of them, newest first, a sentence each."""
    return [change.sentence for change in _last_changes(snapshot, most)]


def known_outcome_sentences(snapshot: Snapshot, most: int) -> list[str]:
    """Return the same of those changes alone of which something came that can be told from what came of others."""
    return [change.sentence for change in _last_changes(snapshot, most) if change.is_telling]


def settled_outcome_sentences(snapshot: Snapshot) -> list[str]:
    """Return the same of those changes that can be judged since the last epoch, and not before."""
    return [
        change.sentence
        for change in _last_changes(snapshot, SHOWN_OUTCOMES)
        if change.is_telling and change.outcome.settled and change.outcome.after_epoch == snapshot.epochs_done
    ]


@dataclass(frozen=True, slots=True)
class _Change:
    """A way back with the knobs turned at it, or a knob turned by itself."""

    outcome: Outcome
    knobs: tuple[Outcome, ...] = ()
    """Those turned at a way back, of which the same came."""

    @property
    def is_telling(self) -> bool:
        # Of a schedule that turns a knob again and again, nothing can be told of one turn.
        return self.outcome.change is not None and self.outcome.what not in self.outcome.together_with

    @property
    def sentence(self) -> str:
        """What was changed, since when, why, and what the loss did since."""
        because = self.outcome.because
        why = f", against {form.clean(because.replace('_', ' '))}" if because else ""
        return f"{self._what()}{why}: {_effect(self.outcome, self._others())}"

    def _what(self) -> str:
        outcome = self.outcome
        if outcome.what != REWIND:
            return f"{_turn(outcome)} from epoch {outcome.epoch}"
        place = f"the end of epoch {outcome.asked:g}" if outcome.asked else "the model before training"
        turned = ", ".join(_turn(knob) for knob in self.knobs)
        return f"back to {place} as branch {outcome.branch}{f' with {turned}' if turned else ''}"

    def _others(self) -> list[str]:
        told = {knob.what for knob in self.knobs}
        return [name for name in self.outcome.together_with if name not in told]


def _last_changes(snapshot: Snapshot, most: int) -> list[_Change]:
    """Return so many changes at most, the newest first."""
    branch = replace(snapshot.branch, receipts=snapshot.branch.receipts[-most:])
    left = [replace(other, receipts=other.receipts[-most:]) for other in snapshot.other_branches[-most:]]
    outcomes = outcomes_of(branch, left)
    rewind_choices = {(outcome.branch, outcome.epoch) for outcome in outcomes if outcome.what == REWIND}
    changes = []
    for outcome in outcomes:
        place = outcome.branch, outcome.epoch
        at_it = [other for other in outcomes if (other.branch, other.epoch) == place and other.what != REWIND]
        if outcome.what == REWIND:
            changes.append(_Change(outcome, tuple(at_it)))
        elif place not in rewind_choices:
            changes.append(_Change(outcome))
    return changes[: -most - 1 : -1]


def _turn(outcome: Outcome) -> str:
    return f"{knob_words(outcome.what)} {form.knob_value(outcome.previous)} → {form.knob_value(outcome.value)}"


def _effect(outcome: Outcome, together_with: Sequence[str]) -> str:
    if outcome.after is None or outcome.before is None:
        return "not known yet" if outcome.after_epoch is None else "nothing to compare it with"
    metric = form.clean(outcome.metric.replace("_", " ") if outcome.metric == "validation_loss" else outcome.metric)
    before, after, change = form.measured(outcome.before), form.measured(outcome.after), _percent(outcome)
    moved = f"{metric} {before} → {after}{change} by epoch {outcome.after_epoch}"
    if outcome.against is not None:
        there = f"where branch {outcome.against} had {before}{change}"
        moved = f"{metric} {after} at epoch {outcome.after_epoch}, {there}"
    others = ", ".join(knob_words(name) for name in together_with)
    beside = f", together with {others}" if others else ""
    return f"{moved}{beside}{'' if outcome.settled else ', early to judge'}"


def _percent(outcome: Outcome) -> str:
    before, change = outcome.before, outcome.change
    if not before or change is None or not math.isfinite(change) or before < 0:
        return ""
    return f" ({change / before * 100:+.0f} %)".replace("-", "−")
