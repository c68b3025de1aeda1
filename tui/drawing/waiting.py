"""Draws what the run is doing while a panel has nothing to show yet."""

from __future__ import annotations

from fitmon.engine.events import Phase
from fitmon.text import format as form
from fitmon.text.roles import Role
from fitmon.text.rows import Row, framed, row
from fitmon.tui.frame import Frame

SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
TURNS_PER_SECOND = 2
"""How often the spinner moves: often enough to be alive, seldom enough for a slow line."""


def waiting_words(frame: Frame) -> str:
    """Return what the run is doing and for how long, such as `⠋ starting TensorFlow · 7 s`; empty once it is over."""
    snapshot = frame.snapshot
    if snapshot.over:
        return ""
    if snapshot.paused is not None:
        return "paused · space resumes"
    spinner = SPINNER[int(frame.phase_seconds * TURNS_PER_SECOND) % len(SPINNER)]
    return f"{spinner} {_phase_words(frame)} · {form.seconds(frame.phase_seconds)}"


def _phase_words(frame: Frame) -> str:
    snapshot = frame.snapshot
    if snapshot.phase is Phase.COMPILING and not snapshot.epochs_done:
        return "compiling the first step"
    if snapshot.phase is Phase.TRAINING and snapshot.epoch:
        steps = f" of {form.count(snapshot.steps)}" if snapshot.steps else ""
        step = f", step {form.count(snapshot.step)}{steps}" if snapshot.step else ""
        return f"training epoch {snapshot.epoch}{step}"
    detail = form.clean(snapshot.phase_detail)
    return f"{snapshot.phase} ({detail})" if detail else str(snapshot.phase)


def waiting_rows(frame: Frame, why: str, width: int, *, is_alone: bool) -> list[Row]:
    """Return why a panel is empty, below what the run is doing if the panel is alone on the screen."""
    doing = waiting_words(frame) if is_alone else ""
    lines = [row(), *([row(f" {form.clip(doing, max(1, width - 2))}")] if doing else [])]
    return [*lines, *(row((f" {line}", Role.FAINT)) for line in form.wrap(why, max(1, width - 2), indent=""))]


def draw_waiting(frame: Frame, title: str, why: str, width: int, height: int, *, is_alone: bool) -> list[Row]:
    """Return these rows in a frame of that outer size."""
    return framed(row((title, Role.STRONG)), waiting_rows(frame, why, width - 2, is_alone=is_alone), width, height)
