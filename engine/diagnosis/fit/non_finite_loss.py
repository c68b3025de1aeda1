"""A loss that is NaN or infinite."""

from __future__ import annotations

import numpy as np

from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.diagnosis.fit import remedies
from fitmon.engine.diagnosis.fit.rates import clearly_lower
from fitmon.engine.diagnosis.non_finite import non_finite_in_words
from fitmon.engine.finding import Finding, Remedy

THROWN_FAR = 10.0
"""Times the loss of guessing, which untrained models rarely reach."""


def _check(evidence: Evidence) -> Finding | None:
    name = non_finite_name(evidence)
    if name is None:
        return None
    curve = evidence.curve(name)
    finite = np.flatnonzero(np.isfinite(curve))
    since = int(finite[-1]) + 2 if len(finite) else 1
    value = "NaN" if np.isnan(curve[-1]) else "infinite"
    return Finding(
        name=RULE.name,
        sentence=(f"non finite loss since epoch {since}: {name} is {value}; weights trained from here on are useless."),
        epochs=(since, evidence.epoch),
        confidence=1.0,
    )


def non_finite_name(evidence: Evidence) -> str | None:
    """Return which of Keras's losses is NaN or infinite after the last epoch; None where all are finite."""
    names = [name for name in ("loss", "val_loss") if name in evidence.curves]
    return next((name for name in names if not np.isfinite(evidence.last(name))), None)


def _remedies(evidence: Evidence) -> tuple[Remedy, ...]:
    values = non_finite_in_words(evidence.facts)
    expect = "Smaller steps do not overflow; the loss falls again."
    factor = clearly_lower(evidence)
    back = _last_usable_epoch(evidence)
    lower = remedies.with_rate(evidence, factor, expect, rewind_to=back) if evidence.can_rewind else None
    anew = None if lower is not None and back else remedies.with_rate_in_new_run(evidence, factor, expect)
    clean = remedies.advice(
        f"clean the data: {values}", "A single NaN in a batch makes every weight NaN; without it training works."
    )
    clip = remedies.advice(
        "clip the gradients: pass clipnorm=1.0 to the optimizer", "One large gradient no longer ruins the weights."
    )
    return remedies.present((clean,) if values else (lower, anew, clip, remedies.advice(*_LOOK_AT_DATA)))


def _last_usable_epoch(evidence: Evidence) -> int:
    """Return the best epoch; 0, the untrained model, if even its loss is far above that of guessing, or none is known.

    Weights that one large step has thrown far away do not come back in many small ones.
    """
    best = evidence.best_epoch()
    if best is None:
        return 0
    validated = bool(np.isfinite(evidence.curve("val_loss")).any())
    loss = float(evidence.curve("val_loss" if validated else "loss")[best - 1])
    baseline = evidence.facts.baseline_loss
    comparable = evidence.facts.has_floor and baseline is not None and baseline > 0
    return 0 if comparable and baseline is not None and loss > THROWN_FAR * baseline else best


_LOOK_AT_DATA = (
    "look for NaN, a logarithm of 0 or a division by 0 in the data or in a loss of your own",
    "Fix the first operation that produces NaN.",
)

RULE = Rule(
    name="non_finite_loss",
    explanation=(
        "Once a weight is NaN or infinite, every number computed from it is too, and no further step can fix it. "
        "Usually the steps were too large and overflowed, or an input is NaN itself."
    ),
    source=(
        "Goodfellow, Bengio, Courville 2016, Deep Learning, ch. 10.11 (clipping gradients) and 11.5, "
        "https://www.deeplearningbook.org; Pascanu, Mikolov, Bengio 2013, On the difficulty of training recurrent "
        "neural networks, https://arxiv.org/abs/1211.5063"
    ),
    weight=1.0,
    check=_check,
    remedies=_remedies,
    invalidates=frozenset({"dead_units", "saturated_outputs", "suspected_labels"}),
    patience=1,
)
