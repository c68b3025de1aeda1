"""L2 is raised during a run: the validation loss jumps by the penalty, and the best epoch moves on nevertheless."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fitmon.engine import events
from fitmon.engine.checkpoints.checkpoint import read_checkpoint
from fitmon.engine.checkpoints.find import kept_epochs
from fitmon.engine.commands import Export, SetKnob
from fitmon.engine.job import Job
from fitmon.engine.runs.replay import replay_journal
from fitmon.engine.runs.runs import Runs
from fitmon.engine.training.kept_run import KeptRun
from fitmon.engine.training.options import RunOptions
from tests.engine.watching import Watched, build_table_model, settings, table_job

pytestmark = pytest.mark.slow

EPOCHS, RAISED_AT = 6, 4


def test_the_best_epoch_and_the_exported_weights_are_those_with_the_lowest_data_loss(tmp_path: Path) -> None:
    path, job = tmp_path / "model.keras", table_job(build_table_model, settings(epochs=EPOCHS, dropout=0.0))
    folder = Runs(tmp_path / "runs").create(job="table", settings=job.settings)

    def kept(job: Job, options: RunOptions, **more: Any) -> KeptRun:
        return KeptRun(job, folder, options, **more)

    raised = SetKnob("l2", 0.02, epoch=RAISED_AT)
    watched = Watched(job, raised, Export(str(path), at_end=True), make=kept)
    weights: dict[int, list[Any]] = {}
    watched.on(events.EpochEnded, lambda e: weights.update({e.epoch: watched.session.model.get_weights()})).run()
    watched.session.close()
    ended = watched.all(events.EpochEnded)
    val_losses = [event.metrics["val_loss"] for event in ended]
    penalties = [event.measures.penalty for event in ended if event.measures]
    data_losses = [loss - (penalty or 0.0) for loss, penalty in zip(val_losses, penalties, strict=True)]
    assert np.argmin(val_losses) + 1 < RAISED_AT, "the penalty is larger than what the data loss still falls by"
    best_epoch = int(np.argmin(data_losses)) + 1
    assert best_epoch >= RAISED_AT
    best = watched.session.snapshot().best
    assert (best.epoch, best.value, best.penalty) == (best_epoch, val_losses[best_epoch - 1], penalties[best_epoch - 1])
    assert watched.one(events.ModelExported).epoch == best_epoch
    assert same(exported(path), weights[best_epoch])
    assert not same(exported(path), weights[RAISED_AT - 1])
    assert replay_journal(folder).record.snapshot().best == best
    assert read_checkpoint(kept_epochs(folder)[1][EPOCHS]).facts.best == best


def exported(path: Path) -> list[Any]:
    import keras

    return list(keras.saving.load_model(path, compile=False).get_weights())


def same(some: list[Any], others: list[Any]) -> bool:
    return all(np.array_equal(one, other) for one, other in zip(some, others, strict=True))
