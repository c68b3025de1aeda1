"""The options of the command line: what each one reads, its help, and the section of `--help` it appears in.

Imports nothing heavy, so that an invalid option is refused at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, get_args

import click

from fitmon.engine.errors import UsageError
from fitmon.engine.knobs.catalogue import (
    BATCH_SIZE,
    DROPOUT,
    EPOCHS,
    L1,
    L2,
    LEARNING_RATE,
    THRESHOLD,
    Knob,
    typed_knob,
)
from fitmon.engine.runs.run_name import check_run_name

if TYPE_CHECKING:
    from pathlib import Path

    from fitmon.engine.job import Settings

NO_LAYER = "none"
"""What a user types to leave out a layer."""

FROM_EPOCH = Knob(name="from_epoch", label="epoch", minimum=0, maximum=10**9, whole=True, example="5")

SEED = Knob(name="seed", label="seed", minimum=0, maximum=2**32 - 1, whole=True, example="7")

CHECKPOINT_EVERY = Knob(name="checkpoint-every", label="epochs", minimum=1, maximum=10**9, whole=True, example="5")

RESUME_KNOBS = (EPOCHS, LEARNING_RATE, DROPOUT, L1, L2, BATCH_SIZE)
"""The knobs that `fitmon resume` can change."""

ScheduledChange = tuple[int, str, float]
"""The epoch it takes effect at, the knob, the value."""

Reader = Callable[[str], Any]
"""Turns the text of an option into its value, or raises UsageError."""


class SectionOption(click.Option):
    """An option that is listed under a heading of its own in `--help`."""

    def __init__(self, flags: Sequence[str], *, section: str, default_text: str = "", **settings: Any) -> None:
        """Create the option.

        Args:
            flags: such as `["--epochs"]`.
            section: the heading.
            default_text: the default as the help shows it; empty: it shows none.
            settings: those of `click.Option`.
        """
        super().__init__(flags, **settings)
        self.section = section
        if default_text:
            self.help = f"{self.help}  [default: {default_text}]"


class SectionedCommand(click.Command):
    """A command whose `--help` lists its options by section."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each section in the order of its first option; those without one come last."""
        sections: dict[str, list[tuple[str, str]]] = {}
        other: list[tuple[str, str]] = []
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is None or not isinstance(param, click.Option):
                continue
            (sections.setdefault(param.section, []) if isinstance(param, SectionOption) else other).append(record)
        widest = max(len(flags) for records in (*sections.values(), other) for flags, _ in records)
        for heading, records in {**sections, ("Other" if sections else "Options"): other}.items():
            with formatter.section(heading):
                # Padded, because click aligns the help texts within one section only.
                formatter.write_dl([(f"{flags:<{widest}}", text) for flags, text in records])


def number_reader(knob: Knob, *, may_be_none: bool = False) -> Reader:
    """Return a reader of numbers in the form and range of a knob; `none` is read as None if it may be."""

    def read(text: str) -> float | None:
        if may_be_none and text == NO_LAYER:
            return None
        number = knob.parse(text)
        return int(number) if knob.whole else number

    return read


def read_units(text: str) -> tuple[int, ...]:
    """Read the units of the hidden layers, such as `256,128`, or `none` for no hidden layer."""
    if text == NO_LAYER:
        return ()
    widths = [width.strip() for width in text.split(",")]
    if not all(re.fullmatch("0*[1-9][0-9]{0,6}", width) for width in widths):
        raise UsageError(
            f"Expected units to be whole numbers of at least 1, such as 256,128, or {NO_LAYER}; received {text!r}."
        )
    return tuple(map(int, widths))


def read_optimizer(text: str) -> str:
    """Read the name of a Keras optimizer."""
    from fitmon.presets.layers import OPTIMIZERS

    name = text.lower()
    if name not in OPTIMIZERS:
        raise UsageError(f"Expected optimizer to be one of {', '.join(OPTIMIZERS)}; received {text!r}.")
    return name


