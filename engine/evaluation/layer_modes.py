"""Which layers behave differently in training mode and in inference mode."""

from __future__ import annotations

import inspect
from collections import Counter
from typing import TYPE_CHECKING, Any

from fitmon.engine.keras_internals import all_layers

if TYPE_CHECKING:
    import keras


def layers_with_modes(model: keras.Model) -> Counter[str]:
    """Return the class names of a built model's layers that depend on the mode, and how many there are of each.

    Layers whose dropout is 0 count too, because a knob may raise it.
    """
    return Counter(type(layer).__name__ for layer in all_layers(model) if _depends_on_mode(layer))


def largest_momentum(model: keras.Model) -> float | None:
    """Return the largest momentum of a BatchNormalization layer that is trained; None without one."""
    import keras

    layers = (layer for layer in all_layers(model) if isinstance(layer, keras.layers.BatchNormalization))
    return max((float(layer.momentum) for layer in layers if layer.trainable), default=None)


def _depends_on_mode(layer: Any) -> bool:
    import keras

    kinds = keras.layers
    if isinstance(layer, kinds.BatchNormalization):
        # A frozen one always uses its moving averages.
        return bool(layer.trainable)
    if isinstance(layer, kinds.Dropout | kinds.AlphaDropout | kinds.GaussianDropout | kinds.GaussianNoise):
        return True
    if type(layer).__module__.startswith("keras."):
        rates = (getattr(layer, name, 0.0) for name in ("dropout", "recurrent_dropout"))
        return type(layer).__name__.startswith("Random") or any(isinstance(rate, float) and rate > 0 for rate in rates)
    return not getattr(layer, "layers", None) and "training" in inspect.signature(layer.call).parameters
