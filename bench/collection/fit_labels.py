"""Which findings about the fit a recorded run must have, from held-back samples; never from the diagnosis.

Each rule leaves a margin between `MUST` and `MUST_NOT`, where the truth itself is not clear. A finding is required only
if a validation set of that size can show it: a true difference of at least `SHOWN` standard errors of its mean.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from bench.collection.case import CLEAR_RISE, NO_RISE, PARTED, Case
from bench.collection.recording import Answer, Label, Recording

MUST, MUST_NOT, EITHER = Answer.MUST, Answer.MUST_NOT, Answer.EITHER

NOTHING_LEARNED, SOMETHING_LEARNED, MUCH_LEARNED = 0.02, 0.05, 0.3
"""How far the loss is below chance, as a share of chance."""
HALF, NEARLY_ALL = 0.5, 0.9
CLEAR_FALL, NO_FALL = 0.03, 0.005
"""Fall of the held-back loss between the last two windows, as a share of it."""
AS_GOOD, CLEARLY_WORSE = 1.1, 1.5
"""Held-back loss over that of the best run on the same data."""
TOGETHER = 1.25
"""Held-back loss over training loss of a model that does as well on both."""
MATTERS = 0.002
"""Share of the chance loss below which a fall from one window to the next is irrelevant."""
LONG_ENOUGH = 8
"""Epochs after which it is no longer too early."""
PARTLY_APART = 3.0
"""Held-back loss over training loss below which nothing is memorized."""
STILL_FALLS = 0.15
"""Share by which the training loss must still fall from one window to the next to be memorizing more."""
FAR_ABOVE = 1.5
"""Loss over chance that no model needs to have."""


def percent(share: float) -> str:
    """Return a share in percent."""
    return f"{100 * share:.3g} %"


def unclear_rise(case: Case) -> Label:
    """Return whether many samples may still be too few to tell a relevant rise from noise."""
    truth = case.run.truth
    clear = case.rise < NO_RISE or case.shown(truth.rise, truth.rise_spread)
    return Label(MUST_NOT if clear else EITHER, f"the rise from the best, {percent(case.rise)}, against its noise")


def _overfitting(case: Case) -> Label:
    truth = case.run.truth
    if not case.known:
        return Label(EITHER, "nothing was held back")
    fell = case.training < case.training_at_best * (1 - NO_RISE)
    training = "fell" if fell else "did not fall"
    why = f"held-back loss rose by {percent(case.rise)} from its best while training {training}"
    if case.rise >= CLEAR_RISE and fell and case.shown(truth.rise, truth.rise_spread):
        # With far too large steps, losses that rise and fall do not show memorizing.
        return Label(MUST if _ordinary_rate(case) else EITHER, why)
    if case.rise < CLEAR_RISE and case.parts and not _falls(case):
        # The tutorial's own run is of this kind; it is `memorizing`, which some call overfitting too.
        return Label(EITHER, f"{why}; it is {case.last / case.training:.3g} times the training loss")
    may_be_clear = case.at_most(truth.rise, truth.rise_spread) >= CLEAR_RISE * case.best
    if (case.rise < NO_RISE and not may_be_clear) or case.training >= case.training_at_best:
        return Label(MUST_NOT, why)
    return Label(EITHER, why)


def _memorizing(case: Case) -> Label:
    """Return whether the training set is memorized although the held-back loss has not risen clearly."""
    if not case.known:
        return Label(EITHER, "nothing was held back")
    apart, faster = case.last / max(case.training, 1e-9), case.training_fall
    why = f"held-back loss is {apart:.3g} times the training loss, which fell by {percent(faster)} lately"
    if _overfitting(case).answer is MUST or not _ordinary_rate(case):
        return Label(EITHER, f"{why}; something stronger must be said")
    if apart < PARTLY_APART or faster < CLEAR_RISE or _falls(case):
        return Label(MUST_NOT, why)
    clear = apart >= PARTED and faster >= STILL_FALLS and case.fall < NO_FALL and case.rise < CLEAR_RISE
    return Label(MUST if clear and _long(case) else EITHER, why)


def _worse_than_guessing(case: Case) -> Label:
    if not case.known:
        return Label(EITHER, "nothing was held back")
    here, there = case.last / case.run.truth.chance, _last_numbers(case.run, "validation_loss") / case.run.truth.chance
    why = f"held-back loss is {here:.3g} times that of guessing, validation loss {there:.3g} times"
    if min(here, there) >= FAR_ABOVE and not _falls(case) and _long(case):
        return Label(MUST, why)
    return Label(MUST_NOT if max(here, there) < 1 else EITHER, why)


def _penalty_too_strong(case: Case) -> Label:
    strength = max(case.recipe.settings.l1, case.recipe.settings.l2)
    learned = case.known and case.training_learned >= 1 - MUCH_LEARNED
    why = f"L1 or L2 of {strength:g}; {percent(case.training_learned)} of the chance loss was learnt in training"
    return Label(MUST_NOT if not strength or learned else EITHER, why)


def _inference_differs(case: Case) -> Label:  # noqa: ARG001 - as every rule
    return Label(MUST_NOT, "no layer but dropout depends on the mode, and that helps in inference")


def _vanishing_gradients(case: Case) -> Label:
    return Label(MUST_NOT, f"{len(case.recipe.settings.units)} hidden layers")


def _not_learning(case: Case) -> Label:
    if not case.known:
        return Label(EITHER, "nothing was held back")
    why = f"{percent(case.learned)} of the chance loss was learnt"
    at_chance = abs(case.last / case.run.truth.chance - 1) < CLEAR_RISE
    if case.learned < NOTHING_LEARNED and case.training_learned < 2 * SOMETHING_LEARNED and at_chance and _long(case):
        return Label(MUST if _ordinary_rate(case) else EITHER, why)
    return Label(MUST_NOT if case.learned >= SOMETHING_LEARNED else EITHER, why)


def _underfitting(case: Case) -> Label:
    if not case.known or math.isnan(case.reference):
        return Label(EITHER, "nothing was held back")
    over = case.last / case.reference
    together = case.last <= TOGETHER * case.training
    why = f"held-back loss {over:.3g} times the best on these data, {case.last / case.training:.3g} times training"
    if (
        over >= CLEARLY_WORSE
        and together
        and case.fall < CLEAR_FALL
        and case.learned >= SOMETHING_LEARNED
        and _long(case)
    ):
        return Label(MUST if _ordinary_rate(case) else EITHER, why)
    good = over <= AS_GOOD and case.training_learned >= 1 - MUCH_LEARNED
    if good or _overfitting(case).answer is MUST or case.training_learned >= NEARLY_ALL:
        return Label(MUST_NOT, why)
    return Label(EITHER, why)


def _learning_well(case: Case) -> Label:
    truth = case.run.truth
    if not case.known or not _long(case):
        return Label(EITHER, "nothing was held back, or too little was trained")
    why = f"held-back loss fell by {percent(case.fall)} lately; {percent(case.learned)} of the chance loss was learnt"
    if _falls(case) and case.learned >= MUCH_LEARNED:
        return Label(MUST if _ordinary_rate(case) else EITHER, why)
    bad = _overfitting(case).answer is MUST or _not_learning(case).answer is MUST
    may_be_clear = case.at_most(-truth.lately, truth.lately_spread) >= CLEAR_FALL * case.last
    return Label(MUST_NOT if bad or (case.fall < NO_FALL and not may_be_clear) else EITHER, why)


def _falls(case: Case) -> bool:
    """Return whether the held-back loss still falls by a relevant amount that the validation set can show."""
    truth = case.run.truth
    matters = case.fall >= CLEAR_FALL and -truth.lately >= MATTERS * truth.chance
    return matters and case.shown(-truth.lately, truth.lately_spread)


def _good_fit(case: Case) -> Label:
    if not case.known:
        return Label(EITHER, "nothing was held back")
    over, gap = case.last / case.reference, case.last / case.training
    still = abs(case.fall) < 2 * NO_FALL
    why = f"{over:.3g} times the best on these data, {gap:.3g} times training, fell by {percent(case.fall)} lately"
    if over <= AS_GOOD and gap <= TOGETHER and still and case.learned >= HALF and case.rise < NO_RISE and _long(case):
        return Label(MUST, why)
    wrong = (_overfitting, _not_learning, _underfitting)
    if _falls(case) or case.learned < SOMETHING_LEARNED or any(rule(case).answer is MUST for rule in wrong):
        return Label(MUST_NOT, why)
    return Label(EITHER, why)


def _plateau(case: Case) -> Label:
    if not case.known or not _long(case):
        return Label(EITHER, "nothing was held back, or too little was trained")
    half = case.run.epochs_done // 2
    changes = [_change(curve[half:]) for curve in (case.run.truth.losses, case.run.truth.training_losses)]
    why = (
        f"in the second half held-back and training loss changed by {changes[0]:.3g} and {changes[1]:.3g} of themselves"
    )
    if max(map(abs, changes)) < NO_FALL and not case.family:
        return Label(MUST, why)
    return Label(MUST_NOT if min(map(abs, changes)) >= CLEAR_RISE else EITHER, why)


def _change(curve: Sequence[float]) -> float:
    third = max(1, len(curve) // 3)
    first, last = float(np.mean(curve[:third])), float(np.mean(curve[-third:]))
    return last / max(first, 1e-9) - 1


def _ordinary_rate(case: Case) -> bool:
    """Return whether the learning rate is normal."""
    if case.family:
        return _rate_answer(case) == (MUST_NOT, MUST_NOT)
    return "learning_rate_too_high" not in case.recipe.labels


def _rate_answer(case: Case) -> tuple[Answer, Answer]:
    """Return whether the rate is too high, and too low, compared with others of the family."""
    best = min(case.family, key=lambda rate: case.family[rate])
    rate, chance = case.recipe.settings.learning_rate, case.run.truth.chance
    worse = case.last >= 1.2 * case.family[best] + 0.01 * chance
    slower = chance - case.last < 0.5 * (chance - case.family[best])
    high = MUST if rate >= 9 * best and worse else MUST_NOT if rate <= 2 * best else EITHER
    low = MUST if rate <= best / 30 and slower else MUST_NOT if rate >= best / 3 else EITHER
    return high, low


def _rate_too_high(case: Case) -> Label:
    if case.family:
        return Label(_rate_answer(case)[0], _rate_words(case))
    return Label(MUST_NOT, "an ordinary rate")


def _rate_too_low(case: Case) -> Label:
    if case.family:
        return Label(_rate_answer(case)[1], _rate_words(case))
    learned = case.known and case.learned >= 1 - MUCH_LEARNED
    return Label(MUST_NOT if learned else EITHER, f"{percent(case.learned)} of the chance loss was learnt")


def _rate_words(case: Case) -> str:
    words = ", ".join(f"{loss:.3g} at {rate:g}" for rate, loss in sorted(case.family.items()))
    return f"held-back loss of the family: {words}"


def _non_finite_loss(case: Case) -> Label:
    return non_finite_loss(case.run)


def non_finite_loss(run: Recording) -> Label:
    """Return whether one of Keras's losses is NaN or infinite at the end."""
    lost = any(isinstance(values[-1], str) for name, values in run.metrics.items() if name in {"loss", "val_loss"})
    return Label(MUST if lost else MUST_NOT, "Keras's losses at the end")


