"""A run goes back to an epoch and trains on as a branch, with or without other knobs; nothing of the old is lost."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fitmon.engine import events
from fitmon.engine.checkpoints.find import kept_epochs, latest_state
from fitmon.engine.checkpoints.policy import CheckpointPolicy
from fitmon.engine.checkpoints.resume_point import resume_point_of
from fitmon.engine.commands import Detach, Pause, PauseAt, Resume, Rewind, SetKnob, Stop
from fitmon.engine.graph import Pacer
from fitmon.engine.job import Job
from fitmon.engine.runs.replay import replay_journal
from fitmon.engine.runs.run_folder import RunFolder
from fitmon.engine.runs.runs import Runs
from fitmon.engine.training.kept_run import KeptRun
from fitmon.engine.training.options import RunOptions
from tests.engine.watching import Watched, build_eager_table_model, build_table_model, settings, table_job

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return Runs(tmp_path).create(job="small", settings=_job().settings)


@pytest.fixture
def lingering(folder: RunFolder) -> Iterator[Watched]:
    watched = Watched(_job(), make=partial(_kept, folder), wait_after_end=True)
    yield watched
    watched.session.send(Stop())
    assert watched.session.join(60)
    watched.session.close()


def _job() -> Job:
    return table_job(build_eager_table_model, settings(epochs=4, dropout=0.2, batch_size=34))


def _kept(folder: RunFolder, job: Job, options: RunOptions, **kept: Any) -> KeptRun:
    return KeptRun(job, folder, options, **kept)


def _ends(watched: Watched, branch: int = 1) -> dict[int, events.EpochEnded]:
    """Return the end of each epoch trained in a branch."""
    found: dict[int, dict[int, events.EpochEnded]] = {1: {}}
    current = 1
    for event in watched.events:
        if isinstance(event, events.BranchStarted):
            current = event.branch
            found[current] = {}
        elif isinstance(event, events.EpochEnded):
            found[current][event.epoch] = event
    return found[branch]


def _metrics(watched: Watched, branch: int = 1) -> dict[int, dict[str, float]]:
    """Return the metrics of each epoch trained in a branch."""
    return {epoch: end.metrics for epoch, end in _ends(watched, branch).items()}


def _diagnosis(watched: Watched, branch: int = 1) -> dict[int, tuple[Any, list[str]]]:
    """Return what was measured and what was said of each epoch trained in a branch."""
    return {
        epoch: (end.measures, [finding.sentence for finding in end.findings or ()])
        for epoch, end in _ends(watched, branch).items()
    }


def test_a_branch_equals_a_run_that_changed_the_knob_at_that_epoch(lingering: Watched) -> None:
    changed = Watched(_job(), SetKnob("dropout", 0.6, epoch=3)).run()
    lingering.start().wait_for(events.RunEnded)
    lingering.session.send(Rewind(epoch=2, changes={"dropout": 0.6}))
    lingering.wait_for(events.RunEnded, 2)
    assert _metrics(lingering, 2) == {epoch: _metrics(changed)[epoch] for epoch in (3, 4)}
    assert _metrics(lingering, 2) != {epoch: _metrics(lingering)[epoch] for epoch in (3, 4)}


def test_a_branch_has_the_findings_of_a_run_that_changed_the_knob_at_that_epoch(lingering: Watched) -> None:
    """Its curves are those of the epochs that led to it; what was found of the branch that was left is forgotten."""
    lingering.session.send(SetKnob("epochs", 9, epoch=1))
    changed = Watched(_job(), SetKnob("epochs", 9, epoch=1), SetKnob("dropout", 0.6, epoch=6)).run()
    lingering.start().wait_for(events.RunEnded)
    lingering.session.send(Rewind(epoch=5, changes={"dropout": 0.6}))
    lingering.wait_for(events.RunEnded, 2)
    straight = _diagnosis(changed)
    assert _diagnosis(lingering, 2) == {epoch: straight[epoch] for epoch in range(6, 10)}
    assert _diagnosis(lingering, 2) != {epoch: _diagnosis(lingering)[epoch] for epoch in range(6, 10)}
    assert all(sentences for _, sentences in straight.values())


def test_requests_and_receipts_carry_the_reason_of_a_remedy(lingering: Watched) -> None:
    lingering.start().wait_for(events.RunEnded)
    lingering.session.send(Rewind(epoch=2, changes={"dropout": 0.6}, because="overfitting"))
    lingering.wait_for(events.RunEnded, 2)
    assert lingering.one(events.BranchStarted).because == "overfitting"
    assert lingering.one(events.KnobRequested).because == "overfitting"
    assert lingering.one(events.KnobApplied).because == "overfitting"
    assert lingering.session.snapshot().branch.because == "overfitting"


def test_a_rewind_to_the_start_trains_the_same_epochs_again(lingering: Watched) -> None:
    lingering.start().wait_for(events.RunEnded)
    lingering.session.send(Rewind(epoch=0))
    lingering.wait_for(events.RunEnded, 2)
    assert _metrics(lingering, 2) == _metrics(lingering, 1)


def test_a_run_rewinds_while_training_and_both_branches_stay_in_the_record(lingering: Watched) -> None:
    lingering.on(
        events.EpochStarted,
        lambda e: lingering.session.send(Rewind(1)) if (e.epoch, _branch(lingering)) == (3, 1) else None,
    )
    lingering.start().wait_for(events.RunEnded)
    snapshot = lingering.session.snapshot()
    assert (snapshot.branch.number, snapshot.branch.parent, snapshot.branch.from_epoch) == (2, 1, 1)
    (left,) = snapshot.other_branches
    assert list(left.metrics["loss"].epochs) == [1, 2]
    assert list(snapshot.metrics["loss"].epochs) == [1, 2, 3, 4]
    assert snapshot.metrics["loss"].values[1] == left.metrics["loss"].values[1], "nothing was changed"


def _branch(watched: Watched) -> int:
    number: int = watched.session.snapshot().branch.number
    return number


def test_a_run_can_rewind_to_an_epoch_of_another_branch(lingering: Watched) -> None:
    lingering.start().wait_for(events.RunEnded)
    lingering.session.send(Rewind(1, changes={"dropout": 0.6, "epochs": 3}))
    lingering.wait_for(events.RunEnded, 2)
    lingering.session.send(Rewind(3, branch=1))
    lingering.wait_for(events.RunEnded, 3)
    assert _metrics(lingering, 3) == {4: _metrics(lingering, 1)[4]}
    assert lingering.session.snapshot().branch.parent == 1


REFUSED = (
    (Rewind(9), "Epoch 9 of branch 1 has no checkpoint."),
    (Rewind(1, changes={"dropout": 7}), "Expected dropout to be"),
    (Rewind(1, changes={"dropout": 0.5, "learning_rate_factor": 2}), "learning_rate_factor cannot be changed"),
    (Rewind(1, changes={"threshold": 0.5}), "Unknown knob"),
)


def test_an_impossible_rewind_is_refused_and_changes_nothing(lingering: Watched) -> None:
    lingering.start().wait_for(events.RunEnded)
    before = lingering.state()
    for count, (rewind, reason) in enumerate(REFUSED, start=1):
        lingering.session.send(rewind)
        assert reason in lingering.wait_for(events.RewindRefused, count).reason
    assert len(lingering.all(events.RunEnded)) == 1
    assert not lingering.all(events.BranchStarted)
    assert all(np.array_equal(one, other) for one, other in zip(before, lingering.state(), strict=True))


def test_a_rewind_of_a_run_that_is_not_saved_is_refused_with_the_reason() -> None:
    watched = Watched(_job())
    watched.on(events.EpochStarted, lambda e: watched.session.send(Rewind(1)) if e.epoch == 2 else None).run()
    assert "not saved to disk" in watched.one(events.RewindRefused).reason


def test_a_resumed_run_has_all_branches_and_continues_the_last(folder: RunFolder) -> None:
    first = Watched(_job(), make=partial(_kept, folder))
    first.on(events.EpochEnded, lambda e: _steer_to_a_branch_and_stop(first, e)).run()
    first.session.close()
    second = Watched(_job(), make=partial(_kept, folder), resume_point=resume_point_of(folder)).run()
    second.session.close()
    straight = Watched(_job(), SetKnob("dropout", 0.6, epoch=2)).run()
    told = replay_journal(folder).record.snapshot()
    assert (told.branch.number, told.branch.from_epoch, len(told.other_branches)) == (2, 1, 1)
    assert {epoch: _metrics(second)[epoch] for epoch in (3, 4)} == {e: _metrics(straight)[e] for e in (3, 4)}
    assert sorted(kept_epochs(folder)) == [1, 2]


def _steer_to_a_branch_and_stop(watched: Watched, ended: events.EpochEnded) -> None:
    branch = _branch(watched)
    if (branch, ended.epoch) == (1, 2):
        watched.session.send(Rewind(1, changes={"dropout": 0.6}))
    elif (branch, ended.epoch) == (2, 2):
        watched.session.send(Stop())


def test_a_stop_inside_an_epoch_loses_no_step(folder: RunFolder) -> None:
    first = Watched(_job(), make=partial(_kept, folder))
    first.on(events.ChunkEnded, lambda e: first.session.send(Stop()) if e.epoch == 2 else None).run()
    first.session.close()
    stopped_at = first.all(events.ChunkEnded)[-1].step
    resume_point = resume_point_of(folder)
    assert resume_point.state is not None
    assert (resume_point.state.facts.epochs_done, resume_point.state.facts.step) == (1, stopped_at)
    second = Watched(_job(), make=partial(_kept, folder), resume_point=resume_point).run()
    second.session.close()
    assert {**_metrics(first), **_metrics(second)} == _metrics(Watched(_job()).run())


@pytest.mark.parametrize(("short_seconds", "position"), [(0.0, (1, 3)), (60.0, (2, 0))])
def test_a_stop_while_validating_loses_no_epoch(
    short_seconds: float, position: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long validation breaks off and is done again, a short one comes to its end first."""
    monkeypatch.setattr("fitmon.engine.training.epoch_report.SHORT_VALIDATION_SECONDS", short_seconds)
    monkeypatch.setattr(Pacer, "next_steps", lambda _: 1)
    job = _compiled_job()
    folder = Runs(tmp_path).create(job="small", settings=job.settings)

    def stop_in_second_epoch(event: events.PhaseChanged) -> None:
        if event.phase is events.Phase.VALIDATING and first.all(events.EpochEnded):
            first.session.send(Stop())

    first = Watched(job, make=partial(_kept, folder))
    first.on(events.PhaseChanged, stop_in_second_epoch).run()
    first.session.close()
    resume_point = resume_point_of(folder)
    assert resume_point.state is not None
    assert (resume_point.state.facts.epochs_done, resume_point.state.facts.step) == position
    second = Watched(job, make=partial(_kept, folder), resume_point=resume_point).run()
    second.session.close()
    assert {**_metrics(first), **_metrics(second)} == _metrics_of_compiled_run()


