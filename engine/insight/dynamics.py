"""How each sample developed over the whole run, in memory that does not grow with the number of epochs.

Data map: Swayamdipta et al. 2020, "Dataset Cartography" (https://aclanthology.org/2020.emnlp-main.746): the mean of
p(true) over the epochs ("confidence") and its standard deviation ("variability") separate easy, ambiguous and hard
samples. Forgetting events: Toneva et al. 2019 (https://arxiv.org/abs/1812.05159): right an epoch ago and wrong now. The
mean margin as the sign of a wrong label: Pleiss et al. 2020, "area under the margin"
(https://arxiv.org/abs/2001.10528), here of probabilities instead of logits.

The papers measure training samples during training; fitmon measures the same samples after each epoch, usually
validation samples, whose labels the model cannot memorize.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

import numpy as np
import numpy.typing as npt

from fitmon.engine.arrays import Arrays, Saved, whole
from fitmon.engine.insight.scores import Array, Booleans, Floats, Integers, SampleScores

Kinds = npt.NDArray[np.int8]

MEASURED_ENOUGH = 3
"""With fewer measured epochs a sample has no kind: two points show no pattern."""
EASY_MEAN = 2 / 3
HARD_MEAN = 1 / 3
"""The range of a mean probability in thirds. The paper uses thirds of the *data set*; with fixed thresholds a sample
does not change its kind because others moved."""
SPREAD_THRESHOLD = 0.2
"""A spread above this is ambiguous. That of p(true) in [0, 1] is at most 0.5; evenly over the range it is 0.29."""
SURE = 0.9
"""A prediction with at least this probability is sure."""
SUSPECT_MARGIN = -0.5
"""A mean margin at or below this: over the whole run another class led by at least half of the probability."""
MIN_CROSSINGS = 3
MIN_CROSSING_SHARE = 0.1
"""An unstable sample crossed at least `MIN_CROSSINGS` times, and in at least this share of the steps from epoch to
epoch: three crossings in the first ten of 200 epochs are not enough."""
BLOCK = 65_536
"""Samples processed at a time, so that intermediate results fit the processor's cache."""


class Kind(IntEnum):
    """The kind of a sample, from its history. Where several apply, the last in this list counts."""

    EASY = 1
    """Right now, mean p(true) at least `EASY_MEAN`, spread at most `SPREAD_THRESHOLD`."""
    AMBIGUOUS = 2
    """Spread beyond `SPREAD_THRESHOLD`, a mean between hard and easy, or wrong now although it was easy before."""
    HARD = 3
    """Mean p(true) below `HARD_MEAN`, spread at most `SPREAD_THRESHOLD`."""
    UNSTABLE = 4
    """Crossed at least `MIN_CROSSINGS` times and in at least `MIN_CROSSING_SHARE` of the steps between epochs."""
    SUSPECT = 5
    """Sure and wrong: wrong now, with a prediction of at least `SURE`, and a mean margin of `SUSPECT_MARGIN` or less.
    Its label may be wrong."""
    TOO_EARLY = 0
    """Measured in fewer than `MEASURED_ENOUGH` epochs."""


@dataclass(frozen=True, slots=True, eq=False)
class DynamicsSnapshot:
    """The state of n samples after some epochs. All arrays are read-only and no later epoch changes them."""

    epochs: int
    """Epochs measured so far."""
    seen: Integers
    """(n,) int32: epochs in which the sample's prediction was finite."""
    mean: Floats
    """(n,) float32 in [0, 1]: mean of p(true) over those epochs; NaN for a sample without any."""
    spread: Floats
    """(n,) float32 in [0, 0.5]: population standard deviation of p(true); NaN for a sample without any."""
    mean_margin: Floats
    """(n,) float32 in [-1, 1]: mean of the margin; NaN for a sample without any."""
    crossings: Integers
    """(n,) int32: how often the sample went from wrong to right or back."""
    forgotten: Integers
    """(n,) int32: forgetting events, how often it went from right to wrong."""
    learnt_epoch: Integers
    """(n,) int32: the one-based epoch since which it has always been right; 0 where it is wrong now."""
    kinds: Kinds
    """(n,) int8: each sample's `Kind`."""

    def __len__(self) -> int:
        return len(self.seen)

    def count(self, kind: Kind) -> int:
        """Return how many samples are of this kind."""
        return int(np.count_nonzero(self.kinds == kind))


