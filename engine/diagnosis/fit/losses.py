"""The two losses that verdicts are based on, read from the evidence once for all rules, and their noise.

They are the data losses in inference mode where they were measured, else Keras's own. Windows are a tenth of the run
and at least three epochs, so that no single epoch decides. The error of a difference between windows has two parts:
which samples happen to be in the set (the paired standard error), and how much the weights move from epoch to epoch
(the wobble of the curve itself).

There is one bar for all rules: a change is evidence if it is larger than half of its 95% interval, the number after ±.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

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
OUTSIDE = 0.05
"""Probability outside an interval of 95%."""
MIN_SAMPLES = 2
"""One sample says nothing about the noise of a mean."""
TINY = 1e-12
NEARLY_NOTHING = 1e-3
"""Share of the baseline, else of the first loss, below which a loss is 0 for all that matters."""
TOO_LONG = 1e6
"""A loss from this on is shown with an exponent."""
MAX_DIGITS = 5
"""Decimals a loss is shown with; a smaller one has an exponent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A loss in two windows."""

    before: float
    now: float
    half_width: float
    """Half of the 95% interval of the difference; infinite where its noise is not known."""
    unit: float
    """What a change is a share of: the loss before, or what it has fallen by where it may be negative."""
    has_floor: bool = True
    """Whether the loss cannot fall below 0."""
    epochs: tuple[int, int] = (0, 0)
    """The middle epochs of the two windows."""
    window: int = 1

    @property
    def rise(self) -> float:
        """Return how much it rose; negative where it fell."""
        return self.now - self.before

    @property
    def share(self) -> float:
        """Return the rise as a share of the loss before, or of its fall so far."""
        return self.rise / self.unit if self.unit > 0 else 0.0

    @property
    def rises(self) -> bool:
        """Return whether it rose by more than its noise."""
        return self.rise > self.half_width

    @property
    def falls(self) -> bool:
        """Return whether it fell by more than its noise."""
        return -self.rise > self.half_width

    @property
    def text(self) -> str:
        """Return it as text, such as `0.062 (epochs 5-7) → 0.071 (epochs 10-12), +0.009 ± 0.002`."""
        before, now = (epochs_in_words(middle, self.window) for middle in self.epochs)
        digits = _digits(self.half_width, self.now)
        large = max(abs(self.before), abs(self.now)) >= TOO_LONG
        show = "{:.3g}".format if large else f"{{:.{digits}f}}".format
        sign = "+" if self.rise >= 0 else "-"
        by = f"{sign}{show(abs(self.rise))}{self._plus_minus(show)}"
        if not self.has_floor:
            return f"by {by} from {before} to {now}"
        return f"{show(self.before)} ({before}) → {show(self.now)} ({now}), {by}"

    @property
    def short_text(self) -> str:
        """Return it as text without epochs and noise."""
        digits = max(_digits(abs(self.rise), self.now), _digits(0.0, self.now))
        if not self.has_floor:
            return f"by {abs(self.rise):.3g}"
        if digits > MAX_DIGITS:
            return f"{self.before:.3g} → {self.now:.3g}"
        return f"{self.before:.{digits}f} → {self.now:.{digits}f}"

    def _plus_minus(self, show: Callable[[float], str]) -> str:
        """Return half of the interval as text, such as ` ± 0.002 (95% interval)`; nothing where it is not known."""
        known = math.isfinite(self.half_width) and self.half_width > 0
        return f" ± {show(self.half_width)} (95% interval)" if known else ""


class LossCurve:
    """One loss over the epochs since it was last NaN or infinite."""

    def __init__(self, evidence: Evidence, name: str, fallback: str, samples: int, baseline: float | None) -> None:
        """Read a curve.

        Args:
            evidence: of the run.
            name: the curve is `<name>_loss`.
            fallback: Keras's curve, for where the last epoch has no value.
            samples: behind each value; 0: not known.
            baseline: see `Facts.baseline_loss`.
        """
        self.inference_mode = bool(np.isfinite(evidence.last(f"{name}_loss")))
        curve = evidence.curve(f"{name}_loss" if self.inference_mode else fallback)
        broken = np.flatnonzero(~np.isfinite(curve))
        self.skipped = int(broken[-1]) + 1 if len(broken) else 0
        # One sample supports no verdict on anything.
        self.curve: Floats = curve[self.skipped :] if samples != 1 else curve[:0]
        self.has_floor = evidence.facts.has_floor and not bool(len(self.curve) and self.curve.min() < 0)
        self.baseline = math.nan if baseline is None else baseline
        self.samples = samples
        self._since_best_error = _last_number(evidence, f"{name}_since_best_error")
        self._lately_error = _last_number(evidence, f"{name}_lately_error")

    def __bool__(self) -> bool:
        return bool(len(self.curve))

    @property
    def nothing(self) -> float:
        """Return the size of a loss, or of a change, that does not matter."""
        if not self.has_floor:
            return NEARLY_NOTHING * self.fall_so_far
        known = math.isfinite(self.baseline) and self.baseline > 0
        return NEARLY_NOTHING * (self.baseline if known else float(self.curve.max(initial=0.0)))

    @property
    def fall_so_far(self) -> float:
        """Return the difference between the highest and the lowest loss, or between the baseline and the lowest."""
        start = self.baseline if math.isfinite(self.baseline) else float(self.curve[0])
        return max(start - float(self.curve.min()), TINY)

    def unit(self, before: float) -> float:
        """Return what a change from this loss is a share of."""
        return before if self.has_floor else self.fall_so_far

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

        Measured in logarithms, where a steady fall is a straight line (of a loss that may be negative: as it is), and
        without the largest quarter, so that the steep first epochs do not count as wobble. With few epochs the estimate
        is high rather than low.
        """
        epochs = max(WOBBLE_EPOCHS, len(self.curve) // 2)
        recent = self.curve[max(since - self.skipped, 0, len(self.curve) - epochs) :]
        if len(recent) < 2 + MIN_BENDS:
            return 0.0
        values = np.log(np.maximum(recent, TINY)) if self.has_floor else recent
        bends = np.sort(np.abs(np.diff(values, 2)))
        mean = float(bends[: math.ceil(USED * len(bends))].mean()) / MEAN_OF_USED
        share = mean * (1 + UNCERTAIN / math.sqrt(len(bends))) / math.sqrt(SECOND_DIFFERENCES)
        return share * float(recent[-SHORTEST_WINDOW:].mean()) if self.has_floor else share

    def error_since_best(self, window: int) -> float:
        """Return the standard error of a difference between two windows far apart."""
        samples_error = max(self._since_best_error, self._lately_error)
        return math.hypot(samples_error, self.wobble() * math.sqrt(2 / window)) * few_samples(self.samples)

    def samples_half_width(self, comparisons: int) -> float:
        """Return half of the 95 % interval of the largest of some recent differences, from the samples alone.

        The wobble is left out: where a rate is too high, that is what is judged. 0 where no sample's losses are known.
        """
        error = max(self._since_best_error, self._lately_error) * few_samples(self.samples)
        return half_width_of(error, comparisons) if error else 0.0

    def lately(self, window: int, since: int) -> Change | None:
        """Return the last window compared with the previous one; None before there are two after `since` epochs."""
        if len(self.curve) - max(0, since - self.skipped) < 2 * window:
            return None
        before, now = float(self.curve[-2 * window : -window].mean()), float(self.curve[-window:].mean())
        # The error was measured between windows of three epochs; samples drift apart in proportion to the time.
        samples_error = self._lately_error * window / SHORTEST_WINDOW
        error = math.hypot(samples_error, self.wobble(since) * math.sqrt(2 / window)) * few_samples(self.samples)
        last = self.skipped + len(self.curve)
        return self.change(before, now, half_width_of(error), epochs=(last - window, last), window=window)

    def change(
        self, before: float, now: float, half_width: float, *, epochs: tuple[int, int], window: int = 1
    ) -> Change:
        """Return a change between two windows, given by their last epochs."""
        middles = (epochs[0] - (window - 1) // 2, epochs[1] - (window - 1) // 2)
        return Change(
            before=before,
            now=now,
            half_width=half_width,
            unit=self.unit(before),
            has_floor=self.has_floor,
            epochs=middles,
            window=window,
        )


class Losses:
    """What all verdicts are based on."""

    def __init__(self, evidence: Evidence) -> None:
        """Read both losses from the evidence."""
        facts = evidence.facts
        trained_on = facts.training_baseline_loss if facts.training_baseline_loss is not None else facts.baseline_loss
        self.training = LossCurve(evidence, "training", "loss", facts.train_subset, trained_on)
        self.validation = LossCurve(evidence, "validation", "val_loss", facts.validation_samples, facts.baseline_loss)
        self.window = window_of(evidence.epoch)
        baseline = facts.baseline_loss
        self.baseline = baseline if baseline is not None and (baseline > 0 or not facts.has_floor) else math.nan
        self.floor = facts.loss_floor
        self.has_floor = self.training.has_floor and self.validation.has_floor
        self.settled_since = evidence.settled_since - 1
        """Epochs before the last change of a knob, where curves may jump."""
        penalty = evidence.last("penalty")
        alike = self.inference_mode or not (facts.training_weighted or penalty > 0)
        self.comparable = alike and not facts.validation_weighted and self.has_floor
        """Whether training and validation loss may be put into a ratio: both without penalties and weights, and never
        negative."""

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

    def now_in_words(self, loss: LossCurve) -> str:
        """Return the mean of the last window as text, such as `0.685 (mean of epochs 55-60)`."""
        window, last = min(self.window, len(loss.curve)), loss.skipped + len(loss.curve)
        return f"{self.now(loss):.3g} ({epochs_in_words(last - (window - 1) // 2, window)})"

    def lately(self, loss: LossCurve) -> Change | None:
        """Return the recent change of a loss; None while too few epochs were trained since a knob changed."""
        return loss.lately(self.window, self.settled_since)

    def learned(self, loss: LossCurve) -> float:
        """Return how far below the baseline a loss is, as a share of the way to its floor; NaN where not known.

        NaN too for a loss that may be negative, where a share means nothing: see `beats_baseline`.
        """
        room = loss.baseline - self.floor
        return (loss.baseline - self.now(loss)) / room if self.has_floor and room > 0 else math.nan

    def beats_baseline(self, loss: LossCurve) -> bool | None:
        """Return whether a loss is below its baseline; None where that is not known."""
        return None if math.isnan(loss.baseline) or not loss else self.now(loss) < loss.baseline


def half_width_of(error: float, comparisons: int = 1) -> float:
    """Return half of the 95% interval of a difference with this standard error.

    Args:
        error: standard error.
        comparisons: differences of which this is the largest; the interval then holds for all of them (Bonferroni).
    """
    return normal_quantile(comparisons) * error


def few_samples(count: int) -> float:
    """Return by how much a standard error from few samples must grow, as Student's t over the normal distribution.

    Hill's first terms, exact to 2% from four samples on; infinite for one, and 1 where their number (0) is not known.
    """
    if not count:
        return 1.0
    freedom, square = count - 1, normal_quantile(1) ** 2
    if not freedom:
        return math.inf
    return 1 + (square + 1) / (4 * freedom) + (5 * square**2 + 16 * square + 3) / (96 * freedom**2)


@lru_cache(maxsize=256)
def normal_quantile(comparisons: int) -> float:
    """Return half of the 95% interval of a normal distribution, in standard deviations: 1.96 for one comparison."""
    return NormalDist().inv_cdf(1 - OUTSIDE / 2 / max(1, comparisons))


def window_of(epochs: int) -> int:
    """Return the length of a window after this many epochs."""
    return max(SHORTEST_WINDOW, epochs // WINDOWS_IN_A_RUN)


def epochs_in_words(middle: int, window: int) -> str:
    """Return the epochs of a window as words, such as `mean of epochs 5-7`."""
    first = middle - window // 2
    return f"mean of epochs {first}-{first + window - 1}" if window > 1 else f"epoch {middle}"


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
    known = math.isfinite(difference) and difference > 0
    size = difference if known else max(abs(loss), 1e-9) / 10
    return min(8, max(2, 1 - math.floor(math.log10(size))))
