"""What follows a chunk of training: the event that says so, the receipts of changed knobs, NaN found in the batches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fitmon.engine import events
from fitmon.engine.events import Phase

if TYPE_CHECKING:
    from fitmon.engine.data.label_order import LabelCounts
    from fitmon.engine.training.loop import Chunk
    from fitmon.engine.training.reporter import Reporter
    from fitmon.engine.training.run_parts import RunParts

STEPS_STILL_EXPECTED = 100
"""This many more steps are expected of an epoch of unknown length."""


class ChunkReport:
    """Reports the chunks of a run, and knows how many steps an epoch has. Used by the training thread."""

    def __init__(self, parts: RunParts, reporter: Reporter) -> None:
        """Begin before the first epoch."""
        self._parts, self._reporter = parts, reporter
        self._non_finite_data: dict[str, int] = {}
        """NaN and infinite numbers in this epoch's batches so far, by part of the data."""
        self._label_counts: LabelCounts | None = None
        """The labels of this epoch's batches so far; None where they are not counted from its first step on."""
        self.steps_of_last_epoch = 0
        """Steps of the epoch that has ended; 0: none has."""

    @property
    def steps(self) -> int | None:
        """The number of steps in an epoch; None: as many as there are batches."""
        return self._parts.feed.steps(self._parts.pending.batch_size)

    @property
    def known_steps(self) -> int:
        """The number of steps in an epoch, as far as it is known; 0: it is not."""
        return self.steps or self.steps_of_last_epoch

    def ends_epoch(self, chunk: Chunk) -> bool:
        """Return whether a chunk is the last of its epoch."""
        return chunk.exhausted or chunk.step == self.steps

    def begin_epoch(self) -> None:
        """Count NaN and labels in the batches from 0."""
        self._non_finite_data, self._label_counts = {}, None

    def report(self, chunk: Chunk, epoch: int, first_step: int, *, seconds: float, traced: bool) -> None:
        """Report a chunk of an epoch that began after `first_step` steps, with the receipts that it brings.

        Args:
            chunk: what the compiled call did.
            epoch: one-based.
            first_step: steps of the epoch done before the chunk.
            seconds: wall time of the chunk.
            traced: whether the call had to be traced first.
        """
        self._reporter.enter(Phase.TRAINING)
        self._reporter.emit(
            events.ChunkEnded(
                epoch=epoch,
                step=chunk.step,
                steps=self._steps_to_show(chunk),
                chunk_metrics=chunk.chunk_metrics if chunk.step > first_step else {},
                epoch_metrics=chunk.epoch_metrics,
                seconds=seconds,
                traced=traced,
            )
        )
        receipts = self._parts.pending.read_back(chunk.readings, epoch, first_chunk=first_step == 0)
        for receipt in receipts:
            self._parts.report.diagnosis.history.add_knob_change(receipt)
        if receipts:
            self._parts.best_weights.forget_variables()
        if chunk.non_finite_data:
            self._report_non_finite_data(chunk.non_finite_data, epoch)
        self._count_labels(chunk, first_step)

    def _count_labels(self, chunk: Chunk, first_step: int) -> None:
        before, now = self._label_counts, chunk.label_counts
        self._label_counts = now if first_step == 0 else None if before is None or now is None else before + now
        if self._label_counts is not None and self.ends_epoch(chunk):
            self._parts.report.diagnosis.add_label_counts(self._label_counts)

    def _steps_to_show(self, chunk: Chunk) -> int:
        """Return the epoch's number of steps; while it is not known, one that the steps done never reach.

        Before the first epoch's end of such data this is the steps done and a hundred more: the epoch's progress then
        grows all the time, more slowly the longer it takes.
        """
        if self.ends_epoch(chunk):
            return chunk.step
        return max(self.known_steps, chunk.step) if self.known_steps else chunk.step + STEPS_STILL_EXPECTED

    def _report_non_finite_data(self, found: Mapping[str, int], epoch: int) -> None:
        """Report NaN in the batches at once, and let the diagnosis judge it at the end of the epoch."""
        if not self._non_finite_data:
            parts = " and ".join(found)
            self._reporter.enter(Phase.TRAINING, f"epoch {epoch}: the {parts} have NaN or infinite values")
        for part, count in found.items():
            self._non_finite_data[part] = self._non_finite_data.get(part, 0) + count
        self._parts.report.diagnosis.add_non_finite_data(self._non_finite_data)
