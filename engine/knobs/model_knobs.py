"""All knobs inside a model, behind one interface."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from fitmon.engine.knobs.dropout import DropoutKnob
from fitmon.engine.knobs.learning_rate import learning_rate_knob
from fitmon.engine.knobs.penalty import PenaltyKnobs
from fitmon.engine.knobs.saved_knobs import SavedKnobs
from fitmon.engine.values import KnobOffer

if TYPE_CHECKING:
    import keras
    import tensorflow as tf


class ModelKnob(Protocol):
    """What a new kind of model knob must implement."""

    def offers(self) -> list[KnobOffer]:
        """Return the knobs with their current values, or with the reason why the model lacks them."""

    def turn(self, name: str, value: float) -> bool:
        """Set a knob; return whether the compiled step must be traced again to see it."""

    def readings(self) -> dict[str, tf.Tensor]:
        """Return the values that the step uses; called while it is traced."""

    def saved(self) -> dict[str, Any]:
        """Return the fields of `SavedKnobs` that belong to it."""

    def load(self, saved: SavedKnobs) -> bool:
        """Set its saved values, which fit; return whether the compiled step must be traced again to see them."""

    def seeds(self) -> list[Any]:
        """Return the variables that random numbers are drawn from, whether or not Keras lists them."""

    def write(self) -> Callable[[], object]:
        """Write the current values into the model as plain numbers, to save it; return a function that undoes it."""

    def restore(self) -> None:
        """Leave the model as plain Keras expects it, with the current values as plain numbers."""


class ModelKnobs:
    """The knobs of one compiled and built model."""

    def __init__(self, model: keras.Model) -> None:
        """Make the model's knobs live. Until one is changed, training is the same to the last bit."""
        self._knobs: list[ModelKnob] = [learning_rate_knob(model), DropoutKnob(model), PenaltyKnobs(model)]
        self._owner = {offer.name: knob for knob in self._knobs for offer in knob.offers()}

    def offers(self) -> list[KnobOffer]:
        """Return all knobs of the model with their current values."""
        return [offer for knob in self._knobs for offer in knob.offers()]

    def turn(self, name: str, value: float) -> bool:
        """Set a knob; return whether the compiled step must be traced again to see it."""
        return self._owner[name].turn(name, value)

    def readings(self) -> dict[str, tf.Tensor]:
        """Return the values that the step uses, by knob; called while it is traced."""
        return {name: tensor for knob in self._knobs for name, tensor in knob.readings().items()}

    def saved(self) -> SavedKnobs:
        """Return the present values of all knobs."""
        return SavedKnobs(**{name: value for knob in self._knobs for name, value in knob.saved().items()})

    def load(self, saved: SavedKnobs) -> bool:
        """Set every knob to its saved value; return whether the compiled step must be traced again to see it.

        Raises DataError, and changes nothing, when they were saved from a model with other knobs.
        """
        self.saved().check_fits(saved)
        changes = [knob.load(saved) for knob in self._knobs]
        return any(changes)

    def seeds(self) -> list[Any]:
        """Return the variables that dropout draws from, whether or not Keras lists them."""
        return [seed for knob in self._knobs for seed in knob.seeds()]

    @contextmanager
    def plain(self) -> Iterator[None]:
        """Put the current values into the model as plain numbers, so that it can be saved and loaded without fitmon.

        Do not train or trace inside the context; afterwards training continues exactly as before.
        """
        with ExitStack() as undo:
            for knob in self._knobs:
                undo.callback(knob.write())
            yield

    def restore(self) -> None:
        """Leave the model as plain Keras expects it, permanently."""
        for knob in self._knobs:
            knob.restore()