def read_size(text: str) -> int:
    """Read an amount of disk space such as `2GB`, `500 MB` or `0`, in bytes."""
    parts = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kMGT]?B)?\s*", text, re.IGNORECASE)
    if parts is None or not (parts[2] or float(parts[1]) == 0):
        raise UsageError(f"Expected an amount of disk space such as 2GB or 500MB, received {text!r}.")
    return int(float(parts[1]) * 1000 ** " KMGT".index((parts[2] or "B").upper().removesuffix("B") or " "))


def read_export(text: str) -> Path:
    """Read the path to export the model to, and check that it can be written before any time is spent on training."""
    from fitmon.engine.training.model_file import checked_path

    return checked_path(text)


def read_keep(text: str) -> str:
    """Read which weights to export."""
    from fitmon.engine.commands import Keep

    if text not in get_args(Keep):
        raise UsageError(f"Expected --keep {' or '.join(get_args(Keep))}, received {text!r}.")
    return text


def read_theme(text: str) -> str:
    """Read the name of a theme."""
    from fitmon.tui.themes import AUTO, THEMES

    names = (AUTO, *THEMES)
    if text not in names:
        raise UsageError(f"Expected --theme to be one of {', '.join(names)}; received {text!r}.")
    return text


def read_change(text: str) -> ScheduledChange:
    """Read a scheduled change of a knob, such as `3:learning_rate=1e-4`."""
    parts = re.fullmatch(r"\s*([1-9][0-9]{0,8})\s*:\s*([\w-]+)\s*=(.*)", text)
    if parts is None:
        raise UsageError(f"Expected EPOCH:KNOB=VALUE, such as 3:learning_rate=1e-4; received {text!r}.")
    epoch, name, number = parts.groups()
    knob = typed_knob(name)
    return int(epoch), knob.name, knob.parse(number)


SETTINGS: dict[str, tuple[Reader, str, str]] = {
    "epochs": (number_reader(EPOCHS), "NUMBER", "Number of epochs."),
    "batch_size": (number_reader(BATCH_SIZE), "NUMBER", "Samples per batch."),
    "learning_rate": (number_reader(LEARNING_RATE), "NUMBER", "Learning rate."),
    "dropout": (
        number_reader(DROPOUT, may_be_none=True),
        "RATE",
        "Dropout rate; 0 adds a layer you can raise later, none adds no layer.",
    ),
    "l1": (number_reader(L1), "NUMBER", "L1 regularization of all kernels."),
    "l2": (number_reader(L2), "NUMBER", "L2 regularization of all kernels."),
    "units": (read_units, "WIDTHS", "Units of each hidden layer, such as 256,128, or none."),
    "optimizer": (read_optimizer, "NAME", "Keras optimizer, such as sgd."),
    "seed": (number_reader(SEED), "NUMBER", "Random seed for weights, dropout, shuffling and split."),
    "threshold": (number_reader(THRESHOLD), "NUMBER", "Two classes: decision threshold."),
}
"""The options that are fields of `Settings`: reader, metavar, help."""

SHORT_FLAGS = {LEARNING_RATE.name: ("--lr",), BATCH_SIZE.name: ("--bs",)}
"""The short forms of options, by setting."""

TRAINING, RUN, OUTPUT = "Training", "Run", "Output"
"""The sections of `--help`, beside `Data`."""


def setting_options(defaults: Settings) -> list[click.Option]:
    """Return the options that change a job's settings; their help shows the defaults."""
    options = [
        SectionOption(
            option_flags(field),
            section=TRAINING,
            type=reader,
            metavar=metavar,
            help=text,
            default_text=_shown(getattr(defaults, field)),
        )
        for field, (reader, metavar, text) in SETTINGS.items()
    ]
    jit = SectionOption(
        ["--jit/--no-jit"], section=TRAINING, default=None, help="Compile with XLA.", default_text="Keras decides"
    )
    return [*options, jit]


