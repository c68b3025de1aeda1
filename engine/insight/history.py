"""Each sample's probability and loss over the epochs, for the curve of a chosen one, in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fitmon.engine.insight.scores import SampleScores

Halves = npt.NDArray[np.float16]

MOST_EPOCHS = 256
"""More points than a terminal has columns would not be seen."""
FEWEST_EPOCHS = 5
MOST_BYTES = 20 * 1024**2
"""What the history of all samples together may take; a million samples keep `FEWEST_EPOCHS` epochs each."""
BYTES_PER_POINT = 4
"""float16 for the probability and for the loss: three digits, as much as a curve in cells can show."""


@dataclass(frozen=True, slots=True, eq=False)
class SampleCurve:
    """One sample over the k epochs that were kept."""

    epochs: tuple[int, ...]
    """(k,) one-based, rising; 0 stands for the untrained model."""
    probability_true: tuple[float, ...]
    """(k,) in [0, 1]; may hold NaN."""
    losses: tuple[float, ...]
    """(k,) the sample's loss; NaN where the loss has none for a sample."""


@dataclass(frozen=True, slots=True, eq=False)
class HistorySnapshot:
    """What was kept of n samples. It shares its arrays, which never change, with the history."""

    epochs: tuple[int, ...] = ()
    probability_true: tuple[Halves, ...] = ()
    """An (n,) float16 for each epoch."""
    losses: tuple[Halves | None, ...] = ()
    """The same; None for an epoch without losses."""

    def of(self, index: int) -> SampleCurve:
        """Return the curve of the sample at `index`, in 0..n-1."""
        return SampleCurve(
            epochs=self.epochs,
            probability_true=tuple(float(column[index]) for column in self.probability_true),
            losses=tuple(float("nan") if column is None else float(column[index]) for column in self.losses),
        )


class SampleHistory:
    """Keeps epochs at even distances: when there is no room left, every second one goes, the newest always stays."""

    def __init__(self, samples: int) -> None:
        """Begin with nothing known of `samples` samples."""
        room = MOST_BYTES // (BYTES_PER_POINT * max(1, samples))
        self._most = min(MOST_EPOCHS, max(FEWEST_EPOCHS, room))
        self._stride = 1
        self._kept: list[tuple[int, Halves, Halves | None]] = []

    def append(self, scores: SampleScores, epoch: int) -> None:
        """Add an epoch behind the last one; an epoch that is not larger than the last ones takes their place."""
        self._kept = [entry for entry in self._kept if entry[0] < epoch and self._on_stride(entry[0])]
        self._kept.append((epoch, _halves(scores.probability_true), _losses(scores)))
        if len(self._kept) > self._most:
            self._stride *= 2
            self._kept = [entry for entry in self._kept if self._on_stride(entry[0]) or entry[0] == epoch]

    def _on_stride(self, epoch: int) -> bool:
        return (epoch - 1) % self._stride == 0

    def snapshot(self) -> HistorySnapshot:
        """Return a frozen picture; nothing is copied."""
        if not self._kept:
            return HistorySnapshot()
        epochs, probability_true, losses = zip(*self._kept, strict=True)
        return HistorySnapshot(epochs=epochs, probability_true=probability_true, losses=losses)


def _losses(scores: SampleScores) -> Halves | None:
    return None if scores.losses is None else _halves(scores.losses)


def _halves(values: npt.NDArray[np.float32]) -> Halves:
    # A loss beyond float16's 65504 becomes infinite, which a curve shows as a gap.
    with np.errstate(over="ignore"):
        halves = values.astype(np.float16)
    halves.flags.writeable = False
    return halves
