"""Draws the header: what the run does, how far it is, its knobs, and what just happened."""

from dataclasses import replace

from rich.cells import cell_len

from fitmon.engine.events import Phase, RunEnded, RunFailed
from fitmon.engine.record.snapshot import KnobState, Snapshot
from fitmon.text import format as form
from fitmon.text.finding_words import finding_name
from fitmon.text.roles import Role
from fitmon.text.rows import Row, fitted, fitting, joined, row, width_of
from fitmon.text.sentences import data_notes, disk_banner, status_message
from fitmon.tui.frame import Frame
from fitmon.tui.layout import WIDE_WIDTH, too_small

BAR_WIDTH = 10

SEPARATOR = " · "

MIN_NAME, SHARE_OF_NAME = 30, 3
"""A name longer than both this and one cell in this many is clipped, so that it does not push out what changes."""


def draw_header(frame: Frame, width: int, height: int) -> list[Row]:
    """Return the header's rows: state, knobs, latest message, warnings, as far as there is room."""
    if height == 1 or too_small(width, max(height, 10)):
        return [fitted(row(one_line(frame)), width)]
    message, warnings = status_message(frame.snapshot, frame.notice), warning_row(frame.snapshot)
    if height == 2:  # noqa: PLR2004 - on a low terminal, the message takes the place of the knobs
        trouble = warnings if frame.snapshot.disk_trouble and not frame.notice else row()
        rows = [state_row(frame, width), trouble or message or knob_row(frame, width)]
    else:
        rows = [state_row(frame, width), knob_row(frame, width), message, warnings][:height]
    return _with_device(rows, frame.snapshot, width)


def warning_row(snapshot: Snapshot) -> Row:
    """Return the lasting warnings: trouble with the disk, notes on the data; empty if there are none."""
    sentences = ((disk_banner(snapshot), Role.BAD), (data_notes(snapshot), Role.FAINT))
    return tuple((f" {sentence}", role) for sentence, role in sentences if sentence)


def _with_device(rows: list[Row], snapshot: Snapshot, width: int) -> list[Row]:
    """Put the device at the right end of the first row that has room for it."""
    device = form.clean(snapshot.started.device) if snapshot.started else ""
    for index, line in enumerate(rows):
        room = width - 1 - width_of(line) - cell_len(device)
        if device and room > 1:
            return [*rows[:index], row(*line, " " * room, (device, Role.FAINT)), *rows[index + 1 :]]
    return rows


def state_row(frame: Frame, width: int) -> Row:
    """Return name, phase, epoch, progress bar, pace and time left; the least important are dropped if needed."""
    snapshot = frame.snapshot
    done = snapshot.step / snapshot.steps if snapshot.steps else 0.0
    name = f"fitmon · {frame.name}" if width >= WIDE_WIDTH else frame.name
    fields: list[tuple[int, Row]] = [(3, row((form.clip(name, max(MIN_NAME, width // SHARE_OF_NAME)), Role.STRONG)))]
    if frame.viewer:
        fields.append((9, row((_kind_of_view(frame), Role.MARK))))
    fields.append((10, row((phase_words(frame), _phase_role(snapshot)))))
    if frame.frozen:
        fields.append((9, row(("view frozen", Role.ALERT))))
    if snapshot.branch.parent is not None:
        start = f" from epoch {snapshot.branch.from_epoch}" if width >= WIDE_WIDTH else ""
        fields.append((7, row((f"branch {snapshot.branch.number}{start}", Role.MARK))))
    if snapshot.epochs:
        # A run that was stopped has begun an epoch that it did not complete.
        epoch = snapshot.epochs_done if snapshot.over else snapshot.epoch
        fields.append((8, row(f"epoch {epoch}/{snapshot.epochs}")))
    if snapshot.epoch and not snapshot.over:
        fields.append((1, row("▕", (form.bar(done, BAR_WIDTH), Role.GOOD), "▏")))
        fields.append((5, row(f"{done * 100:.0f}%")))
        fields.append((2, row(form.pace(snapshot.seconds_per_epoch))))
        fields.append((6, row(f"ETA {form.duration(snapshot.seconds_left)}")))
    gap = "   " if width >= WIDE_WIDTH else "  "
    return row(" ", *fitting(fields, gap, width - 2))


def _kind_of_view(frame: Frame) -> str:
    if not frame.read_only:
        return "(attached)"
    return "(recorded)" if frame.snapshot.over else "(read-only)"


def phase_words(frame: Frame) -> str:
    """Return the phase with its detail and, if nothing else changes, how long it has taken so far."""
    snapshot = frame.snapshot
    if snapshot.paused is not None:
        return "paused"
    match snapshot.ending:
        case RunFailed():
            return "failed"
        case RunEnded(completed=True):
            return "finished"
        case RunEnded():
            return "stopped"
    words = f"{snapshot.phase} ({form.clean(snapshot.phase_detail)})" if snapshot.phase_detail else str(snapshot.phase)
    waiting = snapshot.phase not in {Phase.TRAINING, Phase.VALIDATING, Phase.PAUSED} and frame.phase_seconds >= 1
    return f"{words} {form.duration(frame.phase_seconds)}" if waiting else words


def _phase_role(snapshot: Snapshot) -> Role:
    if snapshot.paused is not None or isinstance(snapshot.ending, RunFailed):
        return Role.ALERT
    return Role.GOOD


def knob_row(frame: Frame, width: int) -> Row:
    """Return all knobs with their pending changes, then the threshold of the view."""
    snapshot = frame.snapshot
    if not snapshot.knobs:
        return row()
    fields = [(_importance(knob), row((form.knob_state(knob), _knob_role(knob)))) for knob in shown_knobs(snapshot)]
    if width_of(joined((field for _, field in fields), SEPARATOR)) > width - 2:
        fields = [
            (_importance(knob), row((form.knob_change(knob), _knob_role(knob)))) for knob in shown_knobs(snapshot)
        ]
    if has_threshold(snapshot):
        fields.append((1, row(f"threshold {form.setting(frame.threshold)}")))
    return row(" ", *fitting(fields, SEPARATOR, width - 2))


def shown_knobs(snapshot: Snapshot) -> list[KnobState]:
    """Return the knobs to show: epochs only while a change is pending, a factor only if the run has one.

    Once the run is over, no change is pending: none can take effect any more.
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
    """Return whether a threshold has a meaning: the run has two classes, as far as is known."""
    if snapshot.scores is not None:
        return snapshot.scores.task == "binary"
    started = snapshot.started
    return started is not None and not started.no_probabilities and len(started.class_names) == 2  # noqa: PLR2004


def _importance(knob: KnobState) -> int:
    is_rate = knob.name in {"learning_rate", "learning_rate_factor"}
    return (5 if knob.pending is not None else 2) + (not knob.unavailable) * 2 + is_rate * 10


def _knob_role(knob: KnobState) -> Role:
    if knob.pending is not None:
        return Role.MARK
    return Role.FAINT if knob.unavailable else Role.PLAIN


def one_line(frame: Frame) -> str:
    """Return the state of the run in one line, the most important words first."""
    snapshot = frame.snapshot
    words = phase_words(frame)
    if snapshot.epochs:
        words += f" {snapshot.epoch}/{snapshot.epochs}"
    if snapshot.disk_trouble:
        words += " · disk trouble"
    if snapshot.findings:
        words += f" · {finding_name(snapshot.findings[0])}"
    return f"{words} · {frame.name} · needs 40×10"
