"""Several labels a sample, each of them rare: an accuracy that always looks good."""

from __future__ import annotations

import numpy as np

from fitmon.engine.diagnosis.data.wording import OF_THE_DATA, percent
from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.finding import Finding, Remedy

RARE = 0.1
"""Share of the samples that have a label."""
MANY = 0.5
"""Share of the labels that are rare."""


def _check(evidence: Evidence) -> Finding | None:
    shares = np.array(evidence.facts.label_shares)
    rare = shares < RARE
    if not len(shares) or rare.mean() < MANY:
        return None
    return Finding(
        name=RULE.name,
        sentence=(
            f"rare labels: {int(rare.sum())} of {len(shares)} labels are on fewer than {percent(RARE)} of the samples "
            f"(median {percent(float(np.median(shares)))}): predicting none of them gives a binary accuracy of "
            f"{1 - shares.mean():.3f}."
        ),
        epochs=OF_THE_DATA,
        confidence=0.9,
        remedies=(
            Remedy(
                advice="watch precision and recall: metrics=[keras.metrics.AUC(multi_label=True, curve='PR')]",
                expect="The metric shows whether any label is found at all.",
            ),
            Remedy(
                advice="choose a threshold for each label by its F1 on the validation set; 0.5 is far too high",
                expect="Rare labels are predicted, with some false alarms.",
            ),
            Remedy(
                advice="or weight positives: BinaryFocalCrossentropy(apply_class_balancing=True)",
                expect="Samples with a label count more in the loss.",
            ),
        ),
    )


RULE = Rule(
    name="rare_labels",
    explanation=(
        "With many labels of which a sample has few, almost every entry of the targets is 0. A model that predicts "
        "none of them is right for nearly all entries, so its binary accuracy is high and says nothing. Look at "
        "precision and recall, and compare the loss with its baseline."
    ),
    source=(
        "Tsoumakas, Katakis 2007, Multi-Label Classification: An Overview, https://doi.org/10.4018/jdwm.2007070101; "
        "Saito, Rehmsmeier 2015, https://doi.org/10.1371/journal.pone.0118432"
    ),
    weight=0.5,
    check=_check,
    patience=1,
)
