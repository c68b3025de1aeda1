"""Follows the validation samples over the epochs and returns everything known about them.

It only combines what the other modules measure, once per epoch, in the training thread.
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
from fitmon.engine.insight.scores import NEAR, SampleScores


@dataclass(frozen=True, eq=False)
class Observation:
    """Everything known about the n validation samples at the end of an epoch. It never changes."""

    epoch: int
    """One-based; 0 for the untrained model."""
    threshold: float
    """The run's own, in [0, 1]; without meaning for several classes."""
    scores: SampleScores
    previous: SampleScores | None
    """The scores of the previous epoch; None for the first observation."""
    penalty: float | None
    """L1, L2 and activity penalties in the validation loss; None where they could not be separated."""
    dynamics: DynamicsSnapshot | None
    """How each sample developed since epoch 1; None before that."""
    history: HistorySnapshot
    """Each sample's p(true) and loss over the epochs, including the untrained model while space allows."""
    probabilities: Matrix | None
    """(n, C) of several classes; None for two, or where not available."""

    def __len__(self) -> int:
        return len(self.scores)

    @cached_property
    def baseline(self) -> Baseline:
        """The accuracy at the run's threshold, at a glance."""
        return measure_baseline(self.scores, self.threshold)

    @cached_property
    def context(self) -> Context:
        """The accuracy at the run's threshold, in context.

        Measured on first use: training a small model does not wait for what is not shown.
        """
        classes = None if self.probabilities is None else self.probabilities.shape[1]
        return accuracy_in_context(self.scores, self.threshold, classes=classes, probabilities=self.probabilities)

    @cached_property
    def movement(self) -> Movement | FirstEpoch:
        """What moved since the previous epoch, at the run's threshold."""
        return self._measure(self.threshold)

    def movement_at(self, threshold: float) -> Movement | FirstEpoch:
        """Return what moved since the previous epoch, both judged by a threshold in [0, 1]."""
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
        """Return how many samples are within `scores.NEAR` of a threshold in [0, 1]."""
        return int(np.count_nonzero(np.abs(self.scores.distance(threshold)) < NEAR))


class Observer:
    """Collects what is known about n samples from epoch to epoch."""

    def __init__(self, samples: int, threshold: float) -> None:
        """Start before the first epoch of `samples` samples, judged by a threshold in [0, 1]."""
        self._samples, self._threshold = samples, threshold
        self._dynamics = SampleDynamics(samples)
        self._history = SampleHistory(samples)
        self._last: Observation | None = None

    def observe(
        self, scores: SampleScores, epoch: int, *, penalty: float | None = None, probabilities: Matrix | None = None
    ) -> Observation:
        """Add an epoch and return everything known now.

        Args:
            scores: of the same n samples in the same order each time.
            epoch: one-based, rising; 0 for the untrained model, which is only used to compare epoch 1 with.
            penalty: see `Observation.penalty`.
            probabilities: (n, C) of several classes, which `SampleScores` does not keep; None: not available.
        """
        if epoch:
            self._dynamics.update(scores, self._threshold, epoch)
        self._history.append(scores, epoch)
        previous = None if self._last is None else self._last.scores
        self._last = self._observation(_Core(epoch, scores, previous, penalty, probabilities))
        return self._last

    def arrays(self) -> Arrays:
        """Return the complete state as plain arrays with names that start with `observer/`.

        No later epoch changes them, so any thread may read them; they must not be written to. What does not exist is
        left out.
        """
        found = {"samples": whole(self._samples)}
        found |= {} if self._last is None else _arrays_of(self._last)
        found |= under("dynamics", self._dynamics.arrays())
        found |= under("history", self._history.arrays())
        return under("observer", found | {"arrays": whole(len(found) + 1)})

    def restore(self, arrays: Mapping[str, npt.NDArray[Any]]) -> Observation | None:
        """Restore what `arrays` returned, replacing the current state; other names are ignored.

        Returns the last observation; None without any. Raises DataError when an array is missing, unexpected, of
        another shape or dtype, or of another number of samples; then nothing has changed.
        """
        saved = Saved(arrays, "observer", of="the validation samples")
        self._check_size(saved)
        core = _core(saved, self._samples) if "epoch" in saved else None
        last = None if core is None else core.scores
        dynamics = SampleDynamics.restored(saved.part("dynamics"), self._samples, last)
        history = SampleHistory.restored(saved.part("history"), self._samples)
        self._dynamics, self._history = dynamics, history
        self._last = None if core is None else self._observation(core)
        return self._last

    def _check_size(self, saved: Saved) -> None:
        samples, arrays = saved.whole("samples"), saved.whole("arrays")
        if (samples, arrays) != (self._samples, len(saved)):
            raise DataError(
                f"Expected a checkpoint of {self._samples} validation samples in {arrays} arrays, received one of "
                f"{samples} in {len(saved)}."
            )

    def _observation(self, core: _Core) -> Observation:
        return Observation(
            **core._asdict(),
            threshold=self._threshold,
            dynamics=self._dynamics.snapshot() if core.epoch else None,
            history=self._history.snapshot(),
        )


class _Core(NamedTuple):
    """The fields of an observation that do not come from dynamics or history."""

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


def _core(saved: Saved, samples: int) -> _Core:
    true_class = saved.array("true_class", np.int32, samples)
    previous, penalty = saved.part("previous"), saved.optional("penalty", np.float64)
    return _Core(
        epoch=saved.whole("epoch"),
        scores=SampleScores.restored(saved.part("scores"), true_class),
        previous=SampleScores.restored(previous, true_class) if len(previous) else None,
        penalty=None if penalty is None else float(penalty),
        probabilities=saved.optional("probabilities", np.float32, samples, ANY_LENGTH),
    )
