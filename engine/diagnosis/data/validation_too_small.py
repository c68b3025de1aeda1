"""A validation set too small for the difference it shows."""

from __future__ import annotations

import math

import numpy as np

from fitmon.engine.diagnosis.command_line import command_line
from fitmon.engine.diagnosis.data.wording import OF_THE_DATA, percent, samples
from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.diagnosis.fit.losses import SHORTEST_WINDOW, few_samples, half_width_of, losses_of
from fitmon.engine.facts import Facts
from fitmon.engine.finding import Finding, Remedy

MIN_SAMPLES = 30
"""With fewer samples an accuracy of 0.5 has a standard error above 0.09."""
RISE_THAT_MATTERS = 0.05
"""Of the validation loss, relative to its best."""
ERROR_THAT_HIDES = 0.05
"""Of the best loss: with a smaller standard error a relevant rise would soon show."""
MAX_SAMPLES = 1_000_000
"""More samples than this are not suggested."""


def _check(evidence: Evidence) -> Finding | None:
    total = evidence.facts.validation_samples
    if not total:
        return None
    rise, error = evidence.last("validation_since_best"), evidence.last("validation_since_best_error")
    best = evidence.last("validation_loss") - rise
    # The loss of one epoch replaces that of its window here, because it only sets the scale.
    if (
        np.isfinite([rise, error, best]).all()
        and best > 0
        and evidence.facts.has_floor
        and _may_matter(rise / best, error / best)
    ):
        error *= few_samples(total)
        in_vain = _is_worse_than_guessing(evidence) or _weights_move_more(evidence, error)
        return None if in_vain else _unclear_rise(evidence, rise, error, best)
    return _few_samples(evidence.facts) if total < MIN_SAMPLES else None


def _may_matter(rise: float, error: float) -> bool:
    """Return whether a rise, relative to the best loss, would matter but is within its noise."""
    return rise >= RISE_THAT_MATTERS and error >= ERROR_THAT_HIDES and rise < half_width_of(error)


def _is_worse_than_guessing(evidence: Evidence) -> bool:
    """Return whether the loss is above chance: then the model is the problem, and a few samples make up the error."""
    chance = evidence.facts.baseline_loss
    return chance is not None and evidence.last("validation_loss") > chance


def _weights_move_more(evidence: Evidence, error: float) -> bool:
    """Return whether the loss changes more per epoch than its samples explain: more samples would not help."""
    return losses_of(evidence).validation.wobble() * math.sqrt(2 / SHORTEST_WINDOW) > error


def _unclear_rise(evidence: Evidence, rise: float, error: float, best: float) -> Finding:
    half_width = half_width_of(error)
    digits = max(0, -math.floor(math.log10(half_width / 2)))
    total = evidence.facts.validation_samples
    needed = total * (half_width_of(error) / (RISE_THAT_MATTERS * best)) ** 2
    first = evidence.last("best_epoch")
    return Finding(
        name=RULE.name,
        sentence=(
            f"Validation loss {rise:+.{digits}f} ± {half_width:.{digits}f} (95% interval) since its best: no "
            f"evidence. A rise of {100 * rise / best:.0f}% would matter, but {samples(total)} cannot tell it from "
            "noise."
        ),
        epochs=(int(first) if np.isfinite(first) else 1, evidence.epoch),
        confidence=0.8,
        remedies=_remedies(evidence.facts, needed),
    )


def _few_samples(facts: Facts) -> Finding:
    total = facts.validation_samples
    accuracy = ""
    if facts.classes is not None and total > 1:
        near = half_width_of(math.sqrt(0.16 / total))
        accuracy = f", and an accuracy near 0.8 is only known to ± {near:.2f} (95% interval)"
    return Finding(
        name=RULE.name,
        sentence=(
            f"The validation set has {samples(total)}: each is {percent(1 / total)} of every validation "
            f"number{accuracy}."
        ),
        epochs=OF_THE_DATA,
        confidence=0.9,
        remedies=_remedies(facts, 4 * MIN_SAMPLES),
    )


def _remedies(facts: Facts, needed: float) -> tuple[Remedy, ...]:
    """Return what reduces the noise; `needed` samples would show a relevant rise."""
    available = facts.training_samples + facts.validation_samples
    wanted = _two_digits(needed)
    larger = Remedy(
        advice=f"validate on about {wanted} samples, a share of {wanted / max(available, 1):.2f}",
        expect="The error shrinks with the square root of their number, so a rise of 5% can be told from noise.",
    )
    folds = Remedy(
        advice="use cross-validation: five splits, each sample validated once, and the mean of the five",
        expect="Every sample is used for validation, and none is lost for training.",
    )
    again = Remedy(
        advice="train again with another seed, which makes another split, and trust only what both runs show",
        expect="Noise differs between the runs.",
        command_line=_with_another_seed(facts),
    )
    enough = facts.training_samples and wanted <= available / 2 and wanted <= MAX_SAMPLES
    return (*([larger] if enough else []), folds, again)


SPLIT_BY_SEED = frozenset({"iris", "binary"})
"""Presets that split one table; elsewhere `--seed` does not change the split."""


def _with_another_seed(facts: Facts) -> str:
    options = facts.options or {}
    if facts.job not in SPLIT_BY_SEED or "split" in options:
        return ""
    return command_line(facts, seed=str(int(options.get("seed", "0")) + 1))


def _two_digits(number: float) -> int:
    """Return a number rounded up to two digits."""
    bounded = min(max(number, 1.0), 1e15)
    size = int(10 ** max(0, math.floor(math.log10(bounded)) - 1))
    return math.ceil(bounded / size) * size


RULE = Rule(
    name="validation_too_small",
    explanation=(
        "A validation loss is a mean over samples, and a mean over few of them changes from epoch to epoch by chance. "
        "Its standard error, from the differences of the same samples in two epochs, says by how much. A difference "
        "within its 95% interval is no evidence, neither of overfitting nor of progress."
    ),
    source=(
        "Miller 2024, Adding Error Bars to Evals, https://arxiv.org/abs/2411.00640 (paired differences); Card et al. "
        "2020, With Little Power Comes Great Responsibility, https://aclanthology.org/2020.emnlp-main.745"
    ),
    weight=0.4,
    check=_check,
)
