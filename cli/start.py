"""Trains what a command asked for, under the screen, in lines, or with nobody looking; every command meets here."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from fitmon.cli.options import in_order
from fitmon.engine.errors import DiskError, FitmonError, SetupError

if TYPE_CHECKING:
    from fitmon.engine.checkpoints.policy import CheckpointPolicy
    from fitmon.engine.checkpoints.resume_point import ResumePoint
    from fitmon.engine.commands import Command, Keep
    from fitmon.engine.events import Event, RunEnded, RunFailed
    from fitmon.engine.job import Job
    from fitmon.engine.record.record import Snapshot
    from fitmon.engine.runs.run_folder import RunFolder
    from fitmon.engine.training.kept_run import KeptRun
    from fitmon.engine.training.session import Session
    from fitmon.tui.options import RewindOptions

Frontend = Literal["screen", "plain", "json", "nobody"]

BY = "command line"
"""Who asks for what the command line says, in the journal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A training to be started."""

    job: Job
    folder: RunFolder | None
    """Where it is kept; None: nowhere."""
    policy: CheckpointPolicy
    name: str
    """What the screen calls it."""
    resume_point: ResumePoint | None = None
    """Where another process left it; None: it begins."""
    commands: tuple[Command, ...] = ()
    """Asked of it before it starts."""
    exit_when_over: bool = False
    mouse: bool = True
    debug: bool = False
    """Whether a failure shows its traceback."""


def say(message: str) -> None:
    """Print one line on stderr, with whatever a terminal could obey made visible."""
    line = " ".join(message.split())
    visible = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in line)
    print(f"fitmon: {visible}", file=sys.stderr, flush=True)  # noqa: T201 - stderr is where a command line talks


def choose_frontend(*, plain: bool, json: bool) -> Frontend:
    """Decide who shows the run: the screen where a terminal can carry it, else lines, for people or as JSON."""
    if plain or json:
        return "json" if json else "plain"
    if not os.isatty(1):
        return "plain"
    from fitmon.tui.terminal import refusal_here

    refusal = refusal_here()
    if refusal is not None:
        say(f"printing lines in place of the screen, because {refusal}")
    return "screen" if refusal is None else "plain"


def refuse_other_backend() -> None:
    """Raise SetupError where Keras is told to use another backend than TensorFlow."""
    backend = os.environ.get("KERAS_BACKEND")
    if backend not in {None, "", "tensorflow"}:
        raise SetupError(
            f"Expected Keras to use the backend tensorflow, received KERAS_BACKEND={backend}. "
            "Set KERAS_BACKEND=tensorflow."
        )


def commands_of(given: dict[str, Any], changes: Mapping[str, float] | None = None) -> tuple[Command, ...]:
    """Return what the options ask of a run before it starts, and changes of knobs for the next epoch."""
    from fitmon.engine.commands import Export, Pause, PauseAt, SetKnob

    pause = (Pause(at=PauseAt.CHUNK),) if given["paused"] else ()
    scheduled = [SetKnob(knob=knob, value=value, epoch=epoch) for epoch, knob, value in in_order(given["at"])]
    now = [SetKnob(knob=knob, value=value) for knob, value in (changes or {}).items()]
    keep: Keep = given["keep"] or "best"
    export = [] if given["export"] is None else [Export(path=str(given["export"]), keep=keep, at_end=True)]
    return (*export, *pause, *now, *scheduled)


def train(start: Start, frontend: Frontend) -> int:
    """Train, show it, and return the exit code; raises FitmonError when the training cannot begin."""
    if frontend == "screen":
        return _train_on_screen(start)
    if frontend == "nobody":
        return _train_unseen(start)
    return _train_in_lines(start, as_json=frontend == "json")


@contextlib.contextmanager
def _run(
    start: Start,
    on_event: Callable[[Event], None] | None = None,
    *,
    watched: bool = False,
) -> Iterator[KeptRun | Session]:
    """Yield the run, ready to start, and let go of it in the end."""
    from fitmon.engine.training.kept_run import KeptRun
    from fitmon.engine.training.session import Session

    if start.folder is None:
        session = Session(
            start.job,
            name=start.name,
            on_event=on_event,
            stop_when_non_finite=not watched,
            summarize_epochs=not watched,
        )
        for command in start.commands:
            session.send(command)
        yield session
        return
    run = KeptRun(
        start.job,
        start.folder,
        policy=start.policy,
        resume_point=start.resume_point,
        name=start.name,
        on_event=on_event,
        stop_when_non_finite=not watched,
        summarize_epochs=not watched,
        wait_after_end=watched,
    )
    with run, _listening(run):
        if run.warning:
            say(run.warning)
        for command in start.commands:
            run.send(command, by=BY)
        yield run


@contextlib.contextmanager
def _listening(run: KeptRun) -> Iterator[None]:
    """Let other processes look at the run and steer it."""
    from fitmon.engine.attach.server import RunServer

    try:
        server = RunServer(run.folder.socket_path, run)
    except FitmonError as error:
        say(f"Nobody can attach to this run. {error}")
        yield
        return
    try:
        yield
    finally:
        server.close()


def _train_in_lines(start: Start, *, as_json: bool) -> int:
    from fitmon.cli.headless import train_in_lines
    from fitmon.engine.events import RunFailed

    runs: list[KeptRun | Session] = []

    @contextlib.contextmanager
    def make_run(on_event: Callable[[Event], None]) -> Iterator[KeptRun | Session]:
        with _run(start, on_event) as run:
            runs.append(run)
            yield run

    ending, code = train_in_lines(
        make_run,
        as_json=as_json,
        talk=say,
        log_path=None if start.folder is None else start.folder.log_path,
    )
    if isinstance(ending, RunFailed):
        _tell_failure(ending, debug=start.debug)
    elif not ending.completed:
        tell_resume(start)
    return _tell_export(start, runs[0].snapshot(), code)


def _tell_export(start: Start, seen: Snapshot, code: int) -> int:
    """Say what became of the file that the command line asked for; return the exit code, the disk's if it failed."""
    from fitmon.engine.commands import Export
    from fitmon.engine.events import ExportFailed, RunFailed

    told, wanted = seen.export, {wish.path for wish in start.commands if isinstance(wish, Export)}
    if not isinstance(told, ExportFailed) or told.path not in wanted or isinstance(seen.ending, RunFailed):
        return code
    say(f"the model was not written to {told.path}: {told.reason}")
    return DiskError.exit_code


