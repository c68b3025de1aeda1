"""Private parts of Keras used by fitmon, except inside layers (`knobs/`) and the global seed (`checkpoints/`).

Each function says what it uses, why, and in which version it was verified. The pin on Keras in pyproject.toml depends
on this file; see docs/engine.md, "Moving the Keras pin".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

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
    """Build a model whose custom `train_step` chooses the targets of loss and metrics.

    The step builds loss and metrics when it is traced, as in `fit`, or on its first run if the model runs eagerly.
    Keras 3.15's `_symbolic_build`, which would pass them missing targets, builds the rest.
    """
    import tensorflow as tf

    if not model.run_eagerly:
        tf.function(model.train_step, autograph=False).get_concrete_function(batch)
    unbuilt = _unbuilt_comparisons(model)
    for comparison in unbuilt:
        comparison.built = True
    try:
        model._symbolic_build(data_batch=batch)  # noqa: SLF001
    finally:
        for comparison in unbuilt:
            comparison.built = False


def _unbuilt_comparisons(model: Any) -> list[Any]:
    """Return the compiled loss and metrics that are not built yet."""
    comparisons = (model._compile_loss, model._compile_metrics)  # noqa: SLF001
    return [comparison for comparison in comparisons if comparison is not None and not comparison.built]


def all_layers(model: keras.Model) -> Iterator[Any]:
    """Yield every layer of a model once, including nested layers and the cells of recurrent layers.

    Keras 3.15 exposes only the top level (`model.layers`), without the Dropout inside MultiHeadAttention.
    """
    yield from model._flatten_layers(include_self=False, recursive=True)  # noqa: SLF001


def learning_rate_schedule(optimizer: Any) -> Any | None:
    """Return the schedule an optimizer was built with, or None if its rate is a plain number.

    Keras 3.15's `optimizer.learning_rate` returns the current value of a schedule, not the schedule itself.
    """
    import keras

    rate = getattr(optimizer, "_learning_rate", None)
    return rate if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule) else None


def compiled_loss(model: keras.Model) -> Any | None:
    """Return the `keras.losses.Loss` of a built model's only output; None for several, or for a loss of another kind.

    Keras 3.15 exposes the argument of `compile` (`model.loss`: a name, a function, an object), not the resulting loss.
    """
    import keras

    entries = getattr(getattr(model, "_compile_loss", None), "_flat_losses", None) or []
    loss = entries[0].loss if len(entries) == 1 else None
    return loss if isinstance(loss, keras.losses.Loss) else None


class Compared(NamedTuple):
    """What one loss of a compiled model compares."""

    loss: Any
    """A `keras.losses.Loss`."""
    weight: float
    """Its factor in the sum of all losses, from `compile(loss_weights=…)`."""
    name: str
    """The output's name, as Keras reports its loss."""
    y: Any
    predictions: Any
    sample_weight: Any = None


def losses_of(model: keras.Model) -> list[Any]:
    """Return the losses of a built model's outputs; empty where one is no `keras.losses.Loss`, or there is none.

    Keras 3.15 keeps them in `_compile_loss._flat_losses`.
    """
    import keras

    entries = getattr(getattr(model, "_compile_loss", None), "_flat_losses", None) or []
    losses = [entry.loss for entry in entries]
    return losses if all(isinstance(loss, keras.losses.Loss) for loss in losses) else []


