"""Draws what changed in the run and its results so far, in sentences; alone, also what the run is trained with."""

from itertools import zip_longest

from fitmon.engine.events import RunStarted
from fitmon.engine.record.snapshot import Snapshot
from fitmon.text import format as form
from fitmon.text import sentences
from fitmon.text.branch_table import WIDTH, branch_table
from fitmon.text.outcome_words import known_outcome_sentences, outcome_sentences
from fitmon.text.roles import Role
from fitmon.text.rows import Row, fitted, framed, row
from fitmon.text.summary import summary_sentences
from fitmon.tui.drawing.header import shown_knobs
from fitmon.tui.drawing.run_settings import draw_run_settings
from fitmon.tui.frame import Frame

Sentence = tuple[str, Role]

SHOWN_RECEIPTS = 20
SHOWN_OUTCOMES = 2
"""Beside other panels, while the run is training."""
GAP = "   "
TWO_COLUMNS = 130
"""From this width on, the settings are beside the changes."""


def draw_changes(frame: Frame | None, width: int, height: int) -> list[Row]:
    """Return the panel beside others in a frame of that outer size; empty before the first frame."""
    if frame is None:
        return framed_changes(frame, [], width, height)
    shown = change_sentences(frame.snapshot, width - 4)
    return framed_changes(frame, _cut(wrapped(shown, width - 4), height - 2), width, height)


def framed_changes(frame: Frame | None, lines: list[Row], width: int, height: int, position: str = "") -> list[Row]:
    """Return rows in the panel's frame; `position` says which rows they are."""
    over = frame is not None and frame.snapshot.over
    title = row(("summary" if over else "what changed", Role.STRONG), (position, Role.FAINT))
    return framed(title, lines, width, height)


def all_rows(snapshot: Snapshot, width: int) -> list[Row]:
    """Return all changes and their effects, and the settings beside them if there is room, else below."""
    changes_width = width * 3 // 5 if width >= TWO_COLUMNS else width
    texts = change_sentences(snapshot, changes_width, alone=True)
    changes = wrapped(texts if texts[0][0] else texts[1:], changes_width)
    if width < TWO_COLUMNS:
        return [*changes, row(), *draw_run_settings(snapshot, width)]
    settings = draw_run_settings(snapshot, width - changes_width - len(GAP))
    return [
        (*fitted(line, changes_width + 1), (GAP, Role.PLAIN), *setting)
        for line, setting in zip_longest(changes, settings, fillvalue=())
    ]


def wanted_rows(frame: Frame, width: int) -> int:
    """Return the rows that a panel of that outer width needs to show everything in the overview, frame included."""
    shown = change_sentences(frame.snapshot, width - 4)
    return len(wrapped(shown, width - 4)) + 2


def _cut(rows: list[Row], max_rows: int) -> list[Row]:
    """Return the rows that fit; if some are missing, the last row says so."""
    return rows if len(rows) <= max_rows else [*rows[: max_rows - 1], row((" … 7 shows all", Role.FAINT))]


def wrapped(texts: list[Sentence], width: int) -> list[Row]:
    """Return the sentences wrapped into rows, with a margin of one cell at the left."""
    return [row((f" {line}", role)) for text, role in texts for line in form.wrap(text, width)]