def _dead_units(case: Case) -> Label:
    share = case.run.truth.dead_share
    answer = MUST if share >= 0.5 else MUST_NOT if share < 0.1 else EITHER  # noqa: PLR2004
    return Label(answer, f"{percent(share)} of the hidden units give 0 for every training sample")


def _saturated_outputs(case: Case) -> Label:
    share = case.run.truth.surely_wrong_share
    answer = MUST if share >= 0.5 else MUST_NOT if share < 0.05 else EITHER  # noqa: PLR2004
    return Label(answer, f"{percent(share)} of the wrong answers on what was held back are given with probability 1")


def _validation_looks_better(case: Case) -> Label:
    """Return whether Keras's losses are misleading because they are measured differently, not by chance."""
    loss, val_loss, penalty = (_last_numbers(case.run, name) for name in ("loss", "val_loss", "penalty"))
    if not case.known or math.isnan(loss) or math.isnan(val_loss):
        return Label(EITHER, "nothing was held back")
    why = f"Keras's losses {loss:.4g} and {val_loss:.4g}; in truth {case.training:.4g} and {case.last:.4g}"
    if not case.run.facts.train_subset:
        return Label(EITHER, "no part of the training set can be scored alike")
    # What dropout and changing weights add to the training loss.
    added = (loss - (0 if math.isnan(penalty) else penalty)) / max(case.training, 1e-9)
    if loss >= AS_GOOD * val_loss and added >= AS_GOOD and case.training <= case.last * (1 + NO_RISE):
        return Label(MUST, why)
    return Label(MUST_NOT if loss <= val_loss or added < 1 + NO_RISE else EITHER, why)


