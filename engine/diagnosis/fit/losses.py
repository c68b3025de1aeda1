"""The two losses that verdicts are based on, read from the evidence once for all rules, and their noise.

They are the data losses in inference mode where they were measured, else Keras's own. Windows are a tenth of the run
and at least three epochs, so that no single epoch decides. The error of a difference between windows has two parts:
which samples happen to be in the set (the paired standard error), and how much the weights move from epoch to epoch
(the wobble of the curve itself).
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
"""Wobble is measured over this many last epochs, in a longer run over its second half: it shrinks with the rate."""
SECOND_DIFFERENCES = 6.0
"""Variance of a second difference of independent numbers, in units of theirs; a steady slope cancels in it."""
MIN_BENDS = 2
USED, MEAN_OF_USED = 0.75, 0.5148
"""The mean of the smallest three quarters of absolute deviations, in standard deviations of a normal distribution."""
UNCERTAIN = 1.5
"""A deviation estimated from n second differences may be larger by this share over √n, because they overlap."""
TINY = 1e-12
MAX_DIGITS = 5
"""Decimals a loss is shown with; a smaller one has an exponent."""


@dataclass(frozen=True, slots=True)
class Change:
    """A loss in two windows."""

    before: float
    now: float
    error: float
    """Standard error of the difference."""

    @property
    def rise(self) -> float:
        """Return how much it rose; negative where it fell."""
        return self.now - self.before

    @property
    def share(self) -> float:
        """Return the rise as a share of the loss before."""
        return self.rise / self.before if self.before > 0 else 0.0

    @property
    def text(self) -> str:
        """Return it as text, such as `0.062 → 0.071 (+0.009 ± 0.002)`."""
        digits = _digits(self.error, self.now)
        return f"{self.before:.{digits}f} → {self.now:.{digits}f} ({self.rise:+.{digits}f} ± {self.error:.{digits}f})"

    @property
    def short_text(self) -> str:
        """Return it as text without its error."""
        digits = max(_digits(abs(self.rise), self.now), _digits(0.0, self.now))
        if digits > MAX_DIGITS:
            return f"{self.before:.3g} → {self.now:.3g}"
        return f"{self.before:.{digits}f} → {self.now:.{digits}f}"


class LossCurve:
    """One loss over the epochs since it was last NaN or infinite."""

    def __init__(self, evidence: Evidence, name: str, fallback: str) -> None:
        """Read the curve `<name>_loss`, or Keras's `fallback` where the last epoch has no value."""
        self.inference_mode = bool(np.isfinite(evidence.last(f"{name}_loss")))
        curve = evidence.curve(f"{name}_loss" if self.inference_mode else fallback)
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

    @lru_cache(maxsize=4)  # noqa: B019 - a few curves stay alive, which no later run needs
    def wobble(self, since: int = 0) -> float:
        """Return the standard deviation of one epoch around a steady trend, over the last epochs.

        Measured in logarithms, where a steady fall is a straight line, and without the largest quarter, so that the
        steep first epochs do not count as wobble. With few epochs the estimate is high rather than low.
        """
        epochs = max(WOBBLE_EPOCHS, len(self.curve) // 2)
        recent = self.curve[max(since - self.skipped, 0, len(self.curve) - epochs) :]
        if len(recent) < 2 + MIN_BENDS:
            return 0.0
        bends = np.sort(np.abs(np.diff(np.log(np.maximum(recent, TINY)), 2)))
        mean = float(bends[: math.ceil(USED * len(bends))].mean()) / MEAN_OF_USED
        share = mean * (1 + UNCERTAIN / math.sqrt(len(bends))) / math.sqrt(SECOND_DIFFERENCES)
        return share * float(recent[-SHORTEST_WINDOW:].mean())

    def error_since_best(self, window: int) -> float:
        """Return the standard error of a difference between two windows far apart."""
        return math.hypot(max(self._since_best_error, self._lately_error), self.wobble() * math.sqrt(2 / window))

    def lately(self, window: int, since: int) -> Change | None:
        """Return the last window compared with the previous one; None before there are two after `since` epochs."""
        if len(self.curve) - max(0, since - self.skipped) < 2 * window:
            return None
        before, now = self.curve[-2 * window : -window].mean(), self.curve[-window:].mean()
        # The error was measured between windows of three epochs; samples drift apart in proportion to the time.
        samples_error = self._lately_error * window / SHORTEST_WINDOW
        error = math.hypot(samples_error, self.wobble(since) * math.sqrt(2 / window))
        return Change(float(before), float(now), error)


class Losses:
    """What all verdicts are based on."""

    def __init__(self, evidence: Evidence) -> None:
        """Read both losses from the evidence."""
        self.training = LossCurve(evidence, "training", "loss")
        self.validation = LossCurve(evidence, "validation", "val_loss")
        self.window = window_of(evidence.epoch)
        chance = evidence.facts.chance_loss
        self.chance = chance if chance is not None and chance > 0 else math.nan
        self.settled_since = evidence.knob_epochs[-1] - 1 if evidence.knob_epochs else 0
        """Epochs before the last change of a knob, where curves may jump."""

    @property
    def judged(self) -> LossCurve:
        """Return the loss that counts: validation, or training where there is no validation."""
        return self.validation or self.training

    @property
    def inference_mode(self) -> bool:
        """Return whether both are data losses in inference mode."""
        return self.training.inference_mode and self.validation.inference_mode

    def now(self, loss: LossCurve) -> float:
        """Return the mean of the last window, or of fewer epochs at the start; NaN without any."""
        return float(loss.curve[-self.window :].mean()) if loss else math.nan

    def lately(self, loss: LossCurve) -> Change | None:
        """Return the recent change of a loss; None while too few epochs were trained since a knob changed."""
        return loss.lately(self.window, self.settled_since)

    def learned(self, loss: LossCurve) -> float:
        """Return how far below chance a loss is, as a share of chance; NaN where chance or loss is not known."""
        return 1 - self.now(loss) / self.chance


def window_of(epochs: int) -> int:
    """Return the length of a window after this many epochs."""
    return max(SHORTEST_WINDOW, epochs // WINDOWS_IN_A_RUN)


@lru_cache(maxsize=1)
def losses_of(evidence: Evidence) -> Losses:
    """Return the losses of the evidence; all rules share them."""
    return Losses(evidence)


def _last_number(evidence: Evidence, name: str) -> float:
    """Return the last finite value of a curve, else 0: a comparison is missing while its windows overlap."""
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
