"""Each validation sample's own loss, as the model's loss function gives it before anything is averaged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fitmon.engine.keras_internals import carry_logits, logits_behind

if TYPE_CHECKING:
    import tensorflow as tf

    Floats = npt.NDArray[np.float32]

AGREEMENT = 1e-3
"""Relative difference allowed between the mean of the samples and the loss that Keras reports, a running mean in
float32. A loss computed in another way (weighted outputs, a custom step, masks) differs by much more."""


class SampleLosses:
    """Splits a model's loss over its samples."""

    def __init__(self, loss: Any, sample_weight: Any, labels: int) -> None:
        """Prepare for m samples.

        Args:
            loss: `keras.losses.Loss` of the model's only output.
            sample_weight: (m,) or (m, 1), or None.
            labels: number of labels per sample; each has its own loss.
        """
        self.loss = loss
        self._labels = labels
        self._sample_weight = None if sample_weight is None else np.asarray(sample_weight, np.float32).reshape(-1)

    def of_batch(self, y: Any, predictions: Any) -> tf.Tensor | None:
        """Return the losses of a batch, (b * labels,) float32, from the same tensors that the model's step compares.

        Runs inside the compiled step. None if the loss reduces the batch itself, or there is not one target for it.
        """
        import keras
        import tensorflow as tf

        targets = keras.tree.flatten(y)
        if len(targets) != 1:
            return None
        y = targets[0]
        if self._labels > 1:
            y, predictions = _split_labels(y, predictions)
        y, predictions = (keras.ops.convert_to_tensor(array, dtype=self.loss.dtype) for array in (y, predictions))
        losses = tf.cast(self.loss.call(y, predictions), tf.float32)
        if not losses.shape.rank:
            return None
        return tf.reshape(losses, [-1]) if self._labels > 1 else tf.reduce_mean(_rows(losses), axis=1)

    def weights(self, samples: int, batch_size: int) -> Floats | None:
        """Return the weights, (samples * labels,) float32, with which the mean of the losses is Keras's.

        None: all weights are 1. Keras averages each batch as the loss's `reduction` says, and weights the batches by
        their lengths (keras/src/losses/loss.py, `reduce_weighted_values`).
        """
        reduction = self.loss.reduction
        if self._sample_weight is None and reduction != "sum":
            return None
        weights = np.ones(samples, np.float32) if self._sample_weight is None else self._sample_weight
        if reduction in {"sum", "mean_with_sample_weight"}:
            weights = weights * _batch_factors(weights, batch_size, by_weight=reduction != "sum")
        return np.repeat(weights, self._labels).astype(np.float32)

    @staticmethod
    def agree(losses: Floats, weights: Floats | None, penalty: float, reported: float) -> bool:
        """Return whether mean loss plus penalty equal the loss that Keras reports; True if that is not finite."""
        weighted = losses if weights is None else losses * weights
        with np.errstate(invalid="ignore", over="ignore"):
            total = float(weighted.mean(dtype=np.float64)) + penalty
        if not (np.isfinite(total) and np.isfinite(reported)):
            return True
        return abs(total - reported) <= AGREEMENT * max(1e-2, abs(reported))


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