def change_sentences(snapshot: Snapshot, width: int = WIDTH, *, alone: bool = False) -> list[Sentence]:
    """Return the sentences of the panel, the most urgent first.

    Args:
        snapshot: of the run.
        width: the maximum width of a table.
        alone: whether no other panel shows the findings, the effects of all changes and the settings of the run; these
            settings stand beside the sentences then.
    """
    lines: list[Sentence] = []
    if snapshot.over:
        lines += [(line, Role.PLAIN) for line in summary_sentences(snapshot, with_findings=alone)]
    elif snapshot.non_finite is not None:
        lines.append((sentences.non_finite_message(snapshot), Role.BAD))
    if snapshot.disk_trouble:
        lines.append((sentences.disk_trouble_message(snapshot), Role.BAD))
    if snapshot.rewind_refusal is not None:
        lines.append((sentences.rewind_refusal_message(snapshot.rewind_refusal), Role.BAD))
    lines += _branches(snapshot, width)
    if snapshot.over:
        lines.append(("", Role.PLAIN))
    pending = [knob for knob in shown_knobs(snapshot) if knob.pending is not None]
    lines += [(f"pending: {sentences.pending_change_message(knob)}", Role.MARK) for knob in pending]
    if snapshot.refusal is not None:
        lines.append((sentences.knob_refusal_message(snapshot.refusal), Role.BAD))
    lines += _results(snapshot)
    lines += _effects(snapshot) if alone and not snapshot.over else _receipts(snapshot)
    if snapshot.resumed is not None:
        lines.append((sentences.resume_message(snapshot.resumed), Role.PLAIN))
    if snapshot.detached:
        lines.append((f"trains without a screen: {form.clean(snapshot.detached)}", Role.PLAIN))
    if snapshot.started is not None and not alone:
        lines += [("", Role.PLAIN), *_training_facts(snapshot.started)]
    return lines or [("nothing yet", Role.FAINT)]


def _branches(snapshot: Snapshot, width: int) -> list[Sentence]:
    """Return the table in lines that are not wrapped, with a blank line before it and, during training, after it."""
    table = [(form.unbroken(line), role) for line, role in branch_table(snapshot, width)]
    blank = ("", Role.PLAIN)
    return [blank, *table, *([] if snapshot.over else [blank])] if table else []


def _results(snapshot: Snapshot) -> list[Sentence]:
    if not snapshot.epochs_done or snapshot.over:
        return []
    values = [
        form.unbroken(f"{form.clean(name)} {form.signs(form.measured(float(curve.values[-1])))}")
        for name, curve in snapshot.metrics.items()
        if len(curve)
    ]
    lines = [(f"epoch {snapshot.epochs_done}: {' · '.join(values)}", Role.PLAIN)]
    if snapshot.best is not None:
        best = sentences.best_loss(snapshot.best, explained=": {} without the penalty")
        lines.append((f"best epoch so far: {snapshot.best.epoch} ({best})", Role.PLAIN))
    return lines


def _receipts(snapshot: Snapshot) -> list[Sentence]:
    """Return the changes that took effect and, during training, what the last ones did."""
    outcomes = [] if snapshot.over else known_outcome_sentences(snapshot, SHOWN_OUTCOMES)
    receipts = snapshot.receipts[: -SHOWN_RECEIPTS - 1 : -1]
    return [
        *((f"effect: {sentence}", Role.PLAIN) for sentence in outcomes),
        *((sentences.knob_change(receipt), Role.GOOD) for receipt in receipts),
    ]


def _effects(snapshot: Snapshot) -> list[Sentence]:
    """Return every change with what it did, under a heading; empty without changes."""
    outcomes = outcome_sentences(snapshot, SHOWN_RECEIPTS)
    listed = [(sentence, Role.PLAIN) for sentence in outcomes]
    return [("", Role.PLAIN), ("changes and their effect, newest first", Role.STRONG), *listed] if outcomes else []


def _training_facts(started: RunStarted) -> list[Sentence]:
    versions = " · ".join(f"{form.clean(name)} {form.clean(version)}" for name, version in started.versions.items())
    training = form.count(started.training_samples) if started.training_samples else "an unknown number of"
    samples = f"{training} training samples"
    if started.validation_samples:
        samples += f", {form.count(started.validation_samples)} validation samples"
    model = f"{form.count(started.parameters)} parameters · seed {started.seed}{' · XLA' if started.jit else ''}"
    notes = [(form.clean(note), Role.PLAIN) for note in started.notes]
    return [*notes, (samples, Role.FAINT), (model, Role.FAINT), (versions, Role.FAINT)]
