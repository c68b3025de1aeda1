"""Deleted runs are gone; runs in use and files of others are not."""

from pathlib import Path

import pytest

from fitmon.engine.errors import RunInUseError
from fitmon.engine.runs.deletion import delete_runs, size_of
from fitmon.engine.runs.lock import RunLock
from fitmon.engine.runs.runs import Runs
from tests.engine.runs.made_up_runs import trained


def test_a_deleted_run_leaves_nothing(tmp_path: Path) -> None:
    folder, other = trained(tmp_path, "run", [0.5]), trained(tmp_path, "other", [0.5])
    folder.branch_path(1).mkdir(parents=True)
    (folder.branch_path(1) / "epoch.checkpoint").write_bytes(b"x" * 1000)
    folder.log_path.write_text("noise")
    written = [path.stat().st_size for path in folder.path.rglob("*") if path.is_file()]
    assert size_of(folder) == sum(written)
    assert delete_runs([folder]) == []
    assert [run.name for run in Runs(tmp_path).newest_first()] == [other.name]
    assert not folder.path.exists()


def test_files_that_fitmon_did_not_write_are_kept_but_not_as_a_run(tmp_path: Path) -> None:
    folder = trained(tmp_path, "run", [0.5])
    (folder.path / "model.keras").write_text("precious")
    assert delete_runs([folder]) == [folder.path]
    assert [path.name for path in folder.path.iterdir()] == ["model.keras"]
    assert not folder.exists()


def test_no_run_is_deleted_while_one_of_them_is_in_use(tmp_path: Path) -> None:
    folders = [trained(tmp_path, "run", [0.5]), trained(tmp_path, "used", [0.5])]
    with RunLock(folders[1]), pytest.raises(RunInUseError, match="used is in use by process"):
        delete_runs(folders)
    assert all(folder.exists() for folder in folders)
