"""What may be asked of a run. A command returns nothing: its effect comes back as an event."""

from enum import StrEnum

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


Command = Pause | Resume | Stop | SetKnob
