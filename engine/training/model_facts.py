"""Tells the diagnosis what it needs to know of a run before its first epoch: the data and the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitmon.engine.diagnosis.examine import examine
from fitmon.engine.keras_internals import compiled_loss, output_activation

if TYPE_CHECKING:
    import keras

    from fitmon.engine.facts import Facts
    from fitmon.engine.job import Job, TrainingData


def facts_of(model: keras.Model, data: TrainingData, *, job: Job, training_samples: int, train_subset: int) -> Facts:
    """Return the facts of a built, compiled model and its data; what cannot be told is left out.

    Args:
        model: of any kind.
        data: with validation arrays.
        job: what they were made by.
        training_samples: 0: not known.
        training_part: how many of them are scored at each epoch's end.
    """
    loss = compiled_loss(model)
    outputs = getattr(model, "outputs", None) or []
    widths = [layer.units for layer in model.layers if isinstance(getattr(layer, "units", None), int)]
    return examine(
        data,
        job=job.name,
        options=job.options,
        training_samples=training_samples,
        train_subset=train_subset,
        loss="" if loss is None else str(loss.name),
        from_logits=bool(getattr(loss, "from_logits", False)),
        output_units=outputs[0].shape[-1] if len(outputs) == 1 else None,
        output_activation=output_activation(model),
        layers=[type(layer).__name__ for layer in model.layers],
        parameters=int(model.count_params()),
        hidden_units=widths[:-1],
        optimizer=str(getattr(model.optimizer, "name", "")),
    )
