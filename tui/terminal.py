"""Owns the terminal while the screen is open, and restores it.

TensorFlow's C++ log goes to descriptor 2, where Textual draws. So the terminal is opened again for Textual alone, and
descriptors 1 and 2 are redirected to the log of the run.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import tempfile
import termios
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from fitmon.text.format import clean
from fitmon.text.roles import Color
from fitmon.tui.color_depth import depth_of
from fitmon.tui.locale_text import shows_utf_8, user_environment
from fitmon.tui.terminal_answers import background_by_environment, can_ask
from fitmon.tui.terminal_output import MAX_EXIT_WAIT_SECONDS, TerminalOutput

HANG_UP_EXIT_CODE = 128 + signal.SIGHUP

DETACHED = -1
"""In place of an exit code: the user left the screen, and the run continues."""

RESTORE = "\x1b[<u\x1b[?1000l\x1b[?1002l\x1b[?1006l\x1b[?1004l\x1b[?2004l\x1b[?2048l\x1b[?7h\x1b[?1049l\x1b[?25h"
"""Undoes every mode that Textual 8.2 sets, in case Textual did not restore the terminal itself."""


def screen_refusal(environment: Mapping[str, str], input_is_terminal: bool, output_is_terminal: bool) -> str | None:
    """Return why the screen cannot be shown here, so that lines are printed instead; None if it can."""
    if not output_is_terminal:
        return "the output is not a terminal"
    if not input_is_terminal:
        return "the input is not a terminal, so no key could be read"
    term = environment.get("TERM", "")
    # Textual 8.2 sends colors and the alternate screen to a dumb terminal too.
    if term in {"", "dumb", "unknown"}:
        return f"TERM is {term!r}, a terminal that cannot move its cursor" if term else "TERM is not set"
    return None


def refusal_here() -> str | None:
    """Return why the screen cannot be shown on the terminal of this process; None if it can."""
    return screen_refusal(os.environ, os.isatty(0), os.isatty(1))


class Terminal:
    """An owned terminal: the output that Textual writes to, and the signals received."""

    def __init__(self, output: TerminalOutput) -> None:
        self.output = output
        self.restored = True
        """Whether the terminal is as it was found: Textual restored it, or never changed it."""
        self.signals_received: list[int] = []
        """The signals that ask the process to end; not SIGHUP."""
        self.saved_descriptors: list[int] = []
        """Duplicates of the original descriptors 1 and 2, kept until the terminal is restored."""
        self._attributes: list[Any] | None = None
        with contextlib.suppress(termios.error):
            self._attributes = termios.tcgetattr(0)

    def exit_code(self) -> int | None:
        """Return the exit code once a signal came, `HANG_UP_EXIT_CODE` once the terminal is lost; else None."""
        if self.signals_received:
            return 128 + self.signals_received[0]
        return HANG_UP_EXIT_CODE if self.output.lost else None

    @property
    def shows_unicode(self) -> bool:
        """Whether it is sent UTF-8."""
        return self.output.utf_8

    def background(self) -> Color | None:
        """Return the color of the background, as the terminal or its environment says; None while it is not known."""
        return self.output.answers.background or background_by_environment(os.environ)

    def forget_cells(self) -> None:
        """Send every cell anew when it is drawn the next time."""
        self.output.forget_cells()

    def show_first_line(self, text: str) -> None:
        """Clear the screen and show a line at once; Textual draws over it when it is loaded."""
        self.restored = False
        self._stop_echo()
        questions = self.output.answers.questions() if can_ask(os.environ) else ""
        self.output.write(f"\x1b[?1049h\x1b[?25l\x1b[2J{questions}\x1b[H {clean(text)}")
        self.output.flush()

    def _stop_echo(self) -> None:
        """Keep what is typed, and what the terminal answers, from the screen; Textual does so once it is loaded."""
        if self._attributes is None:
            return
        quiet = [*self._attributes]
        quiet[3] &= ~(termios.ECHO | termios.ICANON)
        with contextlib.suppress(termios.error):
            termios.tcsetattr(0, termios.TCSANOW, quiet)

    def receive(self, number: int, _frame: FrameType | None = None) -> None:
        """Record a signal; the application checks for it by its timer, since a handler may interrupt anything."""
        if number == signal.SIGHUP:
            self.output.hang_up("the terminal hung up (SIGHUP)")
            return
        self.signals_received.append(number)
        if self.output.give_up_at is None:
            self.output.give_up_at = time.monotonic() + MAX_EXIT_WAIT_SECONDS

    def restore(self, wait_seconds: float = MAX_EXIT_WAIT_SECONDS, farewell: str = "") -> None:
        """Restore the terminal as it was found and print a farewell; a second call has no effect.

        A stalled terminal is waited for up to `wait_seconds`. Of one that hung up only the attributes are restored, for
        which nothing is written.
        """
        self._take_last_answers()
        if self.output.revives(wait_seconds) if self.output.lost else not self.restored:
            self.restored = True
            self.output.give_up_at = time.monotonic() + MAX_EXIT_WAIT_SECONDS
            self.output.write(RESTORE + farewell)
            self.output.flush()
        self._restore_attributes()

    def _take_last_answers(self) -> None:
        """Read the answers that are on their way if the screen ended before it read them."""
        answers = self.output.answers
        while (seconds := answers.seconds_to_wait) and not self.output.lost:
            if select.select([0], [], [], seconds)[0]:
                typed = os.read(0, 4096)
                answers.without_answers(typed.decode("utf-8", errors="replace"))
                if not typed:
                    return

    def wait_for_answers(self) -> None:
        """Wait while an answer is on its way that the thread which reads the keys will take."""
        while self.output.answers.seconds_to_wait and not self.output.lost:
            time.sleep(0.01)

    def give_back(self, reason: str) -> None:
        """Leave the terminal to others for good; from then on it is as if it had hung up."""
        self.restore()
        self.output.hang_up(reason)

    def detach(self) -> None:
        """Detach from the terminal: stop reading it, and ignore its keys and its end."""
        # A background job must not be stopped for using the terminal.
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        _reset_signal_handlers()
        self._restore_attributes()
        _redirect(0, os.devnull)
        if self.output.hung_up:
            self.close()

    def close(self) -> None:
        """Close every descriptor of the terminal; whatever is printed from now on goes to the log."""
        for descriptor in (self.output.fileno(), *self.saved_descriptors):
            os.dup2(1, descriptor, inheritable=False)

    def _restore_attributes(self) -> None:
        if self._attributes is not None:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(0, termios.TCSANOW, self._attributes)


def _redirect(descriptor: int, path: str) -> None:
    opened = os.open(path, os.O_RDWR)
    os.dup2(opened, descriptor)
    os.close(opened)


@contextlib.contextmanager
def owned_terminal(
    log_path: Path | None, stalled_seconds: float | None = None, *, ascii_only: bool = False
) -> Iterator[Terminal]:
    """Own the terminal of descriptor 1: only the yielded object draws on it.

    Until the end of the context, whatever is written to descriptors 1 and 2 goes to the log, a file only the user can
    read; None: to a temporary file that is discarded. If the terminal is lost by then, it goes there for good. The
    yielded object records signals that end a process, and a terminal that accepts nothing for `stalled_seconds`.
    What it draws is ASCII if the locale asks for it, or if `ascii_only`.
    """
    descriptor = _open_again(1)
    utf_8 = not ascii_only and shows_utf_8(user_environment())
    terminal = Terminal(TerminalOutput(descriptor, utf_8, stalled_seconds, depth_of(os.environ)))
    try:
        with _streams_to(log_path, terminal), _signals_to(terminal):
            try:
                yield terminal
            finally:
                terminal.restore()
                if terminal.output.lost:
                    terminal.close()
    finally:
        os.close(descriptor)


def _open_again(descriptor: int) -> int:
    # A file description of its own can be made non-blocking without affecting that of the shell.
    return os.open(os.ttyname(descriptor), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)


@contextlib.contextmanager
def _streams_to(log_path: Path | None, terminal: Terminal) -> Iterator[None]:
    log = _open_log(log_path)
    terminal.saved_descriptors = saved = [os.dup(1), os.dup(2)]
    _flush_streams()
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    try:
        yield
    finally:
        _flush_streams()
        for descriptor, original in zip((1, 2), saved, strict=True):
            os.dup2(original, descriptor)
            os.close(original)


def _open_log(log_path: Path | None) -> int:
    if log_path is None:
        descriptor, name = tempfile.mkstemp(prefix="fitmon-", suffix=".log")
        Path(name).unlink()
        return descriptor
    log_path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)


def _flush_streams() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()


@contextlib.contextmanager
def _signals_to(terminal: Terminal) -> Iterator[None]:
    """Record SIGTERM, SIGINT, SIGQUIT and SIGHUP; they kill stock Textual 8.2 in raw mode (textual #5140)."""
    recorded = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP)
    before = {number: signal.signal(number, terminal.receive) for number in recorded}
    try:
        yield
    finally:
        if terminal.output.hung_up:
            # A second one must not end the process while the run is being saved.
            before[signal.SIGHUP] = signal.SIG_IGN
        for number, handler in before.items():
            signal.signal(number, handler)
        _reset_signal_handlers()


def _reset_signal_handlers() -> None:
    # Textual 8.2 leaves its handlers behind; that for SIGCONT would raise in the main thread.
    for number in (signal.SIGTSTP, signal.SIGCONT, signal.SIGWINCH):
        signal.signal(number, signal.SIG_DFL)
