"""A loss far above that of the best prediction that does not look at the inputs."""

from __future__ import annotations

import numpy as np

from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.diagnosis.fit.baselines import baseline_in_words
from fitmon.engine.diagnosis.fit.losses import Losses, losses_of
from fitmon.engine.finding import Finding

FAR_ABOVE = 3.0
"""Validation loss over its baseline that is wrong from the first epoch on, where training is far lower."""
TIMES_TRAINING = 3.0
ABOVE = 1.3
"""The same after some epochs, whatever training does."""
MIN_SAMPLES = 10
"""The baseline of fewer validation samples is mostly chance."""
FIRST_EPOCH = 6
ABSURD = 100.0
"""Times the baseline that are wrong after some epochs, even while the loss falls."""
STILL_FALLS = 0.05
"""Share by which a loss falls from one window to the next that is on its way down."""


def is_worse_than_guessing(losses: Losses) -> bool:
    """Return whether the loss that counts is far above its baseline."""
    judged = losses.judged
    if not judged or not losses.has_floor or not judged.baseline > 0 or 0 < judged.samples < MIN_SAMPLES:
        return False
    now = float(judged.curve[-1])
    training = losses.training
    apart = losses.comparable and training and now >= TIMES_TRAINING * training.curve[-1]
    if apart and losses.validation and now >= FAR_ABOVE * judged.baseline:
        return True
    if len(judged.curve) < FIRST_EPOCH or losses.now(judged) < ABOVE * judged.baseline:
        return False
    if now >= ABSURD * judged.baseline:
        return True
    lately = losses.lately(judged)
    return lately is not None and not (lately.falls and -lately.share >= STILL_FALLS)


def _check(evidence: Evidence) -> Finding | None:
    losses = losses_of(evidence)
    if not is_worse_than_guessing(losses):
        return None
    which = "validation" if losses.validation else "training"
    now, baseline = float(losses.judged.curve[-1]), losses.judged.baseline
    above = np.flatnonzero(losses.judged.curve < baseline)
    since = losses.judged.skipped + (int(above[-1]) + 2 if len(above) else 1)
    return Finding(
        name=RULE.name,
        sentence=(
            f"worse than guessing: {which} loss is {now:.3g}, {now / baseline:.1f} times the {baseline:.3g} of "
            f"{baseline_in_words(evidence.facts)}."
        ),
        epochs=(min(since, evidence.epoch), evidence.epoch),
        confidence=0.9,
    )


RULE = Rule(
    name="worse_than_guessing",
    explanation=(
        "A prediction that never looks at the inputs would have a lower loss. A model that learns gets below that "
        "within a few epochs, so something is wrong with what it is compared on: inputs or targets of the validation "
        "set are on another scale, layers behave differently in inference mode, or the steps are too large."
    ),
    source=(
        "Karpathy 2019, A Recipe for Training Neural Networks, 'input-independent baseline', "
        "https://karpathy.github.io/2019/04/25/recipe/"
    ),
    weight=0.8,
    check=_check,
    patience=1,
)
