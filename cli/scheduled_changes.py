"""Checks the changes that `--at` schedules, so that one that could never take effect is refused before training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from fitmon.cli.options import ScheduledChange
from fitmon.engine.errors import UsageError
from fitmon.engine.knobs.catalogue import DROPOUT, EPOCHS, LEARNING_RATE, LEARNING_RATE_FACTOR

if TYPE_CHECKING:
    from fitmon.engine.job import Settings


def sorted_changes(changes: Sequence[ScheduledChange]) -> list[ScheduledChange]:
    """Return changes in the order they take effect: by epoch, and within an epoch the number of epochs first."""
    return sorted(changes, key=lambda change: (change[0], change[1] != EPOCHS.name))


def check_changes(
    changes: Sequence[ScheduledChange], settings: Settings, has_dropout: Callable[[Settings], bool]
) -> None:
    """Raise UsageError for a change that could never take effect in a preset with these settings.

    Args:
        changes: in any order.
        settings: what the run starts with.
        has_dropout: whether the preset's model has a Dropout layer with given settings.
    """
    ordered = sorted_changes(changes)
    # Of several changes for one epoch the last one counts, as in the run.
    lengths = {epoch: int(value) for epoch, knob, value in ordered if knob == EPOCHS.name}
    last_epoch = settings.epochs
    for change in ordered:
        epoch, knob, _ = change
        if knob == EPOCHS.name:
            _check_epochs(change, last_epoch)
            last_epoch = lengths.pop(epoch, last_epoch)
        elif epoch > last_epoch:
            raise UsageError(f"Expected an epoch of at most {last_epoch}, the last one; received {_spelled(change)}.")
        _check_model(change, settings, has_dropout)


def _check_epochs(change: ScheduledChange, last_epoch: int) -> None:
    epoch, _, value = change
    if epoch > last_epoch + 1:
        raise UsageError(
            f"Expected an epoch of at most {last_epoch + 1}, one after the last; received {_spelled(change)}."
        )
    if value < epoch - 1:
        raise UsageError(
            f"Expected at least {epoch - 1} epochs, since {epoch - 1} are done by then; received {_spelled(change)}."
        )


def _check_model(change: ScheduledChange, settings: Settings, has_dropout: Callable[[Settings], bool]) -> None:
    knob = change[1]
    if knob == DROPOUT.name and not has_dropout(settings):
        hint = _dropout_hint(settings, has_dropout)
        raise UsageError(f"This model has no Dropout layer for {_spelled(change)}; {hint}.")
    if knob == LEARNING_RATE_FACTOR.name:
        raise UsageError(f"This optimizer has no schedule for {_spelled(change)}; change {LEARNING_RATE.name} instead.")


def _spelled(change: ScheduledChange) -> str:
    epoch, knob, value = change
    return f"--at {epoch}:{knob}={value:g}"


def _dropout_hint(settings: Settings, has_dropout: Callable[[Settings], bool]) -> str:
    if has_dropout(replace(settings, dropout=0.0)):
        return "add --dropout 0 to build one"
    return "it needs a hidden layer, such as --units 8 --dropout 0"
