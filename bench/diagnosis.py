"""Measures the diagnosis on runs whose truth is known: how often it is right, and how long it takes.

`python -m bench.diagnosis` names each run in which it is wrong; the last line is JSON. With seeds, as in `python -m
bench.diagnosis 7`, it uses the runs that `bench.collection.make` recorded with them.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from bench.collection.recording import SEEDS, Answer, read_collection
from bench.collection.simulated import known_curves, plateaus
from fitmon.engine.diagnosis.curves import EpochCurves
from fitmon.engine.diagnosis.diagnosis import Diagnosis
from fitmon.engine.diagnosis.evidence import Evidence, KnobChange, Rule
from fitmon.engine.diagnosis.paired import PairedLosses
from fitmon.engine.diagnosis.rules import RULES
from fitmon.engine.measures import Measures

LONG_HISTORY = 10_000
SAMPLES_OF_LONG_HISTORY = 10_000
REPETITIONS = 50


class Labelled(Protocol):
    """A run with known correct findings."""

    @property
    def name(self) -> str:
        """Return its name."""

    def answer(self, finding: str) -> Answer:
        """Return whether a finding must be made by the end."""

    def evidence(self) -> Iterator[Evidence]:
        """Yield the evidence for the diagnosis, epoch by epoch."""


@dataclass(slots=True)
class Score:
    """The names of the runs in which one finding was made or should have been."""

    right: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """Made, but must not be."""
    missed: list[str] = field(default_factory=list)
    """Not made, but must be."""

    @property
    def precision(self) -> float:
        """Return the share of the findings made that were right; 0: none was made."""
        return _share(len(self.right), len(self.wrong))

    @property
    def recall(self) -> float:
        """Return the share of the findings due that were made; 0: none was due."""
        return _share(len(self.right), len(self.missed))

    def add(self, other: Score) -> None:
        """Add the runs of another score."""
        self.right += other.right
        self.wrong += other.wrong
        self.missed += other.missed

    def text(self) -> str:
        """Return it as text."""
        counts = f"{len(self.right)} right, {len(self.wrong)} wrong, {len(self.missed)} missed"
        return f"precision {self.precision:.3f}, recall {self.recall:.3f}: {counts}"

    def count(self, answer: Answer, run: str, *, made: bool) -> None:
        """Add one run."""
        if answer is Answer.MUST:
            (self.right if made else self.missed).append(run)
        elif answer is Answer.MUST_NOT and made:
            self.wrong.append(run)


def _share(right: int, wrong: int) -> float:
    return right / (right + wrong) if right else 0.0


def names_by_epoch(run: Labelled, rules: tuple[Rule, ...] = RULES) -> list[frozenset[str]]:
    """Return the names of the findings of these rules after each epoch."""
    diagnosis = Diagnosis(rules, strict=True)
    return [frozenset(finding.name for finding in diagnosis.update(evidence)) for evidence in run.evidence()]


def scores(runs: Iterable[Labelled]) -> dict[str, Score]:
    """Return how the diagnosis does on these runs, by finding.

    The findings at the end of a run count. After the first epoch it is too early for every run with finite losses.
    """
    found = {rule.name: Score() for rule in RULES}
    for run in runs:
        names = names_by_epoch(run)
        for finding, score in found.items():
            score.count(run.answer(finding), run.name, made=finding in names[-1])
        if "too_early" in found and _starts_finite(run):
            found["too_early"].count(Answer.MUST, f"{run.name}, epoch 1", made="too_early" in names[0])
    return found


def _starts_finite(run: Labelled) -> bool:
    first = next(run.evidence())
    return bool(np.isfinite([first.last("loss"), first.last("val_loss")]).all())


def groups(seeds: Iterable[int] = SEEDS) -> dict[str, tuple[Labelled, ...]]:
    """Return the recorded runs by seed, and the known curves."""
    recorded: dict[str, tuple[Labelled, ...]] = {f"seed {seed}": read_collection(seed) for seed in seeds}
    return recorded | {"curves": tuple(known_curves())}


def together(found: Iterable[dict[str, Score]]) -> dict[str, Score]:
    """Return the scores of several groups as one."""
    total = {rule.name: Score() for rule in RULES}
    for group in found:
        for finding, score in group.items():
            total[finding].add(score)
    return total


def called_overfitting(runs: Iterable[Labelled]) -> list[str]:
    """Return the names of the runs that are called overfitting after any of their epochs."""
    rules = tuple(rule for rule in RULES if rule.name == "overfitting")
    return [run.name for run in runs if any(names_by_epoch(run, rules))]


def milliseconds_per_epoch() -> tuple[float, float]:
    """Return the median times of measuring and diagnosing an epoch with a long history."""
    random = np.random.default_rng(0)
    evidence, diagnosis, paired = _long_history(random), Diagnosis(), PairedLosses()
    measuring, diagnosing = [], []
    for epoch in range(1, REPETITIONS + 1):
        losses = random.exponential(size=(2, SAMPLES_OF_LONG_HISTORY)).astype(np.float32)
        since = time.perf_counter()
        paired.update(epoch, losses[0], losses[1])
        measured = time.perf_counter()
        diagnosis.update(evidence)
        diagnosing.append(1000 * (time.perf_counter() - measured))
        measuring.append(1000 * (measured - since))
    return statistics.median(measuring), statistics.median(diagnosing)


def _long_history(random: np.random.Generator) -> Evidence:
    curves = EpochCurves()
    names = ("loss", "accuracy", "val_loss", "val_accuracy", *Measures.__struct_fields__)
    first = next(iter(known_curves()))
    for _ in range(LONG_HISTORY):
        curves.append(dict(zip(names, random.uniform(0.4, 0.5, len(names)), strict=True)))
    return Evidence(
        epoch=LONG_HISTORY,
        epochs=LONG_HISTORY,
        curves=curves.views(),
        knobs={"learning_rate": 1e-3, "dropout": 0.1, "batch_size": 32, "epochs": LONG_HISTORY},
        facts=next(first.evidence()).facts,
        changes=tuple(KnobChange(epoch=at, knob="dropout", previous=0.2, value=0.1) for at in (10, 100)),
    )


def main() -> None:
    """Print precision and recall of each finding, and the runs in which it is wrong."""
    found = {name: scores(runs) for name, runs in groups(map(int, sys.argv[1:]) if sys.argv[1:] else SEEDS).items()}
    total = together(found.values())
    for finding, score in total.items():
        print(f"{finding:24}{score.text()}")
        for name, group in found.items():
            print(*(f"    wrong: {run}, {name}\n" for run in group[finding].wrong), sep="", end="")
            print(*(f"    missed: {run}, {name}\n" for run in group[finding].missed), sep="", end="")
    overfitting, milliseconds = called_overfitting(plateaus()), milliseconds_per_epoch()
    print(f"plateaus called overfitting: {overfitting}; measuring and diagnosing: {milliseconds} ms")
    summary = {name: [score.precision, score.recall, score.text()] for name, score in total.items()}
    print(json.dumps({"findings": summary, "overfitting": overfitting, "milliseconds": milliseconds}))


if __name__ == "__main__":
    main()
