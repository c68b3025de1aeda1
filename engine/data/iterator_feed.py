"""Batches that come one at a time from outside the compiled chunk, through a `tf.data` iterator.

Keras's own adapters read the data; this module decides, as `fit` does, when an iterator begins and ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from fitmon.engine.data.batch_source import open_source
from fitmon.engine.data.data_errors import data_errors
from fitmon.engine.data.feed import Feed, State, Stepping
from fitmon.engine.errors import DataError

if TYPE_CHECKING:
    import tensorflow as tf

MAX_CHUNK_SECONDS = 0.2
"""A chunk takes no further batch after this time, twice its target. Prefetched batches make steps look fast, and the
next one may be slow."""


class IteratorFeed(Feed):
    """Batches from a dataset, a generator or another iterable; trains as `fit(x, shuffle=False)` does."""

    batch_size_fixed: ClassVar[str] = "the dataset makes its own batches"
    unsearched = True
    notes: ClassVar[tuple[str, ...]] = ("The training data comes as batches, so the number of samples is unknown.",)

    def __init__(
        self, x: Any, *, class_weight: Mapping[int, float] | None = None, steps_per_epoch: int | None = None
    ) -> None:
        """Open the source, as `fit` does; this may read the first two batches to learn their shapes."""
        if steps_per_epoch is not None and steps_per_epoch < 1:
            raise DataError(f"Expected steps_per_epoch of at least 1, received {steps_per_epoch}.")
        self._source = open_source(x, class_weight)
        self._source.refuse_endless(steps_per_epoch, "steps_per_epoch")
        self._steps_per_epoch = steps_per_epoch
        self._iterator: Any = None
        self._taken = 0

    @property
    def samples(self) -> int:
        return 0

    def head(self) -> Any:
        return self.signature()

    def signature(self) -> Any:
        return self._source.dataset.element_spec

    def steps(self, batch_size: int) -> int | None:  # noqa: ARG002 - as every feed
        return self._steps_per_epoch or self._source.batches

    def begin_epoch(self, epoch: int, *, seed: int, batch_size: int, first_step: int = 0) -> Any:  # noqa: ARG002 - as every feed
        with data_errors():
            self._source.adapter.on_epoch_begin()
            from_start = self._steps_per_epoch is None and self._source.restarts
            if self._iterator is None or from_start:
                self._restart()
            for _ in range(first_step):
                next(self._iterator, None)
        return self._iterator

    def each_batch(self, source: Any, batch_size: tf.Tensor, steps: Stepping) -> tuple[State, tf.Tensor]:  # noqa: ARG002 - as every feed
        return until_exhausted(source, steps)

    def end_epoch(self, steps: int, *, exhausted: bool) -> None:
        """Restart the source if it has reached its end.

        Like `fit`, this creates an iterator at the end of a whole pass and again at the start of the next, because a
        dataset that shuffles with a seed draws another order for every iterator.
        """
        self._taken += steps
        with data_errors():
            if self._source.restarts and self._taken == self._source.batches:
                self._restart()
            elif self._source.restarts and exhausted:
                self._iterator = None
            self._source.adapter.on_epoch_end()

    def close(self) -> None:
        self._iterator = None
        self._source.close()

    def _restart(self) -> None:
        self._iterator, self._taken = iter(self._source.dataset), 0


def until_exhausted(iterator: Any, steps: Stepping) -> tuple[State, tf.Tensor]:
    """Train on an iterator's batches while there are any, more are needed and time is left; see `Feed.each_batch`."""
    import tensorflow as tf

    deadline = tf.timestamp() + MAX_CHUNK_SECONDS

    def more_in_time(exhausted: tf.Tensor, *state: Any) -> tf.Tensor:
        # The first step is never skipped: a computer that slept here would otherwise seem to have no data.
        in_time = tf.logical_or(tf.equal(state[0], steps.start[0]), tf.timestamp() < deadline)
        return tf.logical_and(steps.more(*state), tf.logical_and(in_time, tf.logical_not(exhausted)))

    def one(_exhausted: tf.Tensor, *state: Any) -> State:
        batch = iterator.get_next_as_optional()
        found = batch.has_value()
        return tf.logical_not(found), *tf.cond(found, lambda: steps.train(batch.get_value(), *state), lambda: state)

    exhausted, *state = steps.repeat(more_in_time, one, (tf.constant(False), *steps.start))
    return tuple(state), exhausted
