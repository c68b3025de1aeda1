"""The commands of a run. A command returns nothing: its effect is reported by an event."""

from enum import StrEnum
from typing import Annotated, Literal

import msgspec


class PauseAt(StrEnum):
    """When a pause takes effect."""

    EPOCH = "epoch"
    """After the current epoch and its validation."""
    CHUNK = "chunk"
    """After the current chunk, in about 100 ms, in the middle of an epoch."""


class Pause(msgspec.Struct, frozen=True, tag_field="command", tag="pause"):
    """Pause the training; everything stays in memory."""

    at: PauseAt = PauseAt.EPOCH


class Resume(msgspec.Struct, frozen=True, tag_field="command", tag="resume"):
    """Resume after a pause, or cancel a pending pause."""


class Stop(msgspec.Struct, frozen=True, tag_field="command", tag="stop"):
    """End the run after the current chunk."""

    reason: str = "stopped by the user"
    """Reported in the event that ends the run."""


class SetKnob(msgspec.Struct, frozen=True, tag_field="command", tag="set_knob"):
    """Change a knob at the start of an epoch; answered by `KnobApplied` or `KnobRefused`."""

    knob: str
    value: float
    epoch: int | None = None
    """The one-based epoch in which it takes effect; None: the next one to start."""
    because: str = ""
    """The finding whose remedy this is; empty when the user requests it."""


class Rewind(msgspec.Struct, frozen=True, tag_field="command", tag="rewind"):
    """Rewind to the end of an epoch and train from there as a new branch; answered by `BranchStarted` or
    `RewindRefused`. The epochs trained since stay in the record as another branch.
    """

    epoch: Annotated[int, msgspec.Meta(ge=0)]
    """0: the untrained model."""
    branch: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """The branch that trained this epoch; None: the current one."""
    changes: dict[str, float] = {}
    """New values of knobs from the next epoch on; `epochs` counts from the start of the run."""
    because: str = ""
    """As in `SetKnob`."""


class Detach(msgspec.Struct, frozen=True, tag_field="command", tag="detach"):
    """The screen was closed: save a checkpoint and continue without it."""

    reason: str
    """Reported in the journal."""


Keep = Literal["best", "last"]
"""Which weights: those of the epoch with the lowest validation loss, or the last ones."""


class Export(msgspec.Struct, frozen=True, tag_field="command", tag="export"):
    """Write the model to a file that plain Keras can load; answered by `ModelExported` or `ExportFailed`."""

    path: str
    """Absolute, with the suffix `.keras`; its folder exists."""
    keep: Keep = "best"
    replace: bool = False
    """Whether an existing file may be replaced; it is unchanged until the new one is complete."""
    at_end: bool = False
    """Write it when the run has finished or stopped; the last such request counts."""


Command = Pause | Resume | Stop | SetKnob | Rewind | Detach | Export
