"""The forms of the command line's options: how a text becomes a setting, or is refused with what was wanted.

Imports nothing heavy, so that a refusal comes at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
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
    LEARNING_RATE_FACTOR,
    THRESHOLD,
    Knob,
    knob_named,
)
from fitmon.engine.runs.run_name import check_run_name

if TYPE_CHECKING:
    from pathlib import Path

    from fitmon.engine.job import Settings

NOTHING = "none"
"""What a user types for no layer at all."""

SEED = Knob(name="seed", label="seed", minimum=0, maximum=2**32 - 1, whole=True, example="7")

RESUME_KNOBS = (EPOCHS, LEARNING_RATE, DROPOUT, L1, L2, BATCH_SIZE)
"""The knobs that `fitmon resume` can change."""

ScheduledChange = tuple[int, str, float]
"""From which epoch, which knob, which value."""


Reader = Callable[[str], Any]
"""Turns the text of an option into its value, or raises UsageError."""


def number_reader(knob: Knob, *, may_be_none: bool = False) -> Reader:
    """Return a reader of numbers in the form and range of a knob; `none` is read as None if it may be."""

    def read(text: str) -> float | None:
        if may_be_none and text == NOTHING:
            return None
        number = knob.parse(text)
        return int(number) if knob.whole else number

    return read


def read_units(text: str) -> tuple[int, ...]:
    """Read the widths of the hidden layers, such as `256,128`, or `none` for no hidden layer."""
    if text == NOTHING:
        return ()
    widths = [width.strip() for width in text.split(",")]
    if not all(re.fullmatch("0*[1-9][0-9]{0,6}", width) for width in widths):
        raise UsageError(
            f"Expected units to be whole numbers of at least 1, such as 256,128, or {NOTHING}; received {text!r}."
        )
    return tuple(map(int, widths))


def read_optimizer(text: str) -> str:
    """Read the name of an optimizer of Keras."""
    from fitmon.presets.layers import OPTIMIZERS

    name = text.lower()
    if name not in OPTIMIZERS:
        raise UsageError(f"Expected an optimizer out of {', '.join(OPTIMIZERS)}; received {text!r}.")
    return name


def read_size(text: str) -> int:
    """Read an amount of disk such as `2GB`, `500 MB` or `0`, in bytes."""
    parts = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kMGT]?B)?\s*", text, re.IGNORECASE)
    if parts is None or not (parts[2] or float(parts[1]) == 0):
        raise UsageError(f"Expected an amount of disk such as 2GB or 500MB, received {text!r}.")
    return int(float(parts[1]) * 1000 ** " KMGT".index((parts[2] or "B").upper().removesuffix("B") or " "))


def read_export(text: str) -> Path:
    """Read where the model is to be written, and see that it could be, so that no training is in vain."""
    from fitmon.engine.training.model_file import checked_path

    return checked_path(text)


def read_keep(text: str) -> str:
    """Read which weights are written."""
    from fitmon.engine.commands import Keep

    if text not in get_args(Keep):
        raise UsageError(f"Expected --keep {' or '.join(get_args(Keep))}, received {text!r}.")
    return text


CHECKPOINT_EVERY = Knob(name="checkpoint-every", label="epochs", minimum=1, maximum=10**9, whole=True, example="5")


def read_change(text: str) -> ScheduledChange:
    """Read a change of a knob that is to come, such as `3:learning_rate=1e-4`."""
    parts = re.fullmatch(r"\s*([1-9][0-9]{0,8})\s*:\s*(\w+)\s*=(.*)", text)
    if parts is None:
        raise UsageError(f"Expected EPOCH:KNOB=VALUE, such as 3:learning_rate=1e-4; received {text!r}.")
    epoch, knob, number = parts.groups()
    return int(epoch), knob, knob_named(knob).parse(number)


SETTINGS: dict[str, tuple[Reader, str, str]] = {
    "epochs": (number_reader(EPOCHS), "NUMBER", "How many epochs to train."),
    "batch_size": (number_reader(BATCH_SIZE), "NUMBER", "Samples in a batch."),
    "learning_rate": (number_reader(LEARNING_RATE), "NUMBER", "Step size of the optimizer."),
    "dropout": (
        number_reader(DROPOUT, may_be_none=True),
        "RATE",
        "Dropout; 0 can be raised later, none has no layer.",
    ),
    "l1": (number_reader(L1), "NUMBER", "L1 penalty on all kernels."),
    "l2": (number_reader(L2), "NUMBER", "L2 penalty on all kernels."),
    "units": (read_units, "WIDTHS", "Widths of the hidden layers, such as 256,128, or none."),
    "optimizer": (read_optimizer, "NAME", "Keras's name of the optimizer, such as adam or sgd."),
    "seed": (number_reader(SEED), "NUMBER", "Seed of the weights, the dropout, the order and the split."),
    "threshold": (number_reader(THRESHOLD), "NUMBER", "Two classes: the answer is 1 only above this probability."),
}
"""The options that are fields of `Settings`: reader, form, help."""


def setting_options(defaults: Settings) -> list[click.Option]:
    """Return the options that change a job's settings; their help shows the defaults."""
    options = [
        click.Option([_flag(field)], type=reader, metavar=form, help=f"{text} [{_shown(getattr(defaults, field))}]")
        for field, (reader, form, text) in SETTINGS.items()
    ]
    return [*options, click.Option(["--jit/--no-jit"], default=None, help="Compile with XLA. [as Keras decides]")]


