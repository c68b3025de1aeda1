"""Hidden units that output 0 for every sample."""

from __future__ import annotations

import math

from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.diagnosis.fit import remedies
from fitmon.engine.finding import Finding, Remedy

MIN_SHARE = 0.4
"""Of the hidden relu units."""


def _check(evidence: Evidence) -> Finding | None:
    share = evidence.last("dead_share")
    if not share >= MIN_SHARE:
        return None
    count = sum(evidence.facts.hidden_units)
    number = f", about {share * count:.0f} of {count}," if count else ""
    return Finding(
        name=RULE.name,
        sentence=(
            f"dead units: {100 * share:.0f}% of the hidden relu units{number} output 0 for all "
            f"{evidence.facts.train_subset or 'scored'} training samples; they no longer learn."
        ),
        epochs=(evidence.epoch, evidence.epoch),
        confidence=round(min(0.99, 0.7 + 0.3 * share), 2),
    )


def _remedies(evidence: Evidence) -> tuple[Remedy, ...]:
    return remedies.present(
        (
            _lower_rate(evidence),
            remedies.less_penalty(evidence),
            remedies.advice(
                "train a new model with leaky_relu, elu or gelu instead of relu, and He initialization",
                "A unit below 0 still has a gradient and can recover.",
                lowers=(remedies.RELU,),
            ),
        )
    )


def _lower_rate(evidence: Evidence) -> Remedy | None:
    """Return a tenth of the rate at which they died; None where the rate has changed since."""
    before = _before(evidence)
    if before is not None and evidence.settled_since > before:
        return None
    return remedies.with_rate(evidence, 0.1, "No further units die; dead ones do not recover.", rewind_to=before)


def _before(evidence: Evidence) -> int | None:
    """Return the last epoch with less than half as many dead units; None without one."""
    curve, limit = evidence.curve("dead_share"), evidence.last("dead_share") / 2
    places = [place for place in range(max(0, len(curve) - 1000), len(curve)) if curve[place] < limit]
    return places[-1] + 1 if places and math.isfinite(limit) else None


RULE = Rule(
    name="dead_units",
    explanation=(
        "A relu unit whose input is below 0 for every sample outputs 0 for all of them and has no gradient: it never "
        "learns again. A learning rate that is too high pushes units there in one step, and so do large negative "
        "biases. The model is then smaller than it looks."
    ),
    source=(
        "Lu, Shin, Su, Karniadakis 2020, Dying ReLU and Initialization: Theory and Numerical Examples, "
        "https://doi.org/10.4208/cicp.OA-2020-0165; He, Zhang, Ren, Sun 2015, Delving Deep into Rectifiers, "
        "https://arxiv.org/abs/1502.01852"
    ),
    weight=0.65,
    check=_check,
    remedies=_remedies,
)
