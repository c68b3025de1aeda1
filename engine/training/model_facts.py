"""Collects what the diagnosis needs to know about data and model before the first epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from fitmon.engine.diagnosis.examine import DataFacts, ModelFacts, examine, task_of
from fitmon.engine.diagnosis.failed_checks import log_failure, reason_of
from fitmon.engine.diagnosis.label_facts import Task, entropy_loss, labels_of
from fitmon.engine.evaluation.baseline import Baseline, baseline_of, floor_of_parts, loss_parts
from fitmon.engine.evaluation.gradients import kernels_of
from fitmon.engine.evaluation.layer_modes import largest_momentum, layers_with_modes
from fitmon.engine.facts import Facts, OutputFacts
from fitmon.engine.keras_internals import Compared, compiled_loss, loss_name, losses_of, output_activation

if TYPE_CHECKING:
    import keras

    from fitmon.engine.evaluation.train_subset import TrainSubset
    from fitmon.engine.job import Job, TrainingData

CLASS_FREQUENCIES = "class frequencies"
NO_BASELINE = "comparison with a baseline (this model, loss or data has no constant prediction to compare with)"


def facts_of(
    model: keras.Model, data: TrainingData, *, job: Job, training_samples: int, subset: TrainSubset | None
) -> Facts:
    """Return the facts of a built, compiled model and its data; what is not known is left out.

    Args:
        model: of any kind.
        data: with validation arrays.
        job: that made them.
        training_samples: 0: not known.
        subset: those that are scored at each epoch's end; None: none are.
    """
    about_data = DataFacts(
        job=job.name,
        options=job.options,
        training_samples=training_samples,
        train_subset=0 if subset is None else len(subset),
    )
    about_model = _facts_of_model(model)
    return _with_baselines(examine(data, about_data, about_model), model, data, subset, task_of(about_model))


def _with_baselines(
    facts: Facts, model: keras.Model, data: TrainingData, subset: TrainSubset | None, task: Task
) -> Facts:
    """Add the baselines that class frequencies of the whole data do not give: of other losses, and of the subset."""
    try:
        parts = loss_parts(model, data.x_validation, data.y_validation, data.sample_weight_validation)
        facts = msgspec.structs.replace(facts, outputs=_facts_of_outputs(parts))
        if facts.has_floor:
            facts = msgspec.structs.replace(facts, loss_floor=floor_of_parts(parts))
        if facts.baseline_loss is None:
            found = baseline_of(parts, data.x_validation)
            if found is not None:
                facts = msgspec.structs.replace(facts, baseline=found.kind, baseline_loss=found.loss)
        if subset is not None and (of_subset := _baseline_of_subset(facts, model, subset, task)) is not None:
            kind = of_subset.kind if facts.baseline_loss is None else facts.baseline
            facts = msgspec.structs.replace(facts, baseline=kind, training_baseline_loss=of_subset.loss)
    except Exception as error:  # noqa: BLE001 - foreign losses raise anything
        log_failure("baseline", error)
        return msgspec.structs.replace(facts, failed_checks=(*facts.failed_checks, f"baseline ({reason_of(error)})"))
    judged = facts.training_baseline_loss if data.y_validation is None else facts.baseline_loss
    if judged is None and facts.baseline_loss is None:
        return msgspec.structs.replace(facts, skipped_checks=(*facts.skipped_checks, NO_BASELINE))
    return facts


def _facts_of_outputs(parts: list[Compared]) -> tuple[OutputFacts, ...]:
    """Return the facts of several outputs; those of a single one are the model's."""
    outputs = (
        OutputFacts(
            name=part.name,
            loss=loss_name(part.loss),
            from_logits=bool(getattr(part.loss, "from_logits", False)),
            output_units=part.predictions.shape[-1] if part.predictions.shape else None,
            output_activation=part.predictions.activation_name,
        )
        for part in parts
    )
    return tuple(outputs) if len(parts) > 1 else ()


def _baseline_of_subset(facts: Facts, model: keras.Model, subset: TrainSubset, task: Task) -> Baseline | None:
    x, y = subset.arrays()
    if facts.baseline_loss is not None and facts.baseline == CLASS_FREQUENCIES:
        entropy = entropy_loss(labels_of(y, task), None, task)
        return None if entropy is None else Baseline(CLASS_FREQUENCIES, entropy)
    return baseline_of(loss_parts(model, x, y), x)


def _facts_of_model(model: keras.Model) -> ModelFacts:
    loss = compiled_loss(model)
    outputs = getattr(model, "outputs", None) or []
    widths = [layer.units for layer in model.layers if isinstance(getattr(layer, "units", None), int)]
    activations = [getattr(getattr(layer, "activation", None), "__name__", "") for layer in model.layers[:-1]]
    return ModelFacts(
        loss="" if loss is None else loss_name(loss),
        losses=[loss_name(each) for each in losses_of(model)],
        from_logits=bool(getattr(loss, "from_logits", False)),
        output_units=outputs[0].shape[-1] if len(outputs) == 1 and outputs[0].shape else None,
        output_activation=output_activation(model),
        layers=[type(layer).__name__ for layer in model.layers],
        parameters=int(model.count_params()),
        hidden_units=widths[:-1],
        optimizer=str(getattr(model.optimizer, "name", "")),
        label_smoothing=float(getattr(loss, "label_smoothing", 0.0) or 0.0),
        ignore_class=getattr(loss, "ignore_class", None),
        mode_layers=layers_with_modes(model),
        batch_norm_momentum=largest_momentum(model),
        weight_layers=[kernel.path.rsplit("/", 1)[0] for kernel in kernels_of(model)],
        hidden_activations=sorted({name for name in activations if name and name != "linear"}),
    )
