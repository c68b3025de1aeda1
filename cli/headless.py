"""Trains without a screen: prints lines to stdout, or runs in the background and prints nothing.

SIGINT and SIGTERM stop a run cleanly; a terminal that hangs up does not stop it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from queue import SimpleQueue
from typing import IO, TYPE_CHECKING, Any, cast

from fitmon.cli.print_run import Inbox, LineOutput, listener_into, print_run
from fitmon.engine.commands import Detach, Stop
from fitmon.engine.errors import DiskError, FitmonError, SetupError
from fitmon.engine.events import Event, Phase, PhaseChanged, RunEnded, RunFailed
from fitmon.text.lines import PlainLines, json_line
from fitmon.tui.run import Run, exit_code_of

if TYPE_CHECKING:
    from types import FrameType

    Handler = Callable[[int, FrameType | None], Any] | signal.Handlers

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)

HUNG_UP = "the terminal hung up"

POLL_SECONDS = 0.5
"""How often a run that prints nothing is polled: whether it has ended, and whether a signal arrived."""

MAX_WAIT_SECONDS = 2.0

LOADING_LOG_LINES = "^(WARNING: All log messages before absl::InitializeLog|[IW][0-9]{4} )"
"""A grep pattern for what TensorFlow 2.21 logs while it loads, at any TF_CPP_MIN_LOG_LEVEL; errors begin with E."""

MakeRun = Callable[[Callable[[Event], None]], AbstractContextManager[Run]]
"""Makes a run, ready to start, that passes its events to a listener; leaving the context closes it."""


def train_in_lines(
    make_run: MakeRun, *, as_json: bool, print_message: Callable[[str], None], log_path: Path | None = None
) -> tuple[RunEnded | RunFailed, int]:
    """Train, print the run line by line, and return how it ended and the exit code.

    When the terminal hangs up, only files are written from then on. A saved run is sent a `Detach` and keeps training;
    one that is not saved could not be found again, so it is stopped, and the code is 129.

    Args:
        make_run: see `MakeRun`.
        as_json: one JSON object a line, in place of lines for people.
        print_message: prints a line on stderr.
        log_path: the log of a saved run, which gets a copy of stderr. None: the run is not saved.
    """
    inbox: Inbox = SimpleQueue()
    with (
        contextlib.closing(_ProcessLinks(inbox, log_path)) as links,
        _stderr_copied_to_log(links),
        _stdout_for_lines_only(links) as output,
        _signal_handlers({signal.SIGHUP: links.hang_up} | dict.fromkeys(STOP_SIGNALS, links.stop)),
        _loading_log_filtered(links) as loaded,
        make_run(_call_when_loaded(listener_into(inbox), loaded)) as run,
    ):
        run.start()
        ending = print_run(run, inbox, json_line if as_json else PlainLines(run.snapshot), output, print_message)
        while not run.join(POLL_SECONDS):
            pass
    return ending, _exit_code(ending, links.signals_received, output.error)


def train_headless(run: Run) -> tuple[RunEnded | RunFailed, int]:
    """Train a run that is ready to start, print nothing, and return how it ended and the exit code.

    SIGINT and SIGTERM stop the run cleanly, a second one kills it; SIGHUP is ignored, as there is no terminal.
    """
    inbox: Inbox = SimpleQueue()
    links = _ProcessLinks(inbox, log_path=None)
    with _signal_handlers({signal.SIGHUP: signal.SIG_IGN} | dict.fromkeys(STOP_SIGNALS, links.stop)):
        run.start()
        while not run.join(POLL_SECONDS):
            while not inbox.empty():
                run.send(cast("Stop", inbox.get()))
    ending = run.snapshot().ending
    if ending is None:
        raise FitmonError("The training ended without a result.")
    return ending, exit_code_of(ending, links.signals_received)


def _exit_code(ending: RunEnded | RunFailed, received: list[int], output_error: OSError | None) -> int:
    if output_error is not None and not isinstance(output_error, BrokenPipeError):
        raise DiskError(f"The output could not be written: {output_error.strerror}.")
    output_closed = [signal.SIGPIPE] if output_error is not None else []
    return exit_code_of(ending, received or output_closed)


class _ProcessLinks:
    """What connects this process to the one that started it: signals, and descriptors until the terminal hangs up."""

    def __init__(self, inbox: Inbox, log_path: Path | None) -> None:
        self.log_path = log_path
        """The log of a saved run, which outlives the terminal; None: the run is not saved."""
        self.signals_received: list[int] = []
        """The signals that stopped the run."""
        self._inbox = inbox
        self._duplicates: list[int] = []
        self.hung_up = False
        """Whether the terminal is gone."""

    def duplicate(self, descriptor: int) -> int:
        """Return another descriptor for the same file, open until `close`."""
        self._duplicates.append(os.dup(descriptor))
        return self._duplicates[-1]

    def close(self, later_than: int | None = None) -> None:
        """Close the duplicates, or those made after one of them; only without signal handlers, which use them."""
        first = 0 if later_than is None else self._duplicates.index(later_than) + 1
        for descriptor in self._duplicates[first:]:
            os.close(descriptor)
        del self._duplicates[first:]

    def stop(self, number: int, _frame: FrameType | None = None) -> None:
        """Request a stop; a second signal of that number kills the process at once, as by default."""
        self.signals_received.append(number)
        self._inbox.put(Stop(reason=f"stopped by {signal.Signals(number).name}"))
        signal.signal(number, signal.SIG_DFL)

    def hang_up(self, *_: object) -> None:
        """Write only to files from now on, and send the run a command; does nothing the second time."""
        if self.hung_up:
            return
        self.hung_up = True
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self._redirect_descriptors()
        if self.log_path is not None:
            self._inbox.put(Detach(reason=HUNG_UP))
        else:
            self.signals_received.append(signal.SIGHUP)
            self._inbox.put(Stop(reason=HUNG_UP))

    def _redirect_descriptors(self) -> None:
        null = os.open(os.devnull, os.O_RDWR)
        log = null if self.log_path is None else open_log(self.log_path)
        # The duplicates first: another thread may be restoring a standard descriptor from one of them.
        for descriptor, target in [(d, null) for d in (*self._duplicates, 0)] + [(1, log), (2, log)]:
            if not _is_file(descriptor):
                os.dup2(target, descriptor)
        for descriptor in {null, log}:
            os.close(descriptor)


def open_log(path: Path) -> int:
    """Return a descriptor that appends to a file that only the user can read."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


