"""The training subset of a run that validates nothing: scored in a call of its own."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from fitmon.engine.evaluation.sample_losses import SampleLosses
from fitmon.engine.evaluation.unchanged_state import unchanged_state
from fitmon.engine.graph import plain_numbers

if TYPE_CHECKING:
    import keras

    from fitmon.engine.evaluation.train_subset import SubsetScores, TrainSubset


class SubsetPass:
    """Scores the subset of a run that validates nothing, in a call of its own."""

    def __init__(self, model: keras.Model, subset: TrainSubset) -> None:
        """Prepare for a built and compiled model; nothing is traced yet."""
        self._model, self._subset = model, subset
        self._function: Callable[[], tuple[Any, ...]] | None = None
        self._adds_up: bool | None = None

    def retrace(self) -> None:
        """Drop the compiled call, so that the next one uses the changed model."""
        self._function = None

    def scores(self) -> SubsetScores | None:
        """Score the samples with the current weights; None where the losses do not add up to what Keras computes."""
        import tensorflow as tf

        if self._adds_up is None:
            self._adds_up = self._agrees_with_keras()
        if not self._adds_up:
            return None
        if self._function is None:
            score = self._subset.in_graph()
            self._function = score if self._model.run_eagerly else tf.function(score, autograph=False)
        return self._subset.scores(*map(np.asarray, self._function()))

    def _agrees_with_keras(self) -> bool:
        """Compare the mean of a batch with `test_step`, once: of custom steps and masks it may be another number.

        The step adds to metrics, which the next epoch resets.
        """
        x, y = self._subset.spread_batch()
        with unchanged_state(self._model):
            losses = self._subset.sample_losses.of_batch(y, self._model(x, training=False))
            self._model.reset_metrics()
            reported = plain_numbers(self._model.test_step((x, y))).get("loss", math.nan)
        penalty = sum(float(loss) for loss in self._model.losses)
        return losses is not None and SampleLosses.agree(np.asarray(losses), None, penalty, reported)
