"""What changed in the run and what it reached so far, in sentences."""

from fitmon.engine.events import RunStarted
from fitmon.engine.record.snapshot import Snapshot
from fitmon.text import format as form
from fitmon.text import sentences
from fitmon.text.branch_table import WIDTH, branch_table
from fitmon.text.outcome_words import known_outcome_sentences
from fitmon.text.roles import Role
from fitmon.text.rows import Row, framed, row
from fitmon.text.summary import summary_sentences
from fitmon.tui.frame import Frame
from fitmon.tui.layout import View
from fitmon.tui.widgets.header import shown_knobs
from fitmon.tui.widgets.row_widget import RowWidget

Sentence = tuple[str, Role]

SHOWN_RECEIPTS = 20
SHOWN_OUTCOMES = 2
"""While the run lives; the view of findings tells of more."""


class ChangesPanel(RowWidget):
    """Lists the summary once the run is over, what is pending, what took effect, and what is being trained."""

    _picture: Frame | None = None

    def show(self, picture: Frame) -> None:
        """Take a new picture and draw it."""
        self._picture = picture
        self.redraw()

    def draw(self, width: int, height: int) -> list[Row]:
        over = self._picture is not None and self._picture.snapshot.over
        title = row(("summary" if over else "what changed", Role.STRONG))
        if self._picture is None:
            return framed(title, [], width, height)
        alone = self._picture.view is View.CHANGES
        said = changes(self._picture.snapshot, width - 4, with_findings=alone)
        more = f"… {'' if alone else '7 shows all'}"
        return framed(title, _cut(wrapped(said, width - 4), height - 2, more), width, height)


def _cut(rows: list[Row], most: int, more: str) -> list[Row]:
    """Return what there is room for; where some is missing, the last row says so."""
    return rows if len(rows) <= most else [*rows[: most - 1], row((f" {more}", Role.FAINT))]


def wrapped(said: list[Sentence], width: int) -> list[Row]:
    """Return the sentences broken into rows, a cell of margin on the left."""
    return [row((f" {line}", role)) for text, role in said for line in form.wrap(text, width)]


def changes(snapshot: Snapshot, width: int = WIDTH, *, with_findings: bool = True) -> list[Sentence]:
    """Return what there is to say, the most urgent first.

    Args:
        snapshot: of the run.
        width: what a table may take.
        with_findings: whether the summary tells what was found.
    """
    said: list[Sentence] = []
    if snapshot.over:
        said += [(line, Role.PLAIN) for line in summary_sentences(snapshot, with_findings=with_findings)]
    elif snapshot.non_finite is not None:
        said.append((sentences.non_finite_message(snapshot), Role.BAD))
    if snapshot.disk_trouble:
        said.append((sentences.disk_trouble_message(snapshot), Role.BAD))
    if snapshot.rewind_refusal is not None:
        said.append((sentences.rewind_refusal_message(snapshot.rewind_refusal), Role.BAD))
    said += _branches(snapshot, width)
    if snapshot.over:
        said.append(("", Role.PLAIN))
    pending = [knob for knob in shown_knobs(snapshot) if knob.pending is not None]
    said += [(f"asked for: {sentences.pending_change_message(knob)}", Role.MARK) for knob in pending]
    if snapshot.refusal is not None:
        said.append((sentences.knob_refusal_message(snapshot.refusal), Role.BAD))
    said += _reached(snapshot)
    said += [(sentences.knob_change(receipt), Role.GOOD) for receipt in snapshot.receipts[: -SHOWN_RECEIPTS - 1 : -1]]
    if snapshot.continued is not None:
        said.append((sentences.resume_message(snapshot.continued), Role.PLAIN))
    if snapshot.detached:
        said.append((f"trains without a screen of its own: {form.clean(snapshot.detached)}", Role.PLAIN))
    if snapshot.started is not None:
        said += [("", Role.PLAIN), *_trained(snapshot.started)]
    return said or [("nothing yet", Role.FAINT)]


def _branches(snapshot: Snapshot, width: int) -> list[Sentence]:
    """Return the table in lines that nothing breaks, a blank one before it and, while the run lives, behind it."""
    table = [(form.unbroken(line), role) for line, role in branch_table(snapshot, width)]
    blank = ("", Role.PLAIN)
    return [blank, *table, *([] if snapshot.over else [blank])] if table else []


def _reached(snapshot: Snapshot) -> list[Sentence]:
    if not snapshot.epochs_done or snapshot.over:
        return []
    values = [
        form.unbroken(f"{form.clean(name)} {form.measured(float(curve.values[-1]))}")
        for name, curve in snapshot.metrics.items()
        if len(curve)
    ]
    said = [(f"epoch {snapshot.epochs_done}: {' · '.join(values)}", Role.PLAIN)]
    if snapshot.best is not None:
        best = snapshot.best
        said.append(
            (f"best epoch so far: {best.epoch} ({form.clean(best.metric)} {form.measured(best.value)})", Role.PLAIN)
        )
    did = known_outcome_sentences(snapshot, SHOWN_OUTCOMES)
    said += [(f"what it did: {sentence}", Role.PLAIN) for sentence in did]
    return said


def _trained(started: RunStarted) -> list[Sentence]:
    versions = " · ".join(f"{form.clean(name)} {form.clean(version)}" for name, version in started.versions.items())
    training = form.count(started.training_samples) if started.training_samples else "an unknown number of"
    samples = f"{training} training samples"
    if started.validation_samples:
        samples += f", {form.count(started.validation_samples)} validation samples"
    model = f"{form.count(started.parameters)} parameters · seed {started.seed}{' · XLA' if started.jit else ''}"
    notes = [(form.clean(note), Role.PLAIN) for note in started.notes]
    return [*notes, (samples, Role.FAINT), (model, Role.FAINT), (versions, Role.FAINT)]