class SampleDynamics:
    """Follows n samples over the epochs with 36 bytes per sample, and a reference to the scores of the last epoch."""

    def __init__(self, samples: int) -> None:
        """Start before the first epoch of `samples` samples."""
        self.epochs = 0
        self._last: SampleScores | None = None
        self._seen = np.zeros(samples, dtype=np.int32)
        # float64, because Welford's sums must not drift over thousands of epochs.
        self._mean = np.zeros(samples, dtype=np.float64)
        self._squares = np.zeros(samples, dtype=np.float64)
        self._mean_margin = np.zeros(samples, dtype=np.float32)
        self._crossings = np.zeros(samples, dtype=np.int32)
        self._forgotten = np.zeros(samples, dtype=np.int32)
        self._learnt_epoch = np.zeros(samples, dtype=np.int32)

    def __len__(self) -> int:
        return len(self._seen)

    def arrays(self) -> Arrays:
        """Return all but the last scores as arrays that no later epoch changes: copies, 36 bytes per sample."""
        return {"epochs": whole(self.epochs)} | {name: array.copy() for name, array in self._kept().items()}

    @classmethod
    def restored(cls, saved: Saved, samples: int, last: SampleScores | None) -> Self:
        """Return the object that `arrays` described; raises DataError when they do not fit.

        Args:
            saved: what `arrays` returned.
            samples: how many there are.
            last: the last observed scores, possibly of the untrained model; None: nothing was observed.
        """
        dynamics = cls(samples)
        dynamics.epochs = saved.whole("epochs")
        dynamics._last = last if dynamics.epochs else None
        for name, array in dynamics._kept().items():
            array[:] = saved.array(name, array.dtype, samples)
        return dynamics

    def update(self, scores: SampleScores, threshold: float, epoch: int | None = None) -> None:
        """Add one epoch.

        Args:
            scores: of the same n samples in the same order each time; a NaN prediction counts as wrong and leaves mean
                and spread as they were.
            threshold: in [0, 1]. The previous epoch is judged by the same threshold, so that moving the threshold
                causes no crossings.
            epoch: its one-based number; None for one more than the epochs measured so far.

        Raises:
            ValueError: when the number of samples differs.
        """
        if len(scores) != len(self):
            raise ValueError(f"Expected scores of {len(self)} samples, received {len(scores)}; start a new record.")
        self.epochs += 1
        for start in range(0, len(self), BLOCK):
            self._update_averages(scores, slice(start, start + BLOCK))
        self._update_crossings(scores, threshold, self.epochs if epoch is None else epoch)
        self._last = scores

    def snapshot(self) -> DynamicsSnapshot:
        """Return a frozen snapshot: copies, 29 bytes per sample."""
        unseen = self._seen == 0
        spread = self._spread()
        mean, mean_margin = self._mean.astype(np.float32), self._mean_margin.copy()
        mean[unseen] = mean_margin[unseen] = np.nan
        return DynamicsSnapshot(
            epochs=self.epochs,
            seen=_frozen(self._seen.copy()),
            mean=_frozen(mean),
            spread=_frozen(spread),
            mean_margin=_frozen(mean_margin),
            crossings=_frozen(self._crossings.copy()),
            forgotten=_frozen(self._forgotten.copy()),
            learnt_epoch=_frozen(self._learnt_epoch.copy()),
            kinds=_frozen(self._kinds(mean, spread)),
        )

    def _spread(self) -> Floats:
        spread: Floats = np.empty(len(self), dtype=np.float32)
        with np.errstate(invalid="ignore"):
            for start in range(0, len(self), BLOCK):
                block = slice(start, start + BLOCK)
                spread[block] = np.sqrt(self._squares[block] / self._seen[block])
        return spread

    def _kept(self) -> Arrays:
        return {
            "seen": self._seen,
            "mean": self._mean,
            "squares": self._squares,
            "mean_margin": self._mean_margin,
            "crossings": self._crossings,
            "forgotten": self._forgotten,
            "learnt_epoch": self._learnt_epoch,
        }

    def _update_averages(self, scores: SampleScores, block: slice) -> None:
        """Add one block to Welford's mean and sum of squares (Technometrics 1962, doi:10.2307/1266577)."""
        value = scores.probability_true[block].astype(np.float64)
        # The margin is NaN where any class's probability is; p(true) only where its own is.
        known = np.isfinite(scores.margin[block])
        seen = self._seen[block]
        seen += known
        step = np.where(known, value - self._mean[block], 0.0)
        self._mean[block] += step / np.maximum(seen, 1)
        self._squares[block] += step * np.where(known, value - self._mean[block], 0.0)
        margin_step = np.where(known, scores.margin[block] - self._mean_margin[block], np.float32(0))
        self._mean_margin[block] += margin_step / np.maximum(seen, 1)

    def _update_crossings(self, scores: SampleScores, threshold: float, epoch: int) -> None:
        right = scores.right(threshold)
        before = right if self._last is None else self._last.right(threshold)
        self._crossings += right != before
        self._forgotten += before & ~right
        fresh = right & (~before | (self._learnt_epoch == 0))
        self._learnt_epoch[fresh] = epoch
        self._learnt_epoch[~right] = 0

    def _kinds(self, mean: Floats, spread: Floats) -> Kinds:
        kinds: Kinds = np.full(len(self), Kind.AMBIGUOUS, dtype=np.int8)
        is_right = self._learnt_epoch > 0
        kinds[(spread <= SPREAD_THRESHOLD) & (mean >= EASY_MEAN) & is_right] = Kind.EASY
        kinds[(spread <= SPREAD_THRESHOLD) & (mean < HARD_MEAN)] = Kind.HARD
        kinds[self._crossings >= max(MIN_CROSSINGS, MIN_CROSSING_SHARE * (self.epochs - 1))] = Kind.UNSTABLE
        kinds[self._sure_and_wrong()] = Kind.SUSPECT
        kinds[self._seen < MEASURED_ENOUGH] = Kind.TOO_EARLY
        return kinds

    def _sure_and_wrong(self) -> Booleans:
        if self._last is None:
            return np.zeros(len(self), dtype=bool)
        # The probability of the leading wrong class: p(true) minus the margin.
        rival = self._last.probability_true - self._last.margin
        wrong = self._learnt_epoch == 0
        suspect: Booleans = wrong & (rival >= SURE) & (self._mean_margin <= SUSPECT_MARGIN)
        return suspect


def _frozen(array: Array) -> Array:
    array.flags.writeable = False
    return array
