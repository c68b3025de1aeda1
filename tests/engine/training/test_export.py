"""A run's model becomes a file that plain Keras loads, with the best weights or the last ones; the run is as before."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fitmon.engine import events
from fitmon.engine.checkpoints.policy import CheckpointPolicy
from fitmon.engine.checkpoints.resume_point import resume_point_of
from fitmon.engine.commands import Export, Rewind, SetKnob, Stop
from fitmon.engine.job import Job
from fitmon.engine.record.record import RunRecord
from fitmon.engine.runs.run_folder import RunFolder
from fitmon.engine.runs.runs import Runs
from fitmon.engine.training.kept_run import KeptRun
from fitmon.engine.training.options import RunOptions
from fitmon.engine.training.session import Session
from tests.engine.training.export_models import build_normalized_model, seen_by_plain_keras
from tests.engine.watching import Watched, build_table_model, settings, small_table, table_job

pytestmark = pytest.mark.slow

SPOILING = SetKnob("learning_rate", 3.0, epoch=5)
"""Makes all later epochs worse, so that the best one is not the last."""


def _job(epochs: int = 6) -> Job:
    """Return a job of one eager step per epoch: what is written does not depend on how it was trained."""
    return table_job(_build_eager, settings(epochs=epochs, batch_size=100, dropout=0.2, l2=0.01))


def _build_eager(*job: Any) -> Any:
    model = build_table_model(*job)
    model.run_eagerly = True
    return model


def _compiled_job() -> Job:
    return table_job(build_table_model, settings(epochs=6, dropout=0.2, l2=0.01))


def _at_end(path: Path, **more: Any) -> Export:
    return Export(str(path), at_end=True, **more)


def _weights(path: Path) -> list[Any]:
    import keras

    return list(keras.saving.load_model(path, compile=False).get_weights())


def _same(some: list[Any], others: list[Any]) -> bool:
    return len(some) == len(others) and all(np.array_equal(one, other) for one, other in zip(some, others, strict=True))


def _weights_by_epoch(watched: Watched) -> dict[int, list[Any]]:
    """Return the weights at the end of each epoch, filled during the run; a branch replaces them."""
    noted: dict[int, list[Any]] = {}
    watched.on(events.EpochEnded, lambda e: noted.update({e.epoch: watched.session.model.get_weights()}))
    return noted


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return Runs(tmp_path / "runs").create(job="table", settings=_job().settings)


@pytest.fixture
def waiting(folder: RunFolder) -> Iterator[Watched]:
    watched = Watched(_job(), SPOILING, make=partial(_kept, folder), wait_after_end=True)
    yield watched
    watched.session.send(Stop())
    assert watched.session.join(60)
    watched.session.close()


def _kept(folder: RunFolder, job: Job, options: RunOptions, **kept: Any) -> KeptRun:
    return KeptRun(job, folder, options, **kept)


def test_plain_keras_loads_the_best_weights_and_the_last_with_the_current_knobs(tmp_path: Path) -> None:
    best, last = tmp_path / "best.keras", tmp_path / "last.keras"
    job = table_job(build_normalized_model, settings(epochs=6, dropout=0.0, l2=0.001))
    knobs = [SetKnob("dropout", 0.25, epoch=2), SetKnob("l2", 0.01, epoch=2), SPOILING]
    watched = Watched(job, *knobs, _at_end(best))
    watched.on(events.EpochEnded, lambda e: _request_last(watched, last) if e.epoch == 6 else None).run()
    metrics = {event.epoch: event.metrics for event in watched.all(events.EpochEnded)}
    best_epoch = min(metrics, key=lambda epoch: metrics[epoch]["val_loss"])
    assert [(e.keep, e.epoch) for e in watched.all(events.ModelExported)] == [("last", 6), ("best", best_epoch)]
    assert best_epoch < 5, "or the two files could be the same"
    for seen, epoch in zip(seen_by_plain_keras(small_table(), tmp_path, best, last), (best_epoch, 6), strict=True):
        assert seen["metrics"]["loss"] == pytest.approx(metrics[epoch]["val_loss"], rel=1e-5)
        assert seen["metrics"]["accuracy"] == pytest.approx(metrics[epoch]["val_accuracy"])
        assert (seen["optimizer"], seen["learning_rate"], seen["dropout"]) == ("Adam", 3.0, [0.25])
        assert seen["l2"] == pytest.approx([0.01, 0.01])
        assert seen["trains_on"]


def _request_last(watched: Watched, path: Path) -> None:
    watched.session.send(Export(str(path), keep="last"))


def test_the_file_is_written_before_the_end_is_reported(tmp_path: Path) -> None:
    watched = Watched(_job(2), _at_end(tmp_path / "model.keras")).run()
    kinds = [type(event) for event in watched.events]
    assert kinds.index(events.ModelExported) < kinds.index(events.RunEnded) == len(kinds) - 1
    assert watched.session.snapshot().export == watched.one(events.ModelExported)


def test_exporting_repeatedly_does_not_change_training_by_a_bit(tmp_path: Path) -> None:
    changes = [SetKnob("dropout", 0.5, epoch=2), SetKnob("l2", 0.0, epoch=3), SetKnob("l1", 0.01, epoch=3), SPOILING]
    alone = Watched(_compiled_job(), *changes).run()
    writing = Watched(_compiled_job(), *changes)
    written_in = set()

    def write_once_an_epoch(chunk: events.ChunkEnded) -> None:
        if chunk.epoch not in written_in:
            written_in.add(chunk.epoch)
            writing.session.send(Export(str(tmp_path / "model.keras"), replace=True))

    writing.on(events.ChunkEnded, write_once_an_epoch).run()
    assert len(writing.all(events.ModelExported)) >= 5
    assert [e.metrics for e in alone.all(events.EpochEnded)] == [e.metrics for e in writing.all(events.EpochEnded)]
    assert _same(alone.state(), writing.state())


def test_the_export_is_forgotten_when_the_run_rewinds() -> None:
    record = RunRecord()
    record.apply(events.ModelExported(path="/m.keras", keep="best", epoch=1))
    record.apply(failed := events.ExportFailed(path="/m.keras", reason="The disk is full."))
    assert record.snapshot().export == failed
    record.apply(events.BranchStarted(branch=2, parent=1, epoch=0, knobs={}))
    assert record.snapshot().export is None


def test_a_stopped_run_exports_its_best_weights(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    watched = Watched(_job(100), _at_end(path))
    noted = _weights_by_epoch(watched)
    watched.on(events.EpochStarted, lambda e: watched.session.send(Stop()) if e.epoch == 4 else None).run()
    assert not watched.one(events.RunEnded).completed
    assert _same(_weights(path), noted[watched.one(events.ModelExported).epoch])


def test_a_run_whose_loss_became_nan_exports_its_best_weights(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    watched = Watched(_job(), SetKnob("learning_rate", 1000.0, epoch=3), _at_end(path), stop_when_non_finite=True)
    watched.on(events.EpochEnded, lambda e: _spoil(watched) if e.epoch == 3 else None).run()
    assert watched.all(events.RunFailed)
    assert watched.one(events.ModelExported).epoch <= 3
    assert all(np.isfinite(array).all() for array in _weights(path))


def _spoil(watched: Watched) -> None:
    variable = watched.session.model.trainable_variables[0]
    variable.assign(np.full(variable.shape, np.nan, np.float32))


def test_the_last_weights_of_a_failed_run_are_not_written(tmp_path: Path) -> None:
    watched = Watched(_job(), _at_end(tmp_path / "model.keras", keep="last"), stop_when_non_finite=True)
    watched.on(events.EpochEnded, lambda e: _spoil(watched) if e.epoch == 1 else None).run()
    assert "--keep best" in watched.one(events.ExportFailed).reason
    assert not list(tmp_path.iterdir())


def test_a_run_that_waits_after_its_end_writes_on_demand_rewinds_and_writes_again(
    waiting: Watched, tmp_path: Path
) -> None:
    path, again = tmp_path / "model.keras", tmp_path / "again.keras"
    noted = _weights_by_epoch(waiting)
    waiting.session.send(_at_end(path))
    waiting.start().wait_for(events.RunEnded)
    best = waiting.one(events.ModelExported).epoch
    assert _same(_weights(path), noted[best])
    before = waiting.state()
    waiting.session.send(Export(str(again), keep="last"))
    assert waiting.wait_for(events.ModelExported, 2).epoch == 6
    assert _same(_weights(again), noted[6])
    assert _same(before, waiting.state())
    waiting.session.send(Rewind(epoch=1, changes={"learning_rate": 3.0}))
    waiting.wait_for(events.RunEnded, 2)
    assert waiting.wait_for(events.ModelExported, 3).epoch == 1
    straight = Watched(_job(1)).run()
    assert _same(_weights(path), straight.session.model.get_weights()), "taken from the checkpoint"


def test_a_branch_is_the_same_whether_or_not_a_file_was_written_before_it(waiting: Watched, tmp_path: Path) -> None:
    waiting.start().wait_for(events.RunEnded)
    waiting.session.send(Export(str(tmp_path / "model.keras")))
    waiting.wait_for(events.ModelExported)
    waiting.session.send(Rewind(epoch=0))
    waiting.wait_for(events.RunEnded, 2)
    ended = waiting.all(events.EpochEnded)
    assert [e.metrics for e in ended[6:10]] == [e.metrics for e in ended[:4]]


def test_a_resumed_run_writes_the_best_weights_of_the_process_before(folder: RunFolder, tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    first = Watched(_job(), SPOILING, make=partial(_kept, folder))
    noted = _weights_by_epoch(first)
    first.on(events.EpochStarted, lambda e: first.session.send(Stop()) if e.epoch == 6 else None).run()
    first.session.close()
    second = Watched(_job(), _at_end(path), make=partial(_kept, folder), resume_point=resume_point_of(folder)).run()
    second.session.close()
    epoch = second.one(events.ModelExported).epoch
    assert epoch < 5
    assert _same(_weights(path), noted[epoch])


def test_a_resumed_run_writes_best_weights_of_an_epoch_without_a_checkpoint_too(
    folder: RunFolder, tmp_path: Path
) -> None:
    path, policy = tmp_path / "model.keras", CheckpointPolicy(every_epochs=5)
    first = Watched(_job(), SPOILING, make=partial(_kept, folder), policy=policy)
    noted = _weights_by_epoch(first)
    first.on(events.EpochStarted, lambda e: first.session.send(Stop()) if e.epoch == 6 else None).run()
    first.session.close()
    best = first.session.snapshot().best
    assert best is not None
    assert best.epoch < 5
    assert not (folder.branch_path(1) / f"epoch-{best.epoch:06}-step-00000000.checkpoint").exists()
    for times in (1, 2):
        resumed = Watched(_job(), make=partial(_kept, folder), policy=policy, resume_point=resume_point_of(folder))
        resumed.session.send(Export(str(path), keep="best", at_end=True, replace=True))
        if times == 1:
            resumed.on(events.EpochStarted, lambda _, run=resumed: run.session.send(Stop()))  # type: ignore[misc]
        resumed.run()
        resumed.session.close()
        assert resumed.one(events.ModelExported).epoch == best.epoch
        assert _same(_weights(path), noted[best.epoch])


def test_lost_best_weights_are_reported(folder: RunFolder, tmp_path: Path) -> None:
    first = Watched(_job(), SPOILING, make=partial(_kept, folder)).run()
    first.session.close()
    best = first.session.snapshot().best
    assert best is not None
    (folder.branch_path(1) / f"epoch-{best.epoch:06}-step-00000000.checkpoint").unlink()
    resume_point = resume_point_of(folder)
    second = Watched(
        _job(), _at_end(tmp_path / "model.keras"), make=partial(_kept, folder), resume_point=resume_point
    ).run()
    second.session.close()
    reason = second.one(events.ExportFailed).reason
    assert f"epoch {best.epoch}" in reason
    assert "--keep last" in reason


def test_nothing_is_written_before_an_epoch_has_ended(tmp_path: Path) -> None:
    watched = Watched(_job(), _at_end(tmp_path / "model.keras"))
    watched.on(events.EpochStarted, lambda _: watched.session.send(Stop())).run()
    assert "No epoch" in watched.one(events.ExportFailed).reason
    assert not list(tmp_path.iterdir())


def test_nothing_is_written_before_there_is_a_model(tmp_path: Path) -> None:
    watched = Watched(_job(1), Export(str(tmp_path / "model.keras"))).run()
    assert watched.one(events.ExportFailed).reason == "There is no model yet."
    assert watched.one(events.RunEnded).completed


def test_a_run_that_never_had_a_model_reports_no_export(tmp_path: Path) -> None:
    watched = Watched(table_job(_no_model, settings()), _at_end(tmp_path / "model.keras")).run()
    assert watched.all(events.RunFailed)
    assert not watched.all(events.ExportFailed)


def _no_model(*_: object) -> Any:
    raise ValueError("no model")


def _taken(path: Path, _patch: pytest.MonkeyPatch) -> None:
    path.write_text("mine")


def _disk_full(_path: Path, patch: pytest.MonkeyPatch) -> None:
    import keras

    def save(_model: Any, path: Path) -> None:
        path.write_text("incomplete")
        raise OSError(errno.ENOSPC, "No space left on device")

    patch.setattr(keras.Sequential, "save", save)


def _not_serializable(_path: Path, patch: pytest.MonkeyPatch) -> None:
    import keras

    def get_config(_layer: Any) -> dict[str, Any]:
        raise NotImplementedError("get_config")

    patch.setattr(keras.layers.Dense, "get_config", get_config)


@pytest.mark.parametrize(
    ("hinder", "reason"),
    [(_taken, "already"), (_disk_full, "No space left"), (_not_serializable, "NotImplementedError")],
)
def test_what_cannot_be_written_is_reported_and_leaves_no_file(
    hinder: Callable[[Path, pytest.MonkeyPatch], None], reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.keras"
    watched = Watched(_job(2), _at_end(path), make=Session)
    watched.on(events.EpochEnded, lambda e: hinder(path, monkeypatch) if e.epoch == 2 else None).run()
    assert reason in watched.one(events.ExportFailed).reason
    assert watched.one(events.RunEnded).completed
    assert [file.read_text() for file in tmp_path.iterdir()] == (["mine"] if hinder is _taken else [])


def test_a_file_is_replaced_on_request(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    path.write_text("mine")
    watched = Watched(_job(1), _at_end(path, replace=True)).run()
    assert _same(_weights(path), watched.session.model.get_weights())
    assert list(tmp_path.iterdir()) == [path]
