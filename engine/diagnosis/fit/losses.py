"""The two losses that a verdict rests on, taken from the evidence once for all rules, with what is noise in them.

They are the data losses in inference mode where they were measured, else Keras's own. Windows are a tenth of the run
and at least three epochs, so that no single epoch decides. The error of a difference between windows has two parts:
which samples happen to be in the set (the paired standard error), and how far the weights move to and fro from epoch to
epoch (the wobble of the curve itself).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from fitmon.engine.diagnosis.evidence import Evidence, Floats

SHORTEST_WINDOW = 3
WINDOWS_IN_A_RUN = 10
WOBBLE_EPOCHS = 30
"""Wobble is taken from so many of the last epochs, of a longer run from its second half: it shrinks with the rate."""
SECOND_DIFFERENCES = 6.0
"""Variance of a second difference of independent numbers, in units of theirs; a steady slope cancels in it."""
MIN_SECOND_DIFFERENCES = 2
KEPT, MEAN_OF_KEPT = 0.75, 0.5148
"""Of the smallest three quarters of absolute deviations, the mean in standard deviations of a normal distribution."""
UNCERTAIN = 1.5
"""A deviation known from n second differences may be larger by this share over √n: they overlap."""
TINY = 1e-12
MAX_DIGITS = 5
"""Decimals that a loss is told with; a smaller one is told with an exponent."""


@dataclass(frozen=True, slots=True)
class Change:
    """A loss in two windows."""

    before: float
    now: float
    error: float
    """Standard error of the difference."""

    @property
    def rise(self) -> float:
        """Return by how much it rose; negative: it fell."""
        return self.now - self.before

    @property
    def share(self) -> float:
        """Return the rise as a share of the loss before."""
        return self.rise / self.before if self.before > 0 else 0.0

    @property
    def told(self) -> str:
        """Return it in words, such as `0.062 → 0.071 (+0.009 ± 0.002)`."""
        digits = _digits(self.error, self.now)
        return f"{self.before:.{digits}f} → {self.now:.{digits}f} ({self.rise:+.{digits}f} ± {self.error:.{digits}f})"

    @property
    def briefly(self) -> str:
        """Return it in words without its error."""
        digits = max(_digits(abs(self.rise), self.now), _digits(0.0, self.now))
        if digits > MAX_DIGITS:
            return f"{self.before:.3g} → {self.now:.3g}"
        return f"{self.before:.{digits}f} → {self.now:.{digits}f}"


class LossCurve:
    """One loss over the epochs since it last was no number."""

    def __init__(self, evidence: Evidence, name: str, fallback: str) -> None:
        """Take the curve `<name>_loss`, or Keras's `fallback` where the last epoch has none."""
        self.honest = bool(np.isfinite(evidence.last(f"{name}_loss")))
        curve = evidence.curve(f"{name}_loss" if self.honest else fallback)
        broken = np.flatnonzero(~np.isfinite(curve))
        self.skipped = int(broken[-1]) + 1 if len(broken) else 0
        self.curve: Floats = curve[self.skipped :]
        self._since_best_error = _last_number(evidence, f"{name}_since_best_error")
        self._lately_error = _last_number(evidence, f"{name}_lately_error")

    def __bool__(self) -> bool:
        return bool(len(self.curve))

    def smooth(self, window: int) -> Floats:
        """Return the means of all windows, (T - window + 1,); empty when there are fewer epochs."""
        if len(self.curve) < window:
            return np.empty(0)
        sums = np.cumsum(np.concatenate(([0.0], self.curve)))
        means: Floats = (sums[window:] - sums[:-window]) / window
        return means

    @lru_cache(maxsize=4)  # noqa: B019 - the class holds a few sides, and no later run asks for more
    def wobble(self, since: int = 0) -> float:
        """Return the standard deviation of one epoch around a steady course, from the last epochs.

        In logarithms, in which a steady fall is a straight line, and without the largest quarter, so that the steep
        first epochs do not count as wobble. Of few epochs it is rather too large than too small.
        """
        epochs = max(WOBBLE_EPOCHS, len(self.curve) // 2)
        recent = self.curve[max(since - self.skipped, 0, len(self.curve) - epochs) :]
        if len(recent) < 2 + MIN_SECOND_DIFFERENCES:
            return 0.0
        bends = np.sort(np.abs(np.diff(np.log(np.maximum(recent, TINY)), 2)))
        mean = float(bends[: math.ceil(KEPT * len(bends))].mean()) / MEAN_OF_KEPT
        share = mean * (1 + UNCERTAIN / math.sqrt(len(bends))) / math.sqrt(SECOND_DIFFERENCES)
        return share * float(recent[-SHORTEST_WINDOW:].mean())

    def error_since_best(self, window: int) -> float:
        """Return the standard error of a difference between two windows far apart."""
        return math.hypot(max(self._since_best_error, self._lately_error), self.wobble() * math.sqrt(2 / window))

    def lately(self, window: int, since: int) -> Change | None:
        """Return the last window against the one before; None while there are not two after `since` epochs."""
        if len(self.curve) - max(0, since - self.skipped) < 2 * window:
            return None
        before, now = self.curve[-2 * window : -window].mean(), self.curve[-window:].mean()
        # It was measured between windows of three epochs; samples that drift apart do so in proportion to the time.
        samples_error = self._lately_error * window / SHORTEST_WINDOW
        error = math.hypot(samples_error, self.wobble(since) * math.sqrt(2 / window))
        return Change(float(before), float(now), error)


class Losses:
    """What all verdicts look at."""

    def __init__(self, evidence: Evidence) -> None:
        """Take both losses from the evidence."""
        self.training = LossCurve(evidence, "training", "loss")
        self.validation = LossCurve(evidence, "validation", "val_loss")
        self.window = window_of(evidence.epoch)
        chance = evidence.facts.chance_loss
        self.chance = chance if chance is not None and chance > 0 else math.nan
        self.settled_since = evidence.knob_epochs[-1] - 1 if evidence.knob_epochs else 0
        """Epochs before the last change of a knob, at which curves may jump."""

    @property
    def judged(self) -> LossCurve:
        """Return the loss that counts: of validation, or of training where nothing is validated."""
        return self.validation or self.training

    @property
    def honest(self) -> bool:
        """Return whether both are data losses in inference mode."""
        return self.training.honest and self.validation.honest

    def now(self, side: LossCurve) -> float:
        """Return the mean of the last window, or of what there is; NaN where there is nothing."""
        return float(side.curve[-self.window :].mean()) if side else math.nan

    def lately(self, side: LossCurve) -> Change | None:
        """Return what a loss did lately; None while too few epochs have been trained since a knob was changed."""
        return side.lately(self.window, self.settled_since)

    def learnt(self, side: LossCurve) -> float:
        """Return the share of the chance loss that was taken away; NaN where chance or loss is not known."""
        return 1 - self.now(side) / self.chance


def window_of(epochs: int) -> int:
    """Return the epochs of a window of a run that has so many."""
    return max(SHORTEST_WINDOW, epochs // WINDOWS_IN_A_RUN)


@lru_cache(maxsize=1)
def losses_of(evidence: Evidence) -> Losses:
    """Return the reading of the evidence that all rules look at one after another; it is made once."""
    return Losses(evidence)


def _last_number(evidence: Evidence, name: str) -> float:
    """Return the last number of a curve, 0 where there is none: a comparison is missing while its windows overlap."""
    curve = evidence.curves.get(name)
    if curve is None:
        return 0.0
    for part in (curve[-2 * SHORTEST_WINDOW :], curve):
        known = np.flatnonzero(np.isfinite(part))
        if len(known):
            return float(part[known[-1]])
    return 0.0


def _digits(difference: float, loss: float) -> int:
    """Return how many decimals show a difference with two digits, or a loss with three where there is none."""
    size = difference if difference > 0 else max(abs(loss), 1e-9) / 10
    return min(8, max(2, 1 - math.floor(math.log10(size))))
