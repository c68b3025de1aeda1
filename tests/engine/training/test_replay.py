"""What a run that goes on trains again to prove itself: the stretch that ends at its checkpoint."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fitmon.engine import events
from fitmon.engine.checkpoints.policy import CheckpointPolicy
from fitmon.engine.checkpoints.resume_point import resume_point_of
from fitmon.engine.commands import Pause, PauseAt, Resume, SetKnob, Stop
from fitmon.engine.job import Job, TrainingData
from fitmon.engine.runs.run_folder import RunFolder
from fitmon.engine.runs.runs import Runs
from fitmon.engine.training.kept_run import KeptRun
from fitmon.engine.training.options import RunOptions
from tests.engine.watching import Watched, build_table_model, settings, table_job

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return Runs(tmp_path).create(job="small", settings=_job().settings)


def _job() -> Job:
    return table_job(build_table_model, settings(epochs=6, batch_size=2, dropout=0.2))


def _long_job() -> Job:
    """Return one whose epochs have several chunks."""
    random = np.random.default_rng(0)
    x = random.normal(size=(4_040, 6)).astype(np.float32)
    y = (x.sum(axis=1) > 0).astype(np.float32)
    data = TrainingData(x=x[:-40], y=y[:-40], x_validation=x[-40:], y_validation=y[-40:])
    return table_job(build_table_model, settings(epochs=3, batch_size=2, dropout=0.2), data)


def _kept(folder: RunFolder, job: Job, options: RunOptions, **kept: Any) -> KeptRun:
    return KeptRun(job, folder, options, **kept)


def _left(watched: Watched) -> None:
    watched.run()
    watched.session.close()


def _taken_up(folder: RunFolder, job: Job | None = None) -> events.RunResumed:
    watched = Watched(job or _job(), make=partial(_kept, folder), resume_point=resume_point_of(folder))
    _left(watched.on(events.RunResumed, lambda _: _stop(watched)))
    return watched.one(events.RunResumed)


def _stop(watched: Watched) -> None:
    watched.session.send(Stop())


def test_a_run_stopped_inside_an_epoch_trains_the_last_stretch_again(folder: RunFolder) -> None:
    watched = Watched(_long_job(), make=partial(_kept, folder))

    def stop_inside(chunk: events.ChunkEnded) -> None:
        if chunk.epoch == 2 and chunk.step < chunk.steps:
            _stop(watched)

    _left(watched.on(events.ChunkEnded, stop_inside))
    taken_up = _taken_up(folder, _long_job())
    assert 0 < taken_up.step < 2000
    assert taken_up.exact
    assert taken_up.proof == f"replaying steps 1 to {taken_up.step} of epoch 2 gave the same bits"


def test_after_a_pause_only_the_steps_since_then_are_trained_again(folder: RunFolder) -> None:
    watched = Watched(_long_job(), make=partial(_kept, folder))
    places: list[int] = []

    def pause_then_stop(chunk: events.ChunkEnded) -> None:
        if chunk.epoch == 2:
            places.append(chunk.step)
            watched.session.send(Pause(at=PauseAt.CHUNK) if len(places) == 1 else Stop())

    watched.on(events.ChunkEnded, pause_then_stop)
    _left(watched.on(events.RunPaused, lambda _: watched.session.send(Resume())))
    first, second, *_ = places
    proof = _taken_up(folder, _long_job()).proof
    assert proof == f"replaying steps {first + 1} to {second} of epoch 2 gave the same bits"


def test_a_short_last_epoch_is_trained_again_as_a_whole(folder: RunFolder) -> None:
    watched = Watched(_job(), make=partial(_kept, folder))
    _left(watched.on(events.EpochEnded, lambda end: _stop(watched) if end.epoch == 3 else None))
    resume_point = resume_point_of(folder)
    assert resume_point.state is not None
    assert (resume_point.state.facts.epochs_done, resume_point.state.facts.step) == (3, 0)
    taken_up = _taken_up(folder)
    assert (taken_up.exact, taken_up.proof) == (True, "replaying epoch 3 gave the same bits")


def test_an_epoch_with_a_changed_knob_is_not_replayed_with_the_old_value(folder: RunFolder) -> None:
    watched = Watched(_job(), SetKnob("learning_rate", 1e-4, epoch=3), make=partial(_kept, folder))
    _left(watched.on(events.EpochEnded, lambda end: _stop(watched) if end.epoch == 3 else None))
    taken_up = _taken_up(folder)
    assert "replaying epoch 3" not in taken_up.proof
    assert "different bits" not in taken_up.proof


def test_without_a_checkpoint_of_every_epoch_the_steps_before_one_can_be_replayed(folder: RunFolder) -> None:
    watched = Watched(_job(), make=partial(_kept, folder), policy=CheckpointPolicy(every_epochs=2))
    _left(watched.on(events.EpochEnded, lambda end: _stop(watched) if end.epoch == 4 else None))
    taken_up = _taken_up(folder)
    assert taken_up.exact
    assert taken_up.proof.endswith(" to 50 of epoch 4 gave the same bits")


def test_when_an_epoch_is_reported_the_previous_one_is_on_disk(folder: RunFolder) -> None:
    watched, kept = Watched(_job(), make=partial(_kept, folder)), []

    def look(start: events.EpochStarted) -> None:
        kept.append((start.epoch - 1, [p.name for p in folder.branch_path(1).glob("*.checkpoint")]))

    _left(watched.on(events.EpochStarted, look))
    assert len(kept) == 6
    assert all(len(names) >= epoch for epoch, names in kept)
