"""L1 and L2 penalties on the kernels, changed while a model trains.

In Keras the factors are constants of the traced step. Here they are variables, read by a regularizer with Keras's
arithmetic. A penalty of 0 is not in the step at all, since summing all weights costs time; so raising one from 0, or
setting it back to 0, traces the step again; any other change does not.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from fitmon.engine.keras_internals import all_layers
from fitmon.engine.values import KnobOffer, KnobValue, shortest

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from fitmon.engine.knobs.saved_knobs import SavedKnobs


class LivePenalty:
    """The penalty on one kernel; Keras uses it as a regularizer."""

    def __init__(self, kernel: Any, l1: float, l2: float) -> None:
        """Start with factors ≥ 0."""
        import tensorflow as tf

        self._kernel = kernel
        self._factors = {"l1": tf.Variable(l1, dtype=tf.float64), "l2": tf.Variable(l2, dtype=tf.float64)}
        self._used: set[str] = set()
        self._attach()

    def value(self, name: str) -> float:
        """Return the factor `l1` or `l2`."""
        return shortest(self._factors[name].numpy())

    def assign(self, name: str, value: float) -> bool:
        """Set the factor `l1` or `l2`; return whether the step must be traced again."""
        added_or_removed = (self.value(name) > 0) != (value > 0)
        self._factors[name].assign(value)
        if added_or_removed:
            self._attach()
        return added_or_removed

    def read(self, name: str) -> tf.Tensor:
        """Return the factor as the traced step uses it, () float64: 0 where the step has no such term."""
        import tensorflow as tf

        return tf.convert_to_tensor(self._factors[name]) if name in self._used else tf.zeros((), tf.float64)

    def __call__(self, weights: Any) -> tf.Tensor:
        """Return l1 × Σ|w| + l2 × Σw², () in the dtype of the weights; called while the step is traced."""
        import tensorflow as tf

        weights = tf.convert_to_tensor(weights)
        self._used = {name for name in self._factors if self.value_while_tracing(name) > 0}
        penalty = tf.zeros((), weights.dtype)
        if "l1" in self._used:
            penalty += tf.cast(self._factors["l1"], weights.dtype) * tf.reduce_sum(tf.abs(weights))
        if "l2" in self._used:
            penalty += tf.cast(self._factors["l2"], weights.dtype) * tf.reduce_sum(tf.square(weights))
        return penalty

    def value_while_tracing(self, name: str) -> float:
        """Return the factor as a Python number, even inside a function that is being traced."""
        import tensorflow as tf

        with tf.init_scope():
            return self.value(name)

    def plain(self) -> Any:
        """Return a Keras regularizer with the factors as plain numbers, or None when both are 0."""
        import keras

        l1, l2 = self.value("l1"), self.value("l2")
        return keras.regularizers.L1L2(l1=l1, l2=l2) if l1 or l2 else None

    def restore(self) -> None:
        """Give the kernel the regularizer `plain` returns."""
        self._kernel.regularizer = self.plain()

    def _attach(self) -> None:
        penalized = self.value("l1") > 0 or self.value("l2") > 0
        self._used = set()
        self._kernel.regularizer = self if penalized else None


class PenaltyKnobs:
    """Changes L1 and L2 of all penalized kernels at once or, when none is, of all kernels."""

    def __init__(self, model: keras.Model) -> None:
        """Find the kernels; until a factor is changed, training is the same to the last bit."""
        # Keyed by kernel, since layers may share one.
        by_kernel = {id(layer.kernel): layer for layer in all_layers(model) if _has_plain_kernel(layer)}
        layers = list(by_kernel.values())
        penalized = [layer for layer in layers if any(_factors(layer.kernel.regularizer))]
        self._layers = penalized or layers
        self._penalties = [LivePenalty(layer.kernel, *_factors(layer.kernel.regularizer)) for layer in self._layers]

    def offers(self) -> list[KnobOffer]:
        """Return both knobs, with several values when the kernels differ."""
        if not self._penalties:
            reason = "this model has no kernel with a penalty to change"
            return [KnobOffer(name=name, value=None, unavailable=reason) for name in ("l1", "l2")]
        return [KnobOffer(name=name, value=self._value(name)) for name in ("l1", "l2")]

    def turn(self, name: str, value: float) -> bool:
        """Set `l1` or `l2` on every kernel; return whether the step must be traced again."""
        changes = [penalty.assign(name, value) for penalty in self._penalties]
        return any(changes)

    def readings(self) -> dict[str, tf.Tensor]:
        """Return the factors as the traced step uses them, (kernels,) float64 each."""
        import tensorflow as tf

        if not self._penalties:
            return {}
        return {name: tf.stack([penalty.read(name) for penalty in self._penalties]) for name in ("l1", "l2")}

    def saved(self) -> dict[str, Any]:
        """Return the factors of all kernels."""
        return {name: tuple(penalty.value(name) for penalty in self._penalties) for name in ("l1", "l2")}

    def load(self, saved: SavedKnobs) -> bool:
        """Set each factor to its saved value; return whether the step must be traced again."""
        changes = [
            penalty.assign(name, value)
            for name, values in (("l1", saved.l1), ("l2", saved.l2))
            for penalty, value in zip(self._penalties, values, strict=True)
        ]
        return any(changes)

    def seeds(self) -> list[Any]:
        """Return nothing: no random numbers are drawn."""
        return []

    def write(self) -> Callable[[], object]:
        """Put Keras's regularizers into the layers, whose configuration is saved; the kernels keep the live ones."""
        undo = ExitStack()
        for layer, penalty in zip(self._layers, self._penalties, strict=True):
            if hasattr(layer, "kernel_regularizer"):
                undo.callback(setattr, layer, "kernel_regularizer", layer.kernel_regularizer)
                layer.kernel_regularizer = penalty.plain()
        return undo.close

    def restore(self) -> None:
        """Leave Keras's own regularizers in the layers, so that the model can be saved."""
        for layer, penalty in zip(self._layers, self._penalties, strict=True):
            penalty.restore()
            if hasattr(layer, "kernel_regularizer"):
                layer.kernel_regularizer = layer.kernel.regularizer

    def _value(self, name: str) -> KnobValue:
        values = sorted({penalty.value(name) for penalty in self._penalties})
        return values[0] if len(values) == 1 else tuple(values)


def _has_plain_kernel(layer: Any) -> bool:
    """Return whether a layer has a trainable kernel with no penalty, or with one of Keras's L1 and L2 penalties."""
    import keras

    known = {keras.regularizers.L1, keras.regularizers.L2, keras.regularizers.L1L2, type(None)}
    kernel = getattr(layer, "kernel", None)
    # A subclass of a penalty may compute something else.
    return isinstance(kernel, keras.Variable) and kernel.trainable and type(kernel.regularizer) in known


def _factors(regularizer: Any) -> tuple[float, float]:
    return float(getattr(regularizer, "l1", 0.0)), float(getattr(regularizer, "l2", 0.0))
