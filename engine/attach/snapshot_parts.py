"""The parts of a snapshot update: the fields of a snapshot, in the form in which they are sent.

Of curves and branches only what is new is sent, everything else whole.
"""

from __future__ import annotations

from typing import Any, get_type_hints

import msgspec

from fitmon.engine.attach.array_transfer import Numbers
from fitmon.engine.events import KnobApplied
from fitmon.engine.insight.observer import Observation
from fitmon.engine.insight.scores import SampleScores
from fitmon.engine.record.branch import BestEpoch
from fitmon.engine.record.snapshot import Snapshot
from fitmon.engine.samples import ValidationSamples
from fitmon.engine.values import KnobValue


class Points(msgspec.Struct, frozen=True):
    """Consecutive points of a curve."""

    epochs: Numbers
    """(n,) float64."""
    values: Numbers
    """(n,) float64."""


class CurveUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """The new points of several curves."""

    replaces: bool = msgspec.field(name="anew")
    """Whether the points sent so far are no longer valid, and these are all."""
    points: dict[str, Points]
    """By the curve's name, to append to those sent so far."""


class BranchHead(msgspec.Struct, frozen=True):
    """What the other fields of a snapshot do not say of the current branch."""

    number: int
    parent: int | None
    from_epoch: int
    knobs: dict[str, KnobValue]
    because: str


class OtherBranch(msgspec.Struct, frozen=True):
    """A `Branch` left by a rewind, field by field."""

    number: int
    parent: int | None
    from_epoch: int
    epochs_done: int
    metrics: dict[str, Points]
    best: BestEpoch | None
    knobs: dict[str, KnobValue]
    receipts: tuple[KnobApplied, ...]
    measures: dict[str, Points]
    because: str
    per_epoch: dict[str, Points] = {}


CURVE_PARTS = ("metrics", "measures", "per_epoch", "chunks", "past_chunks")
"""The fields of a snapshot that are curves by name."""


def _part_types() -> dict[str, Any]:
    known = {"Observation": Observation, "SampleScores": SampleScores, "ValidationSamples": ValidationSamples}
    curves: dict[str, Any] = dict.fromkeys(CURVE_PARTS, CurveUpdate)
    return (
        get_type_hints(Snapshot, localns=known)
        | curves
        | {
            "branch": BranchHead,
            "other_branches": tuple[OtherBranch, ...],
        }
    )


PART_TYPES = _part_types()
"""By the field of a snapshot."""

SMALL_PARTS = PART_TYPES.keys() - {*CURVE_PARTS, "other_branches", "samples", "observation"}
"""The fields that are sent whole and are cheap to compare."""

SENT_NAMES = {"pause_requested": "pause_asked", "other_branches": "left_branches", "resumed": "continued"}
"""Fields that have another name in updates: names there are part of the protocol."""
FIELDS = {sent: field for field, sent in SENT_NAMES.items()}
"""The same the other way round."""
