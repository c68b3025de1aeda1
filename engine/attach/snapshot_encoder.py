"""Encodes a run's snapshots for one receiver, as what changed since its last update.

Only how far a receiver is up to date is kept for it: what it missed is skipped, never queued.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import msgspec

from fitmon.engine.attach.array_transfer import ArraySender, is_plain, plain_array
from fitmon.engine.attach.snapshot_parts import CURVE_PARTS, SENT_NAMES, SMALL_PARTS, BranchHead, CurveUpdate, Points
from fitmon.engine.attach.wire import MAX_REPLY_BYTES, SnapshotUpdate
from fitmon.engine.insight.observer import Observation
from fitmon.engine.record.series import Curve
from fitmon.engine.record.snapshot import Snapshot
from fitmon.engine.samples import ValidationSamples

MAX_ARRAY_BYTES = MAX_REPLY_BYTES // 3
"""The limit for the samples and for the observation each, which leaves the same for curves."""

_ANSWERS = frozenset({"refusal", "rewind_refusal", "export"})
"""The fields of which two equal values may answer two requests."""

_Parts = dict[str, msgspec.Raw]


class SnapshotEncoder:
    """Knows what was sent to one receiver, and so what is new to it."""

    def __init__(self, *, per_sample: bool = True) -> None:
        """Start with nothing sent; `per_sample` as in `wire.Hello`."""
        self._per_sample = per_sample
        self._more = False
        self._version: int | None = None
        self._small: dict[str, Any] = {}
        self._curves = {name: _SentCurves() for name in CURVE_PARTS}
        self._other_branches = 0
        self._samples: ValidationSamples | None = None
        self._observation: Callable[[], Observation | None] | None = None
        """A weak reference, so that nothing is kept for a receiver that has stalled; None: nothing sent."""
        self._arrays = ArraySender()

    def update(self, snapshot: Snapshot) -> SnapshotUpdate:
        """Return what changed since the last call.

        The first update leaves the samples to the second: they may be many megabytes, and a snapshot without them is
        useful at once.
        """
        first = self._version is None
        if snapshot.version == self._version and not self._more:
            return SnapshotUpdate()
        self._version, self._more = snapshot.version, first and self._per_sample
        parts = self._small_parts(snapshot) | self._growing_parts(snapshot)
        if self._per_sample and not first:
            parts |= self._per_sample_parts(snapshot)
        sent = {SENT_NAMES.get(name, name): raw for name, raw in parts.items()}
        return SnapshotUpdate(parts=sent, more=self._more)

    def _small_parts(self, snapshot: Snapshot) -> _Parts:
        before, self._small = self._small, {name: getattr(snapshot, name) for name in SMALL_PARTS}
        branch = snapshot.branch
        self._small["branch"] = BranchHead(
            branch.number, branch.parent, branch.from_epoch, branch.knobs, branch.because
        )
        return {
            name: _encoded(value, plain_array)
            for name, value in self._small.items()
            if name not in before or _differ(name, value, before[name])
        }

    def _growing_parts(self, snapshot: Snapshot) -> _Parts:
        lineage = snapshot.branch.number, snapshot.resumed
        branches, self._other_branches = snapshot.other_branches[self._other_branches :], len(snapshot.other_branches)
        new: dict[str, object] = {
            name: sent.new_points(getattr(snapshot, name), (*lineage, snapshot.epoch * (name == "chunks")))
            for name, sent in self._curves.items()
        }
        new["other_branches"] = branches or None
        return {name: _encoded(value, plain_array) for name, value in new.items() if value is not None}

    def _per_sample_parts(self, snapshot: Snapshot) -> _Parts:
        parts = {}
        if snapshot.samples is not self._samples:
            self._samples = snapshot.samples
            parts["samples"] = _encoded(_sendable_samples(snapshot.samples), plain_array)
        observation = snapshot.observation
        if observation is not None and (self._observation is None or self._observation() is not observation):
            self._observation = weakref.ref(observation)
            self._arrays.begin()
            parts["observation"] = _encoded(_sendable_observation(observation), self._arrays.plain)
        return parts


class _SentCurves:
    """How many points of several curves were sent, and the epoch of each curve's last one."""

    def __init__(self) -> None:
        self._lineage: object = None
        self._sent: dict[str, tuple[int, float]] = {}

    def new_points(self, curves: Mapping[str, Curve], lineage: object) -> CurveUpdate | None:
        """Return what is new; while `lineage` stays equal, points are appended, or were thinned."""
        replaces = lineage != self._lineage or not all(
            name in curves and _continues(curves[name], *sent) for name, sent in self._sent.items()
        )
        self._lineage, before = lineage, {} if replaces else self._sent
        self._sent = {name: (len(curve), _last_epoch(curve)) for name, curve in curves.items()}
        begins = {name: before[name][0] if name in before else 0 for name in curves}
        points = {
            name: _points_from(curve, begins[name])
            for name, curve in curves.items()
            if name not in before or begins[name] != len(curve)
        }
        return CurveUpdate(replaces=replaces, points=points) if replaces or points else None


def _continues(curve: Curve, sent: int, last_epoch: float) -> bool:
    """Return whether the first points of a curve are those sent; of thinned ones the last is at another place."""
    return len(curve) >= sent and (not sent or float(curve.epochs[sent - 1]) == last_epoch)


def _last_epoch(curve: Curve) -> float:
    return float(curve.epochs[-1]) if len(curve) else 0.0


def _points_from(curve: Curve, begin: int) -> Points:
    return Points(epochs=curve.epochs[begin:], values=curve.values[begin:])


def _differ(name: str, value: object, before: object) -> bool:
    return value is not before if name in _ANSWERS else value != before


def _sendable_samples(samples: ValidationSamples | None) -> ValidationSamples | None:
    """Return samples, without their arrays if those are too large or have a dtype that cannot be sent."""
    if samples is None:
        return None
    arrays = [array for array in (samples.inputs, samples.original) if array is not None]
    if all(map(is_plain, arrays)) and sum(array.nbytes for array in arrays) <= MAX_ARRAY_BYTES:
        return samples
    return replace(samples, inputs=None, original=None)


def _sendable_observation(observation: Observation) -> Observation | None:
    return observation if _bytes_of(observation) <= MAX_ARRAY_BYTES else None


def _bytes_of(observation: Observation) -> int:
    sizes: list[int] = []

    def measure(array: Any) -> None:
        sizes.append(array.nbytes)

    msgspec.to_builtins(observation, enc_hook=measure)
    return sum(sizes)


def _encoded(value: object, hook: Callable[[Any], Any]) -> msgspec.Raw:
    try:
        return msgspec.Raw(msgspec.msgpack.encode(value, enc_hook=hook))
    except UnicodeEncodeError:
        plain = msgspec.to_builtins(value, enc_hook=hook, builtin_types=(memoryview,))
        return msgspec.Raw(msgspec.msgpack.encode(_escaped(plain)))


def _escaped(value: Any) -> Any:
    """Return plain data with lone surrogates, which UTF-8 cannot encode, as escapes."""
    match value:
        case str():
            return value.encode("utf-8", "backslashreplace").decode("utf-8")
        case dict():
            return {_escaped(key): _escaped(item) for key, item in value.items()}
        case list() | tuple():
            return [_escaped(item) for item in value]
    return value
