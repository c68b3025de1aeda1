"""The command of a preset: its options, and the run it starts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from fitmon.cli.options import (
    SETTINGS,
    SectionedCommand,
    SectionOption,
    export_options,
    require_export_with_keep,
    run_options,
    setting_options,
    storage_options,
)
from fitmon.cli.scheduled_changes import check_changes
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
from fitmon.engine.errors import UsageError
from fitmon.presets import PRESETS, preset_named

if TYPE_CHECKING:
    from fitmon.engine.job import Job
    from fitmon.engine.runs.run_folder import RunFolder
    from fitmon.presets.preset import Preset


def preset_command(name: str, other_commands: Collection[str]) -> click.Command:
    """Return the command that trains a preset, with the options of that preset."""
    preset = preset_named(name, other_words=other_commands)
    options = [*setting_options(preset.settings), *_data_options(preset)]
    options += [*run_options(), *storage_options(), *export_options()]
    return SectionedCommand(name, params=list(options), callback=_train_preset, help=PRESETS[name][0])


def _data_options(preset: Preset) -> list[click.Option]:
    from fitmon.presets.preset import STRATIFIED

    options: list[click.Option] = []
    if preset.load_file:
        text = "Your own data, in the layout of Keras's mnist.npz."
        options.append(SectionOption(["--data"], section="Data", metavar="FILE", help=text))
    if len(preset.datasets) > 1:
        default = next(iter(preset.datasets))
        options.append(_choice("--dataset", "Data set", [*preset.datasets], default))
    if preset.splits:
        options.append(_choice("--split", "How to choose validation samples", [STRATIFIED, *preset.splits], STRATIFIED))
    return options


def _choice(flag: str, text: str, names: Sequence[str], default: str) -> click.Option:
    text = f"{text}: {' or '.join(names)}."
    return SectionOption([flag], section="Data", metavar="NAME", help=text, default_text=default)


def _train_preset(**given: Any) -> int:
    ctx = click.get_current_context()
    preset = preset_named(ctx.info_name or "")
    # click says what was given, because None is a value of its own: it removes the Dropout layers.
    changed = [field for field in (*SETTINGS, "jit") if ctx.get_parameter_source(field) is ParameterSource.COMMANDLINE]
    settings = replace(preset.settings, **{field: given[field] for field in changed})
    file = None if given.get("data") is None else Path(given["data"])
    job = preset.job(settings, dataset=given.get("dataset"), file=file, split=given.get("split"))
    check_changes(given["at"], settings, preset.has_dropout)
    frontend: Frontend = "headless" if given["detach"] else choose_frontend(plain=given["plain"], json=given["json"])
    refuse_other_backend()
    _refuse_conflicting_options(frontend, given)
    folder = None if given["ephemeral"] else _new_folder(job, given, file)
    if given["detach"] and folder is not None:
        from fitmon.cli.detach import detach

        return detach(folder, given)
    policy = CheckpointPolicy(every_epochs=given["checkpoint_every"], kept_bytes=given["keep_disk"])
    request = TrainingRequest(
        job=job,
        folder=folder,
        policy=policy,
        name=given["name"] or job.name,
        commands=initial_commands(given),
        exit_when_over=given["exit"],
        look=ScreenLook.chosen(given),
        debug=given["debug"],
    )
    return train(request, frontend)


def _refuse_conflicting_options(frontend: Frontend, given: dict[str, Any]) -> None:
    require_export_with_keep(given)
    if given["ephemeral"] and given["detach"]:
        raise UsageError(
            "Use either --detach or --ephemeral, not both: a detached run that is not saved cannot be found again."
        )
    if given["paused"] and frontend in {"plain", "json"}:
        raise UsageError("Expected a screen with --paused: without one, the run could not be resumed.")


def _new_folder(job: Job, given: dict[str, Any], file: Path | None) -> RunFolder:
    from fitmon.engine.runs.runs import Runs

    root = None if given["run_dir"] is None else Path(given["run_dir"])
    data = None if file is None else str(file.absolute())
    storage = {name: given[name] for name in ("checkpoint_every", "keep_disk")}
    arguments = {"dataset": given.get("dataset"), "data": data, "split": given.get("split"), **storage}
    return Runs(root).create(job=job.name, settings=job.settings, name=given["name"], arguments=arguments)
