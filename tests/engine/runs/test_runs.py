"""Where runs are, which names are valid, and how one is found."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fitmon.engine.commands import Pause
from fitmon.engine.errors import DataError, DiskError, UsageError
from fitmon.engine.events import BranchStarted, RewindRefused, RunEnded, RunFailed
from fitmon.engine.job import Settings
from fitmon.engine.runs import runs as runs_module
from fitmon.engine.runs.journal import JournalWriter
from fitmon.engine.runs.run_folder import RunFolder
from fitmon.engine.runs.runs import Runs, state_folder
from tests.engine.runs.made_up_journal import ended

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SETTINGS = Settings(epochs=10, batch_size=64, learning_rate=1e-3, units=(256, 128), dropout=0.25, seed=2**32 - 1)


def _runs(root: Path) -> Runs:
    return Runs(root, now=lambda: NOON)


def _create(root: Path, name: str | None = None, job: str = "mnist") -> RunFolder:
    return _runs(root).create(job=job, settings=SETTINGS, name=name)


def _wrote_at(folder: RunFolder, seconds: int) -> None:
    for path in folder.path.iterdir():
        os.utime(path, (seconds, seconds))


@contextmanager
def _umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def _rights(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o277])
def test_only_the_user_can_read_a_run_whatever_the_umask(tmp_path: Path, mask: int) -> None:
    with _umask(mask):
        folder = _create(tmp_path / "state" / "fitmon" / "runs")
        JournalWriter(folder.journal_path).close()
    folders = [folder.path, *list(folder.path.parents)[:3]]
    assert {_rights(path) for path in folders} == {0o700}
    assert {_rights(path) for path in folder.path.iterdir()} == {0o600}


def test_an_existing_folder_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    _create(tmp_path)
    assert _rights(tmp_path) == 0o755


def test_runs_are_in_the_state_folder_of_the_platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Runs().root == state_folder()
    assert state_folder().is_relative_to(tmp_path)
    assert state_folder().parts[-2:] == ("fitmon", "runs")


def test_no_folder_called_tilde_is_made_where_a_user_has_no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platformdirs.user_state_dir", lambda *_, **__: "~/.local/state/fitmon")
    with pytest.raises(DiskError, match=r"Set HOME.*--run-dir.*--ephemeral"):
        Runs()


def test_names_are_the_job_the_day_and_a_number(tmp_path: Path) -> None:
    assert [_create(tmp_path).name for _ in range(3)] == [f"mnist-2026-11-22-{number}" for number in (1, 2, 3)]


JOBS = [
    pytest.param("../train me.py", "train-me.py-2026-11-22-1", id="a script"),
    pytest.param("\x1b[31m", "31m-2026-11-22-1", id="control characters"),
    pytest.param("...", "run-2026-11-22-1", id="no valid character"),
    pytest.param("x" * 500, "x" * 40 + "-2026-11-22-1", id="too long"),
    pytest.param("größe", "größe-2026-11-22-1", id="letters of any language"),
]


@pytest.mark.parametrize(("job", "name"), JOBS)
def test_any_job_gives_a_name_that_can_be_a_folder(tmp_path: Path, job: str, name: str) -> None:
    folder = _create(tmp_path, job=job)
    assert folder.name == name
    assert folder.path.parent == tmp_path
    assert folder.description().job == job


BAD_NAMES = [
    "", "  ", "..", ".hidden", "-rf", "a/b", "a\\b", "/etc", "a\nb", "a\x00b", "\x1b[2J", "\ud800", "x" * 81, "語" * 70,
]  # fmt: skip


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_that_cannot_be_a_folder_is_rejected(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="Expected a name"):
        _create(tmp_path / "runs", name)
    assert not (tmp_path / "runs").exists()


def test_the_name_that_the_user_chose_is_the_name_of_the_folder(tmp_path: Path) -> None:
    assert _create(tmp_path, " my best run ").path == tmp_path / "my best run"


def test_a_name_is_used_once(tmp_path: Path) -> None:
    first = _create(tmp_path, "mine").description()
    with pytest.raises(UsageError, match="already a run called 'mine'"):
        _create(tmp_path, "mine")
    assert _runs(tmp_path).find("mine").description() == first


def test_a_file_in_place_of_the_folder_is_reported_before_training(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DiskError, match=r"Not a directory.*--run-dir.*--ephemeral"):
        _create(tmp_path / "file" / "runs")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_reported_before_training(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(DiskError, match=r"Permission denied.*--ephemeral"):
        _create(tmp_path)


def test_nothing_is_left_if_the_description_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(runs_module, "write_description", full)
    with pytest.raises(DiskError, match="No space left"):
        _create(tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("by", ["name", "id", "folder", "folder from here"])
def test_a_run_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str) -> None:
    wanted, _other = _create(tmp_path / "runs"), _create(tmp_path / "runs")
    monkeypatch.chdir(tmp_path)
    which = {
        "name": wanted.name,
        "id": wanted.description().id,
        "folder": str(wanted.path),
        "folder from here": f"runs/{wanted.name}/",
    }[by]
    assert _runs(tmp_path / "runs").find(which) == wanted


@pytest.mark.parametrize("which", ["nothing", "", "..", "a\x00b", "-", "0" * 300])
def test_an_unknown_run_is_reported(tmp_path: Path, which: str) -> None:
    _create(tmp_path)
    with pytest.raises(UsageError, match="There is no run"):
        _runs(tmp_path).find(which)


def test_a_damaged_run_does_not_hide_another_one(tmp_path: Path) -> None:
    wanted, damaged = _create(tmp_path), _create(tmp_path)
    damaged.description_path.write_text("{")
    assert _runs(tmp_path).find(wanted.description().id) == wanted


def test_the_latest_unfinished_run_is_the_one_that_wrote_last(tmp_path: Path) -> None:
    older, newer = _create(tmp_path), _create(tmp_path)
    _wrote_at(older, 2000)
    _wrote_at(newer, 1000)
    assert _runs(tmp_path).find() == older
    assert _runs(tmp_path).newest_first() == [older, newer]


ENDINGS = [
    pytest.param([RunEnded(reason="all epochs done", epochs_done=10, completed=True)], True, id="all epochs done"),
    pytest.param(
        [RunEnded(reason="done", epochs_done=10, completed=True), RewindRefused(epoch=9, branch=1, reason="not kept")],
        True,
        id="a rewind was refused after the end",
    ),
    pytest.param(
        [RunEnded(reason="done", epochs_done=10, completed=True), BranchStarted(branch=2, parent=1, epoch=3, knobs={})],
        False,
        id="it rewound to an epoch",
    ),
    pytest.param([RunEnded(reason="stopped by the user", epochs_done=1, completed=False)], False, id="stopped"),
    pytest.param([RunFailed(kind="training", message="", traceback="x" * 200_000, epochs_done=1)], False, id="failed"),
    pytest.param([ended(1)], False, id="killed"),
    pytest.param([], False, id="killed before the first event"),
]


@pytest.mark.parametrize(("told", "finished"), ENDINGS)
def test_a_run_is_finished_when_all_its_epochs_were_trained(
    tmp_path: Path, told: list[RunEnded], finished: bool
) -> None:
    folder = _create(tmp_path)
    journal = JournalWriter(folder.journal_path)
    for event in told:
        journal.event(event)
    journal.command(Pause(), by="somebody too late")
    journal.close()
    with folder.journal_path.open("ab") as file:
        file.write(b'{"sequ')
    assert folder.finished() is finished


def test_a_finished_run_that_was_resumed_is_not_finished(tmp_path: Path) -> None:
    folder = _create(tmp_path)
    journal = JournalWriter(folder.journal_path)
    journal.event(RunEnded(reason="all epochs done", epochs_done=10, completed=True))
    journal.close()
    JournalWriter(folder.journal_path).close()
    assert _runs(tmp_path).find() == folder


def test_finished_runs_are_skipped(tmp_path: Path) -> None:
    unfinished, finished = _create(tmp_path), _create(tmp_path)
    journal = JournalWriter(finished.journal_path)
    journal.event(RunEnded(reason="all epochs done", epochs_done=10, completed=True))
    journal.close()
    _wrote_at(unfinished, 1000)
    assert _runs(tmp_path).find() == unfinished


@pytest.mark.parametrize("root", ["empty", "missing", "file"])
def test_a_folder_without_runs_lists_nothing(tmp_path: Path, root: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "something else").mkdir()
    (tmp_path / "file").write_text("")
    assert not _runs(tmp_path / root).newest_first()
    with pytest.raises(UsageError, match="no unfinished run"):
        _runs(tmp_path / root).find()


def test_a_run_without_a_readable_description_is_listed_and_says_why_it_cannot_be_used(tmp_path: Path) -> None:
    folder = _create(tmp_path)
    folder.description_path.write_text("{")
    assert _runs(tmp_path).newest_first() == [folder]
    with pytest.raises(DataError, match="damaged"):
        folder.description()


def test_listing_runs_imports_nothing_heavy() -> None:
    program = "import sys, fitmon.engine.runs.lock, fitmon.engine.runs.runs; print('numpy' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert told.stdout.strip() == "False"
