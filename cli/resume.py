"""`fitmon resume`: resume a run exactly where it stopped, or rewind it to an epoch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from fitmon.cli.detach import detach
from fitmon.cli.messages import print_message
from fitmon.cli.options import (
    FROM_EPOCH,
    RESUME_KNOBS,
    TRAINING,
    SectionedCommand,
    SectionOption,
    export_options,
    number_reader,
    option_flags,
    require_export_with_keep,
    run_options,
    storage_options,
)
from fitmon.cli.start import (
    Frontend,
    ScreenLook,
    TrainingRequest,
    choose_frontend,
    initial_commands,
    refuse_other_backend,
    train,
)
from fitmon.engine.checkpoints.policy import CheckpointPolicy
from fitmon.engine.errors import DataError, UsageError
from fitmon.engine.knobs.catalogue import DROPOUT, EPOCHS

if TYPE_CHECKING:
    from fitmon.engine.checkpoints.resume_point import ResumePoint
    from fitmon.engine.commands import Rewind
    from fitmon.engine.job import Job
    from fitmon.engine.runs.run_folder import RunFolder

STORAGE_OPTIONS = ("checkpoint_every", "keep_disk")
"""A resumed run keeps those it was started with."""

KNOB_HELP = {
    "epochs": "New total number of epochs.",
    "learning_rate": "New learning rate, from the next epoch.",
    "dropout": "New dropout rate, from the next epoch.",
    "l1": "New L1 regularization, from the next epoch.",
    "l2": "New L2 regularization, from the next epoch.",
    "batch_size": "New batch size, from the next epoch.",
}


def _resume_command() -> click.Command:
    knobs = [
        SectionOption(
            option_flags(knob.name),
            section=TRAINING,
            type=number_reader(knob),
            metavar="NUMBER",
            help=KNOB_HELP[knob.name],
        )
        for knob in RESUME_KNOBS
    ]
    from_epoch = SectionOption(
        ["--from-epoch"],
        section=TRAINING,
        type=number_reader(FROM_EPOCH),
        metavar="EPOCH",
        help="Rewind to the end of EPOCH and start a new branch; 0 rewinds to before training.",
    )
    unseen = click.Option(["--unseen"], is_flag=True, hidden=True)
    return SectionedCommand(
        "resume",
        params=[
            click.Argument(["run"], required=False),
            from_epoch,
            *knobs,
            *(option for option in run_options() if option.name not in {"name", "ephemeral"}),
            *storage_options(),
            *export_options(),
            unseen,
        ],
        callback=_resume,
        help="Resume RUN (a name, an id or a folder) exactly where it stopped. Without RUN: the most recent unfinished "
        "run.",
    )


def _resume(**given: Any) -> int:
    from fitmon.engine.runs.runs import Runs

    require_export_with_keep(given)
    root = None if given["run_dir"] is None else Path(given["run_dir"])
    folder = Runs(root).find(given["run"])
    job = job_of(folder)
    given |= _saved_storage_options(folder)
    changes = {knob.name: float(given[knob.name]) for knob in RESUME_KNOBS if given[knob.name] is not None}
    rewind = _rewind(folder, given["from_epoch"], changes)
    _refuse_dropout_without_layer(folder, job, changes)
    frontend: Frontend = "headless" if given["unseen"] else choose_frontend(plain=given["plain"], json=given["json"])
    refuse_other_backend()
    resume_point = _resume_point(folder, rewind)
    _refuse_nothing_to_do(resume_point, changes, exports=given["export"] is not None)
    if given["detach"]:
        return detach(folder, given)
    return train(
        TrainingRequest(
            job=job,
            folder=folder,
            policy=CheckpointPolicy(every_epochs=given["checkpoint_every"], kept_bytes=given["keep_disk"]),
            name=folder.name,
            resume_point=resume_point,
            commands=initial_commands(given, {} if rewind else changes),
            exit_when_over=given["exit"],
            look=ScreenLook.chosen(given),
            debug=given["debug"],
        ),
        frontend,
    )


def _saved_storage_options(folder: RunFolder) -> dict[str, Any]:
    """Return the storage options that the run was started with, except those given on this command line."""
    ctx, saved = click.get_current_context(), folder.description().arguments
    defaulted = [name for name in STORAGE_OPTIONS if ctx.get_parameter_source(name) is not ParameterSource.COMMANDLINE]
    return {name: saved[name] for name in defaulted if isinstance(saved.get(name), int)}


def job_of(folder: RunFolder) -> Job:
    """Return the job of a run, rebuilt from its description; raises DataError if no preset has its name."""
    from fitmon.presets import PRESETS, preset_named

    description = folder.description()
    if description.job not in PRESETS:
        raise DataError(f"Expected a run of {', '.join(PRESETS)}; {folder.name} is a run of {description.job!r}.")
    data, dataset, split = (description.arguments.get(name) for name in ("data", "dataset", "split"))
    return preset_named(description.job).job(
        description.settings,
        dataset=None if dataset is None else str(dataset),
        file=None if data is None else Path(str(data)),
        split=None if split is None else str(split),
    )


def _refuse_dropout_without_layer(folder: RunFolder, job: Job, changes: dict[str, float]) -> None:
    from fitmon.presets import preset_named

    if DROPOUT.name in changes and not preset_named(job.name).has_dropout(job.settings):
        raise UsageError(
            f"The model of {folder.name} has no Dropout layer. Start a new run with --dropout to have one."
        )


def _rewind(folder: RunFolder, epoch: int | None, changes: dict[str, float]) -> Rewind | None:
    from fitmon.engine.checkpoints.find import kept_epochs
    from fitmon.engine.commands import Rewind

    if epoch is None:
        return None
    saved = sorted({saved for epochs in kept_epochs(folder).values() for saved in epochs})
    if epoch not in saved:
        raise UsageError(
            f"Epoch {epoch} of {folder.name} has no checkpoint. Epochs with one: "
            f"{', '.join(map(str, saved)) or 'none'}."
        )
    return Rewind(epoch=epoch, changes=changes)


def _resume_point(folder: RunFolder, rewind: Rewind | None) -> ResumePoint | None:
    """Return where to resume a run; None if it has not started."""
    from fitmon.engine.checkpoints.resume_point import resume_point_of

    if not folder.journal_path.exists() and not folder.branch_numbers():
        return None
    resume_point = resume_point_of(folder, rewind)
    for problem in resume_point.replayed.problems:
        print_message(f"{folder.journal_path}: {problem.message}")
    for damaged in resume_point.damaged:
        print_message(damaged)
    return resume_point


def _refuse_nothing_to_do(resume_point: ResumePoint | None, changes: dict[str, float], *, exports: bool) -> None:
    """Raise UsageError if there is no epoch to train and no model to export."""
    if resume_point is None:
        return
    record = resume_point.replayed.record
    done = record.epochs_done if resume_point.rewind is None else resume_point.rewind.epoch
    epochs = int(changes.get(EPOCHS.name, record.epochs))
    if EPOCHS.name in changes and epochs <= done:
        raise UsageError(f"Expected more than {done} epochs, since {done} are done by then; received {epochs}.")
    if record.epochs and done >= epochs and not exports:
        raise UsageError(
            f"All {record.epochs} epochs are done. Train longer with --epochs {record.epochs * 2}, rewind with "
            "--from-epoch, or export the model with --export."
        )


resume = _resume_command()
