"""Each sample's probability and loss over the epochs, for the curve of a selected one, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, compress
from typing import Self

import numpy as np
import numpy.typing as npt

from fitmon.engine.arrays import Arrays, Saved, under, whole
from fitmon.engine.insight.scores import SampleScores

Halves = npt.NDArray[np.float16]

MAX_EPOCHS = 256
"""A terminal has no columns for more points."""
MIN_EPOCHS = 5
MAX_BYTES = 20 * 1024**2
"""Limit for the history of all samples; a million samples keep `MIN_EPOCHS` epochs each."""
BYTES_PER_POINT = 4
"""float16 for the probability and for the loss: three digits, as much as a curve in a terminal shows."""
STACKED_EPOCHS = 32
"""Epochs per array in a checkpoint: hundreds of small ones are slow to write, and a single one would be copied
completely at each epoch."""


@dataclass(frozen=True, slots=True, eq=False)
class SampleCurve:
    """One sample over the k kept epochs."""

    epochs: tuple[int, ...]
    """(k,) one-based, rising; 0 is the untrained model."""
    probability_true: tuple[float, ...]
    """(k,) in [0, 1]; may contain NaN."""
    losses: tuple[float, ...]
    """(k,) the sample's loss; NaN where there is none per sample."""


@dataclass(frozen=True, slots=True, eq=False)
class HistorySnapshot:
    """The kept epochs of n samples. It shares its arrays, which never change, with the history."""

    epochs: tuple[int, ...] = ()
    probability_true: tuple[Halves, ...] = ()
    """An (n,) float16 per epoch."""
    losses: tuple[Halves | None, ...] = ()
    """The same; None for an epoch without losses."""

    def of(self, index: int) -> SampleCurve:
        """Return the curve of the sample at `index`, in 0..n-1."""
        return SampleCurve(
            epochs=self.epochs,
            probability_true=tuple(float(column[index]) for column in self.probability_true),
            losses=tuple(float("nan") if column is None else float(column[index]) for column in self.losses),
        )


@dataclass(slots=True, eq=False)
class _Entry:
    epoch: int
    probability_true: Halves
    losses: Halves | None


class SampleHistory:
    """Keeps epochs at even distances: when there is no room left, every second one goes, the newest always stays."""

    def __init__(self, samples: int) -> None:
        """Start before the first epoch of `samples` samples."""
        room = MAX_BYTES // (BYTES_PER_POINT * max(1, samples))
        self._max_epochs = min(MAX_EPOCHS, max(MIN_EPOCHS, room))
        self._stride = 1
        self._kept: list[_Entry] = []

    def append(self, scores: SampleScores, epoch: int) -> None:
        """Append an epoch; it replaces all epochs that are not smaller."""
        self._kept = [entry for entry in self._kept if entry.epoch < epoch and self._on_stride(entry.epoch)]
        self._kept.append(_Entry(epoch, _halves(scores.probability_true), _losses(scores)))
        if len(self._kept) > self._max_epochs:
            self._stride *= 2
            self._kept = [entry for entry in self._kept if self._on_stride(entry.epoch) or entry.epoch == epoch]

    def arrays(self) -> Arrays:
        """Return everything as arrays that no later epoch changes. Only the newest epochs are copied."""
        has_losses = [entry.losses is not None for entry in self._kept]
        return {
            "stride": whole(self._stride),
            "epochs": np.array([entry.epoch for entry in self._kept], dtype=np.int64),
            "losses_told": np.array(has_losses, dtype=np.bool_),
            **under("probability_true", _stacked(self._kept, "probability_true")),
            **under("losses", _stacked(list(compress(self._kept, has_losses)), "losses")),
        }

    @classmethod
    def restored(cls, saved: Saved, samples: int) -> Self:
        """Return the object that `arrays` described; raises DataError when they do not fit."""
        history = cls(samples)
        history._stride = saved.whole("stride", at_least=1)
        epochs = saved.rising("epochs")
        has_losses = saved.array("losses_told", np.bool_, len(epochs))
        rows = _rows(saved.part("probability_true"), len(epochs), samples)
        loss_rows = _rows(saved.part("losses"), int(np.count_nonzero(has_losses)), samples)
        history._kept = [
            _Entry(epoch, next(rows), next(loss_rows) if with_loss else None)
            for epoch, with_loss in zip(epochs, has_losses, strict=True)
        ]
        return history

    def _on_stride(self, epoch: int) -> bool:
        return (epoch - 1) % self._stride == 0

    def snapshot(self) -> HistorySnapshot:
        """Return a frozen snapshot; nothing is copied."""
        return HistorySnapshot(
            epochs=tuple([entry.epoch for entry in self._kept]),
            probability_true=tuple([entry.probability_true for entry in self._kept]),
            losses=tuple([entry.losses for entry in self._kept]),
        )


def _stacked(entries: list[_Entry], column: str) -> Arrays:
    """Return a column of the entries as arrays of several rows, which the entries share from then on."""
    stacks = {}
    for number, first in enumerate(range(0, len(entries), STACKED_EPOCHS)):
        part = entries[first : first + STACKED_EPOCHS]
        stack = _shared(getattr(part[0], column), getattr(part[-1], column), len(part))
        if stack is None:
            stack = np.stack([getattr(entry, column) for entry in part])
            stack.flags.writeable = False
            for entry, row in zip(part, stack, strict=True):
                setattr(entry, column, row)
        stacks[str(number)] = stack
    return stacks


def _shared(first: Halves, last: Halves, rows: int) -> Halves | None:
    """Return the array with this many rows, from the first to the last of these; None without one.

    Entries are only removed or appended: with these two, all rows between are still there.
    """
    stack = first.base
    if stack is None or last.base is not stack:
        return None
    return stack if stack.shape == (rows, len(first)) and stack.dtype == first.dtype else None


def _rows(saved: Saved, count: int, samples: int) -> Iterator[Halves]:
    """Return the rows that `_stacked` was given; the arrays are checked immediately."""
    lengths = [min(STACKED_EPOCHS, count - first) for first in range(0, count, STACKED_EPOCHS)]
    stacks = [saved.array(str(number), np.float16, length, samples) for number, length in enumerate(lengths)]
    return chain.from_iterable(stacks)


def _losses(scores: SampleScores) -> Halves | None:
    return None if scores.losses is None else _halves(scores.losses)


def _halves(values: npt.NDArray[np.float32]) -> Halves:
    # A loss above float16's 65504 becomes infinite, which a curve shows as a gap.
    with np.errstate(over="ignore"):
        halves = values.astype(np.float16)
    halves.flags.writeable = False
    return halves
