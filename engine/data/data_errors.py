"""What goes wrong while data is read, told as the data's fault and without what TensorFlow wraps around it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from fitmon.engine.errors import DataError, FitmonError, StopRequested


@contextmanager
def reading(*, training: bool = False) -> Iterator[None]:
    """Raise what goes wrong while data is read as a DataError; while training, only what the data is at fault for."""
    try:
        yield
    except (FitmonError, StopRequested):
        raise
    except Exception as error:
        if training and "IteratorGetNext" not in str(error):
            raise
        raise DataError(f"The data could not be read: {_cause(error)}.") from error


def _cause(error: Exception) -> str:
    """Return what went wrong without what TensorFlow puts before and behind it."""
    message = getattr(error, "message", None)
    if not isinstance(message, str):
        return f"{type(error).__name__}: {error}".rstrip(".")
    told = re.split(r"\nTraceback|\n\s*\[\[| \[Op:", message)[0].strip().splitlines() or [message]
    return re.sub(r"^\{\{.*?\}\} ", "", told[-1]).rstrip(".")
