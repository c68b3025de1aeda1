"""What is new of a run to one receiver: told from its snapshots at one end, put together to snapshots at the other.

Nothing is kept for a receiver but what it has been told: what it missed is skipped, never queued.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, get_type_hints

import msgspec
import numpy as np

from fitmon.engine.attach.arrays import ArrayReceiver, ArraySender, is_plain, plain_array, read_array
from fitmon.engine.attach.wire import MOST_REPLY_BYTES, CurveNews, GarbageError, News, Points
from fitmon.engine.branch import BestEpoch, Branch
from fitmon.engine.events import KnobApplied, KnobValue
from fitmon.engine.insight.observer import Observation
from fitmon.engine.insight.scores import SampleScores
from fitmon.engine.record import Snapshot
from fitmon.engine.samples import ValidationSamples
from fitmon.engine.series import Curve, empty_curve

MOST_ARRAY_BYTES = MOST_REPLY_BYTES // 3
"""What the samples may take, and what the observation may, so that curves have as much."""

_ANSWERS = frozenset({"refusal", "rewind_refusal"})
"""Two of them may be equal and still answer two requests."""


class _BranchHead(msgspec.Struct, frozen=True):
    """What the rest of a snapshot does not say of the branch under way."""

    number: int
    parent: int | None
    from_epoch: int
    knobs: dict[str, KnobValue]


class _LeftBranch(msgspec.Struct, frozen=True):
    """A `Branch`, field by field."""

    number: int
    parent: int | None
    from_epoch: int
    epochs_done: int
    metrics: dict[str, Points]
    best: BestEpoch | None
    knobs: dict[str, KnobValue]
    receipts: tuple[KnobApplied, ...]


def _fact_types() -> dict[str, Any]:
    known = {"Observation": Observation, "SampleScores": SampleScores, "ValidationSamples": ValidationSamples}
    hints = get_type_hints(Snapshot, localns=known)
    return {name: hints[name] for name in hints.keys() - {"metrics", "chunks", "left_branches"}} | {
        "branch": _BranchHead
    }


FACT_TYPES = _fact_types()
"""The fields of a snapshot that are sent whole, with the types they have on the way."""

_Curves = Mapping[str, Curve]


class NewsTeller:
    """Knows what one receiver has been told, and so what is new to it."""

    def __init__(self, *, per_sample: bool = True) -> None:
        """Begin with nothing told; `per_sample` as in `wire.Hello`."""
        self._per_sample = per_sample
        self.version: int | None = None
        """The last snapshot told of; None before the first."""
        self._facts: dict[str, Any] = {}
        self._metrics, self._chunks = _CurvesTold(), _CurvesTold()
        self._left_branches = 0
        self._samples: ValidationSamples | None = None
        self._observation: Callable[[], Observation | None] | None = None
        self._arrays = ArraySender()

    def news(self, snapshot: Snapshot) -> News:
        """Return what changed since the last call."""
        if snapshot.version == self.version:
            return News()
        self.version = snapshot.version
        stretch = snapshot.branch.number, snapshot.continued
        left, self._left_branches = snapshot.left_branches[self._left_branches :], len(snapshot.left_branches)
        return News(
            facts=self._new_facts(snapshot) | (self._per_sample_facts(snapshot) if self._per_sample else {}),
            metrics=self._metrics.news(snapshot.metrics, stretch),
            chunks=self._chunks.news(snapshot.chunks, (*stretch, snapshot.epoch)),
            left_branches=tuple(_encoded(branch, plain_array) for branch in left),
        )

    def _new_facts(self, snapshot: Snapshot) -> dict[str, msgspec.Raw]:
        before, self._facts = self._facts, _small_facts(snapshot)
        return {
            name: _encoded(value, plain_array)
            for name, value in self._facts.items()
            if name not in before or _differ(name, value, before[name])
        }

    def _per_sample_facts(self, snapshot: Snapshot) -> dict[str, msgspec.Raw]:
        facts = {}
        if snapshot.samples is not self._samples:
            self._samples = snapshot.samples
            facts["samples"] = _encoded(_sendable_samples(snapshot.samples), plain_array)
        if self._observation is None or self._observation() is not snapshot.observation:
            observation = snapshot.observation
            self._observation = _no_observation if observation is None else weakref.ref(observation)
            self._arrays.begin()
            facts["observation"] = _encoded(_sendable_observation(observation), self._arrays.plain)
        return facts


class NewsHearer:
    """Puts together what a `NewsTeller` tells."""

    def __init__(self) -> None:
        """Begin with nothing known."""
        self._facts: dict[str, Any] = {"samples": None, "observation": None}
        self._metrics: dict[str, Curve] = {}
        self._chunks: dict[str, Curve] = {}
        self._left_branches: tuple[Branch, ...] = ()
        self._arrays = ArrayReceiver()

    def hear(self, news: News) -> Snapshot:
        """Take news into account and return the picture as it is now; raises GarbageError when it makes no sense."""
        try:
            for name, raw in news.facts.items():
                self._facts[name] = self._decoded(name, raw)
            self._metrics = _joined(self._metrics, news.metrics)
            self._chunks = _joined(self._chunks, news.chunks)
            self._left_branches += tuple(_left_branch(raw) for raw in news.left_branches)
            return self._snapshot()
        except (msgspec.MsgspecError, LookupError, ValueError, TypeError, RecursionError) as error:
            raise GarbageError(f"Expected news of a run, received something else ({error}).") from error

    def _decoded(self, name: str, raw: msgspec.Raw) -> Any:
        hook: Callable[[Any, Any], Any] = read_array
        if name == "observation":
            self._arrays.begin()
            hook = self._arrays.read
        return msgspec.msgpack.decode(raw, type=FACT_TYPES[name], dec_hook=hook)

    def _snapshot(self) -> Snapshot:
        head: _BranchHead = self._facts["branch"]
        branch = Branch(
            number=head.number,
            parent=head.parent,
            from_epoch=head.from_epoch,
            epochs_done=self._facts["epochs_done"],
            metrics=self._metrics,
            best=self._facts["best"],
            knobs=head.knobs,
            receipts=self._facts["receipts"],
        )
        whole = self._facts | {"branch": branch, "left_branches": self._left_branches}
        return Snapshot(metrics=self._metrics, chunks=self._chunks, **whole)


class _CurvesTold:
    """How far several curves have been told."""

    def __init__(self) -> None:
        self._stretch: object = None
        self._points: dict[str, int] = {}

    def news(self, curves: _Curves, stretch: object) -> CurveNews | None:
        """Return what is new; `stretch` is equal as long as points only come behind others."""
        shrunk = any(name not in curves or len(curves[name]) < points for name, points in self._points.items())
        anew = stretch != self._stretch or shrunk
        self._stretch, told = stretch, {} if anew else self._points
        self._points = {name: len(curve) for name, curve in curves.items()}
        new = {name: curve for name, curve in curves.items() if told.get(name) != len(curve)}
        points = {name: _points_from(curve, told.get(name, 0)) for name, curve in new.items()}
        return CurveNews(anew=anew, points=points) if anew or points else None


def _points_from(curve: Curve, begin: int) -> Points:
    return Points(epochs=curve.epochs[begin:], values=curve.values[begin:])


def _joined(curves: dict[str, Curve], news: CurveNews | None) -> dict[str, Curve]:
    if news is None:
        return curves
    before = {} if news.anew else curves
    return before | {name: _longer(before.get(name), points) for name, points in news.points.items()}


def _longer(curve: Curve | None, points: Points) -> Curve:
    before = empty_curve() if curve is None else curve
    epochs = np.concatenate([before.epochs, points.epochs])
    values = np.concatenate([before.values, points.values])
    epochs.flags.writeable = values.flags.writeable = False
    return Curve(epochs=epochs, values=values)


def _small_facts(snapshot: Snapshot) -> dict[str, Any]:
    facts = {name: getattr(snapshot, name) for name in FACT_TYPES.keys() - {"samples", "observation"}}
    branch = snapshot.branch
    return facts | {"branch": _BranchHead(branch.number, branch.parent, branch.from_epoch, branch.knobs)}


def _differ(name: str, value: object, before: object) -> bool:
    return value is not before if name in _ANSWERS else value != before


def _no_observation() -> None:
    return None


def _sendable_samples(samples: ValidationSamples | None) -> ValidationSamples | None:
    """Return samples without their arrays where those are too large, or of a kind that only this machine knows."""
    if samples is None:
        return None
    arrays = [array for array in (samples.inputs, samples.original) if array is not None]
    if all(map(is_plain, arrays)) and sum(array.nbytes for array in arrays) <= MOST_ARRAY_BYTES:
        return samples
    return replace(samples, inputs=None, original=None)


def _sendable_observation(observation: Observation | None) -> Observation | None:
    if observation is None or _bytes_of(observation) > MOST_ARRAY_BYTES:
        return None
    return observation


def _bytes_of(observation: Observation) -> int:
    sizes: list[int] = []

    def measure(array: Any) -> None:
        sizes.append(array.nbytes)

    msgspec.to_builtins(observation, enc_hook=measure)
    return sum(sizes)


def _left_branch(raw: msgspec.Raw) -> Branch:
    left = msgspec.msgpack.decode(raw, type=_LeftBranch, dec_hook=read_array)
    curves = {name: Curve(epochs=points.epochs, values=points.values) for name, points in left.metrics.items()}
    return Branch(**(msgspec.structs.asdict(left) | {"metrics": curves}))


def _encoded(value: object, hook: Callable[[Any], Any]) -> msgspec.Raw:
    try:
        return msgspec.Raw(msgspec.msgpack.encode(value, enc_hook=hook))
    except UnicodeEncodeError:
        plain = msgspec.to_builtins(value, enc_hook=hook, builtin_types=(memoryview,))
        return msgspec.Raw(msgspec.msgpack.encode(_escaped(plain)))


def _escaped(value: Any) -> Any:
    """Return plain data with the halves of characters, which foreign text may hold and UTF-8 may not, as escapes."""
    match value:
        case str():
            return value.encode("utf-8", "backslashreplace").decode("utf-8")
        case dict():
            return {_escaped(key): _escaped(item) for key, item in value.items()}
        case list() | tuple():
            return [_escaped(item) for item in value]
    return value
