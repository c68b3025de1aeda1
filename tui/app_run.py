"""Runs an application on the terminal that fitmon owns, and says what went wrong if it fails."""

from __future__ import annotations

import contextlib
import gc
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from fitmon.text.format import NO_BREAK, clean, to_ascii
from fitmon.tui.textual_driver import keep_colors, keep_prints, screen_error

if TYPE_CHECKING:
    from fitmon.tui.themed_app import ThemedApp


@contextlib.contextmanager
def quick_imports() -> Iterator[None]:
    """Load modules without collecting garbage, a tenth of the time: they make many objects and free none."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def run_app(app: ThemedApp, *, mouse: bool) -> tuple[int | None, BaseException | None]:
    """Run an application until it exits.

    Args:
        app: The application, whose driver is that of an owned terminal.
        mouse: Whether the terminal reports the mouse.

    Returns:
        Its exit code, None if it failed; and the error that closed it, None if there was none.
    """
    keep_prints(app)
    keep_colors(app)
    try:
        code = app.run(mouse=mouse)
    finally:
        # What the application left out of garbage collection; a script that showed a run goes on.
        gc.unfreeze()
    return code, screen_error(app)


def print_screen_failure(error: BaseException, log_path: Path | None) -> None:
    """Print to descriptor 2 that an error closed the screen, and the log that has the details; None: there is none."""
    details = f"; details in {log_path}" if log_path is not None else ""
    message = f"The screen failed: {clean(repr(error))}{details}."
    print(for_stream(message, sys.stderr), file=sys.stderr)  # noqa: T201 - the screen is closed


def for_stream(line: str, stream: TextIO) -> str:
    """Return a line as it is printed there: without no-break spaces, in ASCII unless the stream encodes UTF-8."""
    line = line.replace(NO_BREAK, " ")
    return line if (stream.encoding or "").lower().replace("-", "") == "utf8" else to_ascii(line)
