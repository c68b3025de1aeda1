"""The receiver's side of news: puts snapshots together from what is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np

from fitmon.engine.attach.array_transfer import ArrayReceiver, read_array
from fitmon.engine.attach.snapshot_parts import PART_TYPES, BranchHead, CurveUpdate, OtherBranch, Points
from fitmon.engine.attach.wire import GarbageError, SnapshotUpdate
from fitmon.engine.record.branch import Branch
from fitmon.engine.record.series import Curve, empty_curve
from fitmon.engine.record.snapshot import Snapshot


class SnapshotDecoder:
    """Puts together what one `SnapshotEncoder` tells."""

    def __init__(self) -> None:
        """Begin with nothing known."""
        self._known: dict[str, Any] = {
            "metrics": {},
            "measures": {},
            "chunks": {},
            "other_branches": (),
            "samples": None,
            "observation": None,
        }
        """By the field of a snapshot; of the branch under way only its head."""
        self._arrays = ArrayReceiver()

    def hear(self, news: SnapshotUpdate) -> Snapshot:
        """Take news into account and return the picture as it is now; raises GarbageError when it makes no sense."""
        try:
            for name, raw in news.parts.items():
                self._known[name] = self._joined(name, self._decoded(name, raw))
            return Snapshot(**(self._known | {"branch": self._branch()}))
        except (msgspec.MsgspecError, LookupError, ValueError, TypeError, RecursionError) as error:
            raise GarbageError(f"Expected news of a run, received something else ({error}).") from error

    def _decoded(self, name: str, raw: msgspec.Raw) -> Any:
        hook: Callable[[Any, Any], Any] = read_array
        if name == "observation":
            self._arrays.begin()
            hook = self._arrays.read
        return msgspec.msgpack.decode(raw, type=PART_TYPES[name], dec_hook=hook)

    def _joined(self, name: str, part: Any) -> Any:
        match name:
            case "metrics" | "measures" | "chunks":
                return _longer_curves(self._known[name], part)
            case "other_branches":
                return (*self._known[name], *map(_left_branch, part))
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
        )


def _longer_curves(curves: dict[str, Curve], news: CurveUpdate) -> dict[str, Curve]:
    before = {} if news.anew else curves
    return before | {name: _longer(before.get(name), points) for name, points in news.points.items()}


def _longer(curve: Curve | None, points: Points) -> Curve:
    before = empty_curve() if curve is None else curve
    epochs = np.concatenate([before.epochs, points.epochs])
    values = np.concatenate([before.values, points.values])
    epochs.flags.writeable = values.flags.writeable = False
    return Curve(epochs=epochs, values=values)


def _left_branch(left: OtherBranch) -> Branch:
    curves = {"metrics": _curves(left.metrics), "measures": _curves(left.measures)}
    return Branch(**(msgspec.structs.asdict(left) | curves))


def _curves(told: dict[str, Points]) -> dict[str, Curve]:
    return {name: Curve(epochs=points.epochs, values=points.values) for name, points in told.items()}
