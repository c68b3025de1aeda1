"""What may be asked of a run. A command returns nothing: its effect comes back as an event."""

from enum import StrEnum
from typing import Annotated, Literal

import msgspec


class PauseAt(StrEnum):
    """Where a pause takes hold."""

    EPOCH = "epoch"
    """When the epoch under way has ended and was validated."""
    CHUNK = "chunk"
    """After the chunk under way, about 100 ms from now, in the middle of an epoch."""


class Pause(msgspec.Struct, frozen=True, tag_field="command", tag="pause"):
    """Hold the training; everything stays in memory."""

    at: PauseAt = PauseAt.EPOCH


class Resume(msgspec.Struct, frozen=True, tag_field="command", tag="resume"):
    """Go on after a pause, or take back a pause that has not taken hold yet."""


class Stop(msgspec.Struct, frozen=True, tag_field="command", tag="stop"):
    """End the run after the chunk under way."""

    reason: str = "stopped by the user"
    """Said in the ending event."""


class SetKnob(msgspec.Struct, frozen=True, tag_field="command", tag="set_knob"):
    """Change a knob at the start of an epoch; answered by `KnobApplied` or `KnobRefused`."""

    knob: str
    value: float
    epoch: int | None = None
    """The one-based epoch from which the value shall hold; None: the next one to start."""
    because: str = ""
    """The finding whose remedy this is; empty when somebody asks for it by themselves."""


class Rewind(msgspec.Struct, frozen=True, tag_field="command", tag="rewind"):
    """Go back to the end of an epoch and train on from there as a new branch; answered by `BranchStarted` or
    `RewindRefused`. What was trained since stays in the record as a branch of its own.
    """

    epoch: Annotated[int, msgspec.Meta(ge=0)]
    """0: the model as it was before training."""
    branch: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """The branch that trained this epoch; None: the one under way."""
    changes: dict[str, float] = {}
    """Knobs and the values they are to have from the next epoch on; `epochs` counts from the start of the run."""
    because: str = ""
    """As in `SetKnob`."""


class Detach(msgspec.Struct, frozen=True, tag_field="command", tag="detach"):
    """The screen has gone: keep a checkpoint and train on without one."""

    reason: str
    """Said in the journal."""


Keep = Literal["best", "last"]
"""Which weights: those of the epoch with the lowest validation loss, or those the training came to."""


class Export(msgspec.Struct, frozen=True, tag_field="command", tag="export"):
    """Write the model into a file that plain Keras loads; answered by `ModelExported` or `ExportFailed`."""

    path: str
    """Absolute, with the suffix `.keras`; its folder exists."""
    keep: Keep = "best"
    replace: bool = False
    """Whether a file that is there may be replaced; it stays as it is until the new one is whole."""
    at_end: bool = False
    """Wait until the run is over, finished or stopped; the last such wish counts, whenever the run is over."""


Command = Pause | Resume | Stop | SetKnob | Rewind | Detach | Export
