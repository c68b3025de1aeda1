"""Changes of knobs and rewinds, and their effects, in sentences. Pure; control characters are removed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from fitmon.engine.record.data_loss import DATA_LOSS, penalties_matter
from fitmon.engine.record.outcome import REWIND, Outcome, outcomes_of
from fitmon.engine.record.snapshot import Snapshot
from fitmon.text import format as form
from fitmon.text.sentences import knob_name

SHOWN_OUTCOMES = 12
"""A schedule may change a knob thousands of times; only the last changes are listed."""


def outcome_sentences(snapshot: Snapshot, max_changes: int = SHOWN_OUTCOMES) -> list[str]:
    """Return the last changes and their effects, newest first, as sentences."""
    return [change.sentence for change in _last_changes(snapshot, max_changes)]


def known_outcome_sentences(snapshot: Snapshot, max_changes: int) -> list[str]:
    """Return the same for the changes whose effect is known and can be separated from that of others."""
    return [change.sentence for change in _last_changes(snapshot, max_changes) if change.is_conclusive]


def settled_outcome_sentences(snapshot: Snapshot) -> list[str]:
    """Return the same for the changes whose effect can be judged since the last epoch, and not before."""
    return [
        change.sentence
        for change in _last_changes(snapshot, SHOWN_OUTCOMES)
        if change.is_conclusive and change.outcome.settled and change.outcome.after_epoch == snapshot.epochs_done
    ]


@dataclass(frozen=True, slots=True)
class _ChangeGroup:
    """A rewind with the knobs changed at it, or the change of one knob."""

    outcome: Outcome
    data_loss_name: str
    """What the data loss is called: where there are penalties, not as the validation loss that contains them."""
    knobs: tuple[Outcome, ...] = ()
    """The knobs changed at the rewind, which share its outcome."""

    @property
    def is_conclusive(self) -> bool:
        # A schedule changes a knob again and again; the effect of one change cannot be separated.
        return self.outcome.change is not None and self.outcome.what not in self.outcome.together_with

    @property
    def sentence(self) -> str:
        """What was changed, when, why, and how the loss changed after it."""
        because = self.outcome.because
        why = f" against {form.clean(because.replace('_', ' '))}" if because else ""
        return f"{self._what()}{why}: {_effect(self.outcome, self._others(), self.data_loss_name)}"

    def _what(self) -> str:
        outcome = self.outcome
        if outcome.what != REWIND:
            return f"{_knob_change(outcome)} from epoch {outcome.epoch}"
        place = f"the end of epoch {outcome.requested:g}" if outcome.requested else "the model before training"
        changed = ", ".join(_knob_change(knob) for knob in self.knobs)
        return f"rewind to {place} as branch {outcome.branch}{f' with {changed}' if changed else ''}"

    def _others(self) -> list[str]:
        named = {knob.what for knob in self.knobs}
        return [name for name in self.outcome.together_with if name not in named]


def _last_changes(snapshot: Snapshot, max_changes: int) -> list[_ChangeGroup]:
    """Return at most `max_changes` changes, the newest first."""
    branch = replace(snapshot.branch, receipts=snapshot.branch.receipts[-max_changes:])
    others = [
        replace(other, receipts=other.receipts[-max_changes:]) for other in snapshot.other_branches[-max_changes:]
    ]
    outcomes = outcomes_of(branch, others)
    rewinds = {(outcome.branch, outcome.epoch) for outcome in outcomes if outcome.what == REWIND}
    name = DATA_LOSS if penalties_matter((*others, branch)) else "validation loss"
    changes = []
    for outcome in outcomes:
        place = outcome.branch, outcome.epoch
        at_it = [other for other in outcomes if (other.branch, other.epoch) == place and other.what != REWIND]
        if outcome.what == REWIND:
            changes.append(_ChangeGroup(outcome, name, tuple(at_it)))
        elif place not in rewinds:
            changes.append(_ChangeGroup(outcome, name))
    return changes[: -max_changes - 1 : -1]


def _knob_change(outcome: Outcome) -> str:
    return f"{knob_name(outcome.what)} {form.knob_value(outcome.previous)} → {form.knob_value(outcome.value)}"


def _effect(outcome: Outcome, together_with: Sequence[str], data_loss_name: str) -> str:
    if outcome.after is None or outcome.before is None:
        return "not known yet" if outcome.after_epoch is None else "nothing to compare with"
    metric = data_loss_name if outcome.metric == "validation_loss" else form.clean(outcome.metric)
    before, after, change = form.measured(outcome.before), form.measured(outcome.after), _percent(outcome)
    effect = f"{metric} {before} → {after}{change} by epoch {outcome.after_epoch}"
    if outcome.against is not None:
        reference = f"compared with {before} in branch {outcome.against}{change}"
        effect = f"{metric} {after} at epoch {outcome.after_epoch}, {reference}"
    others = ", ".join(knob_name(name) for name in together_with)
    together = f", together with {others}" if others else ""
    return f"{effect}{together}{'' if outcome.settled else ', too early to judge'}"


def _percent(outcome: Outcome) -> str:
    before, change = outcome.before, outcome.change
    if not before or change is None or not math.isfinite(change) or before < 0:
        return ""
    return form.signs(f" ({change / before * 100:+.0f}%)")
