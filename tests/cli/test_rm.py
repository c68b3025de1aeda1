"""`fitmon rm`: asks first, and refuses what it must not delete."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from fitmon.cli.main import main
from fitmon.engine.runs.lock import RunLock
from fitmon.engine.runs.run_folder import RunFolder
from tests.engine.runs.made_up_runs import trained
from tests.pseudo_terminal import Pseudo


@pytest.fixture
def folders(tmp_path: Path) -> list[RunFolder]:
    return [trained(tmp_path, name, [0.5]) for name in ("first", "second", "third")]


def _rm(root: Path, *words: str) -> int:
    return main(["rm", "--run-dir", str(root), *words])


def test_several_runs_are_deleted_by_name_and_id(
    tmp_path: Path, folders: list[RunFolder], capsys: pytest.CaptureFixture[str]
) -> None:
    assert _rm(tmp_path, "first", folders[2].description().id, "first", "--yes") == 0
    assert [folder.exists() for folder in folders] == [False, True, False]
    assert capsys.readouterr().out.startswith("Deleted 2 runs: first, third (")


def test_it_asks_first_and_no_is_the_default(tmp_path: Path, folders: list[RunFolder]) -> None:
    command = [sys.executable, "-m", "fitmon", "rm", "--run-dir", str(tmp_path), "first"]
    for answer, kept in (("\r", True), ("y\r", False)):
        with Pseudo(command) as terminal:
            terminal.until("Delete the run first (")
            terminal.type(answer)
            terminal.until("Nothing was deleted." if kept else "Deleted the run first (")
            assert terminal.exit_code() == 0
        assert folders[0].exists() == kept


def test_runs_that_have_not_changed_for_long_are_deleted_but_not_those_in_use(
    tmp_path: Path, folders: list[RunFolder], capsys: pytest.CaptureFixture[str]
) -> None:
    for folder in folders[:2]:
        for path in (folder.journal_path, folder.description_path):
            os.utime(path, (time.time() - 3 * 86400,) * 2)
    with RunLock(folders[0]):
        assert _rm(tmp_path, "--older-than", "2d", "-y") == 0
    assert [folder.exists() for folder in folders] == [True, False, True]
    capsys.readouterr()
    assert _rm(tmp_path, "--older-than", "52w", "-y") == 0
    assert capsys.readouterr().out == "No run is that old.\n"


def test_a_run_in_use_is_refused_with_its_exit_code_and_nothing_is_deleted(
    tmp_path: Path, folders: list[RunFolder], capsys: pytest.CaptureFixture[str]
) -> None:
    with RunLock(folders[1]):
        assert _rm(tmp_path, "first", "second", "--yes") == 6
    assert all(folder.exists() for folder in folders)
    assert "Stop it first: `fitmon ctl second stop`." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "Expected the names of the runs to delete, or --older-than"),
        (["first", "--older-than", "2d"], "Expected the names of the runs to delete, or --older-than"),
        (["--older-than", "soon"], "Expected a time span such as 30d, 12h or 2w; received 'soon'."),
        (["nothing", "--yes"], "There is no run 'nothing'"),
        (["first"], "Expected --yes where nobody can be asked"),
    ],
)
def test_what_is_not_clear_is_refused(
    tmp_path: Path, folders: list[RunFolder], capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    assert _rm(tmp_path, *words) == 2
    assert message in capsys.readouterr().err
    assert all(folder.exists() for folder in folders)


def test_a_folder_elsewhere_that_only_looks_like_a_run_is_never_deleted(
    tmp_path: Path, folders: list[RunFolder], capsys: pytest.CaptureFixture[str]
) -> None:
    assert folders
    project = tmp_path / "elsewhere" / "project"
    project.mkdir(parents=True)
    (project / "run.json").write_text('{"scripts": {}}')
    (project / "log.txt").write_text("precious")
    assert _rm(tmp_path, str(project), "--yes") == 3
    assert (project / "log.txt").read_text() == "precious"
    assert "is damaged" in capsys.readouterr().err


def test_files_of_others_are_kept_and_named(
    tmp_path: Path, folders: list[RunFolder], capsys: pytest.CaptureFixture[str]
) -> None:
    (folders[0].path / "model.keras").write_text("precious")
    assert _rm(tmp_path, "first", "--yes") == 0
    assert (folders[0].path / "model.keras").exists()
    assert "is kept: it has files that fitmon did not write there" in capsys.readouterr().err