def _train_unseen(start: Start) -> int:
    from fitmon.cli.headless import train_headless
    from fitmon.engine.commands import Detach

    with _run(start) as run:
        run.send(Detach(reason="started without a terminal"))
        code = train_headless(run)[1]
        return _tell_export(start, run.snapshot(), code)


def _tell_failure(ending: RunFailed, *, debug: bool) -> None:
    if debug:
        sys.stderr.write(ending.traceback)
    say(ending.message)


def tell_resume(start: Start) -> None:
    """Say how a run that was stopped goes on."""
    if start.folder is not None:
        say(f"the run is kept; `fitmon resume {shlex.quote(start.folder.name)}` goes on with it")


def _train_on_screen(start: Start) -> int:
    from fitmon.engine.events import RunFailed
    from fitmon.tui.launch import run_screen
    from fitmon.tui.options import NO_REWIND, ScreenOptions

    log_path = _new_log() if start.folder is None else start.folder.log_path
    with _run(start, watched=True) as run:
        options = ScreenOptions(
            threshold=start.job.settings.threshold,
            exit_when_over=start.exit_when_over,
            mouse=start.mouse,
            log_path=log_path,
            continue_without_terminal=start.folder is not None,
            rewind=NO_REWIND if start.folder is None else _rewind_options(start.folder),
        )
        code = run_screen(run, name=start.name, options=options)
        seen = run.snapshot()
    ending = seen.ending
    if isinstance(ending, RunFailed) and start.debug:
        sys.stderr.write(ending.traceback)
    if start.folder is None and not isinstance(ending, RunFailed) and code != FitmonError.exit_code:
        log_path.unlink(missing_ok=True)
    if _can_go_on(ending):
        tell_resume(start)
    return _tell_export(start, seen, code)


def _rewind_options(folder: RunFolder) -> RewindOptions:
    from fitmon.engine.checkpoints.store import kept_epochs
    from fitmon.tui.options import RewindOptions

    return RewindOptions(kept_epochs=lambda: kept_epochs(folder))


def _can_go_on(ending: RunEnded | RunFailed | None) -> bool:
    from fitmon.engine.events import RunEnded

    return ending is None or (isinstance(ending, RunEnded) and not ending.completed)


def _new_log() -> Path:
    """Return the path of a new file that only the user can read; it is kept when the run fails."""
    import tempfile

    descriptor, path = tempfile.mkstemp(prefix="fitmon-", suffix=".log")
    os.close(descriptor)
    return Path(path)
