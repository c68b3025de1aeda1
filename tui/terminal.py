"""Owns the terminal while the screen stands. Every work-around for Textual and for terminals is fenced in here.

Each says which version made it necessary. TensorFlow's C++ log goes to descriptor 2, where Textual draws; so the
terminal is opened once more for Textual alone, and descriptors 1 and 2 lead to the run's log.
"""

from __future__ import annotations

import codecs
import contextlib
import locale
import os
import select
import selectors
import signal
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, cast

from fitmon.text.format import clean, to_ascii

if TYPE_CHECKING:
    # Textual takes 0.3 s to load; the first line on the screen does not wait for it.
    from textual.app import App
    from textual.driver import Driver
    from textual.drivers.linux_driver import LinuxDriver

STALL_SECONDS = 2.0
"""How long a terminal that takes no more bytes may hold up the end of the process."""

STALLED_SECONDS = 60.0
"""How long a terminal may take no byte before the screen goes away; far longer than a user holds it with ctrl+s."""

HANG_UP_EXIT_CODE = 128 + signal.SIGHUP

# How long Textual 8.2 waits after an escape byte for the rest of a key's code, in milliseconds, unless the user's own
# ESCDELAY says otherwise. Its 100 is most of what a press of Escape takes; half of that is still ample for a slow link.
os.environ.setdefault("ESCDELAY", "50")

RESTORE = (
    "\x1b[<u\x1b[?1000l\x1b[?1003l\x1b[?1006l\x1b[?1015l\x1b[?1004l\x1b[?2004l\x1b[?2048l\x1b[?7h\x1b[?1049l\x1b[?25h"
)
"""Undoes everything Textual 8.2 asks a terminal for, in case its own way out was not reached."""


def screen_refusal(environment: Mapping[str, str], input_is_terminal: bool, output_is_terminal: bool) -> str | None:
    """Return why the screen cannot be shown here, so that lines are printed instead; None when it can."""
    if not output_is_terminal:
        return "the output is not a terminal"
    if not input_is_terminal:
        return "the input is not a terminal, so no key could be read"
    term = environment.get("TERM", "")
    # Textual 8.2 sends colours and the alternate screen to a dumb terminal all the same.
    if term in {"", "dumb", "unknown"}:
        return f"TERM is {term!r}, a terminal that cannot move its cursor" if term else "TERM is not set"
    return None


def refusal_here() -> str | None:
    """Return why the screen cannot be shown on this process's own terminal; None when it can."""
    return screen_refusal(os.environ, os.isatty(0), os.isatty(1))


def speaks_utf_8() -> bool:
    """Return whether the terminal is to be sent UTF-8, as the locale says."""
    try:
        return codecs.lookup(locale.getpreferredencoding(do_setlocale=False)).name == "utf-8"
    except LookupError:
        return False


class TerminalOutput:
    """What Textual writes to, instead of descriptor 2.

    A terminal that has gone swallows what is written, and so does one that has stalled for too long. Stock Textual 8.2
    lets its writer thread die of the first and the main thread wait for ever on the second.
    """

    def __init__(self, descriptor: int, utf_8: bool, stalled_seconds: float | None = None) -> None:
        """Take over an open, non-blocking descriptor; the caller closes it.

        Args:
            descriptor: Of the terminal.
            utf_8: Whether it is to be sent UTF-8; else ASCII.
            stalled_seconds: How long it may take no byte before it counts as gone; None: for ever.
        """
        self._descriptor = descriptor
        self._utf_8 = utf_8
        self._stalled_seconds = stalled_seconds
        self._buffer: list[str] = []
        self._last_taken = time.monotonic()
        self.loss = ""
        """Why nothing is written any more, as a sentence's part; empty while something is."""
        self.hung_up = False
        """Whether the terminal has gone for good."""
        self.give_up_at: float | None = None
        """The moment of `time.monotonic` after which a stalled terminal is given up; None: it is waited for."""

    @property
    def gone(self) -> bool:
        """Whether nothing is written any more: the terminal hung up, or has stalled for too long."""
        return bool(self.loss)

    def fileno(self) -> int:
        """Return the descriptor of the terminal."""
        return self._descriptor

    def hang_up(self, reason: str) -> None:
        """Write nothing any more, for good; may be called by a signal handler."""
        self.hung_up = True
        self.loss = self.loss or reason

    def write(self, text: str) -> int:
        """Take text to be sent at the next `flush`."""
        self._buffer.append(text if self._utf_8 else to_ascii(text))
        return len(text)

    def flush(self) -> None:
        """Send everything taken so far."""
        data = "".join(self._buffer).encode("utf-8", errors="replace")
        self._buffer.clear()
        self._last_taken = time.monotonic()
        while data and not self.gone:
            data = data[self._send(data) :]

    def revives(self, wait_seconds: float = 0.0) -> bool:
        """Return whether a terminal that had stalled takes something again, and if so write to it again."""
        if self.hung_up or not _has_room(self._descriptor, wait_seconds):
            return False
        self.loss = ""
        return True

    def _send(self, data: bytes) -> int:
        try:
            taken = os.write(self._descriptor, data)
        except BlockingIOError:
            self._wait_or_give_up()
            return 0
        except OSError:
            self.hang_up("the terminal has gone")
            return 0
        self._last_taken = time.monotonic()
        return taken

    def _wait_or_give_up(self) -> None:
        now = time.monotonic()
        stalled_seconds = now - self._last_taken
        given_up = self.give_up_at is not None and now >= self.give_up_at
        if given_up or (self._stalled_seconds is not None and stalled_seconds >= self._stalled_seconds):
            self.loss = self.loss or f"the terminal took nothing for {stalled_seconds:.0f} seconds"
            return
        _has_room(self._descriptor, 0.1)
        # The kernel calls one byte of room enough, and yet takes no line break, which is two to a terminal.
        time.sleep(0.001)


