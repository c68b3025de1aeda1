"""Valid names of runs: a name is also a folder's, is typed as an argument, and is shown on the screen."""

import re
from datetime import date

from fitmon.engine.errors import UsageError

MAX_NAME_LENGTH = 80
"""In characters."""
MAX_NAME_BYTES = 200
"""Most file systems allow 255."""


def check_run_name(text: str) -> str:
    """Return a name without surrounding spaces; raises UsageError when it is not valid."""
    name = text.strip()
    if not is_run_name(name):
        raise UsageError(
            f"Expected a name of 1 to {MAX_NAME_LENGTH} printable characters without slashes that does not start with "
            f"a dot or dash, received {text!r}."
        )
    return name


def is_run_name(text: str) -> bool:
    """Return whether a name is valid."""
    return (
        0 < len(text) <= MAX_NAME_LENGTH
        and text.isprintable()
        and text == text.strip()
        and text[0] not in ".-"
        and not set(text) & {"/", "\\"}
        and len(text.encode()) <= MAX_NAME_BYTES
    )


def dated_name(job: str, day: date, number: int) -> str:
    """Return a name such as `mnist-2026-11-22-1`; characters of the job that a name must not have become dashes."""
    words = re.sub(r"[^\w.+]+", "-", job)[:40].strip("-.")
    return f"{words or 'run'}-{day.isoformat()}-{number}"