def _compiled_job() -> Job:
    return table_job(build_table_model, settings(epochs=3, dropout=0.2, batch_size=34))


@cache
def _metrics_of_compiled_run() -> dict[int, Any]:
    return _metrics(Watched(_compiled_job()).run())


def test_a_pause_and_a_lost_screen_write_a_checkpoint_at_once(folder: RunFolder) -> None:
    watched = Watched(_job(), make=partial(_kept, folder))
    watched.on(events.ChunkEnded, lambda e: watched.session.send(Pause(PauseAt.CHUNK)) if e.epoch == 1 else None)
    watched.start().wait_for(events.RunPaused)
    watched.session.send(Detach("the terminal has gone"))
    assert watched.wait_for(events.RunDetached).reason == "the terminal has gone"
    watched.session.send(Stop())
    assert watched.session.join(60)
    watched.session.close()
    state, _ = latest_state(folder, 1)
    assert state is not None
    assert (state.facts.epochs_done, state.facts.step) == (0, watched.one(events.RunPaused).step)


def test_pending_changes_are_pending_again_after_a_resume(folder: RunFolder) -> None:
    first = Watched(_job(), SetKnob("dropout", 0.5, epoch=4), make=partial(_kept, folder))
    first.on(events.EpochStarted, lambda e: first.session.send(Stop()) if e.epoch == 3 else None).run()
    first.session.close()
    second = Watched(_job(), make=partial(_kept, folder), resume_point=resume_point_of(folder)).run()
    second.session.close()
    assert [(told.knob, told.value, told.epoch) for told in second.all(events.KnobRequested)] == [("dropout", 0.5, 4)]
    assert second.one(events.KnobApplied).epoch == 4


