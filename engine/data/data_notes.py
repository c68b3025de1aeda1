"""What the user must know about model and data before reading any number: mistakes that raise no error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from fitmon.engine.diagnosis.non_finite import non_finite_in_words
from fitmon.engine.errors import DataError
from fitmon.engine.keras_internals import output_activation

if TYPE_CHECKING:
    from collections.abc import Iterator

    import keras

    from fitmon.engine.facts import Facts
    from fitmon.engine.job import TrainingData


class ValidationSet(Protocol):
    """What the notes need to know about the validation samples."""

    @property
    def samples(self) -> int:
        """How many there are."""

    @property
    def no_probabilities(self) -> str:
        """Why the model's outputs are not probabilities; empty when they are."""

    def classes_present(self) -> int | None:
        """Return how many classes occur among the samples; None where there are no classes."""


def notes_on(model: keras.Model, data: TrainingData, validation: ValidationSet | None, facts: Facts) -> tuple[str, ...]:
    """Return what is wrong with the data's values, the notes of the data itself, then what is wrong with the validation
    set or the model, a sentence each.
    """
    return (*_on_values(facts), *data.notes, *_on_validation(data, validation), *_on_model(model, validation))


def refuse_text_labels(data: TrainingData) -> None:
    """Raise DataError when labels are text, which no Keras loss accepts."""
    for part, labels in (("training", data.y), ("validation", data.y_validation)):
        if getattr(getattr(labels, "dtype", None), "kind", "") in {"U", "S", "O", "T"}:
            example = next(iter(np.asarray(labels).reshape(-1)[:1]), "")
            raise DataError(
                f"Expected the {part} labels as numbers, received text or objects such as {str(example)[:40]!r}. "
                "Number the classes from 0 and give their names as class_names."
            )


def _on_values(facts: Facts) -> Iterator[str]:
    if values := non_finite_in_words(facts):
        yield f"{values[0].upper()}{values[1:]}; the model may silently treat such values as 0."


def _on_validation(data: TrainingData, validation: ValidationSet | None) -> Iterator[str]:
    if validation is None:
        if data.x_validation is not None:
            yield "The validation set is empty: nothing is validated."
    elif validation.samples == 1:
        yield "The validation set has one sample: its accuracy can only be 0 or 1."
    elif validation.classes_present() == 1:
        yield "All validation samples belong to one class: accuracy says nothing about the others."


def _on_model(model: keras.Model, validation: ValidationSet | None) -> Iterator[str]:
    if output_activation(model) == "softmax" and model.outputs[0].shape[-1] == 1:
        yield "Softmax over one output gives 1 for every sample: use sigmoid for two classes."
    elif validation is not None and validation.no_probabilities.startswith("not for this model: its outputs"):
        yield "The outputs are not probabilities: pass from_logits=True to the loss."
