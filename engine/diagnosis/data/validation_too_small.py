"""A validation set that cannot tell the difference it shows."""

from __future__ import annotations

import math

import numpy as np

from fitmon.engine.diagnosis.command_line import command_line
from fitmon.engine.diagnosis.data.wording import OF_THE_DATA, samples
from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.diagnosis.fit.losses import SHORTEST_WINDOW, losses_of
from fitmon.engine.facts import Facts
from fitmon.engine.finding import Finding, Remedy

FEWEST = 30
"""Below this many samples an accuracy of 0.5 has a standard error beyond 0.09."""
RISE_THAT_MATTERS = 0.05
"""Of the validation loss, relative to its best."""
ERROR_THAT_HIDES = 0.05
"""Of the best loss: with a smaller standard error a rise that matters would soon show."""
DEVIATIONS = 2
"""A rise below so many standard errors is no evidence."""
MAX_SAMPLES = 1_000_000
"""Advice for more samples than this is none."""


def _check(evidence: Evidence) -> Finding | None:
    total = evidence.facts.validation_samples
    if not total:
        return None
    rise, error = evidence.last("validation_since_best"), evidence.last("validation_since_best_error")
    best = evidence.last("validation_loss") - rise
    # The loss of one epoch stands for that of its window here: it only sets the scale.
    if np.isfinite([rise, error, best]).all() and best > 0 and _may_matter(rise / best, error / best):
        in_vain = _is_worse_than_guessing(evidence) or _weights_move_more(evidence, error)
        return None if in_vain else _unclear_rise(evidence, rise, error, best)
    return _few_samples(evidence.facts) if total < FEWEST else None


def _may_matter(rise: float, error: float) -> bool:
    """Return whether a rise, relative to the best loss, would matter but lies within its noise."""
    return rise >= RISE_THAT_MATTERS and error >= ERROR_THAT_HIDES and rise < DEVIATIONS * error


def _is_worse_than_guessing(evidence: Evidence) -> bool:
    """Return whether the loss is beyond chance: the model is what is wrong then, and a few samples make the error."""
    chance = evidence.facts.chance_loss
    return chance is not None and evidence.last("validation_loss") > chance


def _weights_move_more(evidence: Evidence, error: float) -> bool:
    """Return whether the loss moves more from epoch to epoch than its samples explain: more of them would not help."""
    return losses_of(evidence).validation.wobble() * math.sqrt(2 / SHORTEST_WINDOW) > error


def _unclear_rise(evidence: Evidence, rise: float, error: float, best: float) -> Finding:
    digits = max(0, -math.floor(math.log10(error / 2)))
    total = evidence.facts.validation_samples
    needed = total * (DEVIATIONS * error / (RISE_THAT_MATTERS * best)) ** 2
    first = evidence.last("best_epoch")
    return Finding(
        name=RULE.name,
        sentence=(
            f"Validation loss {rise:+.{digits}f} ± {error:.{digits}f} since its best: no evidence. A rise of "
            f"{100 * rise / best:.0f} % would matter, but {samples(total)} cannot tell it from noise."
        ),
        epochs=(int(first) if np.isfinite(first) else 1, evidence.epoch),
        confidence=0.8,
        remedies=_remedies(evidence.facts, needed),
    )


def _few_samples(facts: Facts) -> Finding:
    total = facts.validation_samples
    return Finding(
        name=RULE.name,
        sentence=(
            f"The validation set has {samples(total)}: one of them is {1 / total:.2f} of the accuracy, and an accuracy "
            f"near 0.8 would be known to ± {math.sqrt(0.16 / total):.2f} only."
        ),
        epochs=OF_THE_DATA,
        confidence=0.9,
        remedies=_remedies(facts, 4 * FEWEST),
    )


def _remedies(facts: Facts, needed: float) -> tuple[Remedy, ...]:
    """Return what makes the noise smaller; `needed` samples would show a rise that matters."""
    available = facts.training_samples + facts.validation_samples
    wanted = _two_digits(needed)
    larger = Remedy(
        advice=f"validate on about {wanted} samples, a share of {wanted / max(available, 1):.2f}",
        expect="The error shrinks with the square root of their number, so that a rise of 5 % can be told from noise.",
    )
    folds = Remedy(
        advice="judge by cross-validation: five splits, each sample once in validation, and the mean of the five",
        expect="Every sample helps to judge, and none is lost for training.",
    )
    again = Remedy(
        advice="train again with another seed, which splits anew, and believe only what both runs show",
        expect="What was noise comes out differently.",
        command_line=_with_another_seed(facts),
    )
    enough = facts.training_samples and wanted <= available / 2 and wanted <= MAX_SAMPLES
    return (*([larger] if enough else []), folds, again)


SPLIT_BY_SEED = frozenset({"iris", "binary"})
"""Presets that hold back a part of one table; what `--seed` changes elsewhere is not the split."""


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
        "A validation loss is a mean over samples, and a mean over few of them wobbles from epoch to epoch with "
        "nothing behind it. Its standard error, from the differences of the same samples in two epochs, says how much. "
        "A difference within two standard errors is no evidence: neither of overfitting nor of progress."
    ),
    source=(
        "Miller 2024, Adding Error Bars to Evals, https://arxiv.org/abs/2411.00640 (paired differences); Card et al. "
        "2020, With Little Power Comes Great Responsibility, https://aclanthology.org/2020.emnlp-main.745"
    ),
    weight=0.4,
    check=_check,
)
