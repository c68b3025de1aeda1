"""A training loss with weights in it, which no other loss may be compared with."""

from __future__ import annotations

from fitmon.engine.diagnosis.data.wording import OF_THE_DATA
from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.finding import Finding


def _check(evidence: Evidence) -> Finding | None:
    facts = evidence.facts
    if not facts.training_weighted and not facts.validation_weighted:
        return None
    sides = [
        name for name, yes in (("training", facts.training_weighted), ("validation", facts.validation_weighted)) if yes
    ]
    both = len(sides) == 2  # noqa: PLR2004 - both sides
    return Finding(
        name=RULE.name,
        sentence=(
            f"weighted loss: Keras's {' and '.join(sides)} loss{'es are' if both else ' is'} weighted by class or "
            f"sample weights. {_consequence(evidence)}"
        ),
        epochs=OF_THE_DATA,
        confidence=0.95,
    )


def _consequence(evidence: Evidence) -> str:
    if evidence.facts.validation_weighted:
        return "Training and validation loss are not compared with each other."
    if evidence.facts.train_subset:
        return "Verdicts compare losses without weights, of training samples scored at the end of each epoch."
    return "It is not compared with the validation loss."


RULE = Rule(
    name="weighted_loss",
    explanation=(
        "Class weights and sample weights multiply each sample's loss in training, so the mean is on another scale "
        "than an unweighted one: with weights of 1 and 9 it may be twice as high and as wavy. That says nothing about "
        "the learning rate or about overfitting."
    ),
    source="Keras, Model.fit, class_weight and sample_weight: https://keras.io/api/models/model_training_apis/",
    weight=0.15,
    check=_check,
    patience=1,
)
