"""A loss that is no number any more."""

from __future__ import annotations

import numpy as np

from fitmon.engine.diagnosis.data.wording import non_finite_in_words
from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.diagnosis.fit import remedies
from fitmon.engine.finding import Finding, Remedy


def _check(evidence: Evidence) -> Finding | None:
    name = lost_name(evidence)
    if name is None:
        return None
    curve = evidence.curve(name)
    finite = np.flatnonzero(np.isfinite(curve))
    since = int(finite[-1]) + 2 if len(finite) else 1
    value = "NaN" if np.isnan(curve[-1]) else "infinite"
    return Finding(
        name=RULE.name,
        sentence=(
            f"non finite loss since epoch {since}: {name} is {value}; nothing that is trained from here on can be used."
        ),
        epochs=(since, evidence.epoch),
        confidence=1.0,
        remedies=_remedies(evidence),
    )


def lost_name(evidence: Evidence) -> str | None:
    """Return which of Keras's losses is no number after the last epoch; None: all are."""
    names = [name for name in ("loss", "val_loss") if name in evidence.curves]
    return next((name for name in names if not np.isfinite(evidence.last(name))), None)


def _remedies(evidence: Evidence) -> tuple[Remedy, ...]:
    values = non_finite_in_words(evidence.facts)
    expect = "Smaller steps do not overflow; the loss falls again."
    best = evidence.best_epoch()
    if evidence.can_rewind and best is not None:
        lower = remedies.with_rate(evidence, 0.1, expect, back_to=best)
    else:
        lower = remedies.with_rate_anew(evidence, 0.1, expect)
    clean = remedies.advice(
        f"clean the data: {values}", "A single NaN in a batch makes every weight NaN; without it training works."
    )
    clip = remedies.advice(
        "clip the gradients: the optimizer's clipnorm=1.0", "A single large gradient no longer throws the weights out."
    )
    return remedies.present((clean,) if values else (lower, clip, remedies.advice(*_LOOK_AT_DATA)))


_LOOK_AT_DATA = (
    "look for NaN, for a logarithm or a division of 0 in the data or a loss of your own",
    "Where the first NaN comes from is where it is mended.",
)

RULE = Rule(
    name="non_finite_loss",
    explanation=(
        "Once a weight is NaN or infinite, every number computed from it is too, and no further step can mend it. "
        "Usually the steps were too long and overflowed, or an input is no number itself."
    ),
    source=(
        "Goodfellow, Bengio, Courville 2016, Deep Learning, ch. 10.11 (clipping gradients) and 11.5, "
        "https://www.deeplearningbook.org; Pascanu, Mikolov, Bengio 2013, On the difficulty of training recurrent "
        "neural networks, https://arxiv.org/abs/1211.5063"
    ),
    weight=1.0,
    check=_check,
    patience=1,
)