def run_options() -> list[click.Option]:
    """Return the options that every run has, whatever it trains."""
    return [
        SectionOption(
            ["--at"],
            section=TRAINING,
            type=read_change,
            metavar="EPOCH:KNOB=VALUE",
            multiple=True,
            help="Change a knob at an epoch, such as 3:learning_rate=1e-4; repeatable.",
        ),
        SectionOption(
            ["--name"],
            section=RUN,
            type=check_run_name,
            metavar="NAME",
            help="Run name.",
            default_text="preset, date and number",
        ),
        _run_flag("--paused", RUN, "Start paused, before the first epoch."),
        _run_flag("--detach", RUN, "Train in the background and return at once."),
        _run_flag("--ephemeral", RUN, "Save nothing to disk."),
        _run_flag("--plain", OUTPUT, "Print one line per epoch instead of the screen."),
        _run_flag("--json", OUTPUT, "Print events as JSON, one object per line."),
        _run_flag("--exit", OUTPUT, "Close the screen when the run ends."),
        *screen_options(),
        debug_option(),
    ]


def screen_options() -> list[click.Option]:
    """Return the options that say how the screen looks and takes input."""
    return [
        SectionOption(
            ["--theme"],
            section=OUTPUT,
            type=read_theme,
            metavar="NAME",
            envvar="FITMON_THEME",
            help="Colors: dark, light, color-blind, mono, terminal, or auto, by the background of the terminal.",
            default_text="$FITMON_THEME or auto",
        ),
        _run_flag("--ascii", OUTPUT, "Draw with ASCII characters only."),
        _run_flag("--no-mouse", OUTPUT, "Leave the mouse to the terminal, such as to select text."),
    ]


def _run_flag(flag: str, section: str, text: str) -> click.Option:
    return SectionOption([flag], section=section, is_flag=True, help=text)


def storage_options() -> list[click.Option]:
    """Return the options that say where a run is saved and how much of it is kept."""
    every = number_reader(CHECKPOINT_EVERY)
    return [
        run_dir_option(),
        SectionOption(
            ["--checkpoint-every"],
            section=RUN,
            type=every,
            metavar="N",
            default="1",
            help="Save a checkpoint every N epochs.",
            default_text="1",
        ),
        SectionOption(
            ["--keep-disk"],
            section=RUN,
            type=read_size,
            metavar="SIZE",
            default="2GB",
            help="Disk space for checkpoints.",
            default_text="2GB",
        ),
    ]


def export_options() -> list[click.Option]:
    """Return the options that export the model when the run ends."""
    return [
        SectionOption(
            ["--export"],
            section=RUN,
            type=read_export,
            metavar="FILE.keras",
            help="Export the model as a Keras file when the run ends.",
        ),
        SectionOption(
            ["--keep"],
            section=RUN,
            type=read_keep,
            metavar="best|last",
            help="Weights to export.",
            default_text="best",
        ),
    ]


def require_export_with_keep(given: Mapping[str, Any]) -> None:
    """Raise UsageError for --keep without --export."""
    if given["keep"] is not None and given["export"] is None:
        raise UsageError("Expected --export FILE.keras with --keep, which chooses the weights to export.")


def run_dir_option() -> click.Option:
    """Return the option that names the folder of all runs."""
    return SectionOption(
        ["--run-dir"],
        section=RUN,
        metavar="FOLDER",
        help="Folder with all runs.",
        default_text="user state folder",
    )


def debug_option() -> click.Option:
    """Return the option that shows a traceback."""
    return _run_flag("--debug", OUTPUT, "Show a traceback on errors.")


def option_flag(field: str) -> str:
    """Return the flag of a setting, such as `--batch-size`."""
    return f"--{field.replace('_', '-')}"


def option_flags(field: str) -> list[str]:
    """Return the flag of a setting and its short form, if it has one: `--learning-rate`, `--lr`."""
    return [option_flag(field), *SHORT_FLAGS.get(field, ())]


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or NO_LAYER
    if isinstance(value, float):
        return f"{value:g}"
    return NO_LAYER if value is None else str(value)
