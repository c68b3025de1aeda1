"""Checks that did not run: a finding lists them with the reason, because silence looks like good news."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from fitmon.engine.finding import Finding

NAME = "checks_not_run"
EXPLANATION = (
    "These checks say nothing about this run: neither that something is wrong nor that all is well. Some cannot run on "
    "data or a model of this kind. Where one raised an error, the run's log has the traceback; training is not "
    "affected, and the other checks are complete."
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


def finding_of(failures: Sequence[str], skipped: Sequence[str], epochs: tuple[int, int]) -> Finding:
    """Return the finding that lists checks that did not run, each as `name (reason)`; at least one."""
    total = len(failures) + len(skipped)
    return Finding(
        name=NAME,
        sentence=f"checks not run ({total}): {'; '.join((*failures, *_by_reason(skipped)))}.",
        epochs=epochs,
        confidence=1.0,
    )


def _by_reason(skipped: Sequence[str]) -> list[str]:
    """Return skipped checks with the same reason together."""
    names: dict[str, list[str]] = {}
    for check in skipped:
        name, reason = check.split(" (", 1)
        names.setdefault(reason.removesuffix(")"), []).append(name)
    return [f"{', '.join(together)} ({reason})" for reason, together in names.items()]
