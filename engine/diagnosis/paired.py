"""Compares epochs sample by sample: the same samples in both, so that what they share cancels.

A mean over n samples depends on which samples happen to be in the set. The mean of their paired differences does not:
its standard error says how much a rise of the loss could be chance (Miller 2024, Adding Error Bars to Evals,
https://arxiv.org/abs/2411.00640). How the weights change from epoch to epoch shows in the curve, not here.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from fitmon.engine.arrays import ANY_LENGTH, Arrays, Saved, under, whole
from fitmon.engine.values import six_digits

Losses = npt.NDArray[np.floating[Any]]
Sums = npt.NDArray[np.float64]

WINDOW = 3
"""Epochs averaged on each side of a comparison: no single epoch decides, and a run of ten has three windows."""


class PairedLosses:
    """Keeps the losses of as many epochs as the comparisons in `Measures` need; callers must not change them."""

    def __init__(self) -> None:
        """Start before the first epoch."""
        self._validation, self._training = _RecentLosses(), _RecentLosses()
        self._best_end = 0
        self._best_loss = math.inf

    def update(self, epoch: int, validation: Losses | None, training: Losses | None) -> dict[str, float]:
        """Add an epoch and return the comparisons in `Measures` that exist now, with six digits.

        Args:
            epoch: one-based.
            validation: each sample's data loss, (n,), the same samples in the same order each time; None: unknown.
            training: the same for the training subset, (m,).
        """
        self._validation.append(validation)
        self._training.append(training)
        self._keep_best(epoch)
        found = self._validation.lately("validation_lately") | self._training.lately("training_lately")
        if self._best_end:
            found["best_epoch"] = self._best_end - WINDOW // 2
        if self._best_end and epoch - self._best_end >= WINDOW:
            found |= self._validation.since_best("validation_since_best")
            found |= self._training.since_best("training_since_best")
        return found

    def arrays(self) -> Arrays:
        """Return the complete state for a checkpoint; no later epoch changes it."""
        found = {"best_end": whole(self._best_end), "best_loss": np.array(self._best_loss)}
        return found | under("validation", self._validation.arrays()) | under("training", self._training.arrays())

    def restore(self, saved: Saved) -> None:
        """Restore what `arrays` returned; raises DataError when it does not fit, and then nothing has changed."""
        best_end, best_loss = saved.whole("best_end"), float(saved.array("best_loss", np.float64))
        restored = _RecentLosses.restored(saved.part("validation")), _RecentLosses.restored(saved.part("training"))
        self._best_end, self._best_loss = best_end, best_loss
        self._validation, self._training = restored

    def _keep_best(self, epoch: int) -> None:
        loss = self._validation.loss()
        if not self._validation.has_best:
            self._best_end, self._best_loss = 0, math.inf
        if loss < self._best_loss:
            self._best_end, self._best_loss = epoch, loss
            self._validation.keep_best()
            self._training.keep_best()


class _RecentLosses:
    """The losses of the last epochs, and the sum over the window that was best."""

    def __init__(self) -> None:
        self._recent: list[npt.NDArray[np.float32]] = []
        self._last: Sums | None = None
        self._best: Sums | None = None

    @property
    def has_best(self) -> bool:
        return self._best is not None

    @classmethod
    def restored(cls, saved: Saved) -> _RecentLosses:
        side = cls()
        recent = saved.optional("recent", np.float32, ANY_LENGTH, ANY_LENGTH)
        if recent is not None:
            side._recent = list(recent)
            side._best = saved.optional("best", np.float64, recent.shape[1])
        return side

    def arrays(self) -> Arrays:
        found: Arrays = {"recent": np.stack(self._recent)} if self._recent else {}
        return found if self._best is None or not self._recent else found | {"best": self._best}

    def append(self, losses: Losses | None) -> None:
        if losses is None or (self._recent and len(losses) != len(self._recent[0])):
            self._recent, self._best = [], None
        if losses is not None:
            self._recent = [*self._recent[1 - 2 * WINDOW :], np.asarray(losses, dtype=np.float32)]
        self._last = _sum(self._recent[-WINDOW:]) if len(self._recent) >= WINDOW else None

    def loss(self) -> float:
        """Return the mean loss of the last window; NaN before there is one."""
        return math.nan if self._last is None else float(np.add.reduce(self._last)) / (WINDOW * len(self._last))

    def keep_best(self) -> None:
        self._best = self._last

    def since_best(self, name: str) -> dict[str, float]:
        return {} if self._last is None or self._best is None else _difference(name, self._last - self._best)

    def lately(self, name: str) -> dict[str, float]:
        if self._last is None or len(self._recent) < 2 * WINDOW:
            return {}
        return _difference(name, self._last - _sum(self._recent[:WINDOW]))


def _sum(epochs: list[npt.NDArray[np.float32]]) -> Sums:
    total: Sums = np.add(epochs[0], epochs[1], dtype=np.float64)
    for losses in epochs[2:]:
        total += losses
    return total


def _difference(name: str, sums: Sums) -> dict[str, float]:
    """Return the mean of sums over a window's epochs and its standard error; nothing where they are not finite."""
    count = len(sums)
    mean = float(np.add.reduce(sums)) / count if count > 1 else math.nan
    if not math.isfinite(mean):
        return {}
    apart = sums - mean
    error = math.sqrt(float(apart @ apart) / (count * (count - 1))) / WINDOW
    return {name: six_digits(mean / WINDOW), f"{name}_error": six_digits(error)}
