"""`fitmon resume`: resume a run exactly where it was left, or rewind it to an epoch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from fitmon.cli.detach import detach
from fitmon.cli.options import (
    RESUME_KNOBS,
    export_options,
    keeping_options,
    number_reader,
    refuse_keep_alone,
    run_options,
)
from fitmon.cli.start import Frontend, Start, choose_frontend, commands_of, refuse_other_backend, say, train
from fitmon.engine.checkpoints.policy import CheckpointPolicy
from fitmon.engine.errors import DataError, UsageError
from fitmon.engine.knobs.catalogue import DROPOUT, EPOCHS

if TYPE_CHECKING:
    from fitmon.engine.checkpoints.resume_point import ResumePoint
    from fitmon.engine.commands import Rewind
    from fitmon.engine.job import Job
    from fitmon.engine.runs.run_folder import RunFolder

KEPT = ("checkpoint_every", "keep_disk")


def _resume_command() -> click.Command:
    knobs = [
        click.Option(
            [f"--{knob.name.replace('_', '-')}"],
            type=number_reader(knob),
            metavar="NUMBER",
            help=f"Change the {knob.name.replace('_', ' ')} from the next epoch on.",
        )
        for knob in RESUME_KNOBS
    ]
    from_epoch = click.Option(
        ["--from-epoch"],
        type=click.IntRange(min=0),
        metavar="EPOCH",
        help="Go back to the end of this epoch, as a new branch; 0: before training.",
    )
    unseen = click.Option(["--unseen"], is_flag=True, hidden=True)
    return click.Command(
        "resume",
        params=[
            click.Argument(["run"], required=False),
            from_epoch,
            *knobs,
            *(option for option in run_options() if option.name not in {"name", "ephemeral"}),
            *keeping_options(),
            *export_options(),
            unseen,
        ],
        callback=_resume,
        help="Go on with RUN (a name, an id or a folder; none: the latest unfinished) exactly where it was left.",
    )


def _resume(**given: Any) -> int:
    from fitmon.engine.runs.runs import Runs

    refuse_keep_alone(given)
    root = None if given["run_dir"] is None else Path(given["run_dir"])
    folder = Runs(root).find(given["run"])
    job = job_of(folder)
    given |= _kept_as_before(folder)
    changes = {knob.name: float(given[knob.name]) for knob in RESUME_KNOBS if given[knob.name] is not None}
    rewind = _rewind(folder, given["from_epoch"], changes)
    _refuse_dropout_without_a_layer(folder, job, changes)
    frontend: Frontend = "nobody" if given["unseen"] else choose_frontend(plain=given["plain"], json=given["json"])
    refuse_other_backend()
    resume_point = _resume_point(folder, rewind)
    _refuse_no_epoch_left(resume_point, changes, exports=given["export"] is not None)
    if given["detach"]:
        return detach(folder, given)
    return train(
        Start(
            job=job,
            folder=folder,
            policy=CheckpointPolicy(every_epochs=given["checkpoint_every"], kept_bytes=given["keep_disk"]),
            name=folder.name,
            resume_point=resume_point,
            commands=commands_of(given, {} if rewind else changes),
            exit_when_over=given["exit"],
            mouse=not given["no_mouse"],
            debug=given["debug"],
        ),
        frontend,
    )


def _kept_as_before(folder: RunFolder) -> dict[str, Any]:
    """Return how much of a run is kept, as it was begun with, unless the command line says otherwise."""
    ctx, begun_with = click.get_current_context(), folder.description().arguments
    unsaid = [name for name in KEPT if ctx.get_parameter_source(name) is not ParameterSource.COMMANDLINE]
    return {name: begun_with[name] for name in unsaid if isinstance(begun_with.get(name), int)}


def job_of(folder: RunFolder) -> Job:
    """Return the job that a run trains, made anew; raises DataError when it cannot be."""
    from fitmon.presets import PRESETS, preset_named

    description = folder.description()
    if description.job not in PRESETS:
        raise DataError(f"Expected a run of {', '.join(PRESETS)}; {folder.name} trains {description.job!r}.")
    data, dataset, split = (description.arguments.get(name) for name in ("data", "dataset", "split"))
    return preset_named(description.job).job(
        description.settings,
        dataset=None if dataset is None else str(dataset),
        file=None if data is None else Path(str(data)),
        split=None if split is None else str(split),
    )


def _refuse_dropout_without_a_layer(folder: RunFolder, job: Job, changes: dict[str, float]) -> None:
    from fitmon.presets import preset_named

    if DROPOUT.name in changes and not preset_named(job.name).has_dropout(job.settings):
        raise UsageError(f"The model of {folder.name} has no Dropout layer to turn; a new run with --dropout has one.")


def _rewind(folder: RunFolder, epoch: int | None, changes: dict[str, float]) -> Rewind | None:
    from fitmon.engine.checkpoints.find import kept_epochs
    from fitmon.engine.commands import Rewind

    if epoch is None:
        return None
    kept = sorted({kept for epochs in kept_epochs(folder).values() for kept in epochs})
    if epoch not in kept:
        raise UsageError(
            f"Expected an epoch whose end is kept, received {epoch}. Kept of {folder.name}: "
            f"{', '.join(map(str, kept)) or 'none'}."
        )
    return Rewind(epoch=epoch, changes=changes)


def _resume_point(folder: RunFolder, rewind: Rewind | None) -> ResumePoint | None:
    """Return where a run goes on; None when it has not begun."""
    from fitmon.engine.checkpoints.resume_point import resume_point_of

    if not folder.journal_path.exists() and not folder.branch_numbers():
        return None
    resume_point = resume_point_of(folder, rewind)
    for problem in resume_point.replayed.problems:
        say(f"{folder.journal_path}: {problem.message}")
    for damaged in resume_point.damaged:
        say(damaged)
    return resume_point


def _refuse_no_epoch_left(resume_point: ResumePoint | None, changes: dict[str, float], *, exports: bool) -> None:
    """Raise UsageError where there would be nothing to do: no epoch to train, and no model to write."""
    if resume_point is None:
        return
    record = resume_point.replayed.record
    done = record.epochs_done if resume_point.rewind is None else resume_point.rewind.epoch
    epochs = int(changes.get(EPOCHS.name, record.epochs))
    if EPOCHS.name in changes and epochs <= done:
        raise UsageError(f"Expected more than {done} epochs, since that many are done by then; received {epochs}.")
    if record.epochs and done >= epochs and not exports:
        raise UsageError(
            f"All {record.epochs} epochs are done. Train more with --epochs {record.epochs * 2}, go back to one with "
            "--from-epoch, or write the model with --export."
        )


resume = _resume_command()
