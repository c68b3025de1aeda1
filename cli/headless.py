"""Trains without a screen: in lines, where stdout carries them and nothing else, or without a word.

Signals end a run in good order; a terminal that hangs up does not.
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
"""How often a run that prints nothing is looked at: whether it is over, and whether a signal came."""

LONGEST_WAIT_SECONDS = 2.0

CHATTER = "^(WARNING: All log messages before absl::InitializeLog|[IW][0-9]{4} )"
"""What TensorFlow 2.21 says while it loads, whatever TF_CPP_MIN_LOG_LEVEL is, for grep; errors begin with E."""

MakeRun = Callable[[Callable[[Event], None]], AbstractContextManager[Run]]
"""Makes a run, ready to start, that tells a listener its events; the context lets go of it."""


def train_in_lines(
    make_run: MakeRun, *, as_json: bool, talk: Callable[[str], None], log_path: Path | None = None
) -> tuple[RunEnded | RunFailed, int]:
    """Train, print it line by line, and return how it ended and the exit code.

    When the terminal hangs up, only files are written to from then on. A run that is kept gets a `Detach` and trains
    on; one that is not, which nobody could find again, is stopped, and the code is 129.

    Args:
        make_run: see `MakeRun`.
        as_json: one JSON object a line, in place of lines for people.
        talk: told what belongs on stderr.
        log_path: of a run that is kept: what goes to stderr is written there too. None: it is not kept.
    """
    inbox: Inbox = SimpleQueue()
    with (
        contextlib.closing(_Outside(inbox, log_path)) as outside,
        _logged(outside),
        _stdout_for_lines_only(outside) as output,
        _heeding({signal.SIGHUP: outside.hang_up} | dict.fromkeys(STOP_SIGNALS, outside.stop)),
        _no_chatter(outside) as loaded,
        make_run(_tell_when_loaded(listener_into(inbox), loaded)) as run,
    ):
        run.start()
        ending = print_run(run, inbox, json_line if as_json else PlainLines(run.snapshot), output, talk)
        while not run.join(POLL_SECONDS):
            pass
    return ending, _exit_code(ending, outside.signals_received, output.error)


def train_headless(run: Run) -> tuple[RunEnded | RunFailed, int]:
    """Train a run that is ready to start, without a word, and return how it ended and the exit code.

    SIGINT and SIGTERM stop the run in good order, a second one kills; SIGHUP means nothing, as there is no terminal.
    """
    inbox: Inbox = SimpleQueue()
    outside = _Outside(inbox, log_path=None)
    with _heeding({signal.SIGHUP: signal.SIG_IGN} | dict.fromkeys(STOP_SIGNALS, outside.stop)):
        run.start()
        while not run.join(POLL_SECONDS):
            while not inbox.empty():
                run.send(cast("Stop", inbox.get()))
    ending = run.snapshot().ending
    if ending is None:
        raise FitmonError("Expected the training to say how it ended, received nothing.")
    return ending, exit_code_of(ending, outside.signals_received)


def _exit_code(ending: RunEnded | RunFailed, received: list[int], output_error: OSError | None) -> int:
    if output_error is not None and not isinstance(output_error, BrokenPipeError):
        raise DiskError(f"The output could not be written: {output_error.strerror}.")
    output_closed = [signal.SIGPIPE] if output_error is not None else []
    return exit_code_of(ending, received or output_closed)


class _Outside:
    """What ties this process to those who started it: signals, and descriptors until the terminal hangs up."""

    def __init__(self, inbox: Inbox, log_path: Path | None) -> None:
        self.log_path = log_path
        """Of a run that is kept, which outlives the terminal."""
        self.signals_received: list[int] = []
        """Those that stop the run."""
        self._inbox = inbox
        self._duplicates: list[int] = []
        self.hung_up = False
        """Whether the terminal has gone."""

    def duplicate(self, descriptor: int) -> int:
        """Return another descriptor for the same file, open until `close`."""
        self._duplicates.append(os.dup(descriptor))
        return self._duplicates[-1]

    def close(self) -> None:
        """Close the duplicates; later than anybody else could, since a signal may come until then."""
        for descriptor in self._duplicates:
            os.close(descriptor)

    def stop(self, number: int, _frame: FrameType | None = None) -> None:
        """Ask for a stop; a second signal of that number kills at once, as it would have without us."""
        self.signals_received.append(number)
        self._inbox.put(Stop(reason=f"stopped by {signal.Signals(number).name}"))
        signal.signal(number, signal.SIG_DFL)

    def hang_up(self, *_: object) -> None:
        """Write nothing more but to files, and let the run know; a second time does nothing."""
        if self.hung_up:
            return
        self.hung_up = True
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self._lead_nowhere()
        if self.log_path is not None:
            self._inbox.put(Detach(reason=HUNG_UP))
        else:
            self.signals_received.append(signal.SIGHUP)
            self._inbox.put(Stop(reason=HUNG_UP))

    def _lead_nowhere(self) -> None:
        nowhere = os.open(os.devnull, os.O_RDWR)
        talk = nowhere if self.log_path is None else open_log(self.log_path)
        # The duplicates first: another thread may be setting one of the others back to one of them.
        for descriptor, place in [(d, nowhere) for d in (*self._duplicates, 0)] + [(1, talk), (2, talk)]:
            if not _is_file(descriptor):
                os.dup2(place, descriptor)
        for descriptor in {nowhere, talk}:
            os.close(descriptor)


def open_log(path: Path) -> int:
    """Return a descriptor that writes at the end of a file that only the user can read."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


