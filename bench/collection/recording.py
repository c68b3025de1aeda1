"""A recorded run: the evidence epoch by epoch, the truth about it, and the findings it must have."""

from __future__ import annotations

import gzip
import itertools
import math
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path

import msgspec

from bench.collection.truth import Truth
from fitmon.engine.diagnosis.curves import EpochCurves
from fitmon.engine.diagnosis.evidence import Evidence, KnobChange
from fitmon.engine.facts import Facts
from fitmon.engine.values import KnobValue

SEEDS = (0, 1)
"""Of data and weights, stored with the project. The rules were corrected where one of these runs showed a mistake;
docs/diagnosis.md reports how they did on unseen runs of other seeds."""

Number = float | str | None
"""A number; `nan`, `inf` or `-inf` as text; None where nothing was measured."""


class Answer(StrEnum):
    """Whether a finding must be made."""

    MUST = "must"
    MUST_NOT = "must not"
    EITHER = "either"
    """Neither would be wrong, or the truth is not known: not counted."""


class Label(msgspec.Struct, frozen=True, array_like=True):
    """Whether a finding must be made by the end of a run, and how that is known."""

    answer: Answer
    because: str


class Recording(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One run. All curves have a value for each epoch that was trained."""

    name: str
    made: str
    """How it was made, in words."""
    data: str
    epochs: int
    """Planned."""
    healthy: bool = False
    """Whether a competent practitioner would change nothing."""
    facts: Facts
    """After the last epoch: some are only seen in passing."""
    knobs: tuple[tuple[int, dict[str, KnobValue]], ...]
    """The values from an epoch on, rising."""
    metrics: dict[str, list[Number]]
    """Keras's, by their names."""
    measures: dict[str, list[Number]]
    """The fields of `Measures`."""
    truth: Truth
    labels: dict[str, Label] = {}
    """By the names of the findings; one that is missing is `EITHER`."""

    @property
    def epochs_done(self) -> int:
        """Return how many epochs were trained."""
        return len(next(iter(self.metrics.values())))

    def answer(self, finding: str) -> Answer:
        """Return whether a finding must be made by the end."""
        label = self.labels.get(finding)
        return Answer.EITHER if label is None else label.answer

    def evidence(self) -> Iterator[Evidence]:
        """Yield what the engine gave the diagnosis, epoch by epoch."""
        curves = EpochCurves()
        for epoch in range(1, self.epochs_done + 1):
            curves.append(self._values(epoch))
            yield Evidence(
                epoch=epoch,
                epochs=self.epochs,
                curves=curves.views(),
                knobs=next(values for since, values in reversed(self.knobs) if since <= epoch),
                facts=self.facts,
                changes=tuple(change for change in self._changes() if change.epoch <= epoch),
            )

    def _changes(self) -> Iterator[KnobChange]:
        for (_, before), (since, after) in itertools.pairwise(self.knobs):
            for name, value in after.items():
                scheduled = name == "learning_rate" and after.get("learning_rate_factor") is not None
                if value != before.get(name) and not scheduled:
                    yield KnobChange(epoch=since, knob=name, previous=before.get(name), value=value)

    def _values(self, epoch: int) -> Mapping[str, float]:
        values_now = {name: values[epoch - 1] for name, values in (self.metrics | self.measures).items()}
        return {name: float(value) for name, value in values_now.items() if value is not None}


def as_json_number(value: float | None) -> Number:
    """Return a number with six digits, or as text where JSON has no such number."""
    if value is None:
        return None
    return float(f"{value:.6g}") if math.isfinite(value) else str(value)


def path_of(seed: int) -> Path:
    """Return the file that keeps the runs made with a seed."""
    return Path(__file__).with_name(f"runs_of_seed_{seed}.json.gz")


@cache
def read_collection(seed: int) -> tuple[Recording, ...]:
    """Return the recorded runs of a seed."""
    return from_bytes(path_of(seed).read_bytes())


def write_collection(recordings: tuple[Recording, ...], seed: int) -> None:
    """Write the runs of a seed."""
    path_of(seed).write_bytes(as_bytes(recordings))


def from_bytes(content: bytes) -> tuple[Recording, ...]:
    """Return the runs in the content of a file."""
    return msgspec.json.decode(gzip.decompress(content), type=tuple[Recording, ...])


def as_bytes(recordings: tuple[Recording, ...]) -> bytes:
    """Return the content of a file, a line for each run, compressed; the same runs always give the same bytes."""
    return gzip.compress(b"[\n" + b",\n".join(map(msgspec.json.encode, recordings)) + b"\n]\n", mtime=0)
