"""Made-up runs on disk, to list, compare and delete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from fitmon.engine import events
from fitmon.engine.job import Settings
from fitmon.engine.measures import Measures
from fitmon.engine.runs.journal_line import JournalEvent
from fitmon.engine.runs.run_folder import RunFolder
from fitmon.engine.runs.runs import Runs
from fitmon.engine.values import KnobOffer, KnobValue
from tests.engine.runs.made_up_journal import started
from tests.engine.training.run_owners import write_journal

FINISHED = events.RunEnded(reason="all epochs done", epochs_done=3, completed=True)


def settings(**changes: Any) -> Settings:
    """Return settings with the given ones changed."""
    facts: dict[str, Any] = {"epochs": 3, "batch_size": 64, "learning_rate": 1e-3, "units": (512,), "dropout": 0.0}
    return Settings(**(facts | changes))


def knobs_of(chosen: Settings) -> dict[str, KnobValue]:
    """Return the knobs that a run with these settings begins with."""
    names = ("learning_rate", "dropout", "l1", "l2", "batch_size", "epochs")
    return {name: getattr(chosen, name) for name in names}


def begun(chosen: Settings, **changes: Any) -> events.RunStarted:
    """Return the start of a run with these settings."""
    offers = tuple(KnobOffer(name=name, value=value) for name, value in knobs_of(chosen).items())
    return started(knobs=offers, epochs=chosen.epochs, **changes)


def epoch(number: int, val_loss: float, *, penalty: float | None = None, **metrics: float) -> events.EpochEnded:
    """Return the end of an epoch."""
    values = {"loss": val_loss / 2, "accuracy": 0.9, "val_loss": val_loss, "val_accuracy": 1 - val_loss / 4}
    measures = msgspec.UNSET if penalty is None else Measures(penalty=penalty)
    return events.EpochEnded(epoch=number, epochs=3, seconds=1.6, metrics=values | metrics, knobs={}, measures=measures)


def applied(knob: str, value: float, previous: float, number: int) -> events.KnobApplied:
    """Return the change of a knob at the start of an epoch."""
    return events.KnobApplied(knob=knob, requested=value, value=value, previous=previous, epoch=number, step=1)


def branch(number: int, parent: int, after: int, chosen: Settings) -> events.BranchStarted:
    """Return a rewind."""
    return events.BranchStarted(branch=number, parent=parent, epoch=after, knobs=knobs_of(chosen))


def create(
    root: Path,
    name: str,
    *told: JournalEvent,
    chosen: Settings | None = None,
    job: str = "mnist",
    arguments: Mapping[str, str | int | float | bool | None] | None = None,
) -> RunFolder:
    """Write the folder of a run that nobody trains; without events it has no journal."""
    folder = Runs(root).create(job=job, settings=chosen or settings(), name=name, arguments=arguments)
    if told:
        write_journal(folder, *told)
    return folder


def trained(root: Path, name: str, losses: Sequence[float], **chosen: Any) -> RunFolder:
    """Write a finished run with these validation losses."""
    found = settings(**chosen)
    told = [epoch(number, loss) for number, loss in enumerate(losses, 1)]
    return create(root, name, begun(found), *told, FINISHED, chosen=found)


def rewound(root: Path, name: str) -> RunFolder:
    """Write a run that halved its rate in epoch 3, and was then rewound to the end of epoch 2 with dropout."""
    chosen = settings()
    first: list[JournalEvent] = [epoch(1, 0.8), epoch(2, 0.4), applied("learning_rate", 5e-4, 1e-3, 3), epoch(3, 0.5)]
    second: list[JournalEvent] = [branch(2, 1, 2, chosen), applied("dropout", 0.3, 0.0, 3), epoch(3, 0.3)]
    return create(root, name, begun(chosen), *first, *second, FINISHED, chosen=chosen)
