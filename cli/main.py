"""The command line: reads what the user asks for, and decides once who shows the run.

Only this module and its helpers, `options` and `unwatched`, know engine, presets and screen together. Nothing heavy is
imported until a run is sure to start: `--help`, `--version` and every refusal of an option answer at once.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
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
from fitmon.cli.start import (
    Face,
    Start,
    choose_face,
    commands_of,
    refuse_other_backend,
    say,
    train,
)
from fitmon.engine.checkpoints.policy import Keeping
from fitmon.engine.errors import EXIT_QUIT_WHILE_TRAINING, FitmonError, UsageError
from fitmon.presets import PRESETS, preset_named

if TYPE_CHECKING:
    from fitmon.engine.job import Job
    from fitmon.engine.runs.run_folder import RunFolder
    from fitmon.presets.preset import Preset


COMMANDS = {
    "runs": "List the runs on this machine.",
    "attach": "Look at a run, and steer it, from any terminal.",
    "resume": "Go on with a run where it was left.",
    "ctl": "Steer a run from a script.",
}
"""The commands that are no presets, with what they do."""


class PresetGroup(click.Group):
    """Lists the commands without importing what they need, and makes one when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return [*PRESETS, *COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        del ctx
        return _command(cmd_name) if cmd_name in COMMANDS else _preset_command(cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Presets"):
            formatter.write_dl([(name, sentence) for name, (sentence, _) in PRESETS.items()])
        with formatter.section("Runs"):
            formatter.write_dl(list(COMMANDS.items()))


def _command(name: str) -> click.Command:
    if name == "resume":
        from fitmon.cli.resume import resume

        return resume
    if name == "runs":
        from fitmon.cli.runs import runs

        return runs
    from fitmon.cli import attach as attaching

    return attaching.attach if name == "attach" else attaching.ctl


def _print_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"fitmon {version('fitmon')}")
        ctx.exit()


@click.group(cls=PresetGroup, invoke_without_command=True)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Show the version."
)
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Watch, understand and steer a Keras training run from the terminal.

    Trains a preset under the screen; in a pipe it prints lines. `fitmon PRESET --help` lists a preset's options.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code.

    Args:
        arguments: without the program's name; None: those of the process.
    """
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        code = cli.main(args=words, prog_name="fitmon", standalone_mode=False)
    except click.ClickException as error:
        say(error.format_message())
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return EXIT_QUIT_WHILE_TRAINING
    except Exception as error:  # noqa: BLE001 - a fault of ours is told like any other error
        return _report(error, debug="--debug" in words)
    return code if isinstance(code, int) else 0


def _report(error: Exception, *, debug: bool) -> int:
    if debug:
        import traceback

        traceback.print_exception(error)
    if isinstance(error, FitmonError):
        say(str(error))
        return error.exit_code
    say(f"This is a fault of fitmon: {type(error).__name__}: {error}. Run it with --debug to see where.")
    return FitmonError.exit_code


def _preset_command(name: str) -> click.Command:
    preset = preset_named(name, other_words=COMMANDS)
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
    face: Face = "nobody" if given["detach"] else choose_face(plain=given["plain"], json=given["json"])
    refuse_other_backend()
    _refuse_what_does_not_go_together(face, given)
    folder = None if given["ephemeral"] else _new_folder(job, given, file)
    if given["detach"] and folder is not None:
        from fitmon.cli.resume import detach

        return detach(folder, given)
    keeping = Keeping(every_epochs=given["checkpoint_every"], kept_bytes=given["keep_disk"])
    start = Start(
        job=job,
        folder=folder,
        keeping=keeping,
        name=given["name"] or job.name,
        commands=commands_of(given),
        exit_when_over=given["exit"],
        mouse=not given["no_mouse"],
        debug=given["debug"],
    )
    return train(start, face)


def _refuse_what_does_not_go_together(face: Face, given: dict[str, Any]) -> None:
    refuse_keep_alone(given)
    if given["ephemeral"] and given["detach"]:
        raise UsageError("Expected --detach or --ephemeral, received both: a run that is not kept cannot be found.")
    if given["paused"] and face in {"plain", "json"}:
        raise UsageError("Expected a screen with --paused: without one, nobody could resume the run.")


def _new_folder(job: Job, given: dict[str, Any], file: Path | None) -> RunFolder:
    from fitmon.engine.runs.runs import Runs

    root = None if given["run_dir"] is None else Path(given["run_dir"])
    data = None if file is None else str(file.absolute())
    kept = {name: given[name] for name in ("checkpoint_every", "keep_disk")}
    arguments = {"dataset": given.get("dataset"), "data": data, "split": given.get("split"), **kept}
    return Runs(root).create(job=job.name, settings=job.settings, name=given["name"], arguments=arguments)


if __name__ == "__main__":
    sys.exit(main())