@contextlib.contextmanager
def _logged(outside: _Outside) -> Iterator[None]:
    """Write what goes to stderr into the run's log as well.

    `tee` does it, a process of its own in a session of its own: the last words of an abort reach both, and the log goes
    on when the terminal has gone.
    """
    if outside.log_path is None:
        yield
        return
    os.close(open_log(outside.log_path))
    with contextlib.ExitStack() as undo:
        real = outside.duplicate(2)
        with contextlib.suppress(OSError):  # without tee, the log is all there is to lose
            tee = subprocess.Popen(  # noqa: S603
                ["tee", "-a", "--", str(outside.log_path)],  # noqa: S607
                stdin=subprocess.PIPE,
                stdout=real,
                start_new_session=True,
            )
            undo.callback(_let_end, tee)
            os.dup2(cast("IO[bytes]", tee.stdin).fileno(), 2)
            undo.callback(os.dup2, real, 2)
        yield


def _let_end(tee: subprocess.Popen[bytes]) -> None:
    """Wait for what is still on its way; not for a process that the training left behind, which holds stderr too."""
    cast("IO[bytes]", tee.stdin).close()
    try:
        tee.wait(LONGEST_WAIT_SECONDS)
    except subprocess.TimeoutExpired:
        tee.kill()
        tee.wait()


def _is_file(descriptor: int) -> bool:
    try:
        return stat.S_ISREG(os.fstat(descriptor).st_mode)
    except OSError:
        return False


class _Lines(LineOutput):
    """The output; a terminal that has gone hangs up, whether or not a signal said so."""

    def __init__(self, file_descriptor: int, outside: _Outside) -> None:
        super().__init__(file_descriptor)
        self._outside = outside
        self._is_terminal = os.isatty(file_descriptor)

    def gone(self) -> bool:
        """Return whether nothing can be written any more although nobody hung up."""
        gone = super().gone()
        if gone and self._is_terminal:
            self._outside.hang_up()
        if gone and self._outside.hung_up:
            self.error = None
        return self.error is not None


@contextlib.contextmanager
def _stdout_for_lines_only(outside: _Outside) -> Iterator[LineOutput]:
    """Keep the real stdout for our lines; what TensorFlow or a model prints meanwhile lands on stderr."""
    if sys.stdout is None or sys.stderr is None:
        raise SetupError("Expected an open standard output and standard error, received closed ones.")
    sys.stdout.flush()
    private = outside.duplicate(1)
    os.dup2(2, 1)
    try:
        yield _Lines(private, outside)
    finally:
        sys.stdout.flush()
        os.dup2(private, 1)


@contextlib.contextmanager
def _no_chatter(outside: _Outside) -> Iterator[Callable[[], None]]:
    """Keep TensorFlow's chatter off stderr until the yielded function is called; everything else passes.

    Whoever sets TF_CPP_MIN_LOG_LEVEL wants to read it and does.

    The sieve is a process of its own because TensorFlow may abort while it loads, on a processor without AVX: its last
    words, which say why, would die with a thread or a buffer of this process.
    """
    if "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        yield lambda: None
        return
    with contextlib.ExitStack() as undo:
        real = outside.duplicate(2)
        with contextlib.suppress(OSError):  # without grep, chatter is all there is to lose
            sieve = subprocess.Popen(["grep", "-avE", CHATTER], stdin=subprocess.PIPE, stdout=real)  # noqa: S603, S607
            undo.enter_context(sieve)
            os.dup2(cast("IO[bytes]", sieve.stdin).fileno(), 2)
            undo.callback(os.dup2, real, 2)
        yield undo.close


def _tell_when_loaded(listener: Callable[[Event], None], loaded: Callable[[], None]) -> Callable[[Event], None]:
    def listen(event: Event) -> None:
        if isinstance(event, PhaseChanged) and event.phase is not Phase.STARTING:
            loaded()
        listener(event)

    return listen


@contextlib.contextmanager
def _heeding(handlers: Mapping[signal.Signals, Handler]) -> Iterator[None]:
    """Handle signals, but those that are ignored, as SIGHUP is under nohup; what a handler ignores stays ignored."""
    heeded = [number for number in handlers if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, handlers[number]) for number in heeded}
    try:
        yield
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, handler)