def test_checkpoint_every_2_writes_every_second_epoch(folder: RunFolder) -> None:
    watched = Watched(_job(), make=partial(_kept, folder), policy=CheckpointPolicy(every_epochs=2)).run()
    watched.session.close()
    assert sorted(kept_epochs(folder)[1]) == [0, 2, 4]


def test_a_paused_run_continues_after_resume(folder: RunFolder) -> None:
    watched = Watched(_job(), Pause(PauseAt.CHUNK), make=partial(_kept, folder))
    watched.on(events.RunPaused, lambda _e: watched.session.send(Resume())).run()
    watched.session.close()
    assert watched.one(events.RunEnded).completed


def test_failed_checkpoints_are_reported_until_one_succeeds_and_training_continues(folder: RunFolder) -> None:
    folder.checkpoints_path.write_text("in the way")

    def make_room(event: events.EpochEnded) -> None:
        if event.epoch == 2:
            folder.checkpoints_path.unlink()

    watched = Watched(_job(), make=partial(_kept, folder)).on(events.EpochEnded, make_room).run()
    watched.session.close()
    assert watched.one(events.RunEnded).completed
    failed = watched.all(events.CheckpointFailed)
    assert failed
    assert all("could not be written" in told.message for told in failed)
    assert watched.one(events.CheckpointsResumed)
    assert watched.session.snapshot().disk_trouble == ""
