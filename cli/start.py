"""Trains what a command describes: on the screen, in printed lines, or in the background."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from fitmon.cli.messages import print_message
from fitmon.cli.next_steps import background_lines, next_steps
from fitmon.cli.scheduled_changes import sorted_changes
from fitmon.engine.errors import DiskError, FitmonError, SetupError

if TYPE_CHECKING:
    from fitmon.engine.checkpoints.policy import CheckpointPolicy
    from fitmon.engine.checkpoints.resume_point import ResumePoint
    from fitmon.engine.commands import Command, Keep
    from fitmon.engine.events import Event, RunFailed
    from fitmon.engine.job import Job
    from fitmon.engine.record.snapshot import Snapshot
    from fitmon.engine.runs.run_folder import RunFolder
    from fitmon.engine.training.kept_run import KeptRun
    from fitmon.engine.training.session import Session
    from fitmon.tui.options import DetachOptions, RewindOptions

Frontend = Literal["screen", "plain", "json", "headless"]

BY = "command line"
"""The journal's name for the sender of commands that come from options."""


@dataclass(frozen=True, slots=True)
class ScreenLook:
    """How the screen looks and takes input; see `ScreenOptions`."""

    mouse: bool = True
    theme: str | None = None
    ascii_only: bool = False

    @classmethod
    def chosen(cls, given: Mapping[str, Any]) -> ScreenLook:
        """Return what the options of a command line say."""
        return cls(mouse=not given["no_mouse"], theme=given["theme"], ascii_only=given["ascii"])


DEFAULT_LOOK = ScreenLook()


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRequest:
    """What to train, and how to show it."""

    job: Job
    folder: RunFolder | None
    """Where the run is saved; None: nowhere."""
    policy: CheckpointPolicy
    name: str
    """The name on the screen."""
    resume_point: ResumePoint | None = None
    """Where to resume; None: start from the beginning."""
    commands: tuple[Command, ...] = ()
    """Sent to the run before it starts."""
    exit_when_over: bool = False
    look: ScreenLook = DEFAULT_LOOK
    debug: bool = False
    """Whether a failure shows a traceback."""


def choose_frontend(*, plain: bool, json: bool) -> Frontend:
    """Return how to show the run: on the screen if the terminal supports it, else as lines, plain or JSON."""
    if plain or json:
        return "json" if json else "plain"
    if not os.isatty(1):
        return "plain"
    from fitmon.tui.terminal import refusal_here

    refusal = refusal_here()
    if refusal is not None:
        print_message(f"printing lines instead of showing the screen, because {refusal}")
    return "screen" if refusal is None else "plain"


def refuse_other_backend() -> None:
    """Raise SetupError if Keras is configured to use a backend other than TensorFlow."""
    backend = os.environ.get("KERAS_BACKEND")
    if backend not in {None, "", "tensorflow"}:
        raise SetupError(
            f"Expected the Keras backend tensorflow, received KERAS_BACKEND={backend}. Set KERAS_BACKEND=tensorflow."
        )


def initial_commands(given: dict[str, Any], changes: Mapping[str, float] | None = None) -> tuple[Command, ...]:
    """Return the commands that the options send before the run starts; `changes` of knobs apply from the next epoch."""
    from fitmon.engine.commands import Export, Pause, PauseAt, SetKnob

    pause = (Pause(at=PauseAt.CHUNK),) if given["paused"] else ()
    scheduled = [SetKnob(knob=knob, value=value, epoch=epoch) for epoch, knob, value in sorted_changes(given["at"])]
    now = [SetKnob(knob=knob, value=value) for knob, value in (changes or {}).items()]
    keep: Keep = given["keep"] or "best"
    export = [] if given["export"] is None else [Export(path=str(given["export"]), keep=keep, at_end=True)]
    return (*export, *pause, *now, *scheduled)


def train(request: TrainingRequest, frontend: Frontend) -> int:
    """Train, show the run, and return the exit code; raises FitmonError when training cannot start."""
    if frontend == "screen":
        return _train_on_screen_or_detach(request)
    if frontend == "headless":
        return _train_headless(request)
    return _train_in_lines(request, as_json=frontend == "json")


@contextlib.contextmanager
def _open_run(
    request: TrainingRequest,
    on_event: Callable[[Event], None] | None = None,
    *,
    on_screen: bool = False,
) -> Iterator[KeptRun | Session]:
    """Yield the run, ready to start, and close it at the end."""
    from fitmon.engine.training.kept_run import KeptRun
    from fitmon.engine.training.options import RunOptions
    from fitmon.engine.training.session import Session

    options = RunOptions(
        name=request.name,
        on_event=on_event,
        stop_when_non_finite=not on_screen,
        summarize_epochs=not on_screen,
        wait_after_end=on_screen and request.folder is not None,
        resume_point=request.resume_point,
    )
    if request.folder is None:
        session = Session(request.job, options)
        for command in request.commands:
            session.send(command)
        yield session
        return
    run = KeptRun(request.job, request.folder, options, policy=request.policy)
    with run, _served(run):
        if run.warning:
            print_message(run.warning)
        for command in request.commands:
            run.send(command, by=BY)
        yield run


