"""Extracts the facts of some validation samples from an observation, for the table, the details and the CSV."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from fitmon.engine.insight.dynamics import Kind, Kinds
from fitmon.engine.insight.observer import Observation
from fitmon.engine.insight.scores import Booleans, Floats, Integers, SampleScores
from fitmon.text import format as form
from fitmon.tui.drawing.sample_order import Indices, comparable

KIND_WORDS: dict[int, str] = {
    Kind.TOO_EARLY: "too early",
    Kind.EASY: "easy",
    Kind.AMBIGUOUS: "ambiguous",
    Kind.HARD: "hard",
    Kind.UNSTABLE: "unstable",
    Kind.SUSPECT: "suspect",
}
"""The name of each `Kind` on the screen and in files."""


@dataclass(frozen=True, slots=True, eq=False)
class SampleFacts:
    """k entries of the scores; every array is (k,)."""

    samples: Indices
    """Zero-based numbers of the samples in the validation set."""
    labels: Indices | None
    """Which label of the sample it is; None if samples have one label."""
    true_class: Integers
    answers: Integers
    """The class predicted at the threshold; undefined if not `is_number`."""
    right: Booleans
    is_number: Booleans
    """Whether the prediction is not NaN."""
    probability_true: Floats
    margin: Floats
    losses: Floats | None
    """None if there is no loss per sample."""
    changes: Floats | None
    """p(true) minus that of the previous epoch; None if there is none to compare with."""
    crossed: Booleans | None
    """Whether its prediction became right or wrong since the previous epoch; None as above."""
    crossings: Integers | None
    """None before epoch 1, as `kinds`."""
    kinds: Kinds | None

    def __len__(self) -> int:
        return len(self.samples)


def facts_of(observation: Observation, threshold: float, indices: Indices) -> SampleFacts:
    """Return the facts of the entries at `indices`, (k,) in 0..n-1; the cost does not grow with n."""
    scores, dynamics, before = observation.scores, observation.dynamics, comparable(observation)
    picked, picked_before = _picked(scores, indices), None if before is None else _picked(before, indices)
    right = picked.right(threshold)
    return SampleFacts(
        samples=indices // scores.labels,
        labels=indices % scores.labels if scores.labels > 1 else None,
        true_class=picked.true_class,
        answers=picked.answers(threshold),
        right=right,
        is_number=np.isfinite(picked.margin),
        probability_true=picked.probability_true,
        margin=picked.margin,
        losses=picked.losses,
        changes=None if picked_before is None else picked.probability_true - picked_before.probability_true,
        crossed=None if picked_before is None else right != picked_before.right(threshold),
        crossings=None if dynamics is None else dynamics.crossings[indices],
        kinds=None if dynamics is None else dynamics.kinds[indices],
    )


def _picked(scores: SampleScores, indices: Indices) -> SampleScores:
    return SampleScores(
        task=scores.task,
        true_class=scores.true_class[indices],
        predicted_class=scores.predicted_class[indices],
        probability_true=scores.probability_true[indices],
        margin=scores.margin[indices],
        probability=None if scores.probability is None else scores.probability[indices],
        losses=None if scores.losses is None else scores.losses[indices],
    )


@lru_cache(maxsize=8)
def shown_names(names: tuple[str, ...], max_cells: int) -> tuple[str, ...]:
    """Return names from the data as text that is safe for a terminal, clipped to `max_cells`.

    If that would make two of them equal, each is prefixed by its class number.
    """
    cleaned = [one_line(name) for name in names]
    clipped = tuple(form.clip(name, max_cells) for name in cleaned)
    if len(set(clipped)) == len(names):
        return clipped
    return tuple(form.clip(f"{number} {name}", max_cells) for number, name in enumerate(cleaned))


def one_line(name: str) -> str:
    """Return a name from the data without control characters, with single blanks between words."""
    return " ".join(form.clean(name).split())


def name_of(names: tuple[str, ...], number: int) -> str:
    """Return the name of a class or label; its number if it has none."""
    return names[number] if 0 <= number < len(names) else str(number)


def class_names_of(observation: Observation, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of the classes; none if a sample has several labels, which then have the names."""
    return names if observation.scores.labels == 1 else ()
