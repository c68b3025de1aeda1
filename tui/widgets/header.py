"""The header: what the run does, how far it is, its knobs, and what just happened."""

from dataclasses import replace

from rich.cells import cell_len

from fitmon.engine.events import Phase, RunEnded, RunFailed
from fitmon.engine.record.snapshot import KnobState, Snapshot
from fitmon.text import format as form
from fitmon.text.finding_words import finding_name
from fitmon.text.roles import Role
from fitmon.text.rows import Row, fitted, fitting, row, width_of
from fitmon.text.sentences import data_notes, disk_banner, status_message
from fitmon.tui.frame import Frame
from fitmon.tui.layout import WIDE_WIDTH, too_small
from fitmon.tui.widgets.row_widget import RowWidget

BAR_WIDTH = 10

MAX_NAME = 30
"""A longer name is clipped, so that it does not push out what changes."""


class Header(RowWidget):
    """Says in up to four rows what goes on; the only panel on a terminal too small for others."""

    picture: Frame | None = None

    def show(self, picture: Frame) -> None:
        """Take a new picture and draw it."""
        self.picture = picture
        self.redraw()

    def draw(self, width: int, height: int) -> list[Row]:
        if self.picture is None:
            return []
        return draw_header(self.picture, width, height)


def draw_header(picture: Frame, width: int, height: int) -> list[Row]:
    """Return the header's rows: state, knobs, what just happened, what stands, as far as there is room."""
    if height == 1 or too_small(width, max(height, 10)):
        return [fitted(row(one_line(picture)), width)]
    message, stands = status_message(picture.snapshot, picture.notice), standing(picture.snapshot)
    if height == 2:  # noqa: PLR2004 - a low terminal: what just happened takes the knobs' place
        trouble = stands if picture.snapshot.disk_trouble and not picture.notice else row()
        rows = [state_row(picture, width), trouble or message or knob_row(picture, width)]
    else:
        rows = [state_row(picture, width), knob_row(picture, width), message, stands][:height]
    return _with_device(rows, picture.snapshot, width)


def standing(snapshot: Snapshot) -> Row:
    """Return what the user must know all the time: trouble with the disk, notes on the data; empty without any."""
    said = ((disk_banner(snapshot), Role.BAD), (data_notes(snapshot), Role.FAINT))
    return tuple((f" {sentence}", role) for sentence, role in said if sentence)


def _with_device(rows: list[Row], snapshot: Snapshot, width: int) -> list[Row]:
    """Set the device at the right end of the first row that has room for it."""
    device = form.clean(snapshot.started.device) if snapshot.started else ""
    for index, line in enumerate(rows):
        room = width - 1 - width_of(line) - cell_len(device)
        if device and room > 1:
            return [*rows[:index], row(*line, " " * room, (device, Role.FAINT)), *rows[index + 1 :]]
    return rows


def state_row(picture: Frame, width: int) -> Row:
    """Return name, phase, epoch, bar, pace and time left; the least important go first when room is short."""
    seen = picture.snapshot
    done = seen.step / seen.steps if seen.steps else 0.0
    name = f"fitmon · {picture.name}" if width >= WIDE_WIDTH else picture.name
    fields: list[tuple[int, Row]] = [
        (3, row((form.clip(name, MAX_NAME), Role.STRONG))),
        (10, row((phase_words(picture), _phase_role(seen)))),
    ]
    if picture.held:
        fields.append((9, row(("view held", Role.ALERT))))
    if seen.branch.parent is not None:
        fields.append((7, row((f"branch {seen.branch.number} from epoch {seen.branch.from_epoch}", Role.MARK))))
    if seen.epochs:
        fields.append((8, row(f"epoch {seen.epoch}/{seen.epochs}")))
    if seen.epoch and not seen.over:
        fields.append((1, row("▕", (form.bar(done, BAR_WIDTH), Role.GOOD), "▏")))
        fields.append((5, row(f"{done * 100:.0f} %")))
        fields.append((2, row(form.pace(seen.seconds_per_epoch))))
        fields.append((6, row(f"left {form.duration(seen.seconds_left)}")))
    gap = "   " if width >= WIDE_WIDTH else "  "
    return row(" ", *fitting(fields, gap, width - 2))


def phase_words(picture: Frame) -> str:
    """Return the phase, with its detail and, where nothing else moves, how long it has taken so far."""
    seen = picture.snapshot
    if seen.paused is not None:
        return "paused"
    match seen.ending:
        case RunFailed():
            return "failed"
        case RunEnded(completed=True):
            return "finished"
        case RunEnded():
            return "stopped"
    words = f"{seen.phase} ({form.clean(seen.phase_detail)})" if seen.phase_detail else str(seen.phase)
    waiting = seen.phase not in {Phase.TRAINING, Phase.VALIDATING, Phase.PAUSED} and picture.phase_seconds >= 1
    return f"{words} {form.duration(picture.phase_seconds)}" if waiting else words


def _phase_role(snapshot: Snapshot) -> Role:
    if snapshot.paused is not None or isinstance(snapshot.ending, RunFailed):
        return Role.ALERT
    return Role.GOOD


def knob_row(picture: Frame, width: int) -> Row:
    """Return all knobs with what is pending, then the view's threshold."""
    seen = picture.snapshot
    if not seen.knobs:
        return row()
    fields = [(_importance(knob), row((form.knob_state(knob), _knob_role(knob)))) for knob in shown_knobs(seen)]
    if has_threshold(seen):
        fields.append((1, row(f"threshold {form.setting(picture.threshold)}")))
    return row(" ", *fitting(fields, " · ", width - 2))


def shown_knobs(snapshot: Snapshot) -> list[KnobState]:
    """Return the knobs worth showing: the epochs only while a change is pending, a factor only where there is one.

    Once the run is over, nothing is pending any more: what has not come will not come.
    """
    knobs = snapshot.knobs
    if snapshot.over:
        knobs = tuple(replace(knob, pending=None, pending_epoch=None) for knob in knobs)
    return [
        knob
        for knob in knobs
        if knob.pending is not None
        or not (knob.name == "epochs" or (knob.name == "learning_rate_factor" and knob.unavailable))
    ]


def has_threshold(snapshot: Snapshot) -> bool:
    """Return whether a threshold means something: two classes, as far as is known."""
    if snapshot.scores is not None:
        return snapshot.scores.task == "binary"
    started = snapshot.started
    return started is not None and not started.no_probabilities and len(started.class_names) == 2  # noqa: PLR2004


def _importance(knob: KnobState) -> int:
    return 9 if knob.pending is not None else 2 + (not knob.unavailable) * 2 + (knob.name == "learning_rate")


def _knob_role(knob: KnobState) -> Role:
    if knob.pending is not None:
        return Role.MARK
    return Role.FAINT if knob.unavailable else Role.PLAIN


def one_line(picture: Frame) -> str:
    """Say what goes on in one line, the most telling words first."""
    seen = picture.snapshot
    words = phase_words(picture)
    if seen.epochs:
        words += f" {seen.epoch}/{seen.epochs}"
    if seen.disk_trouble:
        words += " · disk trouble"
    if seen.findings:
        words += f" · {finding_name(seen.findings[0])}"
    return f"{words} · {picture.name} · needs 40×10"
