"""The command `fitmon`: finds the command to run, and turns errors into exit codes.

Nothing heavy is imported before a run starts: `--help`, `--version` and refused options answer at once.
"""

from __future__ import annotations

import atexit
import gc
import sys
from collections.abc import Sequence
from importlib import import_module

import click

from fitmon.cli.messages import print_message
from fitmon.engine.errors import EXIT_QUIT_WHILE_TRAINING, FitmonError, UsageError
from fitmon.presets import PRESETS

COMMANDS = {
    "runs": "List the runs on this machine.",
    "attach": "Watch and steer a run from another terminal.",
    "compare": "Compare runs: curves on one chart, settings and results in a table.",
    "resume": "Resume a run exactly where it stopped.",
    "ctl": "Control a run from a script.",
    "rm": "Delete runs.",
}
"""The commands that are not presets, with what they do."""


OWN_FILES = (".py", ".ipynb", ".csv", ".npz", ".keras")
OWN_SCRIPT = (
    "Expected a preset or a command, not a file: fitmon does not run scripts or read tables yet. A few lines in your "
    "own script show its training on this screen; see 'Your own model' in the README."
)


class PresetGroup(click.Group):
    """Lists the commands without importing what they need, and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return [*PRESETS, *COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        del ctx
        if cmd_name in COMMANDS:
            return _command(cmd_name)
        if cmd_name == "run" or cmd_name.endswith(OWN_FILES):
            raise UsageError(OWN_SCRIPT)
        from fitmon.cli.presets import preset_command

        return preset_command(cmd_name, COMMANDS)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Presets"):
            formatter.write_dl([(name, sentence) for name, (sentence, _) in PRESETS.items()])
        with formatter.section("Runs"):
            formatter.write_dl(list(COMMANDS.items()))


def _command(name: str) -> click.Command:
    command: click.Command = getattr(import_module(f"fitmon.cli.{name}"), name)
    return command


def _print_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"fitmon {version('fitmon')}")
        ctx.exit()


@click.group(cls=PresetGroup, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "-V",
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version and exit.",
)
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Watch, understand and steer a Keras training run from the terminal.

    `fitmon PRESET` trains a preset and shows it on the screen; in a pipe, it prints lines. `fitmon COMMAND --help`
    lists the options of a preset or command.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code.

    Args:
        arguments: without the program's name; None: those of the process.
    """
    words = sys.argv[1:] if arguments is None else list(arguments)
    if arguments is None:
        # At its end the interpreter would search the objects of TensorFlow for cycles, which takes a second.
        atexit.register(gc.freeze)
    try:
        code = cli.main(args=words, prog_name="fitmon", standalone_mode=False)
    except click.ClickException as error:
        print_message(error.format_message())
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return EXIT_QUIT_WHILE_TRAINING
    except Exception as error:  # noqa: BLE001 - internal errors are reported like any other
        return _report(error, debug="--debug" in words)
    return code if isinstance(code, int) else 0


def _report(error: Exception, *, debug: bool) -> int:
    if debug:
        import traceback

        traceback.print_exception(error)
    if isinstance(error, FitmonError):
        print_message(str(error))
        return error.exit_code
    print_message(f"Internal error: {type(error).__name__}: {error}. Run with --debug to show the traceback.")
    return FitmonError.exit_code
