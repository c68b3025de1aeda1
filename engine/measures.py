"""The numbers that an epoch adds to the record for the diagnosis to judge by."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec


class Measures(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was measured of one epoch, in inference mode; None: not measured, or it has no meaning here.

    `training` is always the fixed part of the training set that is scored like the validation set at the epoch's end.
    Numbers have six digits, so that a journal tells them again exactly. A comparison is a mean paired difference, the
    same samples in both epochs, of which `error` is the standard error; its two sides are windows of a few epochs, so
    that no single epoch decides. Positive: the loss rose.
    """

    training_loss: float | None = None
    """Mean data loss, without penalties."""
    training_accuracy: float | None = None
    """In [0, 1]."""
    validation_loss: float | None = None
    """Mean data loss, without penalties."""
    validation_accuracy: float | None = None
    """In [0, 1], at the run's threshold."""
    penalty: float | None = None
    """L1, L2 and activity penalties."""
    best_epoch: int | None = None
    """The middle of the window with the lowest validation loss so far."""
    validation_since_best: float | None = None
    """Validation loss of the last window less that of the best one; None while the two overlap."""
    validation_since_best_error: float | None = None
    training_since_best: float | None = None
    """Training loss of the last window less that of the window that was best for validation."""
    training_since_best_error: float | None = None
    validation_lately: float | None = None
    """Validation loss of the last window less that of the window before it; None while there are not two."""
    validation_lately_error: float | None = None
    training_lately: float | None = None
    training_lately_error: float | None = None
    dead_share: float | None = None
    """Share of hidden units with relu that give 0 for every sample of the training part, in [0, 1]."""
    saturated_share: float | None = None
    """Share of wrong answers, in the training part, that are given with a probability of 1 within rounding."""
    suspected_labels: int | None = None
    """Validation samples whose label looks wrong (`insight.dynamics.Kind.SUSPECT`)."""


def measured(measures: Measures) -> Iterator[tuple[str, float]]:
    """Yield name and value of everything that was measured."""
    for name in measures.__struct_fields__:
        value = getattr(measures, name)
        if value is not None:
            yield name, float(value)
