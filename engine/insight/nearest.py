"""The samples closest to crossing, and how fast they move: an estimate from the last few epochs.

Predictions about coming epochs assume that each sample keeps its speed, which nothing guarantees. Show these numbers as
an estimate, as `sentence.estimate_words` does.
"""

from collections import deque
from typing import Self

import numpy as np

from fitmon.engine.arrays import Arrays, Saved
from fitmon.engine.insight.scores import Floats, SampleScores

NEAR = 0.1
"""A sample is near the threshold if its distance is smaller: a tenth of the range of a probability."""
KEPT_EPOCHS = 5
"""Speed is measured over this many last epochs; older ones are out of date."""
MEASURED_ENOUGH = 3
"""With fewer epochs there is no speed: any line fits two points."""


def crossing_soon(scores: SampleScores, speed: Floats, threshold: float, within_epochs: float = 3) -> int:
    """Estimate how many samples that are wrong now will be right within this many epochs at this speed.

    Args:
        scores: n samples.
        speed: (n,) float32, the change of each distance per epoch; NaN is not counted.
        threshold: in [0, 1].
        within_epochs: above 0.
    """
    reached = scores.distance(threshold) + np.float32(within_epochs) * speed
    return int(np.count_nonzero(~scores.right(threshold) & (speed > 0) & (reached > 0)))


class Nearest:
    """Keeps the positions of n samples in the last epochs: 20 bytes per sample, partly shared with the scores."""

    def __init__(self) -> None:
        """Start before the first epoch."""
        # p(true) or the margin: both differ from the distance only by a shift that depends on the threshold. So they
        # are valid for any threshold, and moving it does not look like speed.
        self._positions: deque[Floats] = deque(maxlen=KEPT_EPOCHS)
        self._epochs: deque[int] = deque(maxlen=KEPT_EPOCHS)
        self._last: SampleScores | None = None

    def update(self, scores: SampleScores, epoch: int | None = None) -> None:
        """Add one epoch.

        Args:
            scores: of the same n samples in the same order each time; another number of samples starts over.
            epoch: its one-based number; None for one more than the last. One that is not larger than the last starts
                over, because the run was rewound.
        """
        last_epoch = self._epochs[-1] if self._epochs else 0
        number = last_epoch + 1 if epoch is None else epoch
        if number <= last_epoch or (self._last is not None and len(self._last) != len(scores)):
            self._positions.clear()
            self._epochs.clear()
        self._positions.append(scores.probability_true if scores.task == "binary" else scores.margin)
        self._epochs.append(number)
        self._last = scores

    def arrays(self) -> Arrays:
        """Return all but the last scores as arrays that no later epoch changes; the positions are copied."""
        epochs = {"epochs": np.array(self._epochs, dtype=np.int64)}
        return epochs | ({"positions": np.stack(self._positions)} if self._positions else {})

    @classmethod
    def restored(cls, saved: Saved, samples: int, last: SampleScores | None) -> Self:
        """Return the object that `arrays` described; raises DataError when they do not fit.

        Args:
            saved: what `arrays` returned.
            samples: how many there are.
            last: the last observed scores, possibly of the untrained model; None: nothing was observed.
        """
        nearest = cls()
        nearest._epochs.extend(saved.rising("epochs"))
        if nearest.epochs:
            nearest._positions.extend(saved.array("positions", np.float32, nearest.epochs, samples))
            nearest._last = last
        return nearest

    @property
    def epochs(self) -> int:
        """Number of kept epochs, at most `KEPT_EPOCHS`."""
        return len(self._epochs)

    def speed(self) -> Floats | None:
        """Return the change of each sample's distance per epoch, (n,) float32; None below `MEASURED_ENOUGH` epochs.

        The slope of the line through the kept epochs with the least squared error. NaN where one of them is NaN.
        """
        if self.epochs < MEASURED_ENOUGH:
            return None
        offsets = np.asarray(self._epochs, dtype=np.float64) - np.mean(self._epochs)
        weights = (offsets / (offsets @ offsets)).astype(np.float32)
        speed: Floats = np.zeros(len(self._positions[0]), dtype=np.float32)
        for weight, position in zip(weights, self._positions, strict=True):
            speed += weight * position
        return speed
