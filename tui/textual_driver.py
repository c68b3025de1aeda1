"""Textual's driver for a terminal that fitmon owns. The workarounds for Textual are collected here.

Each says which version made it necessary.
"""

from __future__ import annotations

import codecs
import os
import selectors
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from fitmon.tui.escape_keys import ESCAPE, split_escapes

ESCAPE_SECONDS = 0.05
"""Escape alone differs from the start of another key only in that nothing follows for so long. The codes of other keys
come in one packet, over a slow link too."""

if TYPE_CHECKING:
    # Textual takes 0.3 s to load; the first line on the screen does not wait for it.
    from textual.app import App
    from textual.driver import Driver
    from textual.drivers.linux_driver import LinuxDriver

    from fitmon.tui.terminal import Terminal
    from fitmon.tui.terminal_output import TerminalOutput

# How long Textual 8.2 waits after an escape byte for the rest of a key's code, in milliseconds, unless the user has set
# ESCDELAY. Its 100 accounts for most of the delay of the Escape key; half of that is still ample for a slow link.
os.environ.setdefault("ESCDELAY", "50")


class QuietMouse:
    """Reports the mouse only when a button is pressed: Textual 8.2 asks for bytes at each motion (mode 1003)."""

    _mouse: bool
    write: Callable[[str], None]

    def _enable_mouse_support(self) -> None:
        if self._mouse:
            self.write("\x1b[?1000h\x1b[?1002h\x1b[?1006h")

    def _disable_mouse_support(self) -> None:
        if self._mouse:
            self.write("\x1b[?1006l\x1b[?1002l\x1b[?1000l")


def driver_for(terminal: Terminal) -> type[Driver]:
    """Return the class with which Textual reads and writes this terminal."""
    from textual.drivers.linux_driver import LinuxDriver

    class OwnedTerminalDriver(QuietMouse, LinuxDriver):
        """Textual 8.2's driver, without descriptors 1 and 2, that survives the loss of the terminal."""

        def __init__(self, app: App[Any], **options: Any) -> None:
            super().__init__(app, **options)
            self._file = cast("Any", terminal.output)

        def _get_terminal_size(self) -> tuple[int, int]:
            # Textual uses descriptor 1, which is the log by now.
            try:
                columns, lines = os.get_terminal_size(terminal.output.fileno())
            except OSError:
                columns, lines = 80, 24
            # Called when the size changes: the terminal has moved what was on it.
            terminal.output.forget_cells(columns)
            return columns, lines

        def _sigcont_application(self, *_: Any) -> None:
            # Without a preceding SIGTSTP, a second reader would start, and each would receive some keys.
            if self._must_signal_resume:
                super()._sigcont_application()

        def start_application_mode(self) -> None:
            terminal.restored = False
            super().start_application_mode()  # type: ignore[no-untyped-call]  # untyped in Textual 8.2

        def stop_application_mode(self) -> None:
            terminal.wait_for_answers()
            super().stop_application_mode()
            terminal.restored = True

        def run_input_thread(self) -> None:
            # Stock: the end of the input makes a busy loop (textual PR #6690), an error closes the screen.
            if not _read_keys(self, self.exit_event, terminal.output):
                terminal.output.hang_up("the input of the terminal ended")

    return OwnedTerminalDriver


def _read_keys(driver: LinuxDriver, ended: threading.Event, output: TerminalOutput) -> bool:
    """Pass on what is typed until `ended`; return False when the terminal is lost."""
    from textual._xterm_parser import XTermParser
    from textual.events import Key

    parser = XTermParser()
    decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
    rest = ""
    with selectors.SelectSelector() as selector:
        selector.register(driver.fileno, selectors.EVENT_READ)
        while not ended.is_set():
            held, rest, text = rest, "", ""
            if selector.select(ESCAPE_SECONDS):
                try:
                    typed = os.read(driver.fileno, 4096)
                except OSError:
                    return False
                if not typed:
                    return False
                text = decode(typed)
            keys = output.answers.without_answers(text)
            pieces, rest = split_escapes(held + keys) if keys else ([held] * bool(held), "")
            if pieces:
                output.hurry()
            for piece in pieces:
                for event in [Key("escape", ESCAPE)] if piece == ESCAPE else parser.feed(piece):
                    driver.process_message(event)
            for event in parser.tick():
                driver.process_message(event)
            if output.is_due:
                driver.write("")
    return True


def keep_prints(app: App[Any]) -> None:
    """Let Python's prints reach descriptors 1 and 2, that is the log; Textual 8.2 would discard them."""
    hooked = cast("Any", app)
    hooked._capture_stdout = sys.stdout  # noqa: SLF001 - there is no public way
    hooked._capture_stderr = sys.stderr  # noqa: SLF001


def keep_colors(app: App[Any]) -> None:
    """Let every color reach the output, which maps it to the nearest of the terminal's; Rich 15 takes others."""
    from rich.color import ColorSystem

    app.console._color_system = ColorSystem.TRUECOLOR  # noqa: SLF001 - Textual 8.2 reads it from its own environment


def screen_error(app: App[Any]) -> BaseException | None:
    """Return the error that closed the screen; None if there was none. Textual 8.2 has no public access to it."""
    error: BaseException | None = getattr(app, "_exception", None)
    return error