@contextlib.contextmanager
def _stderr_copied_to_log(links: _ProcessLinks) -> Iterator[None]:
    """Copy stderr into the run's log.

    `tee` does it in a process and session of its own, so that the message of an abort reaches both, and the log
    continues when the terminal is gone.
    """
    if links.log_path is None:
        yield
        return
    os.close(open_log(links.log_path))
    with contextlib.ExitStack() as undo:
        real = links.duplicate(2)
        with contextlib.suppress(OSError):  # without tee, only the log is lost
            tee = subprocess.Popen(  # noqa: S603
                ["tee", "-a", "--", str(links.log_path)],  # noqa: S607
                stdin=subprocess.PIPE,
                stdout=real,
                start_new_session=True,
            )
            undo.callback(_wait_for_end, tee)
            # tee ends when nothing refers to its input any more.
            undo.callback(links.close, later_than=real)
            os.dup2(cast("IO[bytes]", tee.stdin).fileno(), 2)
            undo.callback(os.dup2, real, 2)
        yield


def _wait_for_end(tee: subprocess.Popen[bytes]) -> None:
    """Wait until tee has written everything; not for a process left by the training that keeps stderr open."""
    cast("IO[bytes]", tee.stdin).close()
    try:
        tee.wait(MAX_WAIT_SECONDS)
    except subprocess.TimeoutExpired:
        tee.kill()
        tee.wait()


def _is_file(descriptor: int) -> bool:
    try:
        return stat.S_ISREG(os.fstat(descriptor).st_mode)
    except OSError:
        return False


class _TerminalLineOutput(LineOutput):
    """Line output that treats a closed terminal as hung up, even without a SIGHUP."""

    def __init__(self, file_descriptor: int, links: _ProcessLinks) -> None:
        super().__init__(file_descriptor)
        self._links = links
        self._is_terminal = os.isatty(file_descriptor)

    def gone(self) -> bool:
        """Return whether the output is closed and the terminal has not hung up."""
        gone = super().gone()
        if gone and self._is_terminal:
            self._links.hang_up()
        if gone and self._links.hung_up:
            self.error = None
        return self.error is not None


@contextlib.contextmanager
def _stdout_for_lines_only(links: _ProcessLinks) -> Iterator[LineOutput]:
    """Reserve stdout for the lines; send what TensorFlow or a model prints to stderr."""
    if sys.stdout is None or sys.stderr is None:
        raise SetupError("Expected standard output and standard error to be open; at least one is closed.")
    sys.stdout.flush()
    private = links.duplicate(1)
    os.dup2(2, 1)
    try:
        yield _TerminalLineOutput(private, links)
    finally:
        sys.stdout.flush()
        os.dup2(private, 1)


@contextlib.contextmanager
def _loading_log_filtered(links: _ProcessLinks) -> Iterator[Callable[[], None]]:
    """Remove TensorFlow's loading messages from stderr until the yielded function is called.

    Does nothing if the user sets TF_CPP_MIN_LOG_LEVEL. The filter is a process of its own because TensorFlow may abort
    while it loads, on a processor without AVX: a thread or buffer of this process would lose the message that says why.
    """
    if "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        yield lambda: None
        return
    with contextlib.ExitStack() as undo:
        real = links.duplicate(2)
        with contextlib.suppress(OSError):  # without grep, the messages are shown
            grep = subprocess.Popen(["grep", "-avE", LOADING_LOG_LINES], stdin=subprocess.PIPE, stdout=real)  # noqa: S603, S607
            undo.enter_context(grep)
            os.dup2(cast("IO[bytes]", grep.stdin).fileno(), 2)
            undo.callback(os.dup2, real, 2)
        yield undo.close


def _call_when_loaded(listener: Callable[[Event], None], loaded: Callable[[], None]) -> Callable[[Event], None]:
    def listen(event: Event) -> None:
        if isinstance(event, PhaseChanged) and event.phase is not Phase.STARTING:
            loaded()
        listener(event)

    return listen


@contextlib.contextmanager
def _signal_handlers(handlers: Mapping[signal.Signals, Handler]) -> Iterator[None]:
    """Install signal handlers for the context; a signal that is ignored, as SIGHUP is under nohup, stays ignored."""
    handled = [number for number in handlers if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, handlers[number]) for number in handled}
    try:
        yield
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, handler)
