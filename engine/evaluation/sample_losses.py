"""Each validation sample's own loss, as the model's loss function gives it before anything is averaged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fitmon.engine.keras_internals import Compared, carry_logits, compared, logits_behind, losses_of

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    Floats = npt.NDArray[np.float32]

AGREEMENT = 1e-3
"""Relative difference allowed between the mean of the samples and the loss that Keras reports, a running mean in
float32. A loss computed in another way (weighted outputs, a custom step, masks) differs by much more."""


class SampleLosses:
    """Splits a model's loss over its samples; of several outputs it is the weighted sum."""

    def __init__(self, model: keras.Model, sample_weight: Any, labels: int) -> None:
        """Prepare for m samples; see `sample_losses_of`.

        Args:
            model: built and compiled.
            sample_weight: (m,) or (m, 1), or None.
            labels: number of labels per sample of the only output; each has its own loss.
        """
        self._model = model
        self._reduction = losses_of(model)[0].reduction
        self._labels = labels
        self._sample_weight = None if sample_weight is None else np.asarray(sample_weight, np.float32).reshape(-1)

    def of_batch(self, y: Any, predictions: Any) -> tf.Tensor | None:
        """Return the losses of a batch, (b * labels,) float32, from the same tensors that the model's step compares.

        Runs inside the compiled step. None if a loss reduces the batch itself, or there is no target for it.
        """
        if y is None:
            return None
        terms = [self._term(pair) for pair in compared(self._model, y, predictions)]
        known = [term for term in terms if term is not None]
        return sum(known[1:], known[0]) if known and len(known) == len(terms) else None

    def _term(self, pair: Compared) -> tf.Tensor | None:
        import keras
        import tensorflow as tf

        y, predictions, loss = pair.y, pair.predictions, pair.loss
        if self._labels > 1:
            y, predictions = _split_labels(y, predictions)
        y, predictions = (keras.ops.convert_to_tensor(array, dtype=loss.dtype) for array in (y, predictions))
        losses = tf.cast(loss.call(y, predictions), tf.float32)
        if not losses.shape.rank:
            return None
        each = tf.reshape(losses, [-1]) if self._labels > 1 else tf.reduce_mean(_rows(losses), axis=1)
        return each if pair.weight == 1 else pair.weight * each

    def weights(self, samples: int, batch_size: int) -> Floats | None:
        """Return the weights, (samples * labels,) float32, with which the mean of the losses is Keras's.

        None: all weights are 1. Keras averages each batch as the loss's `reduction` says, and weights the batches by
        their lengths (keras/src/losses/loss.py, `reduce_weighted_values`).
        """
        reduction = self._reduction
        if self._sample_weight is None and reduction != "sum":
            return None
        weights = np.ones(samples, np.float32) if self._sample_weight is None else self._sample_weight
        if reduction in {"sum", "mean_with_sample_weight"}:
            weights = weights * _batch_factors(weights, batch_size, by_weight=reduction != "sum")
        return np.repeat(weights, self._labels).astype(np.float32)

    @property
    def weighted(self) -> bool:
        """Whether samples have different weights."""
        return self._sample_weight is not None

    @staticmethod
    def agree(losses: Floats, weights: Floats | None, penalty: float, reported: float) -> bool:
        """Return whether mean loss plus penalty equal the loss that Keras reports; True if that is not finite."""
        weighted = losses if weights is None else losses * weights
        with np.errstate(invalid="ignore", over="ignore"):
            total = float(weighted.mean(dtype=np.float64)) + penalty
        if not (np.isfinite(total) and np.isfinite(reported)):
            return True
        return abs(total - reported) <= AGREEMENT * max(1e-2, abs(reported))


def is_a_weight_each(sample_weight: Any) -> bool:
    """Return whether there is one weight for each sample, and not one for each step, pixel or output."""
    if isinstance(sample_weight, dict | list | tuple):
        return False
    weights = np.asarray(sample_weight)
    return weights.ndim > 0 and weights.size == len(weights)


def sample_losses_of(model: keras.Model, sample_weight: Any, labels: int) -> SampleLosses | None:
    """Return what splits a built model's loss; None where its loss is no sum of means over the samples.

    Args: see `SampleLosses`. Not split are outputs with weights of their own, and weights of single steps or pixels.
    """
    weighted_apart = sample_weight is not None and not is_a_weight_each(sample_weight)
    reductions = {loss.reduction for loss in losses_of(model)}
    return SampleLosses(model, sample_weight, labels) if len(reductions) == 1 and not weighted_apart else None


def _split_labels(y: Any, predictions: Any) -> tuple[Any, Any]:
    import tensorflow as tf

    logits, apart = logits_behind(predictions), tf.expand_dims(predictions, -1)
    if logits is not None:
        carry_logits(apart, tf.expand_dims(logits, -1))
    return tf.expand_dims(y, -1), apart


def _rows(losses: Any) -> tf.Tensor:
    import tensorflow as tf

    return tf.reshape(losses, [tf.shape(losses)[0], -1])


def _batch_factors(weights: Floats, batch_size: int, *, by_weight: bool) -> Floats:
    starts = np.arange(0, len(weights), batch_size)
    lengths = np.diff(np.append(starts, len(weights)))
    sums = np.add.reduceat(weights, starts) if by_weight else np.ones(len(starts), np.float32)
    factors = np.divide(lengths, sums, out=np.zeros(len(starts), np.float32), where=sums != 0, casting="unsafe")
    return np.repeat(factors, lengths)