def _has_room(descriptor: int, wait_seconds: float) -> bool:
    """Return whether something can be written without waiting longer; not to a terminal that hung up."""
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return poll.poll(wait_seconds * 1000) == [(descriptor, select.POLLOUT)]


class Terminal:
    """The terminal as it is owned: where Textual writes, and whether somebody asked the process to leave."""

    def __init__(self, output: TerminalOutput) -> None:
        self.output = output
        self.left_cleanly = True
        """Whether Textual restored the terminal itself, or never touched it."""
        self.signals_received: list[int] = []
        """Those that ask the process to end; not SIGHUP."""
        self.set_aside: list[int] = []
        """Descriptors that lead to the terminal and are kept until it is given back."""
        self._attributes: list[Any] | None = None
        with contextlib.suppress(termios.error):
            self._attributes = termios.tcgetattr(0)

    def exit_code(self) -> int | None:
        """Return the code to leave with once a signal came, `HANG_UP_EXIT_CODE` once the terminal went; else None."""
        if self.signals_received:
            return 128 + self.signals_received[0]
        return HANG_UP_EXIT_CODE if self.output.gone else None

    def show_first_line(self, text: str) -> None:
        """Clear the screen and say something at once; Textual draws over it when it is there."""
        self.left_cleanly = False
        self.output.write(f"\x1b[?1049h\x1b[?25l\x1b[2J\x1b[H {clean(text)}")
        self.output.flush()

    def receive(self, number: int, _frame: FrameType | None = None) -> None:
        """Note a signal; the application looks for it by its timer, since a handler may interrupt anything."""
        if number == signal.SIGHUP:
            self.output.hang_up("the terminal hung up (SIGHUP)")
            return
        self.signals_received.append(number)
        if self.output.give_up_at is None:
            self.output.give_up_at = time.monotonic() + STALL_SECONDS

    def give_back(self, wait_seconds: float = STALL_SECONDS, farewell: str = "") -> None:
        """Leave the terminal as it was found, with a few last words; a second time does nothing.

        One that stalled is waited for so many seconds. One that hung up is left alone, up to its attributes, for which
        nothing is written.
        """
        if self.output.revives(wait_seconds) if self.output.gone else not self.left_cleanly:
            self.left_cleanly = True
            self.output.give_up_at = time.monotonic() + STALL_SECONDS
            self.output.write(RESTORE + farewell)
            self.output.flush()
        self._restore_attributes()

    def let_go(self) -> None:
        """Train on without the terminal: read nothing from it, and let neither its keys nor its end do harm."""
        # What belongs to a background job must not be stopped for touching the terminal.
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        _forget_handlers_of_textual()
        self._restore_attributes()
        _lead(0, os.devnull)
        if self.output.hung_up:
            self.forget()

    def forget(self) -> None:
        """Keep no way to the terminal: whatever is printed from now on goes to the log, whoever prints it."""
        for descriptor in (self.output.fileno(), *self.set_aside):
            os.dup2(1, descriptor, inheritable=False)

    def _restore_attributes(self) -> None:
        if self._attributes is not None:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(0, termios.TCSANOW, self._attributes)


def _lead(descriptor: int, path: str) -> None:
    opened = os.open(path, os.O_RDWR)
    os.dup2(opened, descriptor)
    os.close(opened)


@contextlib.contextmanager
def owned_terminal(log_path: Path | None, stalled_seconds: float | None = None) -> Iterator[Terminal]:
    """Own the terminal of descriptor 1: it is drawn on by the yielded object alone.

    Until the end of the context whatever is written to descriptors 1 and 2 goes to the log, a file only the user can
    read; None: to a temporary file that is thrown away. Where the terminal has gone by then, it goes there for good.
    Signals that end a process are noted in the yielded object; so is a terminal that takes nothing for
    `stalled_seconds`.
    """
    descriptor = _open_again(1)
    terminal = Terminal(TerminalOutput(descriptor, speaks_utf_8(), stalled_seconds))
    try:
        with _streams_to(log_path, terminal), _signals_to(terminal):
            try:
                yield terminal
            finally:
                terminal.give_back()
                if terminal.output.gone:
                    terminal.forget()
    finally:
        os.close(descriptor)


