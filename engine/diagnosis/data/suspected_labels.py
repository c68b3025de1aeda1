"""Labels that look wrong: a good model surely and steadily answers something else."""

from __future__ import annotations

import math

import numpy as np

from fitmon.engine.diagnosis.data.wording import percent
from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.diagnosis.facts import Facts
from fitmon.engine.diagnosis.finding import Finding, Remedy

SHARE = 0.02
"""Of the validation samples; on clean data an overconfident model suspects 0.3 to 0.5 % of MNIST."""
FEWEST = 3
FIRST_EPOCH = 4
"""A sample has a kind after three measured epochs (`insight.dynamics.MEASURED_ENOUGH`); one more to settle."""
GOOD_MODEL = 0.6
"""Of the way from the majority's share to 1 the accuracy must have gone: the sure errors of a bad model are its own."""
SURE_SHARE = 0.03


def _look(evidence: Evidence) -> Finding | None:
    facts = evidence.facts
    epoch = _epoch_to_judge_by(evidence)
    suspected, accuracy = (_at(evidence, name, epoch) for name in ("suspected_labels", "validation_accuracy"))
    total = facts.validation_samples
    if epoch > evidence.epoch or not total or not np.isfinite([suspected, accuracy]).all():
        return None
    share = suspected / total
    if suspected < FEWEST or share < SHARE or _skill(facts, accuracy) < GOOD_MODEL:
        return None
    return Finding(
        name=RULE.name,
        sentence=(
            f"{suspected:.0f} of {total} validation samples ({percent(share)}) have labels that look wrong: by epoch "
            f"{epoch}, with an accuracy of {accuracy:.3f}, the model was sure of another class for each of them."
        ),
        epochs=(epoch, evidence.epoch),
        confidence=0.9 if share >= SURE_SHARE else 0.7,
        remedies=_REMEDIES,
    )


def _epoch_to_judge_by(evidence: Evidence) -> int:
    """Return the best epoch, or the first one that can be judged: later an overfitted model is sure of its errors."""
    best = evidence.last("best_epoch")
    return max(FIRST_EPOCH, int(best) if np.isfinite(best) else evidence.epoch)


def _at(evidence: Evidence, name: str, epoch: int) -> float:
    values = evidence.curve(name)
    return float(values[epoch - 1]) if epoch <= len(values) else math.nan


def _skill(facts: Facts, accuracy: float) -> float:
    """Return how far the accuracy has come from always answering the most frequent class, in (-inf, 1]."""
    counts = facts.validation_counts or ()
    majority = max(counts) / sum(counts) if sum(counts) else 1 / (facts.classes or 2)
    return (accuracy - majority) / (1 - majority) if majority < 1 else 0.0


_REMEDIES = (
    Remedy(
        advice="look at them: the samples view (5) lists those of the kind 'suspect' with label and answer",
        expect="Either the label is wrong, or the sample is of a sort that the model has not learnt.",
    ),
    Remedy(
        advice="correct or leave out what is wrong; training labels of the same origin are as often wrong",
        expect="The validation loss falls at once, most of it being theirs, and the best epoch comes later.",
    ),
    Remedy(
        advice="until then, let the loss doubt the labels: CategoricalCrossentropy(label_smoothing=0.1)",
        expect="The model is less sure, and single wrong labels pull less.",
    ),
)

RULE = Rule(
    name="suspected_labels",
    explanation=(
        "When a model that is mostly right is sure, epoch after epoch, that a sample is of another class, the label is "
        "often the mistake. Well-known test sets have about 3 % of wrong labels. They cost much in the loss, where "
        "being surely wrong is expensive, and training long enough to learn them by heart is overfitting."
    ),
    source=(
        "Northcutt, Athalye, Mueller 2021, Pervasive Label Errors in Test Sets, https://arxiv.org/abs/2103.14749; "
        "Northcutt, Jiang, Chuang 2021, Confident Learning, https://arxiv.org/abs/1911.00068; Pleiss et al. 2020, "
        "https://arxiv.org/abs/2001.10528"
    ),
    weight=0.55,
    look=_look,
)
