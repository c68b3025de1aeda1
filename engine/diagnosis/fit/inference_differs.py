"""The same training samples have a far higher loss in inference mode than in training mode."""

from __future__ import annotations

import math

from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.diagnosis.fit.losses import losses_of
from fitmon.engine.diagnosis.fit.worse_than_guessing import is_worse_than_guessing
from fitmon.engine.finding import Finding, Remedy

TIMES = 2.0
"""Loss in inference mode over loss in training mode."""
TIMES_AT_FIRST = 5.0
"""The same after the first epoch, when moving averages may be about to arrive."""
OF_BASELINE = 0.2
"""Smallest difference, as a share of the baseline."""
STILL_STARTING = 0.05
"""Share of the initial values that is left in moving averages which have not arrived."""


def _check(evidence: Evidence) -> Finding | None:
    if not evidence.facts.train_subset:
        return _likely_in_batches(evidence)
    facts = evidence.facts
    losses = losses_of(evidence)
    training, inference = evidence.last("training_mode_loss"), evidence.last("inference_mode_loss")
    baseline = losses.training.baseline
    enough = OF_BASELINE * baseline if baseline > 0 else training
    times = TIMES if evidence.epoch > 1 else TIMES_AT_FIRST
    if not facts.has_floor or not inference >= times * training or not inference - training >= enough:
        return None
    return Finding(
        name=RULE.name,
        sentence=(
            f"inference differs from training: the same training samples have a loss of {training:.3g} in training "
            f"mode and {inference:.3g} in inference mode. {_cause(evidence)}"
        ),
        epochs=(evidence.epoch, evidence.epoch),
        confidence=0.95,
    )


def _likely_in_batches(evidence: Evidence) -> Finding | None:
    """Return the finding where training samples cannot be scored again: Keras's loss is that of training mode."""
    losses, (left, _) = losses_of(evidence), _left_of_start(evidence)
    training, validation = evidence.last("loss"), evidence.last("val_loss")
    compared = losses.comparable and not evidence.facts.training_weighted and validation >= TIMES_AT_FIRST * training
    if not compared or not left >= STILL_STARTING or not is_worse_than_guessing(losses):
        return None
    return Finding(
        name=RULE.name,
        sentence=(
            f"inference differs from training, most likely: training loss is {training:.3g}, in training mode, and "
            f"validation loss {validation:.3g}, in inference mode. {_cause(evidence)}"
        ),
        epochs=(evidence.epoch, evidence.epoch),
        confidence=0.8,
    )


def _cause(evidence: Evidence) -> str:
    facts = evidence.facts
    count = facts.mode_layers.get("BatchNormalization", 0)
    others = [name for name in facts.mode_layers if name != "BatchNormalization"]
    if not count or facts.batch_norm_momentum is None:
        return f"Only layers that depend on the mode can do that: {', '.join(others)}."
    left, steps = _left_of_start(evidence)
    layers = "1 BatchNormalization layer uses" if count == 1 else f"{count} BatchNormalization layers use"
    beside = f" (other layers that depend on the mode: {', '.join(others)})" if others else ""
    uses = f"{layers} moving averages in inference mode{beside}"
    if math.isnan(left):
        return f"{uses}."
    arrived = (
        f"{uses}: with momentum {facts.batch_norm_momentum:g}, after {steps:.0f} steps they still contain "
        f"{100 * left:.0f}% of their initial values"
    )
    if left >= STILL_STARTING:
        return f"{arrived}, not the statistics of the data."
    return f"{arrived}; they lag behind weights that change fast, or batches of a few samples are too different."


def _left_of_start(evidence: Evidence) -> tuple[float, float]:
    """Return the share of the initial values in the moving averages, and the steps so far; NaN where not known."""
    momentum, size = evidence.facts.batch_norm_momentum, evidence.knob("batch_size")
    samples = evidence.facts.training_samples or sum(evidence.facts.training_counts or ())
    if momentum is None or not size or not samples:
        return math.nan, math.nan
    steps = evidence.epoch * math.ceil(samples / size)
    return momentum**steps, float(steps)


def _remedies(evidence: Evidence) -> tuple[Remedy, ...]:
    if "BatchNormalization" not in evidence.facts.mode_layers:
        return (
            Remedy(
                advice="look at what these layers do with training=True and training=False",
                expect="The same samples have about the same loss in both modes.",
            ),
        )
    return (
        Remedy(
            advice="lower the momentum: BatchNormalization(momentum=0.9), which needs a tenth of the steps",
            expect="Loss and accuracy of the training set in evaluate() come close to those in fit().",
        ),
        Remedy(
            advice="or train for more steps: smaller batches, or more epochs",
            expect="The moving averages arrive; with momentum 0.99 that takes some 500 steps.",
            raises=("epochs",),
            lowers=("batch_size",),
        ),
        Remedy(
            advice="or use LayerNormalization or GroupNormalization, which have no moving averages",
            expect="Training and inference compute the same.",
        ),
    )


RULE = Rule(
    name="inference_differs",
    explanation=(
        "Some layers compute something else in training than in evaluate() and predict(): BatchNormalization uses the "
        "statistics of the batch in training and moving averages in inference, dropout is on and off. fitmon scores "
        "the same training samples in both modes. Where inference is far worse, it is no overfitting: the model itself "
        "is another one there."
    ),
    source=(
        "Ioffe, Szegedy 2015, Batch Normalization, https://arxiv.org/abs/1502.03167; Keras, BatchNormalization, "
        "https://keras.io/api/layers/normalization_layers/batch_normalization/"
    ),
    weight=1.0,
    check=_check,
    remedies=_remedies,
    patience=1,
    explains=frozenset({"worse_than_guessing", "not_learning", "underfitting", "plateau", "saturated_outputs"}),
    invalidates=frozenset(
        {
            "overfitting",
            "memorizing",
            "suspected_labels",
            "learning_rate_too_high",
            "learning_rate_too_low",
            "learning_well",
            "good_fit",
            "undecided",
            "validation_too_small",
            "validation_looks_better",
            "unbalanced",
            "dead_units",
        }
    ),
)