@contextlib.contextmanager
def _served(run: KeptRun) -> Iterator[None]:
    """Let other processes watch and steer the run."""
    from fitmon.engine.attach.server import RunServer

    try:
        server = RunServer(run.folder.socket_path, run)
    except FitmonError as error:
        print_message(f"Other terminals cannot attach to this run. {error}")
        yield
        return
    try:
        yield
    finally:
        server.close()


def _train_in_lines(request: TrainingRequest, *, as_json: bool) -> int:
    from fitmon.cli.headless import train_in_lines
    from fitmon.engine.events import RunFailed

    runs: list[KeptRun | Session] = []

    @contextlib.contextmanager
    def make_run(on_event: Callable[[Event], None]) -> Iterator[KeptRun | Session]:
        with _open_run(request, on_event) as run:
            runs.append(run)
            yield run

    ending, code = train_in_lines(
        make_run,
        as_json=as_json,
        print_message=print_message,
        log_path=None if request.folder is None else request.folder.log_path,
    )
    if isinstance(ending, RunFailed):
        _report_failure(ending, debug=request.debug)
    elif not ending.completed:
        print_resume_hint(request)
    return _report_export(request, runs[0].snapshot(), code)


def _report_export(request: TrainingRequest, snapshot: Snapshot, code: int) -> int:
    """Report a failed `--export`; return the exit code, that of a disk error if the export failed."""
    from fitmon.engine.commands import Export
    from fitmon.engine.events import ExportFailed, RunFailed

    export, requested = snapshot.export, {command.path for command in request.commands if isinstance(command, Export)}
    if not isinstance(export, ExportFailed) or export.path not in requested or isinstance(snapshot.ending, RunFailed):
        return code
    print_message(f"the model was not exported to {export.path}: {export.reason}")
    return DiskError.exit_code


def _train_headless(request: TrainingRequest) -> int:
    from fitmon.cli.headless import train_headless
    from fitmon.engine.commands import Detach

    with _open_run(request) as run:
        run.send(Detach(reason="started without a terminal"))
        code = train_headless(run)[1]
        return _report_export(request, run.snapshot(), code)


def _report_failure(ending: RunFailed, *, debug: bool) -> None:
    if debug:
        sys.stderr.write(ending.traceback)
    print_message(ending.message)


def print_resume_hint(request: TrainingRequest) -> None:
    """Print how to resume a run that was stopped."""
    if request.folder is not None:
        print_message(f"run saved; resume it with `fitmon resume {shlex.quote(request.folder.name)}`")


def _train_on_screen_or_detach(request: TrainingRequest) -> int:
    from fitmon.tui.options import DetachOptions

    if request.folder is None:
        return _train_on_screen(request, DetachOptions("it is not saved (--ephemeral), so it could not be found again"))
    from fitmon.cli.detach import linger_warning
    from fitmon.cli.detachable import run_detachable

    name = request.folder.name
    return run_detachable(
        lambda detach: _train_on_screen(request, DetachOptions("", detach)),
        detached=lambda: [*background_lines(name), *filter(None, [linger_warning()])],
        killed=lambda by: f"{by} killed the training process; resume it with `fitmon resume {shlex.quote(name)}`",
    )


def _train_on_screen(request: TrainingRequest, detach: DetachOptions) -> int:
    from fitmon.engine.events import RunFailed
    from fitmon.tui.launch import run_screen
    from fitmon.tui.options import NO_REWIND, ScreenOptions

    log_path = _new_log() if request.folder is None else request.folder.log_path
    with _open_run(request, on_screen=True) as run:
        options = ScreenOptions(
            threshold=request.job.settings.threshold,
            exit_when_over=request.exit_when_over,
            mouse=request.look.mouse,
            theme=request.look.theme,
            ascii_only=request.look.ascii_only,
            log_path=log_path,
            continue_without_terminal=request.folder is not None,
            folder=request.folder,
            rewind=NO_REWIND if request.folder is None else _rewind_options(request.folder),
            detach=detach,
            next_steps=_next_steps(request),
        )
        code = run_screen(run, name=_shown_name(request), options=options)
        snapshot = run.snapshot()
    ending = snapshot.ending
    if isinstance(ending, RunFailed) and request.debug:
        sys.stderr.write(ending.traceback)
    if request.folder is None and not isinstance(ending, RunFailed) and code != FitmonError.exit_code:
        log_path.unlink(missing_ok=True)
    return _report_export(request, snapshot, code)


def _rewind_options(folder: RunFolder) -> RewindOptions:
    from fitmon.engine.checkpoints.find import kept_epochs
    from fitmon.tui.options import RewindOptions

    return RewindOptions(kept_epochs=lambda: kept_epochs(folder))


def _shown_name(request: TrainingRequest) -> str:
    # Other commands know a saved run by the name of its folder.
    return request.name if request.folder is None else request.folder.name


def _next_steps(request: TrainingRequest) -> Callable[[Snapshot], list[str]]:
    folder = request.folder
    return (lambda _: []) if folder is None else (lambda snapshot: next_steps(folder, snapshot))


def _new_log() -> Path:
    """Return the path of a new file that only the user can read; it is kept when the run fails."""
    import tempfile

    descriptor, path = tempfile.mkstemp(prefix="fitmon-", suffix=".log")
    os.close(descriptor)
    return Path(path)
