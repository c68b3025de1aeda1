"""The summary of a run that is over: on the screen, and on the terminal after the screen has gone."""

import math

from fitmon.engine.events import RunEnded, RunFailed
from fitmon.engine.finding import Finding
from fitmon.engine.record.snapshot import Snapshot
from fitmon.text import finding_words as words
from fitmon.text import format as form
from fitmon.text.branch_table import branch_table
from fitmon.text.outcome_words import known_outcome_sentences
from fitmon.text.sentences import exported, knob_words, since

SHOWN_CHANGES = 5
"""A schedule may change a knob thousands of times; only the last changes are named."""


def summary_lines(snapshot: Snapshot) -> list[str]:
    """Return the summary, a sentence each, and the table of branches; how far the run came while it is not over."""
    return [*summary_sentences(snapshot), *(line for line, _ in branch_table(snapshot))]


def summary_sentences(snapshot: Snapshot, *, with_findings: bool = True) -> list[str]:
    """Return the summary without the table; without what was found where that stands beside it."""
    findings = found(snapshot) if with_findings else []
    written = [f"Model: {exported(snapshot)}."] if snapshot.export is not None else []
    return [_ending(snapshot), *_values(snapshot), *findings, *_changes(snapshot), *came_of_it(snapshot), *written]


def found(snapshot: Snapshot) -> list[str]:
    """Return what stands at the end, the strongest finding first, a sentence each."""
    known = [finding for finding in snapshot.findings if finding.name not in words.NOTHING_YET]
    unknown = [words.said(finding).rstrip(".") for finding in snapshot.findings if finding not in known]
    said = [
        f"{'Found' if place == 0 else 'Found too'}: {words.said(finding).rstrip('.')}{_sure(finding)}."
        for place, finding in enumerate(known)
    ]
    return said + [f"{sentence[0].upper()}{sentence[1:]}." for sentence in unknown]


def _sure(finding: Finding) -> str:
    how_sure = words.sureness(finding)
    return f" ({how_sure})" if how_sure else ""


def came_of_it(snapshot: Snapshot) -> list[str]:
    """Return what the last changes did, oldest first, a sentence each."""
    return [f"What it did: {sentence}." for sentence in known_outcome_sentences(snapshot, SHOWN_CHANGES)[::-1]]


def _ending(snapshot: Snapshot) -> str:
    done = f"{snapshot.epochs_done} of {snapshot.epochs} epochs"
    match snapshot.ending:
        case RunFailed(message=message):
            return f"Failed after {done}: {form.clean(message)}"
        case RunEnded(completed=True):
            return f"Finished: {done}."
        case RunEnded(reason=reason):
            return f"Ended after {done}: {form.clean(reason)}."
    return f"Left after {done}."


def _values(snapshot: Snapshot) -> list[str]:
    said = []
    if snapshot.best is not None:
        best = snapshot.best
        beside = [
            form.unbroken(f"{form.clean(name)} {form.measured(value)}")
            for name, curve in snapshot.metrics.items()
            for value in curve.values[curve.epochs == best.epoch]
            if name.startswith("val_") == best.metric.startswith("val_") and math.isfinite(value)
        ]
        said.append(f"Best epoch {best.epoch}: {' · '.join(beside)}.")
    last = [
        form.unbroken(f"{form.clean(name)} {form.measured(float(curve.values[-1]))}")
        for name, curve in snapshot.metrics.items()
        if len(curve)
    ]
    return [*said, f"Last epoch {snapshot.epochs_done}: {' · '.join(last)}."] if last else said


def _changes(snapshot: Snapshot) -> list[str]:
    if not snapshot.receipts:
        return []
    earlier = len(snapshot.receipts) - SHOWN_CHANGES
    changed = [
        f"{knob_words(receipt.knob)} {form.knob_value(receipt.value)} from {since(receipt)}"
        for receipt in snapshot.receipts[-SHOWN_CHANGES:]
    ]
    before = f", and {form.count(earlier)} more before" if earlier > 0 else ""
    return [f"Changed on the way: {', '.join(changed)}{before}."]
