"""Follows the validation samples over the epochs: hands all that is known of them to whoever shows it.

It only puts together what the other modules measure, once an epoch, in the training thread.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fitmon.engine.arrays import ANY_LENGTH, Arrays, Saved, under, whole
from fitmon.engine.errors import DataError
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
        self._samples, self._threshold = samples, threshold
        self._dynamics = SampleDynamics(samples)
        self._history = SampleHistory(samples)
        self._nearest = Nearest()
        self._last: Observation | None = None

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
        previous = None if self._last is None else self._last.scores
        self._last = self._observation(_Told(epoch, scores, previous, penalty, probabilities))
        return self._last

    def arrays(self) -> Arrays:
        """Return everything that is known, as plain arrays by names that begin with `observer/`.

        No later epoch changes them, so that any thread may read them; nobody may write to them. What does not exist is
        left out.
        """
        found = {"samples": whole(self._samples)}
        found |= {} if self._last is None else _arrays_of(self._last)
        found |= under("dynamics", self._dynamics.arrays())
        found |= under("history", self._history.arrays())
        found |= under("nearest", self._nearest.arrays())
        return under("observer", found | {"arrays": whole(len(found) + 1)})

    def restore(self, arrays: Mapping[str, npt.NDArray[Any]]) -> Observation | None:
        """Put back what `arrays` returned, in place of all that is known now; other names are left to their owners.

        Returns the last observation as it was; None when there was none. Raises DataError when an array is missing, too
        many, of another shape or dtype, or not of as many samples; nothing has changed then.
        """
        saved = Saved(arrays, "observer", of="the validation samples")
        self._refuse_others(saved)
        told = _told(saved, self._samples) if "epoch" in saved else None
        last = None if told is None else told.scores
        dynamics = SampleDynamics.restored(saved.part("dynamics"), self._samples, last)
        history = SampleHistory.restored(saved.part("history"), self._samples)
        nearest = Nearest.restored(saved.part("nearest"), self._samples, last)
        self._dynamics, self._history, self._nearest = dynamics, history, nearest
        self._last = None if told is None else self._observation(told)
        return self._last

    def _refuse_others(self, saved: Saved) -> None:
        samples, arrays = saved.whole("samples"), saved.whole("arrays")
        if (samples, arrays) != (self._samples, len(saved)):
            raise DataError(
                f"Expected a checkpoint of {self._samples} validation samples, known by {arrays} arrays; received one "
                f"of {samples}, by {len(saved)}."
            )

    def _observation(self, told: _Told) -> Observation:
        return Observation(
            **told._asdict(),
            threshold=self._threshold,
            dynamics=self._dynamics.snapshot() if told.epoch else None,
            history=self._history.snapshot(),
            speed=self._nearest.speed(),
        )


class _Told(NamedTuple):
    """What an observation holds that neither dynamics nor history nor nearest tell."""

    epoch: int
    scores: SampleScores
    previous: SampleScores | None
    penalty: float | None
    probabilities: Matrix | None


def _arrays_of(last: Observation) -> Arrays:
    found: Arrays = {
        "epoch": whole(last.epoch),
        "true_class": last.scores.true_class,
        **under("scores", last.scores.arrays()),
    }
    if last.previous is not None:
        found |= under("previous", last.previous.arrays())
    if last.penalty is not None:
        found["penalty"] = np.array(last.penalty, dtype=np.float64)
    if last.probabilities is not None:
        found["probabilities"] = last.probabilities
    return found


def _told(saved: Saved, samples: int) -> _Told:
    true_class = saved.array("true_class", np.int32, samples)
    previous, penalty = saved.part("previous"), saved.optional("penalty", np.float64)
    return _Told(
        epoch=saved.whole("epoch"),
        scores=SampleScores.restored(saved.part("scores"), true_class),
        previous=SampleScores.restored(previous, true_class) if len(previous) else None,
        penalty=None if penalty is None else float(penalty),
        probabilities=saved.optional("probabilities", np.float32, samples, ANY_LENGTH),
    )
