"""Measures the diagnosis on runs whose truth is known: how often it is right, and how long it takes.

`python -m bench.diagnosis` names each run in which it is wrong; the last line is JSON. With seeds, as in `python -m
bench.diagnosis 7`, it uses the runs that `bench.collection.make` recorded with them. Shares have 95 % intervals.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from bench.collection.general_labels import GOOD_NEWS
from bench.collection.recording import SEEDS, Answer, read_collection
from bench.collection.simulated import known_curves, plateaus
from fitmon.engine.diagnosis.curves import EpochCurves
from fitmon.engine.diagnosis.diagnosis import Diagnosis
from fitmon.engine.diagnosis.evidence import Evidence, KnobChange, Rule
from fitmon.engine.diagnosis.paired import PairedLosses
from fitmon.engine.diagnosis.rules import RULES
from fitmon.engine.finding import Finding
from fitmon.engine.insight.interval import wilson_interval
from fitmon.engine.measures import Measures

LONG_HISTORY = 10_000
SAMPLES_OF_LONG_HISTORY = 10_000
REPETITIONS = 50
ALARM = 0.5
"""Weight times confidence from which a finding is more than a note."""
OF_MEMORIZING = frozenset({"overfitting", "memorizing"})


class Labelled(Protocol):
    """A run with known correct findings."""

    @property
    def name(self) -> str:
        """Return its name."""

    @property
    def healthy(self) -> bool:
        """Return whether nothing is to be changed in it."""

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

    @property
    def intervals(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return the 95 % intervals of precision and recall."""
        right = len(self.right)
        return interval(right, right + len(self.wrong)), interval(right, right + len(self.missed))

    def add(self, other: Score) -> None:
        """Add the runs of another score."""
        self.right += other.right
        self.wrong += other.wrong
        self.missed += other.missed

    def text(self) -> str:
        """Return it as text."""
        right, precision, recall = len(self.right), *self.intervals
        return (
            f"precision {self.precision:.2f} {_in_brackets(precision)} ({right} right, {len(self.wrong)} wrong), "
            f"recall {self.recall:.2f} {_in_brackets(recall)} ({right} right, {len(self.missed)} missed)"
        )

    def count(self, answer: Answer, run: str, *, made: bool) -> None:
        """Add one run."""
        if answer is Answer.MUST:
            (self.right if made else self.missed).append(run)
        elif answer is Answer.MUST_NOT and made:
            self.wrong.append(run)


def _share(right: int, wrong: int) -> float:
    return right / (right + wrong) if right else 0.0


def interval(count: int, total: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson); (0, 1) where nothing was counted."""
    return wilson_interval(count, total) or (0.0, 1.0)


def _in_brackets(ends: tuple[float, float]) -> str:
    return f"[{ends[0]:.2f}, {ends[1]:.2f}]"


@dataclass(frozen=True, slots=True)
class Alarm:
    """A finding stronger than a note in a run in which nothing is to be changed."""

    run: str
    epoch: int
    """The first with it."""
    finding: str
    sentence: str

    def text(self) -> str:
        """Return it as text."""
        return f"{self.run}, epoch {self.epoch}, {self.finding}: {self.sentence}"


def alarms(run: Labelled) -> list[Alarm]:
    """Return the alarms of any epoch of a run."""
    weights = {rule.name: rule.weight for rule in RULES}
    found = dict[str, Alarm]()
    for epoch, findings in enumerate(findings_by_epoch(run), start=1):
        for finding in findings:
            strength = weights.get(finding.name, 0.0) * finding.confidence
            if strength >= ALARM and finding.name not in GOOD_NEWS | found.keys():
                found[finding.name] = Alarm(run.name, epoch, finding.name, finding.sentence)
    return list(found.values())


@dataclass(frozen=True, slots=True)
class Healthy:
    """How the diagnosis does on runs in which nothing is to be changed."""

    runs: int
    alarms: tuple[Alarm, ...]

    @property
    def quiet(self) -> int:
        """Return how many runs have no alarm."""
        return self.runs - len({alarm.run for alarm in self.alarms})

    def text(self) -> str:
        """Return it as text."""
        share, ends = _share(self.quiet, self.runs - self.quiet), _in_brackets(interval(self.quiet, self.runs))
        return f"healthy runs without an alarm: {share:.2f} {ends} ({self.quiet} of {self.runs})"


def of_healthy(runs: Iterable[Labelled]) -> Healthy:
    """Return how the diagnosis does on the healthy ones of these runs."""
    healthy = [run for run in runs if run.healthy]
    return Healthy(len(healthy), tuple(alarm for run in healthy for alarm in alarms(run)))


def names_by_epoch(run: Labelled, rules: tuple[Rule, ...] = RULES) -> list[frozenset[str]]:
    """Return the names of the findings of these rules after each epoch."""
    return [frozenset(finding.name for finding in findings) for findings in findings_by_epoch(run, rules)]


def findings_by_epoch(run: Labelled, rules: tuple[Rule, ...] = RULES) -> list[tuple[Finding, ...]]:
    """Return the findings of these rules after each epoch; warns of a rule that raises, and leaves it out."""
    try:
        return _findings(run, Diagnosis(rules, strict=True))
    except Exception as error:  # noqa: BLE001 - whatever a rule raises, the others are measured
        warnings.warn(f"{run.name}: a rule raises {error!r}", stacklevel=1)
        return _findings(run, Diagnosis(rules))


def _findings(run: Labelled, diagnosis: Diagnosis) -> list[tuple[Finding, ...]]:
    return [diagnosis.update(evidence) for evidence in run.evidence()]


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
    """Return the names of the runs that are called overfitting or memorizing after any of their epochs."""
    rules = tuple(rule for rule in RULES if rule.name in OF_MEMORIZING)
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
    runs = groups(map(int, sys.argv[1:]) if sys.argv[1:] else SEEDS)
    found = {name: scores(group) for name, group in runs.items()}
    total = together(found.values())
    for finding, score in total.items():
        print(f"{finding:24}{score.text()}")
        for name, group in found.items():
            print(*(f"    wrong: {run}, {name}\n" for run in group[finding].wrong), sep="", end="")
            print(*(f"    missed: {run}, {name}\n" for run in group[finding].missed), sep="", end="")
    healthy = of_healthy(run for group in runs.values() for run in group)
    print(healthy.text(), *(f"    alarm: {alarm.text()}" for alarm in healthy.alarms), sep="\n")
    overfitting, milliseconds = called_overfitting(plateaus()), milliseconds_per_epoch()
    print(f"plateaus called overfitting: {overfitting}; measuring and diagnosing: {milliseconds} ms")
    print(json.dumps(_summary(total, healthy) | {"overfitting": overfitting, "milliseconds": milliseconds}))


def _summary(total: dict[str, Score], healthy: Healthy) -> dict[str, object]:
    """Return the numbers as JSON has them."""
    return {
        "findings": {name: [score.precision, score.recall, score.text()] for name, score in total.items()},
        "intervals": {name: score.intervals for name, score in total.items()},
        "healthy": {
            "runs": healthy.runs,
            "quiet": healthy.quiet,
            "interval": interval(healthy.quiet, healthy.runs),
            "alarms": [alarm.text() for alarm in healthy.alarms],
        },
    }


if __name__ == "__main__":
    main()
