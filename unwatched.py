"""Runs a job without a screen: stdout carries the lines and nothing else, signals end the run in good order."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import IO, TYPE_CHECKING, cast

from fitmon.engine.commands import Command, Stop
from fitmon.engine.errors import EXIT_CODES, DiskError, FitmonError, SetupError
from fitmon.engine.events import Event, Phase, PhaseChanged, RunEnded, RunFailed
from fitmon.engine.session import Session
from fitmon.tui.plain import Inbox, LineOutput, PlainLines, json_line, listener_into, print_run

if TYPE_CHECKING:
    from types import FrameType

    from fitmon.engine.job import Job

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
EXIT_OUTPUT_CLOSED = 128 + signal.SIGPIPE

CHATTER = "^(WARNING: All log messages before absl::InitializeLog|[IW][0-9]{4} )"
"""What TensorFlow 2.21 says while it loads, whatever TF_CPP_MIN_LOG_LEVEL is, for grep; errors begin with E."""


def train_in_lines(
    job: Job, *, name: str | None, commands: list[Command], as_json: bool, talk: Callable[[str], None]
) -> tuple[RunEnded | RunFailed, int]:
    """Train a job, print it line by line, and return how it ended and the exit code.

    Args:
        job: what to train.
        name: what the run is called; None: as the job.
        commands: sent before the start.
        as_json: one JSON object a line, in place of lines for people.
        talk: told what belongs on stderr.
    """
    inbox: Inbox = SimpleQueue()
    with _stdout_for_lines_only() as output, _signals_as_stops(inbox) as received, _no_chatter() as loaded:
        listener = _tell_when_loaded(listener_into(inbox), loaded)
        session = Session(job, name=name, on_event=listener, stop_when_non_finite=True)
        for command in commands:
            session.send(command)
        session.start()
        ending = print_run(session, inbox, json_line if as_json else PlainLines(), output, talk)
        session.join()
    return ending, _exit_code(ending, received, output.error)


def _exit_code(ending: RunEnded | RunFailed, received: list[int], output_error: OSError | None) -> int:
    if output_error is not None and not isinstance(output_error, BrokenPipeError):
        raise DiskError(f"The output could not be written: {output_error.strerror}.")
    if isinstance(ending, RunFailed):
        return EXIT_CODES.get(ending.kind, FitmonError.exit_code)
    if ending.completed:
        return 0
    return 128 + received[0] if received else EXIT_OUTPUT_CLOSED


@contextlib.contextmanager
def _stdout_for_lines_only() -> Iterator[LineOutput]:
    """Keep the real stdout for our lines; what TensorFlow or a model prints meanwhile lands on stderr."""
    if sys.stdout is None or sys.stderr is None:
        raise SetupError("Expected an open standard output and standard error, received closed ones.")
    sys.stdout.flush()
    private = os.dup(1)
    os.dup2(2, 1)
    try:
        yield LineOutput(private)
    finally:
        sys.stdout.flush()
        os.dup2(private, 1)
        os.close(private)


@contextlib.contextmanager
def _no_chatter() -> Iterator[Callable[[], None]]:
    """Keep TensorFlow's chatter off stderr until the yielded function is called; everything else passes.

    Whoever sets TF_CPP_MIN_LOG_LEVEL wants to read it and does.

    The sieve is a process of its own because TensorFlow may abort while it loads, on a processor without AVX: its last
    words, which say why, would die with a thread or a buffer of this process.
    """
    if "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        yield lambda: None
        return
    with contextlib.ExitStack() as undo:
        real = os.dup(2)
        undo.callback(os.close, real)
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
def _signals_as_stops(inbox: Inbox) -> Iterator[list[int]]:
    """Turn the first signal into a Stop; a second one kills at once, as it would have without us."""
    received: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        inbox.put(Stop(reason=f"stopped by {signal.Signals(number).name}"))
        signal.signal(number, signal.SIG_DFL)

    # A signal that is ignored, as under nohup, stays ignored.
    heeded = [number for number in STOP_SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in heeded}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
