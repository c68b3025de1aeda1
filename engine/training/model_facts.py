"""Collects what the diagnosis needs to know about data and model before the first epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitmon.engine.diagnosis.examine import DataFacts, ModelFacts, examine
from fitmon.engine.keras_internals import compiled_loss, output_activation

if TYPE_CHECKING:
    import keras

    from fitmon.engine.facts import Facts
    from fitmon.engine.job import Job, TrainingData


def facts_of(model: keras.Model, data: TrainingData, *, job: Job, training_samples: int, train_subset: int) -> Facts:
    """Return the facts of a built, compiled model and its data; what is not known is left out.

    Args:
        model: of any kind.
        data: with validation arrays.
        job: that made them.
        training_samples: 0: not known.
        train_subset: how many of them are scored at each epoch's end.
    """
    about_data = DataFacts(
        job=job.name, options=job.options, training_samples=training_samples, train_subset=train_subset
    )
    return examine(data, about_data, _facts_of_model(model))


def _facts_of_model(model: keras.Model) -> ModelFacts:
    loss = compiled_loss(model)
    outputs = getattr(model, "outputs", None) or []
    widths = [layer.units for layer in model.layers if isinstance(getattr(layer, "units", None), int)]
    return ModelFacts(
        loss="" if loss is None else str(loss.name),
        from_logits=bool(getattr(loss, "from_logits", False)),
        output_units=outputs[0].shape[-1] if len(outputs) == 1 else None,
        output_activation=output_activation(model),
        layers=[type(layer).__name__ for layer in model.layers],
        parameters=int(model.count_params()),
        hidden_units=widths[:-1],
        optimizer=str(getattr(model.optimizer, "name", "")),
    )
