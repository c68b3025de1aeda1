"""Follows the validation samples over the epochs: hands all that is known of them to whoever shows it.

It only puts together what the other modules measure, once an epoch, in the training thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fitmon.engine.insight.baseline import Baseline, measure_baseline
from fitmon.engine.insight.context import Context, Matrix, accuracy_in_context
from fitmon.engine.insight.dynamics import DynamicsSnapshot, SampleDynamics
from fitmon.engine.insight.history import HistorySnapshot, SampleHistory
from fitmon.engine.insight.movement import FirstEpoch, Movement, measure_movement
from fitmon.engine.insight.nearest import NEAR, Nearest, crossing_soon
from fitmon.engine.insight.scores import Floats, SampleScores


@dataclass(frozen=True, eq=False)
class Observation:
    """What is known of the n validation samples at the end of an epoch. Nothing in it ever changes."""

    epoch: int
    """One-based; 0 for the model as it was before training."""
    threshold: float
    """The run's own, in [0, 1]; without a meaning for several classes."""
    scores: SampleScores
    previous: SampleScores | None
    """The scores an epoch before; None for the first observation."""
    penalty: float | None
    """L1, L2 and activity penalties in the validation loss; None where the loss could not be taken apart."""
    dynamics: DynamicsSnapshot | None
    """How each sample fared since epoch 1; None before that."""
    history: HistorySnapshot
    """Each sample's p(true) and loss over the epochs, the untrained model's as long as there is room."""
    speed: Floats | None
    """(n,) float32: the change of each sample's distance per epoch, from the last epochs; None while too few."""
    probabilities: Matrix | None
    """(n, C) of several classes; None for two, or where they are not at hand."""

    def __len__(self) -> int:
        return len(self.scores)

    @cached_property
    def baseline(self) -> Baseline:
        """What can be told at a glance of the accuracy at the run's threshold."""
        return measure_baseline(self.scores, self.threshold)

    @cached_property
    def context(self) -> Context:
        """What the accuracy at the run's threshold is worth.

        Measured when first asked for: where nobody looks, the training of a small model does not wait for it.
        """
        classes = None if self.probabilities is None else self.probabilities.shape[1]
        return accuracy_in_context(self.scores, self.threshold, classes=classes, probabilities=self.probabilities)

    @cached_property
    def movement(self) -> Movement | FirstEpoch:
        """What moved since the epoch before, at the run's threshold."""
        return self._measure(self.threshold)

    def movement_at(self, threshold: float) -> Movement | FirstEpoch:
        """Return what moved since the epoch before, both held against a threshold in [0, 1]."""
        return self.movement if threshold == self.threshold else self._measure(threshold)

    def _measure(self, threshold: float) -> Movement | FirstEpoch:
        before = self.previous
        return measure_movement(
            self.scores,
            before,
            threshold,
            losses=self.scores.losses,
            previous_losses=None if before is None else before.losses,
            weights=self.scores.weights,
        )

    def near(self, threshold: float) -> int:
        """Return how many samples lie within `nearest.NEAR` of a threshold in [0, 1]."""
        return int(np.count_nonzero(np.abs(self.scores.distance(threshold)) < NEAR))

    def crossing_soon(self, threshold: float, within_epochs: int = 3) -> int | None:
        """Estimate how many wrong samples will be right within so many epochs; None while there is no speed."""
        return None if self.speed is None else crossing_soon(self.scores, self.speed, threshold, within_epochs)


class Observer:
    """Keeps what is known of n samples from epoch to epoch."""

    def __init__(self, samples: int, threshold: float) -> None:
        """Begin with nothing known of `samples` samples, held against a threshold in [0, 1]."""
        self._threshold = threshold
        self._dynamics = SampleDynamics(samples)
        self._history = SampleHistory(samples)
        self._nearest = Nearest()
        self._previous: SampleScores | None = None

    def observe(
        self, scores: SampleScores, epoch: int, *, penalty: float | None = None, probabilities: Matrix | None = None
    ) -> Observation:
        """Take an epoch into account and return what is known now.

        Args:
            scores: of the same n samples in the same order each time.
            epoch: one-based, rising; 0 for the untrained model, which is only what epoch 1 is compared with.
            penalty: see `Observation.penalty`.
            probabilities: (n, C) of several classes, for what `SampleScores` does not keep; None: not at hand.
        """
        if epoch:
            self._dynamics.update(scores, self._threshold, epoch)
            self._nearest.update(scores, epoch)
        self._history.append(scores, epoch)
        previous, self._previous = self._previous, scores
        return Observation(
            epoch=epoch,
            threshold=self._threshold,
            scores=scores,
            previous=previous,
            penalty=penalty,
            dynamics=self._dynamics.snapshot() if epoch else None,
            history=self._history.snapshot(),
            speed=self._nearest.speed(),
            probabilities=probabilities,
        )
