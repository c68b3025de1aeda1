"""Which samples moved between two epochs, and which of them caused the change of the loss.

n samples fall into four groups: stayed right, stayed wrong, crossed up (wrong before, right now), crossed down.
Accuracy depends only on the two that crossed, the loss on all four. That is why one can change while the other does
not.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fitmon.engine.insight.scores import Booleans, SampleScores

Losses = npt.NDArray[np.floating]
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LossChange:
    """The change of the mean data loss, split by group; the four add up to the whole change, to float64 rounding."""

    stayed_right: float
    stayed_wrong: float
    crossed_up: float
    crossed_down: float

    @property
    def by_staying(self) -> float:
        """The part that accuracy does not show: from samples that did not cross."""
        return self.stayed_right + self.stayed_wrong

    @property
    def by_crossing(self) -> float:
        """The part from samples that crossed, in either direction."""
        return self.crossed_up + self.crossed_down


@dataclass(frozen=True, slots=True)
class FirstEpoch:
    """Used instead of a `Movement` where there is no earlier epoch of the same samples to compare with."""

    samples: int
    right: int
    threshold: float | None
    """The threshold for two classes; None for several."""
    data_loss: float | None
    """The mean data loss; None without samples, without per-sample losses, or where one of them is not finite."""
    losses_not_finite: int
    """Samples whose loss is NaN or infinite."""


@dataclass(frozen=True, slots=True)
class Movement:
    """How n samples moved between two epochs, both judged by the current threshold."""

    samples: int
    threshold: float | None
    """The threshold for two classes; None for several."""
    stayed_right: int
    stayed_wrong: int
    crossed_up: int
    """Wrong before, right now."""
    crossed_down: int
    """Right before, wrong now."""
    right_closer: int
    """Of `stayed_right`: closer to the threshold than before, so less sure."""
    right_further: int
    """Of `stayed_right`: further from the threshold, so more sure."""
    wrong_closer: int
    """Of `stayed_wrong`: closer to the threshold than before, so better, though accuracy does not show it."""
    wrong_further: int
    """Of `stayed_wrong`: further from the threshold, so worse."""
    data_loss: float | None
    """The mean data loss now; None without samples, without per-sample losses, or where one of them is not finite."""
    previous_data_loss: float | None
    """The same for the previous epoch."""
    parts: LossChange | None
    """The change of the mean data loss by group; None unless both data losses are known."""
    losses_not_finite: int
    """Samples whose loss is NaN or infinite in either of the two epochs."""

    @property
    def right(self) -> int:
        """Samples predicted correctly now."""
        return self.stayed_right + self.crossed_up

    @property
    def previous_right(self) -> int:
        """Samples predicted correctly in the previous epoch."""
        return self.stayed_right + self.crossed_down

    @property
    def accuracy(self) -> float | None:
        """The share of correct predictions now, in [0, 1]; None without samples."""
        return self.right / self.samples if self.samples else None

    @property
    def data_loss_change(self) -> float | None:
        """The mean data loss now minus that of the previous epoch; None where either is unknown."""
        if self.data_loss is None or self.previous_data_loss is None:
            return None
        return self.data_loss - self.previous_data_loss

    @property
    def loss_change(self) -> dict[str, float] | None:
        """`parts` as a dict; None where it is None."""
        if self.parts is None:
            return None
        return {name: getattr(self.parts, name) for name in LossChange.__dataclass_fields__}


def measure_movement(
    scores: SampleScores,
    previous: SampleScores | None,
    threshold: float,
    *,
    losses: Losses | None = None,
    previous_losses: Losses | None = None,
    weights: Losses | None = None,
) -> Movement | FirstEpoch:
    """Compare two epochs of the same n samples.

    Args:
        scores: this epoch's.
        previous: of the previous epoch; None, or scores of other samples, gives a `FirstEpoch`.
        threshold: in [0, 1], for both epochs: moving it must not look like a change of the model.
        losses: (n,) each sample's data loss this epoch, unreduced and unweighted; None without per-sample losses.
        previous_losses: (n,) the same for the previous epoch.
        weights: (n,) sample weights of both epochs; None for 1 each. The mean data loss is sum(weight * loss) / n:
            Keras divides by the number of samples, not by the sum of weights (`sum_over_batch_size` in
            keras/src/losses). For a loss that does divide by it, scale the weights to a mean of 1 in each batch.

    NaN predictions are wrong, and neither closer nor further. One loss that is not finite makes mean and split None.
    """
    if previous is None or not _same_samples(scores, previous):
        return _first_epoch(scores, threshold, losses, weights)
    now, before = scores.right(threshold), previous.right(threshold)
    approach = scores.distance(threshold) - previous.distance(threshold)
    stayed_right, stayed_wrong = now & before, ~(now | before)
    up, down = now & ~before, before & ~now
    return Movement(
        samples=len(scores),
        threshold=_threshold(scores, threshold),
        stayed_right=_count(stayed_right),
        stayed_wrong=_count(stayed_wrong),
        crossed_up=_count(up),
        crossed_down=_count(down),
        right_closer=_count(stayed_right & (approach < 0)),
        right_further=_count(stayed_right & (approach > 0)),
        wrong_closer=_count(stayed_wrong & (approach > 0)),
        wrong_further=_count(stayed_wrong & (approach < 0)),
        data_loss=_mean_loss(losses, weights),
        previous_data_loss=_mean_loss(previous_losses, weights),
        parts=_split(losses, previous_losses, weights, (stayed_right, stayed_wrong, up, down)),
        losses_not_finite=_count(_not_finite(losses, len(scores)) | _not_finite(previous_losses, len(scores))),
    )


def _same_samples(scores: SampleScores, previous: SampleScores) -> bool:
    return scores.task == previous.task and np.array_equal(scores.true_class, previous.true_class)


def _first_epoch(scores: SampleScores, threshold: float, losses: Losses | None, weights: Losses | None) -> FirstEpoch:
    return FirstEpoch(
        samples=len(scores),
        right=_count(scores.right(threshold)),
        threshold=_threshold(scores, threshold),
        data_loss=_mean_loss(losses, weights),
        losses_not_finite=_count(_not_finite(losses, len(scores))),
    )


def _threshold(scores: SampleScores, threshold: float) -> float | None:
    return threshold if scores.task == "binary" else None


def _count(chosen: Booleans) -> int:
    return int(np.count_nonzero(chosen))


def _not_finite(losses: Losses | None, samples: int) -> Booleans:
    return np.zeros(samples, dtype=bool) if losses is None else ~np.isfinite(losses)


def _mean_loss(losses: Losses | None, weights: Losses | None) -> float | None:
    if losses is None or not len(losses) or not np.isfinite(losses).all():
        return None
    return float(_weighted(losses.astype(np.float64), weights).sum() / len(losses))


def _weighted(values: Doubles, weights: Losses | None) -> Doubles:
    if weights is not None:
        values *= weights
    return values


def _split(
    losses: Losses | None, previous: Losses | None, weights: Losses | None, groups: tuple[Booleans, ...]
) -> LossChange | None:
    if losses is None or previous is None or not len(losses):
        return None
    if not (np.isfinite(losses).all() and np.isfinite(previous).all()):
        return None
    # In float64 the difference of two float32 numbers is practically exact.
    change = losses.astype(np.float64)
    change -= previous
    change = _weighted(change, weights)
    return LossChange(*(float(change[group].sum() / len(change)) for group in groups))
