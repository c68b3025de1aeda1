"""Wrong predictions with a probability of 1."""

from __future__ import annotations

import math

from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.diagnosis.fit import remedies
from fitmon.engine.finding import Finding, Remedy

MIN_SHARE = 0.25
"""Of the wrong predictions."""
MIN_WRONG = 5.0
"""With fewer wrong predictions a share means nothing."""


def _check(evidence: Evidence) -> Finding | None:
    share, accuracy = evidence.last("saturated_share"), evidence.last("training_accuracy")
    if not share >= MIN_SHARE:
        return None
    wrong = (1 - accuracy) * evidence.facts.train_subset
    if math.isfinite(wrong) and evidence.facts.train_subset and wrong < MIN_WRONG:
        return None
    return Finding(
        name=RULE.name,
        sentence=(
            f"saturated outputs: {100 * share:.0f}% of the wrong predictions on training samples have a "
            "probability of 1; their gradient is almost 0, so they are hardly corrected."
        ),
        epochs=(evidence.epoch, evidence.epoch),
        confidence=round(min(0.95, 0.65 + 0.3 * share), 2),
    )


def _remedies(evidence: Evidence) -> tuple[Remedy, ...]:
    return remedies.present(
        (
            remedies.with_rate(evidence, 0.1, "The outputs leave the extremes in small steps."),
            remedies.more_l2(evidence),
            remedies.advice(
                "scale the inputs to a standard deviation of 1 and start again with the default initialization",
                "The first outputs are near 0, and the first probabilities are close to guessing.",
            ),
            remedies.advice(
                "smooth the labels: CategoricalCrossentropy(label_smoothing=0.1)",
                "Keeps the model from predicting probability 1.",
            ),
        )
    )


RULE = Rule(
    name="saturated_outputs",
    explanation=(
        "The model is sure where it is wrong. In the flat ends of sigmoid and softmax the probability is 0 or 1 to the "
        "last digit: inputs on a large scale, large weights or too large steps drive it there. Accuracy does not show "
        "it, because it ignores how sure each prediction is."
    ),
    source=(
        "Tutorial 1 (accuracy does not see how sure a prediction was); Glorot, Bengio 2010, Understanding the "
        "difficulty of training deep feedforward neural networks, https://proceedings.mlr.press/v9/glorot10a.html; Guo "
        "et al. 2017, On Calibration of Modern Neural Networks, https://arxiv.org/abs/1706.04599"
    ),
    weight=0.6,
    check=_check,
    remedies=_remedies,
)