def compared(model: keras.Model, y: Any, predictions: Any, sample_weight: Any = None) -> list[Compared]:
    """Return targets and predictions in pairs, as the losses of a built model (see `losses_of`) would compare them.

    Keras 3.15 pairs them by name, position or path inside `CompileLoss.call` only; so that is called, with losses that
    record what they are given, and without the metrics that it would update.

    Args:
        model: for which `losses_of` is not empty.
        y: targets, nested as `fit` takes them.
        predictions: nested as the model returns them; leaves of any type.
        sample_weight: as `fit` takes it, for all outputs or nested like them; None: all 1.
    """
    compile_loss: Any = model._compile_loss  # noqa: SLF001
    entries, metrics = compile_loss._flat_losses, compile_loss._metrics  # noqa: SLF001
    found: list[Compared] = []

    def recording(entry: Any) -> Any:
        def record(targets: Any, outputs: Any, weights: Any = None) -> float:
            weight = 1.0 if entry.loss_weights is None else float(entry.loss_weights)
            found.append(Compared(entry.loss, weight, str(entry.name), targets, outputs, weights))
            return 0.0

        return entry._replace(loss=record)

    compile_loss._flat_losses = [recording(entry) for entry in entries]  # noqa: SLF001
    compile_loss._metrics = [None] * len(entries)  # noqa: SLF001
    try:
        compile_loss.call(y, predictions, sample_weight)
    finally:
        compile_loss._flat_losses, compile_loss._metrics = entries, metrics  # noqa: SLF001
    return found


def has_standard_loss(model: keras.Model) -> bool:
    """Return whether Keras itself computes the validation loss: that of the outputs plus all penalties."""
    import keras

    kind = type(model)
    return kind.test_step is keras.Model.test_step and kind.compute_loss is keras.Model.compute_loss


def loss_name(loss: Any) -> str:
    """Return Keras's long name of a loss, such as `mean_squared_error` for `mse`; a custom loss's own name."""
    function = getattr(loss, "fn", None)
    ours = getattr(function, "__module__", "").startswith("keras.")
    return str(function.__name__ if function is not None and ours else loss.name)


def output_activation(model: keras.Model) -> str:
    """Return the activation of the only output, such as `sigmoid` or `linear`; empty if unknown."""
    outputs = getattr(model, "outputs", None) or []
    return activation_name(activation_before(outputs[0])) if len(outputs) == 1 else ""


def activation_before(output: Any) -> Any:
    """Return the activation function, or the Softmax layer, that a model's symbolic output comes from; None if unknown.

    Keras 3.15 has no public link from an output to its layer.
    """
    import keras

    layer = getattr(getattr(output, "_keras_history", None), "operation", None)
    if isinstance(layer, keras.layers.Softmax):
        return keras.activations.softmax
    return getattr(layer, "activation", None) if isinstance(layer, keras.layers.Layer) else None


def activation_name(activation: Any) -> str:
    """Return an activation's name, such as `sigmoid`; empty if unknown."""
    return str(getattr(activation, "__name__", ""))


def logits_behind(predictions: Any) -> Any | None:
    """Return the logits from which Keras computes the cross-entropy of a sigmoid's predictions; None if there are none.

    Keras 3.15's activations attach them to the tensor as `_keras_logits`. Code that reshapes the predictions must copy
    them, or the loss is computed from clipped probabilities and differs.
    """
    return getattr(predictions, "_keras_logits", None)


def carry_logits(predictions: Any, logits: Any) -> None:
    """Attach logits to reshaped predictions, where Keras expects them."""
    predictions._keras_logits = logits  # noqa: SLF001


def data_adapter(x: Any, class_weight: Mapping[int, float] | None) -> Any:
    """Return the adapter through which `fit(x, shuffle=False)` reads batches (private in Keras 3.15).

    It has `get_tf_dataset()`, `num_batches` (None: unknown or infinite), `on_epoch_begin()` and `on_epoch_end()`.
    """
    from keras.src.trainers import data_adapters

    return data_adapters.get_data_adapter(x, class_weight=None if class_weight is None else dict(class_weight))


def class_weights_as_sample_weights(y: Any, class_weight: Mapping[int, float]) -> Any:
    """Return (n,) weights from (n, …) labels, exactly as `fit(class_weight=…)` makes them (private in Keras 3.15)."""
    from keras.src.trainers.data_adapters import data_adapter_utils

    return data_adapter_utils.class_weight_to_sample_weights(y, dict(class_weight))
