"""The cross-entropy of each sample from the probability of its true class, where there is no model."""

import numpy as np

from fitmon.engine.insight.scores import Floats

EPSILON = 1e-7
"""Keras's `keras.config.epsilon()`: probabilities are kept this far from 0 and 1 before the logarithm."""


def cross_entropy(probability_true: Floats) -> Floats:
    """Return -ln p(true), (n,) float32 in nats, from (n,) float32 in [0, 1]; NaN stays NaN.

    This is binary and categorical cross-entropy in one (https://keras.io/api/losses/probabilistic_losses). Where the
    model's last operation is a sigmoid or softmax, Keras computes from the logits and does not clip, so for p within
    1e-7 of 0 its loss is larger than this one: prefer the model's own losses.
    """
    clipped = np.clip(np.asarray(probability_true, dtype=np.float32), np.float32(EPSILON), np.float32(1 - EPSILON))
    losses: Floats = -np.log(clipped)
    return losses