def _last_numbers(run: Recording, name: str) -> float:
    values = (run.metrics | run.measures).get(name, [])[-run.truth.window :]
    numbers = [float(value) for value in values if value is not None]
    return float(np.mean(numbers)) if numbers else math.nan


def _too_early(case: Case) -> Label:
    return Label(MUST_NOT if _long(case) else EITHER, f"{case.run.epochs_done} epochs were trained")


def _undecided(case: Case) -> Label:
    due = [name for name in _VERDICTS if FIT_LABELS[name](case).answer is MUST]
    return Label(MUST_NOT if due else EITHER, f"what must be said: {', '.join(due) or 'nothing'}")


_VERDICTS = ("learning_well", "good_fit", "overfitting", "underfitting", "not_learning")


def _long(case: Case) -> bool:
    return case.run.epochs_done >= LONG_ENOUGH


FIT_LABELS: dict[str, Callable[[Case], Label]] = {
    "too_early": _too_early,
    "undecided": _undecided,
    "learning_well": _learning_well,
    "good_fit": _good_fit,
    "overfitting": _overfitting,
    "memorizing": _memorizing,
    "worse_than_guessing": _worse_than_guessing,
    "penalty_too_strong": _penalty_too_strong,
    "inference_differs": _inference_differs,
    "vanishing_gradients": _vanishing_gradients,
    "underfitting": _underfitting,
    "not_learning": _not_learning,
    "plateau": _plateau,
    "learning_rate_too_high": _rate_too_high,
    "learning_rate_too_low": _rate_too_low,
    "non_finite_loss": _non_finite_loss,
    "dead_units": _dead_units,
    "saturated_outputs": _saturated_outputs,
    "validation_looks_better": _validation_looks_better,
}

NOTHING_TO_SEE: dict[str, Label] = {
    name: Label(MUST_NOT if name in {"overfitting", "memorizing", "good_fit"} else EITHER, "the loss is no number")
    for name in FIT_LABELS
    if name not in {"non_finite_loss", "too_early"}
}
"""Labels of the other findings where there are no finite losses."""
