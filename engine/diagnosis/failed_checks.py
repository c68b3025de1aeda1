"""Checks that raise: each is logged, and a finding lists them, because silence looks like good news."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from fitmon.engine.finding import Finding

NAME = "checks_failed"
EXPLANATION = (
    "A check of the diagnosis raised an error, so it says nothing about this run: neither that something is wrong nor "
    "that all is well. Training is not affected, and the other checks are complete. The run's log has the traceback. "
    "Data of an unusual kind is the most likely reason; otherwise it is a bug in fitmon."
)
MAX_REASON = 120

_logger = logging.getLogger("fitmon.diagnosis")


def log_failure(check: str, error: Exception) -> None:
    """Log that a check raised, with its traceback."""
    _logger.warning("The check %r failed: %s. Training continues without it.", check, reason_of(error), exc_info=error)


def reason_of(error: Exception) -> str:
    """Return an error in a line, such as `ValueError: not a number`."""
    message = " ".join(str(error).split())
    shown = message if len(message) <= MAX_REASON else f"{message[: MAX_REASON - 1]}…"
    return f"{type(error).__name__}: {shown}" if shown else type(error).__name__


def finding_of(failures: Sequence[str], epochs: tuple[int, int]) -> Finding:
    """Return the finding that lists failed checks, each as `name (reason)`; at least one."""
    count = "1 check" if len(failures) == 1 else f"{len(failures)} checks"
    return Finding(
        name=NAME,
        sentence=f"checks failed: {count} could not run: {', '.join(failures)}.",
        epochs=epochs,
        confidence=1.0,
    )
