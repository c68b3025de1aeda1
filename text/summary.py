"""The summary of a run: on the screen, and on the terminal after the screen closes."""

import math

from fitmon.engine.events import RunEnded, RunFailed
from fitmon.engine.finding import Finding
from fitmon.engine.record.data_loss import DATA_LOSS, data_loss_at, penalties_matter
from fitmon.engine.record.snapshot import Snapshot
from fitmon.text import finding_words as words
from fitmon.text import format as form
from fitmon.text.branch_table import branch_table
from fitmon.text.outcome_words import known_outcome_sentences
from fitmon.text.sentences import effective_from, export_message, knob_name

SHOWN_CHANGES = 5
"""A schedule may change a knob thousands of times; only the last changes are listed."""


def summary_lines(snapshot: Snapshot, width: int | None = None) -> list[str]:
    """Return the sentences of the summary and the table of branches; works for a run in progress too.

    Sentences are broken between words into lines of at most `width` cells; None: each is one line.
    """
    sentences = summary_sentences(snapshot)
    if width is None:
        return [*sentences, *(line for line, _ in branch_table(snapshot))]
    lines = [line for sentence in sentences for line in form.wrap(sentence, width)]
    return [*lines, *(line for line, _ in branch_table(snapshot, width))]


def summary_sentences(snapshot: Snapshot, *, with_findings: bool = True) -> list[str]:
    """Return the summary without the table, and without the findings if they are shown beside it."""
    findings = finding_lines(snapshot) if with_findings else []
    export = [f"Model: {export_message(snapshot)}."] if snapshot.export is not None else []
    return [_ending(snapshot), *_values(snapshot), *findings, *_changes(snapshot), *outcome_lines(snapshot), *export]


def finding_lines(snapshot: Snapshot) -> list[str]:
    """Return the current findings, the strongest first, as sentences."""
    known = [finding for finding in snapshot.findings if finding.name not in words.INCONCLUSIVE]
    unknown = [words.finding_sentence(finding).rstrip(".") for finding in snapshot.findings if finding not in known]
    lines = [f"Finding: {words.finding_sentence(finding).rstrip('.')}{_confidence(finding)}." for finding in known]
    return lines + [f"{sentence[0].upper()}{sentence[1:]}." for sentence in unknown]


def _confidence(finding: Finding) -> str:
    confidence = words.confidence(finding)
    return f" ({confidence})" if confidence else ""


def outcome_lines(snapshot: Snapshot) -> list[str]:
    """Return the effects of the last changes, oldest first, as sentences."""
    return [f"Effect of {sentence}." for sentence in known_outcome_sentences(snapshot, SHOWN_CHANGES)[::-1]]


def _ending(snapshot: Snapshot) -> str:
    done = f"{snapshot.epochs_done} of {snapshot.epochs} epochs"
    match snapshot.ending:
        case RunFailed(message=message):
            return f"Failed after {done}: {form.clean(message)}"
        case RunEnded(completed=True):
            return f"Finished: {done}."
        case RunEnded(reason=reason):
            return f"Ended after {done}: {form.clean(reason)}."
    return f"{done} done."


def _values(snapshot: Snapshot) -> list[str]:
    sentences = []
    if snapshot.best is not None:
        best = snapshot.best
        beside = [
            form.unbroken(f"{form.clean(name)} {form.measured(value)}")
            for name, curve in snapshot.metrics.items()
            for value in curve.values[curve.epochs == best.epoch]
            if name.startswith("val_") == best.metric.startswith("val_") and math.isfinite(value)
        ]
        sentences.append(f"Best epoch {best.epoch}: {' · '.join([*_data_loss(snapshot, best.epoch), *beside])}.")
    last = [
        form.unbroken(f"{form.clean(name)} {form.measured(float(curve.values[-1]))}")
        for name, curve in snapshot.metrics.items()
        if len(curve)
    ]
    last += _data_loss(snapshot, snapshot.epochs_done)
    return [*sentences, f"Last epoch {snapshot.epochs_done}: {' · '.join(last)}."] if last else sentences


def _data_loss(snapshot: Snapshot, epoch: int) -> list[str]:
    """Return the validation loss of an epoch without its penalty; empty where no penalty was measured."""
    matters = penalties_matter([snapshot.branch])
    value = data_loss_at(snapshot.branch, "val_loss", epoch) if matters else None
    return [] if value is None else [form.unbroken(f"{DATA_LOSS} {form.measured(value)}")]


def _changes(snapshot: Snapshot) -> list[str]:
    if not snapshot.receipts:
        return []
    earlier = len(snapshot.receipts) - SHOWN_CHANGES
    changed = [
        f"{knob_name(receipt.knob)} {form.knob_value(receipt.value)} from {effective_from(receipt)}"
        for receipt in snapshot.receipts[-SHOWN_CHANGES:]
    ]
    before = f", and {form.count(earlier)} earlier" if earlier > 0 else ""
    return [f"Changed during training: {', '.join(changed)}{before}."]
