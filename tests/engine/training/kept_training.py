"""Trains kept runs in processes that can be killed anywhere, and tells what became of a run."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import resource
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from fitmon.engine import events
from fitmon.engine.checkpoints.resume_point import resume_point_of
from fitmon.engine.commands import SetKnob
from fitmon.engine.job import Job, Settings, TrainingData
from fitmon.engine.runs.journal_reader import read_journal
from fitmon.engine.runs.run_folder import RunFolder
from fitmon.engine.runs.runs import Runs
from fitmon.engine.training.kept_run import KeptRun
from fitmon.engine.training.options import RunOptions
from tests.engine.training.small_runs import BATCH_SIZE, RUNS, SEED, small_images

EPOCHS = 4
PATIENCE_SECONDS = 120
FULL_BYTES = 2000
"""No checkpoint is that small."""
INSIGHTS = "insights.jsonl"
KILLED = -9
"""The exit code of a process that SIGKILL ended."""
SETTINGS = Settings(epochs=EPOCHS, batch_size=BATCH_SIZE, learning_rate=0.01, units=(), seed=SEED)

# A server that has loaded TensorFlow but run nothing forks a child for every training: seconds are saved for each.
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["tensorflow", "keras", __name__])


@dataclass(frozen=True)
class Kill:
    """When a process kills itself."""

    event: str
    """The name of the event's class that it waits for."""
    epoch: int
    step: int | None = None
    """Steps of the epoch done, for chunks; None: any."""
    delay_seconds: float = 0.0
    """How long it goes on from there."""

    def meets(self, event: events.Event) -> bool:
        """Return whether this is the moment."""
        here = getattr(event, "epoch", None) == self.epoch and self.step in {None, getattr(event, "step", None)}
        return type(event).__name__ == self.event and here


def new_run(root: Path, name: str) -> RunFolder:
    """Return the folder of a new run of one of the small models."""
    return Runs(root).create(job=name, settings=SETTINGS)


@dataclass(frozen=True)
class Process:
    """What is special about a process that trains."""

    kill: Kill | None = None
    """When it kills itself with SIGKILL; None: it trains to the end."""
    forget: bool = False
    """Take seeds as a model that has just been built has them, in place of those that were kept."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Of the environment, besides its own."""
    full_disk: tuple[int, int] | None = None
    """From the end of which epoch to the end of which no file can grow; None: the disk has room."""


def train(folder: RunFolder, process: Process | None = None) -> int:
    """Train a run in a process of its own, from the start or from where it was left; return its exit code."""
    return train_all([folder], process)


def train_all(folders: Sequence[RunFolder], process: Process | None = None) -> int:
    """Train several runs, one after the other, in one process of their own; return its exit code."""
    paths = [str(folder.path) for folder in folders]
    child = _processes.Process(target=_train_all, args=(paths, process or Process()))
    child.start()
    child.join(PATIENCE_SECONDS)
    assert child.exitcode is not None, "the training hangs"
    return child.exitcode


def outcome(folder: RunFolder) -> dict[str, Any]:
    """Return hashes of all that a run became at its end, what was found then, and every epoch's numbers."""
    told: dict[str, Any] = json.loads((folder.path / "outcome.json").read_text())
    epochs: dict[str, Any] = {}
    for entry in read_journal(folder.journal_path):
        if isinstance(entry, events.EpochEnded):
            epochs[f"epoch {entry.epoch}"] = (entry.metrics, entry.measures)
            # Told in the journal only when it says something else, and always at the end.
            told["findings"] = entry.findings
    return told | epochs | _insights(folder)


def _insights(folder: RunFolder) -> dict[str, Any]:
    path = folder.path / INSIGHTS
    lines = path.read_text().splitlines() if path.exists() else []
    return {f"insight {epoch}": told for epoch, *told in map(json.loads, lines)}


def resumptions(folder: RunFolder) -> list[events.RunResumed]:
    """Return how a run was taken up, each time."""
    return [entry for entry in read_journal(folder.journal_path) if isinstance(entry, events.RunResumed)]


def _train_all(paths: Sequence[str], process: Process) -> None:
    for path in paths:
        _train(path, process)


def _train(path: str, process: Process) -> None:
    # As many threads as a user's run has: what they do must be the same each time.
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ.pop(name, None)
    os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", **process.variables}

    folder = RunFolder(Path(path))
    resume_point = resume_point_of(folder) if folder.journal_path.exists() else None
    if process.forget:
        _forget_seeds()
    run = RUNS[folder.description().job]
    job = Job(
        name="small",
        settings=SETTINGS,
        load=lambda _settings, _progress: _data(),
        build=lambda _settings, _data: run.build(),
    )
    with KeptRun(job, folder, RunOptions(resume_point=resume_point, on_event=_listener(folder, process))) as kept:
        if resume_point is None:
            for change in _pending(run.turns):
                kept.send(change)
        kept.start()
        assert kept.join(PATIENCE_SECONDS)
        ending = kept.snapshot().ending
        assert isinstance(ending, events.RunEnded), ending
        model = kept.model
        folder.path.joinpath("outcome.json").write_text(json.dumps(_hashes(model)))


def _keep_insight(folder: RunFolder, ended: events.EpochEnded) -> None:
    """Note what the journal leaves out; an epoch that is trained again replaces what it said before."""
    with (folder.path / INSIGHTS).open("ab") as file:
        # A schedule's rate is that of the last chunk's first step, and where chunks begin is a matter of time.
        unsaid = "learning_rate" if ended.knobs["learning_rate_factor"] is not None else ""
        knobs = {name: value for name, value in ended.knobs.items() if name != unsaid}
        file.write(msgspec.json.encode((ended.epoch, knobs, ended.insight or None)) + b"\n")


def _pending(turns: Mapping[int, Mapping[str, float]]) -> list[SetKnob]:
    return [SetKnob(knob, value, epoch) for epoch, knobs in turns.items() for knob, value in knobs.items()]


def _data() -> TrainingData:
    x, y = small_images()
    return TrainingData(x=x, y=y, x_validation=x[:12], y_validation=y[:12])


def _listener(folder: RunFolder, process: Process) -> Callable[[events.Event], None]:
    def listen(event: events.Event) -> None:
        if isinstance(event, events.EpochEnded) and process.full_disk is None:
            _keep_insight(folder, event)
        if process.kill is not None and process.kill.meets(event):
            _kill(process.kill)
        if process.full_disk is not None and isinstance(event, events.EpochEnded):
            first, last = process.full_disk
            _limit_files(FULL_BYTES if first <= event.epoch < last else resource.RLIM_INFINITY)

    return listen


def _limit_files(limit_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, resource.RLIM_INFINITY))


def _kill(kill: Kill) -> None:
    if not kill.delay_seconds:
        _kill_now()
    threading.Timer(kill.delay_seconds, _kill_now).start()


def _kill_now() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _hashes(model: Any) -> dict[str, str]:
    import keras

    lists = {"model": model.variables, "optimizer": model.optimizer.variables}
    named = {f"{kind} {place}": v for kind, variables in lists.items() for place, v in enumerate(variables)}
    return {
        name: hashlib.sha256(keras.ops.convert_to_numpy(variable).tobytes()).hexdigest()
        for name, variable in named.items()
    }


def _forget_seeds() -> None:
    from fitmon.engine.checkpoints import state, variables

    def without_seeds(*args: Any, **kwargs: Any) -> dict[str, Any]:
        kept = variables.named_variables(*args, **kwargs)
        return {name: v for name, v in kept.items() if not name.endswith("seed_generator_state")}

    vars(state)["named_variables"] = without_seeds
