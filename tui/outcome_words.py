"""What was changed and what it did, in sentences. Pure, and free of control characters."""

from __future__ import annotations

import math
from dataclasses import replace

from fitmon.engine.outcome import REWIND, Outcome, outcomes_of
from fitmon.engine.record import Snapshot
from fitmon.tui import format as form
from fitmon.tui.sentences import knob_words

SHOWN_OUTCOMES = 12
"""A schedule may change a knob thousands of times; only the last changes are told."""


def outcome_sentences(snapshot: Snapshot, most: int = SHOWN_OUTCOMES) -> list[str]:
    """Return the last changes and what came of them, newest first, a sentence each."""
    return [outcome_sentence(outcome) for outcome in _last_outcomes(snapshot, most)]


def known_outcome_sentences(snapshot: Snapshot, most: int) -> list[str]:
    """Return the same of those changes alone of which something came."""
    return [outcome_sentence(outcome) for outcome in _last_outcomes(snapshot, most) if outcome.change is not None]


def _last_outcomes(snapshot: Snapshot, most: int) -> tuple[Outcome, ...]:
    branch = replace(snapshot.branch, receipts=snapshot.branch.receipts[-most:])
    left = [replace(other, receipts=other.receipts[-most:]) for other in snapshot.left_branches[-most:]]
    return outcomes_of(branch, left)[: -most - 1 : -1]


def outcome_sentence(outcome: Outcome) -> str:
    """Return what was changed, since when, why, and what the loss did since."""
    because = f", against {form.clean(outcome.because.replace('_', ' '))}" if outcome.because else ""
    return f"{_what(outcome)}{because}: {_effect(outcome)}"


def _what(outcome: Outcome) -> str:
    if outcome.what == REWIND:
        place = f"the end of epoch {outcome.asked:g}" if outcome.asked else "the model before training"
        return f"back to {place} as branch {outcome.branch}"
    change = f"{form.knob_value(outcome.previous)} → {form.knob_value(outcome.value)}"
    return f"{knob_words(outcome.what)} {change} from epoch {outcome.epoch}"


def _effect(outcome: Outcome) -> str:
    if outcome.after is None or outcome.before is None:
        return "not known yet" if outcome.after_epoch is None else "nothing to compare it with"
    metric = form.clean(outcome.metric.replace("_", " ") if outcome.metric == "validation_loss" else outcome.metric)
    before, after, change = form.measured(outcome.before), form.measured(outcome.after), _percent(outcome)
    moved = f"{metric} {before} → {after}{change} by epoch {outcome.after_epoch}"
    if outcome.against is not None:
        there = f"where branch {outcome.against} had {before}{change}"
        moved = f"{metric} {after} at epoch {outcome.after_epoch}, {there}"
    others = ", ".join(knob_words(name) for name in outcome.together_with)
    beside = f", together with {others}" if others else ""
    return f"{moved}{beside}{'' if outcome.settled else ', early to judge'}"


def _percent(outcome: Outcome) -> str:
    before, change = outcome.before, outcome.change
    if not before or change is None or not math.isfinite(change) or before < 0:
        return ""
    return f" ({change / before * 100:+.0f} %)".replace("-", "−")
