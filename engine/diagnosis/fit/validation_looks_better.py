"""Validation looks better than training, because Keras measures the two in different ways."""

from __future__ import annotations

import math

import numpy as np

from fitmon.engine.diagnosis.evidence import Evidence, Floats, Rule
from fitmon.engine.finding import Finding

EPOCHS = 3
LOOKS_BETTER = 1.05
"""Keras's training loss over its validation loss."""
NOT_WORSE = 1.02
"""Largest training loss over validation loss, both in inference mode."""


def _check(evidence: Evidence) -> Finding | None:
    loss, val_loss, training, validation = (
        _recent(evidence.curve(name)) for name in ("loss", "val_loss", "training_loss", "validation_loss")
    )
    facts = evidence.facts
    # Weighted losses are no means over the same thing, and negative ones have no ratio.
    if facts.training_weighted or facts.validation_weighted or not facts.has_floor or not val_loss > 0:
        return None
    penalty = np.nan_to_num(_recent(evidence.curve("penalty")))
    unknown = bool(np.isnan([training, validation]).any())
    if not loss - penalty > LOOKS_BETTER * (val_loss - penalty) or not (unknown or training <= NOT_WORSE * validation):
        return None
    return Finding(
        name=RULE.name,
        sentence=_sentence(evidence, (loss, val_loss), None if unknown else (training, validation)),
        epochs=(max(1, evidence.epoch - EPOCHS + 1), evidence.epoch),
        confidence=0.6 if unknown else 0.95,
    )


def _recent(curve: Floats) -> float:
    """Return the mean of the last epochs; NaN where one of them has no value, or there are too few."""
    return float(np.mean(curve[-EPOCHS:])) if len(curve) >= EPOCHS else math.nan


def _sentence(evidence: Evidence, keras: tuple[float, float], alike: tuple[float, float] | None) -> str:
    penalty, dropout = evidence.last("penalty"), evidence.knob("dropout")
    causes = ["a mean over weights that were still changing"]
    in_training, in_inference = evidence.last("training_mode_loss"), evidence.last("inference_mode_loss")
    if dropout:
        causes.append(f"with dropout {dropout:g} on")
    if in_training > in_inference:
        causes.append(
            f"the same samples have {in_training:.3g} in training mode and {in_inference:.3g} in inference mode"
        )
    both = f"; both contain a penalty of {penalty:.3g}" if penalty > 0 else ""
    scored = "No training samples could be scored in inference mode here"
    if alike is not None:
        scored = f"Both in inference mode, without penalties: training {alike[0]:.3g}, validation {alike[1]:.3g}"
    return (
        f"validation looks better only because Keras measures it differently (means of the last {EPOCHS} epochs): "
        f"{keras[1]:.3g}, training loss {keras[0]:.3g} ({', '.join(causes)}{both}). {scored}."
    )


RULE = Rule(
    name="validation_looks_better",
    explanation=(
        "Keras's training loss is a mean over the epoch, while the weights still changed and dropout was on; its "
        "validation loss is measured at the end of the epoch with dropout off. Both contain the L1 and L2 penalties. "
        "fitmon scores a fixed subset of the training set like the validation set, and compares that."
    ),
    source=(
        "Keras FAQ, 'Why is my training loss much higher than my testing loss?', https://keras.io/getting_started/faq/"
    ),
    weight=0.25,
    check=_check,
)
