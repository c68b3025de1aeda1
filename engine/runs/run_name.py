"""What a run may be called: its name is a folder's, is typed as an argument, and stands on the screen."""

import re
from datetime import date

from fitmon.engine.errors import UsageError

LONGEST_NAME = 80
"""In characters."""
LONGEST_NAME_BYTES = 200
"""Most file systems take 255."""


def check_run_name(text: str) -> str:
    """Return a name of the user's without the spaces around it; raises UsageError when a run cannot be called so."""
    name = text.strip()
    if not is_run_name(name):
        raise UsageError(
            f"Expected a name of 1 to {LONGEST_NAME} printable characters without slashes and with no dot or dash in "
            f"front, received {text!r}."
        )
    return name


def is_run_name(text: str) -> bool:
    """Return whether a run can be called so."""
    return (
        0 < len(text) <= LONGEST_NAME
        and text.isprintable()
        and text == text.strip()
        and text[0] not in ".-"
        and not set(text) & {"/", "\\"}
        and len(text.encode()) <= LONGEST_NAME_BYTES
    )


def dated_name(job: str, day: date, number: int) -> str:
    """Return a name such as `mnist-2026-11-22-1`; signs of the job that a name may not have become dashes."""
    words = re.sub(r"[^\w.+]+", "-", job)[:40].strip("-.")
    return f"{words or 'run'}-{day.isoformat()}-{number}"
