"""The one place that reaches into what Keras does not publish.

Each function says what it reaches for, why, and in which version it was seen. The pin on Keras in pyproject.toml belongs
to this file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras


def build_model(model: keras.Model, batch: Any) -> None:
    """Create all weights, metric and optimizer state from a batch's shapes, as `fit` does before its first step.

    Keras 3.15 has no public call for it; calling the model on data instead would draw the seeds in another order.
    """
    import keras

    if _unbuilt_comparisons(model) and keras.utils.unpack_x_y_sample_weight(batch)[1] is None:
        _build_without_targets(model, batch)
    else:
        model._symbolic_build(data_batch=batch)  # noqa: SLF001


def _build_without_targets(model: keras.Model, batch: Any) -> None:
    """Build a model whose own `train_step` alone knows what loss and metrics compare its outputs with.

    The step builds them when it is traced, as in `fit`, or when it first runs, where it runs eagerly. Keras 3.15's
    `_symbolic_build`, which would give them the targets that are not there, does the rest.
    """
    import tensorflow as tf

    if not model.run_eagerly:
        tf.function(model.train_step, autograph=False).get_concrete_function(batch)
    unbuilt = _unbuilt_comparisons(model)
    for part in unbuilt:
        part.built = True
    try:
        model._symbolic_build(data_batch=batch)  # noqa: SLF001
    finally:
        for part in unbuilt:
            part.built = False


def _unbuilt_comparisons(model: Any) -> list[Any]:
    """Return those of a compiled model's loss and metrics that have no state yet."""
    return [part for part in (model._compile_loss, model._compile_metrics) if part is not None and not part.built]  # noqa: SLF001


def all_layers(model: keras.Model) -> Iterator[Any]:
    """Yield every layer of a model, nested ones and cells of recurrent layers too, each once.

    Keras 3.15 publishes only the top level (`model.layers`); the Dropout inside MultiHeadAttention is not in it.
    """
    yield from model._flatten_layers(include_self=False, recursive=True)  # noqa: SLF001


def learning_rate_schedule(optimizer: Any) -> Any | None:
    """Return the schedule an optimizer was built with, or None when its rate is a plain number.

    Keras 3.15's `optimizer.learning_rate` gives the current value of a schedule, never the schedule itself.
    """
    import keras

    rate = getattr(optimizer, "_learning_rate", None)
    return rate if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule) else None


def compiled_loss(model: keras.Model) -> Any | None:
    """Return the `keras.losses.Loss` of a built model's only output; None for several, or for a loss of another kind.

    Keras 3.15 publishes what `compile` was given (`model.loss`: a name, a function, an object), not what became of it.
    """
    import keras

    entries = getattr(getattr(model, "_compile_loss", None), "_flat_losses", None) or []
    loss = entries[0].loss if len(entries) == 1 else None
    return loss if isinstance(loss, keras.losses.Loss) else None


def output_activation(model: keras.Model) -> str:
    """Return what the only output goes through last, such as `sigmoid` or `linear`; empty where it cannot be told.

    Keras 3.15 publishes no way from an output to the layer that made it.
    """
    import keras

    outputs = getattr(model, "outputs", None) or []
    layer = getattr(getattr(outputs[0], "_keras_history", None), "operation", None) if len(outputs) == 1 else None
    if isinstance(layer, keras.layers.Softmax):
        return "softmax"
    activation = getattr(layer, "activation", None)
    return str(getattr(activation, "__name__", "")) if isinstance(layer, keras.layers.Layer) else ""


def logits_behind(predictions: Any) -> Any | None:
    """Return the logits that Keras takes its cross-entropy from where predictions came out of a sigmoid; else None.

    Keras 3.15's activations leave them at the tensor as `_keras_logits`. Whoever reshapes the predictions must carry
    them along, or the loss is computed from clipped probabilities and is another one.
    """
    return getattr(predictions, "_keras_logits", None)


def carry_logits(predictions: Any, logits: Any) -> None:
    """Leave logits at reshaped predictions, where Keras looks for them."""
    predictions._keras_logits = logits  # noqa: SLF001


def data_adapter(x: Any, class_weight: Mapping[int, float] | None) -> Any:
    """Return what `fit(x, shuffle=False)` reads a dataset, a PyDataset or a generator through (private in Keras 3.15).

    It offers `get_tf_dataset()`, `num_batches` (None: not known, or without end), `on_epoch_begin()`, `on_epoch_end()`.
    """
    from keras.src.trainers import data_adapters

    return data_adapters.get_data_adapter(x, class_weight=None if class_weight is None else dict(class_weight))


def class_weights_as_sample_weights(y: Any, class_weight: Mapping[int, float]) -> Any:
    """Return (n,) weights from (n, …) labels, exactly as `fit(class_weight=…)` makes them (private in Keras 3.15)."""
    from keras.src.trainers.data_adapters import data_adapter_utils

    return data_adapter_utils.class_weight_to_sample_weights(y, dict(class_weight))
