"""The values of a model's knobs as a checkpoint stores them.

They are kept in variables of the knobs, which Keras does not list. The learning rate itself is not among them: it is a
variable of the optimizer.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from fitmon.engine.errors import DataError

Rate = Annotated[float, msgspec.Meta(ge=0, lt=1)]
Factor = Annotated[float, msgspec.Meta(ge=0)]


class SavedKnobs(msgspec.Struct, frozen=True, kw_only=True):
    """The values of a model's knobs, layer by layer."""

    rates: tuple[Rate, ...] = ()
    """The dropout rate of each layer whose rate can be changed."""
    raised: bool = False
    """Whether rates that began at 0 in recurrent cells or attention layers were ever above 0: since then the layers
    have seeds."""
    l1: tuple[Factor, ...] = ()
    """The factor of each kernel whose penalty can be changed."""
    l2: tuple[Factor, ...] = ()
    learning_rate_factor: Factor | None = None
    """The factor of the optimizer's schedule; None: it has no schedule."""

    def check_fits(self, saved: SavedKnobs) -> None:
        """Raise DataError when other values were saved from a model with other knobs than these."""
        if saved.kinds() != self.kinds():
            raise DataError(
                f"The checkpoint does not fit this model; nothing was loaded: expected {self.kinds()}, received "
                f"{saved.kinds()}."
            )

    def kinds(self) -> str:
        """Describe what can be changed in the model, whatever the values are."""
        schedule = "no learning-rate schedule" if self.learning_rate_factor is None else "a learning-rate schedule"
        return f"{len(self.rates)} dropout rates, {len(self.l1)} kernels with a penalty and {schedule}"
