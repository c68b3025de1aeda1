"""The command line: reads what the user asks for, and decides once who shows the run.

Only this module and its helpers, `options` and `unwatched`, know engine, presets and screen together. Nothing heavy is
imported until a run is sure to start: `--help`, `--version` and every refusal of an option answer at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click
from click.core import ParameterSource

from fitmon.engine.errors import EXIT_QUIT_WHILE_TRAINING, FitmonError, SetupError, UsageError
from fitmon.options import SETTINGS, check_changes, in_order, run_options, setting_options
from fitmon.presets import PRESETS, preset_named

if TYPE_CHECKING:
    from fitmon.engine.commands import Command
    from fitmon.engine.events import RunFailed
    from fitmon.engine.job import Job
    from fitmon.presets.preset import Preset

Face = Literal["screen", "plain", "json"]


class PresetGroup(click.Group):
    """Lists the presets without importing them, and makes a preset's command when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(PRESETS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        del ctx
        return _preset_command(cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Presets"):
            formatter.write_dl([(name, sentence) for name, (sentence, _) in PRESETS.items()])


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
        _say(error.format_message())
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
        _say(str(error))
        return error.exit_code
    _say(f"This is a fault of fitmon: {type(error).__name__}: {error}. Run it with --debug to see where.")
    return FitmonError.exit_code


def _say(message: str) -> None:
    """Print one line on stderr, with whatever a terminal could obey made visible."""
    line = " ".join(message.split())
    visible = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in line)
    print(f"fitmon: {visible}", file=sys.stderr, flush=True)  # noqa: T201 - stderr is where a command line talks


def _preset_command(name: str) -> click.Command:
    preset = preset_named(name)
    options = [*setting_options(preset.settings), *_data_options(preset), *run_options()]
    return click.Command(name, params=list(options), callback=_train_preset, help=PRESETS[name][0])


def _data_options(preset: Preset) -> list[click.Option]:
    options = []
    if preset.load_file:
        options.append(click.Option(["--data"], metavar="FILE", help="Your own data, in the layout of Keras's file."))
    if len(preset.datasets) > 1:
        default, *others = preset.datasets
        text = f"{', '.join(others)} or {default}. [{default}]"
        options.append(click.Option(["--dataset"], metavar="NAME", help=text))
    return options


def _train_preset(**given: Any) -> int:
    ctx = click.get_current_context()
    preset = preset_named(ctx.info_name or "")
    # Asked of click, because None is a value that may be given: it takes the Dropout layers out.
    changed = [field for field in (*SETTINGS, "jit") if ctx.get_parameter_source(field) is ParameterSource.COMMANDLINE]
    settings = replace(preset.settings, **{field: given[field] for field in changed})
    file = given.get("data")
    job = preset.job(settings, dataset=given.get("dataset"), file=None if file is None else Path(file))
    check_changes(given["at"], settings, preset.has_dropout)
    face = choose_face(plain=given["plain"], json=given["json"])
    _refuse_other_backend()
    if face == "screen":
        return _train_on_screen(job, given)
    if given["paused"]:
        raise UsageError("Expected a screen with --paused: without one, nobody could resume the run.")
    return _train_in_lines(job, given, as_json=face == "json")


def choose_face(*, plain: bool, json: bool) -> Face:
    """Decide who shows the run: the screen where a terminal can carry it, else lines."""
    if plain and json:
        raise UsageError("Expected --plain or --json, received both.")
    if plain or json:
        return "plain" if plain else "json"
    if not os.isatty(1):
        return "plain"
    from fitmon.tui.terminal import refusal_here

    refusal = refusal_here()
    if refusal is not None:
        _say(f"printing lines in place of the screen, because {refusal}")
    return "screen" if refusal is None else "plain"


def _refuse_other_backend() -> None:
    backend = os.environ.get("KERAS_BACKEND")
    if backend not in {None, "", "tensorflow"}:
        raise SetupError(
            f"Expected Keras to use the backend tensorflow, received KERAS_BACKEND={backend}. "
            "Set KERAS_BACKEND=tensorflow."
        )


def _commands(given: dict[str, Any]) -> list[Command]:
    from fitmon.engine.commands import Pause, PauseAt, SetKnob

    changes = [SetKnob(knob=knob, value=value, epoch=epoch) for epoch, knob, value in in_order(given["at"])]
    return [Pause(at=PauseAt.CHUNK), *changes] if given["paused"] else [*changes]


def _train_in_lines(job: Job, given: dict[str, Any], *, as_json: bool) -> int:
    from fitmon.engine.events import RunFailed
    from fitmon.unwatched import train_in_lines

    ending, code = train_in_lines(job, name=given["name"], commands=_commands(given), as_json=as_json, talk=_say)
    if isinstance(ending, RunFailed):
        _tell_failure(ending, debug=given["debug"])
    return code


def _tell_failure(ending: RunFailed, *, debug: bool) -> None:
    if debug:
        sys.stderr.write(ending.traceback)
    _say(ending.message)


def _train_on_screen(job: Job, given: dict[str, Any]) -> int:
    from fitmon.engine.events import RunFailed
    from fitmon.engine.session import Session
    from fitmon.tui.launch import run_screen

    session = Session(job, name=given["name"], summarize_epochs=False)
    for command in _commands(given):
        session.send(command)
    log_path = _new_log()
    code = run_screen(
        session,
        name=given["name"] or job.name,
        threshold=job.settings.threshold,
        exit_when_over=given["exit"],
        mouse=not given["no_mouse"],
        log_path=log_path,
    )
    ending = session.snapshot().ending
    if isinstance(ending, RunFailed) and given["debug"]:
        sys.stderr.write(ending.traceback)
    if not isinstance(ending, RunFailed) and code != FitmonError.exit_code:
        log_path.unlink(missing_ok=True)
    return code


def _new_log() -> Path:
    """Return the path of a new file that only the user can read; it is kept when the run fails."""
    import tempfile

    descriptor, path = tempfile.mkstemp(prefix="fitmon-", suffix=".log")
    os.close(descriptor)
    return Path(path)


if __name__ == "__main__":
    sys.exit(main())
