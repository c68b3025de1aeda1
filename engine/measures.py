"""Measurements of an epoch as plain numbers, for the diagnosis and for readers of the events."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec


class Measures(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Measurements of one epoch, in inference mode; None: not measured, or without meaning here.

    `training` is always the training subset that is scored like the validation set at the epoch's end. Numbers have six
    digits, so that a journal restores them exactly. A comparison is a mean paired difference, the same samples in both
    epochs, and `error` is its standard error; it compares windows of a few epochs, so that no single epoch decides.
    Positive: the loss rose.
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
    """Validation loss of the last window minus that of the best one; None while the two overlap."""
    validation_since_best_error: float | None = None
    training_since_best: float | None = None
    """Training loss of the last window minus that of the window that was best for validation."""
    training_since_best_error: float | None = None
    validation_lately: float | None = None
    """Validation loss of the last window minus that of the previous one; None before there are two."""
    validation_lately_error: float | None = None
    training_lately: float | None = None
    training_lately_error: float | None = None
    training_mode_loss: float | None = None
    """Mean data loss of some samples of the training subset in training mode: dropout on, BatchNormalization by
    batch; None where no layer behaves differently in it."""
    inference_mode_loss: float | None = None
    """Mean data loss of the same samples in inference mode, where `training_mode_loss` is known."""
    dead_share: float | None = None
    """Share of hidden relu units that output 0 for every sample of the training subset, in [0, 1]."""
    saturated_share: float | None = None
    """Share of wrong predictions in the training subset that have a probability of 1 within rounding."""
    suspected_labels: int | None = None
    """Validation samples whose label looks wrong (`insight.dynamics.Kind.SUSPECT`)."""
    first_gradient: float | None = None
    """Root mean square of the loss's gradient over the weights of the first layer that has any hidden layer before the
    output behind it; None where it was not measured in this epoch."""
    last_gradient: float | None = None
    """The same for the last hidden layer."""


def measured(measures: Measures) -> Iterator[tuple[str, float]]:
    """Yield name and value of everything that was measured."""
    for name in measures.__struct_fields__:
        value = getattr(measures, name)
        if value is not None:
            yield name, float(value)


class ClassInsight(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One class against all others."""

    support: int
    """Validation samples of this class."""
    precision: float | None = None
    """In [0, 1]; None where the class was never predicted."""
    recall: float | None = None
    """In [0, 1]; None when it has no samples."""
    f1: float | None = None
    """In [0, 1]; None where it has no samples and was never predicted."""


class Insight(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How the validation samples changed since the previous epoch, at the run's threshold.

    Epoch 1 is compared with the untrained model. Metrics after `sentence` that have no meaning here are left out of the
    JSON.
    """

    samples: int
    """Validation samples; several labels a sample count one by one."""
    stayed_right: int
    stayed_wrong: int
    crossed_up: int
    """Wrong before, right now."""
    crossed_down: int
    """Right before, wrong now."""
    loss_change: dict[str, float] | None
    """The change of the data loss, split over the four groups, which add up to it; None where the model's loss gives no
    value per sample, or one of them is not finite."""
    data_loss: float | None
    """The mean of the samples' losses: `val_loss` without `penalty`; None as for `loss_change`."""
    penalty: float | None
    """L1, L2 and activity penalties in `val_loss`; None where they could not be separated."""
    threshold: float | None
    """In [0, 1]; None for several classes, where the prediction is the most probable class."""
    near_threshold: int
    """Samples within 0.1 of the threshold; several classes: with a margin that small."""
    sentence: str
    """Why accuracy and loss changed as they did."""
    not_numbers: int = 0
    """Samples whose prediction is NaN; they count as wrong."""
    accuracy: float | None = None
    """Share of correct predictions, in [0, 1]."""
    accuracy_interval: tuple[float, float] | None = None
    """Its 95% noise band for this number of samples (Wilson)."""
    majority_share: float | None = None
    """The accuracy of always predicting the most frequent class."""
    balanced_accuracy: float | None = None
    matthews: float | None = None
    """Matthews correlation, in [-1, 1]; two classes only."""
    roc_auc: float | None = None
    average_precision: float | None = None
    brier: float | None = None
    calibration_error: float | None = None
    """Expected calibration error, in [0, 1]."""
    entropy: float | None = None
    """Mean entropy of the predictions, in nats."""
    per_class: tuple[ClassInsight, ...] | None = None
    """In label order; None beyond 50 classes."""
    confusion: tuple[tuple[int, ...], ...] | None = None
    """A row for each true class, a column for each predicted one; None beyond 50 classes."""