def _open_again(descriptor: int) -> int:
    # A description of our own can be made non-blocking without making the shell's so.
    return os.open(os.ttyname(descriptor), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)


@contextlib.contextmanager
def _streams_to(log_path: Path | None, terminal: Terminal) -> Iterator[None]:
    log = _open_log(log_path)
    terminal.set_aside = kept = [os.dup(1), os.dup(2)]
    _flush_streams()
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    try:
        yield
    finally:
        _flush_streams()
        for descriptor, saved in zip((1, 2), kept, strict=True):
            os.dup2(saved, descriptor)
            os.close(saved)


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
    """Note SIGTERM, SIGINT, SIGQUIT and SIGHUP; stock Textual 8.2 dies of them in raw mode (textual #5140)."""
    noted = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP)
    before = {number: signal.signal(number, terminal.receive) for number in noted}
    try:
        yield
    finally:
        if terminal.output.hung_up:
            # What is left of the run is brought to the disk without being ended by a second one.
            before[signal.SIGHUP] = signal.SIG_IGN
        for number, handler in before.items():
            signal.signal(number, handler)
        _forget_handlers_of_textual()


def _forget_handlers_of_textual() -> None:
    # Textual 8.2 leaves its handlers for these behind; the one for SIGCONT would then raise in the main thread.
    for number in (signal.SIGTSTP, signal.SIGCONT, signal.SIGWINCH):
        signal.signal(number, signal.SIG_DFL)


def driver_for(terminal: Terminal) -> type[Driver]:
    """Return the class by which Textual reaches this terminal."""
    from textual.drivers.linux_driver import LinuxDriver

    class OwnedTerminalDriver(LinuxDriver):
        """Textual 8.2's driver, kept off descriptors 1 and 2 and alive when the terminal goes."""

        def __init__(self, app: App[Any], **options: Any) -> None:
            super().__init__(app, **options)
            self._file = cast("Any", terminal.output)

        def _get_terminal_size(self) -> tuple[int, int]:
            # Textual asks descriptor 1, which leads to the log by now.
            try:
                columns, lines = os.get_terminal_size(terminal.output.fileno())
            except OSError:
                return 80, 24
            return columns, lines

        def _sigcont_application(self, *_: Any) -> None:
            # Without a SIGTSTP before, resuming would start a second reader, and the two would share out the keys.
            if self._must_signal_resume:
                super()._sigcont_application()

        def start_application_mode(self) -> None:
            terminal.left_cleanly = False
            super().start_application_mode()  # type: ignore[no-untyped-call]  # untyped in Textual 8.2

        def stop_application_mode(self) -> None:
            super().stop_application_mode()
            terminal.left_cleanly = True

        def run_input_thread(self) -> None:
            # Stock: at the end of the input a core burns for ever (textual PR #6690), an error tears the screen down.
            if not _read_keys(self, self.exit_event):
                terminal.output.hang_up("the input of the terminal ended")

    return OwnedTerminalDriver


def _read_keys(driver: LinuxDriver, ended: threading.Event) -> bool:
    """Pass on what is typed until `ended`; return False when the terminal has gone."""
    from textual._xterm_parser import XTermParser
    from textual.constants import ESCAPE_DELAY

    # A press of Escape is told from the beginning of another key by what does not come within the delay.
    longest_wait_seconds = ESCAPE_DELAY + 0.002
    parser = XTermParser()
    decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
    with selectors.SelectSelector() as selector:
        selector.register(driver.fileno, selectors.EVENT_READ)
        while not ended.is_set():
            if selector.select(longest_wait_seconds):
                try:
                    typed = os.read(driver.fileno, 4096)
                except OSError:
                    return False
                if not typed:
                    return False
                for event in parser.feed(decode(typed)):
                    driver.process_message(event)
            for event in parser.tick():
                driver.process_message(event)
    return True


def takes_more(descriptor: int) -> bool:
    """Return whether there is room for some lines, waiting for it up to `STALL_SECONDS`.

    A print on a terminal that has stalled would keep the process for ever, one on a terminal that has gone would fail.
    """
    return _has_room(descriptor, STALL_SECONDS)


def leave_prints_alone(app: App[Any]) -> None:
    """Let Python's prints reach descriptors 1 and 2, that is the log; Textual 8.2 would swallow them."""
    hooked = cast("Any", app)
    hooked._capture_stdout = sys.stdout  # noqa: SLF001 - there is no public way
    hooked._capture_stderr = sys.stderr  # noqa: SLF001


def screen_error(app: App[Any]) -> BaseException | None:
    """Return the error that tore the screen down; None when none did. Textual 8.2 keeps it to itself."""
    error: BaseException | None = getattr(app, "_exception", None)
    return error