def run_options() -> list[click.Option]:
    """Return the options that every run has, whatever it trains."""
    flags = {
        "--plain": "Print lines, one an epoch, instead of the screen.",
        "--json": "Print events as JSON, one object a line.",
        "--paused": "Begin with a pause, before the first epoch.",
        "--exit": "Close the screen when the run is over.",
        "--no-mouse": "Leave the mouse to the terminal.",
        "--ephemeral": "Keep nothing on the disk.",
        "--detach": "Train without a terminal, and return at once.",
        "--debug": "Show Python's traceback with an error.",
    }
    return [
        click.Option(["--name"], type=check_run_name, metavar="NAME", help="Of the run. [preset, day, number]"),
        click.Option(
            ["--at"],
            type=read_change,
            metavar="EPOCH:KNOB=VALUE",
            multiple=True,
            help="Change a knob at an epoch; repeatable.",
        ),
        *(click.Option([flag], is_flag=True, help=text) for flag, text in flags.items()),
    ]


def keeping_options() -> list[click.Option]:
    """Return the options that say where a run is kept and how much of it."""
    every = number_reader(CHECKPOINT_EVERY)
    return [
        run_dir_option(),
        click.Option(["--checkpoint-every"], type=every, metavar="EPOCHS", default="1", help="Keep these. [1]"),
        click.Option(["--keep-disk"], type=read_size, metavar="SIZE", default="2GB", help="For checkpoints. [2GB]"),
    ]


def export_options() -> list[click.Option]:
    """Return the options that say where the model is written in the end, and with which weights."""
    export_help = "Write the model when the run is over, for plain Keras."
    keep_help = "Weights for --export: those of the best epoch, or the last. [best]"
    return [
        click.Option(["--export"], type=read_export, metavar="FILE.keras", help=export_help),
        click.Option(["--keep"], type=read_keep, metavar="best|last", help=keep_help),
    ]


def refuse_keep_alone(given: Mapping[str, Any]) -> None:
    """Raise UsageError where it is said which weights are written, but not where to."""
    if given["keep"] is not None and given["export"] is None:
        raise UsageError("Expected --export FILE.keras with --keep: it says which weights are written there.")


def run_dir_option() -> click.Option:
    """Return the option that says where all runs are."""
    return click.Option(["--run-dir"], metavar="FOLDER", help="Where runs are kept. [the user's state folder]")


def in_order(changes: Sequence[ScheduledChange]) -> list[ScheduledChange]:
    """Return changes as they will happen: by epoch, and at one epoch the number of epochs first."""
    return sorted(changes, key=lambda change: (change[0], change[1] != EPOCHS.name))


def check_changes(
    changes: Sequence[ScheduledChange], settings: Settings, has_dropout: Callable[[Settings], bool]
) -> None:
    """Raise UsageError for a change that could never take hold in a preset with these settings.

    Args:
        changes: in any order.
        settings: what the run starts with.
        has_dropout: whether the preset's model has a Dropout layer with given settings.
    """
    ordered = in_order(changes)
    # Of several changes for one epoch the last one counts, as in the run.
    lengths = {epoch: int(value) for epoch, knob, value in ordered if knob == EPOCHS.name}
    last_epoch = settings.epochs
    for epoch, knob, value in ordered:
        shown = f"--at {epoch}:{knob}={value:g}"
        if knob == EPOCHS.name and epoch > last_epoch + 1:
            raise UsageError(f"Expected an epoch of at most {last_epoch + 1}, behind the last one; received {shown}.")
        if knob != EPOCHS.name and epoch > last_epoch:
            raise UsageError(f"Expected an epoch of at most {last_epoch}, the last one; received {shown}.")
        if knob == EPOCHS.name and value < epoch - 1:
            raise UsageError(f"Expected at least {epoch - 1} epochs, done by then; received {shown}.")
        if knob == EPOCHS.name:
            last_epoch = lengths.pop(epoch, last_epoch)
        if knob == DROPOUT.name and not has_dropout(settings):
            way = _way_to_dropout(settings, has_dropout)
            raise UsageError(f"This model has no Dropout layer for {shown}; {way}.")
        if knob == LEARNING_RATE_FACTOR.name:
            raise UsageError(f"This optimizer follows no schedule for {shown}; change {LEARNING_RATE.name} instead.")


def _way_to_dropout(settings: Settings, has_dropout: Callable[[Settings], bool]) -> str:
    if has_dropout(replace(settings, dropout=0.0)):
        return "add --dropout 0 to give it one"
    return "it would stand behind a hidden layer, such as that of --units 8 --dropout 0"


def _flag(field: str) -> str:
    return f"--{field.replace('_', '-')}"


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or NOTHING
    if isinstance(value, float):
        return f"{value:g}"
    return NOTHING if value is None else str(value)
