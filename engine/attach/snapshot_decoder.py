"""Decodes snapshots from updates, at the receiver."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np

from fitmon.engine.attach.array_transfer import ArrayReceiver, read_array
from fitmon.engine.attach.snapshot_parts import (
    CURVE_PARTS,
    FIELDS,
    PART_TYPES,
    BranchHead,
    CurveUpdate,
    OtherBranch,
    Points,
)
from fitmon.engine.attach.wire import GarbageError, SnapshotUpdate
from fitmon.engine.record.branch import Branch
from fitmon.engine.record.series import Curve, empty_curve
from fitmon.engine.record.snapshot import Snapshot


class SnapshotDecoder:
    """Builds snapshots from the updates of one `SnapshotEncoder`."""

    def __init__(self) -> None:
        """Start with nothing received."""
        self._known: dict[str, Any] = {
            **{name: {} for name in CURVE_PARTS},
            "other_branches": (),
            "samples": None,
            "observation": None,
        }
        """By the field of a snapshot; of the current branch only its head."""
        self._arrays = ArrayReceiver()

    def apply(self, update: SnapshotUpdate) -> Snapshot:
        """Return the snapshot after an update; raises GarbageError when the update is invalid."""
        try:
            for sent, raw in update.parts.items():
                name = FIELDS.get(sent, sent)
                self._known[name] = self._joined(name, self._decoded(name, raw))
            return Snapshot(**(self._known | {"branch": self._branch()}))
        except (msgspec.MsgspecError, LookupError, ValueError, TypeError, RecursionError) as error:
            raise GarbageError(f"A snapshot update is invalid: {error}.") from error

    def _decoded(self, name: str, raw: msgspec.Raw) -> Any:
        hook: Callable[[Any, Any], Any] = read_array
        if name == "observation":
            self._arrays.begin()
            hook = self._arrays.read
        return msgspec.msgpack.decode(raw, type=PART_TYPES[name], dec_hook=hook)

    def _joined(self, name: str, part: Any) -> Any:
        match name:
            case "other_branches":
                return (*self._known[name], *map(_other_branch, part))
            case _ if name in CURVE_PARTS:
                return _extended_curves(self._known[name], part)
        return part

    def _branch(self) -> Branch:
        known = self._known
        head: BranchHead = known["branch"]
        return Branch(
            number=head.number,
            parent=head.parent,
            from_epoch=head.from_epoch,
            epochs_done=known["epochs_done"],
            metrics=known["metrics"],
            best=known["best"],
            knobs=head.knobs,
            receipts=known["receipts"],
            measures=known["measures"],
            because=head.because,
            per_epoch=known["per_epoch"],
        )


def _extended_curves(curves: dict[str, Curve], update: CurveUpdate) -> dict[str, Curve]:
    before = {} if update.replaces else curves
    return before | {name: _extended(before.get(name), points) for name, points in update.points.items()}


def _extended(curve: Curve | None, points: Points) -> Curve:
    before = empty_curve() if curve is None else curve
    epochs = np.concatenate([before.epochs, points.epochs])
    values = np.concatenate([before.values, points.values])
    epochs.flags.writeable = values.flags.writeable = False
    return Curve(epochs=epochs, values=values)


def _other_branch(branch: OtherBranch) -> Branch:
    curves = {name: _curves(getattr(branch, name)) for name in ("metrics", "measures", "per_epoch")}
    return Branch(**(msgspec.structs.asdict(branch) | curves))


def _curves(sent: dict[str, Points]) -> dict[str, Curve]:
    return {name: Curve(epochs=points.epochs, values=points.values) for name, points in sent.items()}
