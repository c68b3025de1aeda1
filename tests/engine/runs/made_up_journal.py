"""Made-up events of a run for journals, and what a journal contains."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from fitmon.engine import events
from fitmon.engine.finding import Finding, Remedy
from fitmon.engine.measures import Insight, Measures
from fitmon.engine.record.record import RunRecord
from fitmon.engine.runs.journal_line import (
    CommandReceived,
    DamagedLineError,
    JournalEntry,
    JournalLine,
    JournalOpened,
    UnknownLineError,
    decode_line,
)
from fitmon.engine.runs.journal_reader import JournalProblem, read_journal
from fitmon.engine.values import KnobOffer, KnobValue

KNOBS: dict[str, KnobValue] = {
    "learning_rate": 0.001,
    "learning_rate_factor": None,
    "dropout": 0.25,
    "l1": 0.0,
    "l2": 0.0,
    "batch_size": 64,
    "epochs": 10000,
}


def started(**changes: Any) -> events.RunStarted:
    """Return the start of a run of digits."""
    facts: dict[str, Any] = {
        "run": "mnist",
        "epochs": 10,
        "steps": 938,
        "training_samples": 60000,
        "validation_samples": 10000,
        "class_names": tuple("0123456789"),
        "knobs": tuple(KnobOffer(name=name, value=value) for name, value in KNOBS.items()),
        "seed": 0,
        "device": "CPU (2 threads)",
        "versions": {"keras": "3.15.1"},
        "parameters": 50890,
        "jit": False,
        "majority_share": 0.1135,
    }
    return events.RunStarted(**{**facts, **changes})


MEASURES = Measures(
    training_loss=0.0185413,
    training_accuracy=0.996271,
    validation_loss=0.0643127,
    validation_accuracy=0.981203,
    penalty=0.0123456,
    best_epoch=9876,
    validation_since_best=0.00921345,
    validation_since_best_error=0.00167123,
    training_since_best=-0.0212345,
    training_since_best_error=0.000912345,
    validation_lately=0.00312345,
    validation_lately_error=0.00101234,
    training_lately=-0.00512345,
    training_lately_error=0.000412345,
    dead_share=0.0234375,
    saturated_share=0.142857,
    suspected_labels=43,
)
OVERFITTING = Finding(
    name="overfitting",
    sentence="overfitting since epoch 4: validation loss rose 0.062 → 0.071 (+0.009 ± 0.002) while training fell.",
    epochs=(4, 10),
    confidence=0.93,
    remedies=(Remedy(advice="add dropout of 0.3", expect="The gap closes.", changes={"dropout": 0.3}, rewind_to=4),),
)


def ended(epoch: int, *, insight: Insight | None = None, **metrics: float) -> events.EpochEnded:
    """Return the end of an epoch; metrics as those of the real MNIST unless given."""
    metrics = metrics or {"loss": 0.22961955, "accuracy": 0.9324333, "val_loss": 0.11589626, "val_accuracy": 0.9654}
    return events.EpochEnded(
        epoch=epoch,
        epochs=10000,
        seconds=1.714645,
        metrics=metrics,
        knobs=KNOBS,
        insight=insight or msgspec.UNSET,
        measures=MEASURES,
        findings=(OVERFITTING,),
    )


def record_of(told: list[Any]) -> RunRecord:
    """Fold events."""
    record = RunRecord()
    for event in told:
        record.apply(event)
    return record


def entries(path: Path) -> list[JournalEntry]:
    """Return a journal's entries."""
    return [entry for entry in read_journal(path) if not isinstance(entry, JournalProblem)]


def journaled(path: Path) -> list[Any]:
    """Return a journal's events."""
    return [entry for entry in entries(path) if not isinstance(entry, CommandReceived | JournalOpened)]


def lines(path: Path) -> list[JournalLine]:
    """Return a journal's undamaged lines."""
    found = []
    for raw in path.read_bytes().splitlines(keepends=True):
        with suppress(DamagedLineError, UnknownLineError):
            found.append(decode_line(raw))
    return found


def messages(path: Path) -> list[str]:
    """Return what is wrong with a journal, a sentence each."""
    return [problem.message for problem in read_journal(path) if isinstance(problem, JournalProblem)]


def problems(path: Path) -> list[tuple[str, int]]:
    """Return what is wrong with a journal in a word each, with the line."""
    return [_in_a_word(message) for message in messages(path)]


def _in_a_word(message: str) -> tuple[str, int]:
    for word, pattern in {
        "cut off": r"Line (\d+), the last one, is cut off",
        "damaged": r"Line (\d+) is damaged",
        "missing": r"Before line (\d+), entr\w+ .* missing",
        "unknown": r"Line (\d+) was written by another version of fitmon",
    }.items():
        if found := re.match(pattern, message):
            return word, int(found[1])
    raise AssertionError(message)
