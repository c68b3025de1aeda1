"""The command of a preset: its options, and the run that they ask for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from fitmon.cli.options import (
    SETTINGS,
    check_changes,
    export_options,
    keeping_options,
    refuse_keep_alone,
    run_options,
    setting_options,
)
from fitmon.cli.start import Frontend, Start, choose_frontend, commands_of, refuse_other_backend, train
from fitmon.engine.checkpoints.policy import CheckpointPolicy
from fitmon.engine.errors import UsageError
from fitmon.presets import PRESETS, preset_named

if TYPE_CHECKING:
    from fitmon.engine.job import Job
    from fitmon.engine.runs.run_folder import RunFolder
    from fitmon.presets.preset import Preset


def preset_command(name: str, other_commands: Collection[str]) -> click.Command:
    """Return the command that trains a preset, with the options that the preset takes."""
    preset = preset_named(name, other_words=other_commands)
    options = [*setting_options(preset.settings), *_data_options(preset)]
    options += [*run_options(), *keeping_options(), *export_options()]
    return click.Command(name, params=list(options), callback=_train_preset, help=PRESETS[name][0])


def _data_options(preset: Preset) -> list[click.Option]:
    from fitmon.presets.preset import STRATIFIED

    options = []
    if preset.load_file:
        options.append(click.Option(["--data"], metavar="FILE", help="Your own data, in the layout of Keras's file."))
    if len(preset.datasets) > 1:
        default, *others = preset.datasets
        text = f"{', '.join(others)} or {default}. [{default}]"
        options.append(click.Option(["--dataset"], metavar="NAME", help=text))
    if preset.splits:
        text = f"How validation samples are chosen: {', '.join(preset.splits)} or {STRATIFIED}. [{STRATIFIED}]"
        options.append(click.Option(["--split"], metavar="NAME", help=text))
    return options


def _train_preset(**given: Any) -> int:
    ctx = click.get_current_context()
    preset = preset_named(ctx.info_name or "")
    # Asked of click, because None is a value that may be given: it takes the Dropout layers out.
    changed = [field for field in (*SETTINGS, "jit") if ctx.get_parameter_source(field) is ParameterSource.COMMANDLINE]
    settings = replace(preset.settings, **{field: given[field] for field in changed})
    file = None if given.get("data") is None else Path(given["data"])
    job = preset.job(settings, dataset=given.get("dataset"), file=file, split=given.get("split"))
    check_changes(given["at"], settings, preset.has_dropout)
    frontend: Frontend = "nobody" if given["detach"] else choose_frontend(plain=given["plain"], json=given["json"])
    refuse_other_backend()
    _refuse_what_does_not_go_together(frontend, given)
    folder = None if given["ephemeral"] else _new_folder(job, given, file)
    if given["detach"] and folder is not None:
        from fitmon.cli.detach import detach

        return detach(folder, given)
    policy = CheckpointPolicy(every_epochs=given["checkpoint_every"], kept_bytes=given["keep_disk"])
    start = Start(
        job=job,
        folder=folder,
        policy=policy,
        name=given["name"] or job.name,
        commands=commands_of(given),
        exit_when_over=given["exit"],
        mouse=not given["no_mouse"],
        debug=given["debug"],
    )
    return train(start, frontend)


def _refuse_what_does_not_go_together(frontend: Frontend, given: dict[str, Any]) -> None:
    refuse_keep_alone(given)
    if given["ephemeral"] and given["detach"]:
        raise UsageError("Expected --detach or --ephemeral, received both: a run that is not kept cannot be found.")
    if given["paused"] and frontend in {"plain", "json"}:
        raise UsageError("Expected a screen with --paused: without one, nobody could resume the run.")


def _new_folder(job: Job, given: dict[str, Any], file: Path | None) -> RunFolder:
    from fitmon.engine.runs.runs import Runs

    root = None if given["run_dir"] is None else Path(given["run_dir"])
    data = None if file is None else str(file.absolute())
    kept = {name: given[name] for name in ("checkpoint_every", "keep_disk")}
    arguments = {"dataset": given.get("dataset"), "data": data, "split": given.get("split"), **kept}
    return Runs(root).create(job=job.name, settings=job.settings, name=given["name"], arguments=arguments)
