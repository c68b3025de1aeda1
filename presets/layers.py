"""Builds and compiles the dense classifiers of the presets. Keras is imported when a model is built."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

    from fitmon.engine.job import Settings, TrainingData

OPTIMIZERS = {
    "adadelta": "Adadelta",
    "adafactor": "Adafactor",
    "adagrad": "Adagrad",
    "adam": "Adam",
    "adamax": "Adamax",
    "adamw": "AdamW",
    "ftrl": "Ftrl",
    "lamb": "Lamb",
    "lion": "Lion",
    "muon": "Muon",
    "nadam": "Nadam",
    "rmsprop": "RMSprop",
    "sgd": "SGD",
}
"""The optimizers for presets, those of Keras that need only a learning rate: name → class."""


def build_classifier(settings: Settings, data: TrainingData, *, single_dropout: bool = False) -> keras.Model:
    """Return a compiled stack of dense layers that fits the data.

    Inputs with more than one axis are flattened; each of `settings.units` becomes Dense(relu). Targets of shape
    (n,) or (n, 1) get one sigmoid unit, binary cross-entropy and accuracy at `settings.threshold`; targets of shape
    (n, C), one-hot, get C softmax units, categorical cross-entropy and accuracy. L1 and L2 apply to every kernel.

    Args:
        settings: what to build; `dropout` None leaves the Dropout layers out.
        data: only its shapes are used.
        single_dropout: one Dropout layer after the last hidden layer, instead of one after each.
    """
    import keras

    classes = data.y.shape[1] if data.y.ndim > 1 else 1
    layers = [keras.layers.Input(data.x.shape[1:])]
    if data.x.ndim > 2:  # noqa: PLR2004 - (n, features) needs no flattening
        layers.append(keras.layers.Flatten())
    layers += _hidden_layers(settings, single_dropout=single_dropout)
    activation = "softmax" if classes > 1 else "sigmoid"
    layers.append(keras.layers.Dense(classes, activation=activation, kernel_regularizer=_regularizer(settings)))
    model = keras.Sequential(layers)
    _compile(model, settings, classes)
    return model


def has_dropout(settings: Settings, *, single_dropout: bool = False) -> bool:
    """Return whether `build_classifier` adds a Dropout layer to the model; see its arguments."""
    return settings.dropout is not None and (single_dropout or bool(settings.units))


def _hidden_layers(settings: Settings, *, single_dropout: bool) -> list[Any]:
    import keras

    layers: list[Any] = []
    for width in settings.units:
        layers.append(keras.layers.Dense(width, activation="relu", kernel_regularizer=_regularizer(settings)))
        if settings.dropout is not None and not single_dropout:
            layers.append(_dropout(settings.dropout, settings.seed + len(layers)))
    if settings.dropout is not None and single_dropout:
        layers.append(_dropout(settings.dropout, settings.seed + len(layers)))
    return layers


def _dropout(rate: float, seed: int) -> Any:
    """Return a Dropout layer; one of rate 0 changes nothing, to the last bit, until its rate is raised."""
    import keras

    if rate:
        return keras.layers.Dropout(rate)
    # Keras gives a layer built with rate 0 no random seed generator, so its rate could never be raised. With a seed of
    # its own the layer draws none from Python's generator, which would change the weights of the layers behind it.
    layer = keras.layers.Dropout(0.5, seed=seed)
    layer.rate = 0.0
    return layer


def _regularizer(settings: Settings) -> Any:
    import keras

    if settings.l1 > 0 and settings.l2 > 0:
        return keras.regularizers.L1L2(l1=settings.l1, l2=settings.l2)
    if settings.l1 > 0:
        return keras.regularizers.L1(settings.l1)
    return keras.regularizers.L2(settings.l2) if settings.l2 > 0 else None


def _compile(model: keras.Model, settings: Settings, classes: int) -> None:
    import keras

    optimizer_class = getattr(keras.optimizers, OPTIMIZERS[settings.optimizer])
    model.compile(
        optimizer=optimizer_class(learning_rate=settings.learning_rate),
        loss="categorical_crossentropy" if classes > 1 else "binary_crossentropy",
        metrics=[
            "accuracy" if classes > 1 else keras.metrics.BinaryAccuracy(name="accuracy", threshold=settings.threshold)
        ],
        jit_compile="auto" if settings.jit is None else settings.jit,
    )
