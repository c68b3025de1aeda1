"""One process owns a run, others learn which one, and ownership ends with the process."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest

from fitmon.engine.errors import DiskError, RunInUseError
from fitmon.engine.runs.lock import RunLock, holder_of
from fitmon.engine.runs.run_folder import RunFolder

ROOT = Path(__file__).parents[3]

# The child outlives its parent, as a worker that reads data may, until its input is closed.
OWNER = """
import os, sys
from pathlib import Path
from fitmon.engine.runs.lock import RunLock
from fitmon.engine.runs.run_folder import RunFolder
lock = RunLock(RunFolder(Path(sys.argv[1])))
if os.fork() == 0:
    print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path)


def _owner(folder: RunFolder) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", OWNER, str(folder.path)]
    owner = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert owner.stdout
    assert owner.stdout.readline() == "ready\n"
    return owner


def _refuse_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(*_: object) -> NoReturn:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", flock)


def test_a_second_process_gets_the_owner_in_its_error(folder: RunFolder) -> None:
    with _owner(folder) as owner:
        with pytest.raises(RunInUseError, match=f"process {owner.pid} on .*`fitmon attach {folder.name}`") as refusal:
            RunLock(folder)
        assert refusal.value.exit_code == 6
        holder = holder_of(folder)
        assert holder is not None
        assert (holder.pid, holder.host) == (owner.pid, socket.gethostname())
        owner.kill()


def test_a_lock_ends_with_its_owner_even_if_a_child_lives_on(folder: RunFolder) -> None:
    with _owner(folder) as owner:
        owner.kill()
        owner.wait()
        assert holder_of(folder) is None
        with RunLock(folder) as lock:
            assert not lock.warning
            holder = holder_of(folder)
            assert holder is not None
            assert holder.pid == os.getpid()


def test_a_run_can_be_locked_again_once_it_is_released(folder: RunFolder) -> None:
    first = RunLock(folder)
    with pytest.raises(RunInUseError):
        RunLock(folder)
    first.release()
    assert holder_of(folder) is None
    with RunLock(folder):
        first.release()
        with pytest.raises(RunInUseError):
            RunLock(folder)
    assert folder.lock_path.stat().st_mode & 0o777 == 0o600


def test_reading_the_owner_does_not_lock_a_run(folder: RunFolder) -> None:
    assert holder_of(folder) is None
    with RunLock(folder):
        assert holder_of(folder) is not None
        with pytest.raises(RunInUseError):
            RunLock(folder)


def test_reading_the_owner_does_not_block_another_process(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.lock_path.touch()
    looking = os.open(folder.lock_path, os.O_RDONLY)
    fcntl.flock(looking, fcntl.LOCK_SH)
    monkeypatch.setattr("time.sleep", lambda _: fcntl.flock(looking, fcntl.LOCK_UN))
    with RunLock(folder) as lock:
        assert not lock.warning
    os.close(looking)


@pytest.mark.parametrize("text", [b"", b"{", b'{"pid":-1,"host":""}', b"\xff", b"x" * 100_000])
def test_a_lock_is_a_lock_whatever_its_file_says(folder: RunFolder, text: bytes) -> None:
    with RunLock(folder):
        folder.lock_path.write_bytes(text)
        holder = holder_of(folder)
        assert str(holder) == "another process"
        with pytest.raises(RunInUseError, match="in use by another process"):
            RunLock(folder)


def test_a_file_system_without_locks_is_used_with_a_warning(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    _refuse_locks(monkeypatch)
    with RunLock(folder) as lock:
        assert "has no locks" in lock.warning
        assert "may still be at it" not in lock.warning
        holder = holder_of(folder)
        assert holder is not None
        assert holder.pid == os.getpid()
        with RunLock(folder) as second:
            assert f"Process {os.getpid()} on {socket.gethostname()} used it last" in second.warning
    assert holder_of(folder) is None


def test_without_locks_a_process_that_has_ended_owns_no_run(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    with _owner(folder) as owner:
        owner.kill()
    _refuse_locks(monkeypatch)
    assert holder_of(folder) is None
    with RunLock(folder) as lock:
        assert "may still be at it" not in lock.warning


def test_a_lock_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "lock").mkdir()
    with pytest.raises(DiskError, match="Is a directory"):
        RunLock(RunFolder(tmp_path))
