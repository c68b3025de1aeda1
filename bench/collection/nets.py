"""The models of general recipes: written down as layers, built and compiled when a run starts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from bench.collection.recipe import Build

if TYPE_CHECKING:
    import keras

    from fitmon.engine.job import Settings, TrainingData

Layers = Callable[[Any], Sequence[Any]]
"""Takes `keras.layers` and returns the layers between input and loss."""

SPARSE, CATEGORICAL, BINARY = "sparse_categorical_crossentropy", "categorical_crossentropy", "binary_crossentropy"


def net(
    layers: Layers,
    loss: str | Callable[[], Any],
    *,
    metrics: Sequence[str] = ("accuracy",),
    optimizer: str | Callable[[float], Any] = "adam",
    shape: tuple[int | None, ...] | None = None,
    adapted: bool = False,
) -> Build:
    """Return a builder of layers one after another.

    Args:
        layers: after the input.
        loss: its name, or a function that makes it.
        metrics: their names.
        optimizer: its name, or a function that makes it from the learning rate.
        shape: of a sample; None: that of the training array.
        adapted: whether the first layer is to be adapted to the training inputs, as `Normalization` is.
    """

    def build(settings: Settings, data: TrainingData) -> keras.Model:
        import keras

        parts = list(layers(keras.layers))
        if adapted:
            parts[0].adapt(data.x)
        model = keras.Sequential([keras.Input(data.x.shape[1:] if shape is None else shape), *parts])
        return compiled(model, settings, loss, metrics=metrics, optimizer=optimizer)

    return build


def compiled(
    model: Any,
    settings: Settings,
    loss: str | Callable[[], Any],
    *,
    metrics: Sequence[str] = ("accuracy",),
    optimizer: str | Callable[[float], Any] = "adam",
) -> keras.Model:
    """Return a model compiled at the rate of the settings."""
    import keras

    rate = settings.learning_rate
    if isinstance(optimizer, str):
        chosen = keras.optimizers.get({"class_name": optimizer, "config": {"learning_rate": rate}})
    else:
        chosen = optimizer(rate)
    model.compile(chosen, loss if isinstance(loss, str) else loss(), metrics=list(metrics))
    return model


def classifier(classes: int, *units: int, activation: str = "relu", **compiling: Any) -> Build:
    """Return hidden layers with softmax over the classes, for class numbers."""
    return net(
        lambda layers: [*hidden(layers, units, activation), layers.Dense(classes, "softmax")], SPARSE, **compiling
    )


def two_classes(*units: int, activation: str = "relu", **compiling: Any) -> Build:
    """Return hidden layers with one sigmoid, for labels 0 and 1."""
    return net(lambda layers: [*hidden(layers, units, activation), layers.Dense(1, "sigmoid")], BINARY, **compiling)


def regressor(outputs: int, *units: int, loss: str | Callable[[], Any] = "mse", **compiling: Any) -> Build:
    """Return hidden layers with linear outputs."""
    return net(lambda layers: [*hidden(layers, units), layers.Dense(outputs)], loss, metrics=("mae",), **compiling)


def hidden(layers: Any, units: Sequence[int], activation: str = "relu", **more: Any) -> list[Any]:
    """Return dense layers of these widths, any axes of the input flattened."""
    return [layers.Flatten(), *(layers.Dense(width, activation, **more) for width in units)]


def convolutions(classes: int, *filters: int, normalized: float | None = None) -> Build:
    """Return convolutions with softmax over the classes.

    Args:
        classes: C.
        filters: of each convolution.
        normalized: momentum of BatchNormalization after each; None: there is none.
    """

    def layers(kinds: Any) -> list[Any]:
        parts = []
        for width in filters:
            parts.append(kinds.Conv2D(width, 3, padding="same", activation="relu"))
            parts += [] if normalized is None else [kinds.BatchNormalization(momentum=normalized)]
            parts.append(kinds.MaxPooling2D())
        return [*parts, kinds.Flatten(), kinds.Dense(classes, "softmax")]

    return net(layers, SPARSE)


def subclass(outputs: int, activation: Callable[[Any], Any], loss: str) -> Build:
    """Return a model of its own class, without layers that can be looked at from outside.

    Args:
        outputs: units of its last layer.
        activation: applied to them.
        loss: class name of a loss that expects logits.
    """

    def build(settings: Settings, _data: TrainingData) -> keras.Model:
        import keras

        class Own(keras.Model):  # type: ignore[misc]
            def __init__(self) -> None:
                super().__init__()
                self.first, self.last = keras.layers.Dense(32, "relu"), keras.layers.Dense(outputs)

            def call(self, inputs: Any) -> Any:
                return activation(self.last(self.first(inputs)))

        return compiled(Own(), settings, from_logits(loss))

    return build


def from_logits(name: str) -> Callable[[], Any]:
    """Return a function that makes a loss of this class name that expects logits."""

    def make() -> Any:
        import keras

        return getattr(keras.losses, name)(from_logits=True)

    return make


def made(name: str, **arguments: Any) -> Callable[[], Any]:
    """Return a function that makes a loss of this class name."""

    def make() -> Any:
        import keras

        return getattr(keras.losses, name)(**arguments)

    return make


def optimizer(name: str, **arguments: Any) -> Callable[[float], Any]:
    """Return a function that makes an optimizer of this class name at a rate."""

    def make(rate: float) -> Any:
        import keras

        return getattr(keras.optimizers, name)(rate, **arguments)

    return make


def gaussian(y_true: Any, y_pred: Any) -> Any:
    """Return the negative logarithm of the likelihood, of a normal distribution with mean and log deviation."""
    import keras

    mean, log_scale = y_pred[:, :1], y_pred[:, 1:]
    return log_scale + 0.5 * keras.ops.square((y_true - mean) * keras.ops.exp(-log_scale))
