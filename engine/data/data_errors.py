"""Turns errors while data is read into DataErrors, without what TensorFlow wraps around them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from fitmon.engine.errors import DataError, FitmonError, StopRequested


@contextmanager
def data_errors(*, training: bool = False) -> Iterator[None]:
    """Raise errors while data is read as DataErrors; while training, only those caused by the data."""
    try:
        yield
    except (FitmonError, StopRequested):
        raise
    except Exception as error:
        if training and "IteratorGetNext" not in str(error):
            raise
        raise DataError(f"The data could not be read: {_cause(error)}.") from error


def _cause(error: Exception) -> str:
    """Return the cause without what TensorFlow puts before and after it."""
    message = getattr(error, "message", None)
    if not isinstance(message, str):
        return f"{type(error).__name__}: {error}".rstrip(".")
    lines = re.split(r"\nTraceback|\n\s*\[\[| \[Op:", message)[0].strip().splitlines() or [message]
    return re.sub(r"^\{\{.*?\}\} ", "", lines[-1]).rstrip(".")
