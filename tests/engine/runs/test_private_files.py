"""A file is written whole or not at all, with the right mode, on any file system."""

from __future__ import annotations

import errno
import os
import stat
from functools import partial
from pathlib import Path

import pytest

from fitmon.engine.runs.private_files import sync_folder, write_atomically, write_private

WRITE_NEW = partial(write_private, parts=[b"n", memoryview(b"ew")])


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file with the content `old`."""
    file = tmp_path / "file"
    file.write_bytes(b"old")
    return file


def test_an_existing_file_is_replaced_and_nothing_else_is_left(file: Path) -> None:
    write_atomically(file, WRITE_NEW)
    assert (file.read_bytes(), _names(file.parent)) == (b"new", ["file"])


def test_a_file_that_must_not_be_replaced_is_refused_before_anything_is_written(file: Path) -> None:
    with pytest.raises(FileExistsError):
        write_atomically(file, lambda _: pytest.fail("it was written"), replace=False)
    assert file.read_bytes() == b"old"


def test_a_file_that_appears_during_the_write_is_not_replaced(tmp_path: Path) -> None:
    file = tmp_path / "file"

    def write(partial: Path) -> None:
        WRITE_NEW(partial)
        file.write_bytes(b"old")

    with pytest.raises(FileExistsError):
        write_atomically(file, write, replace=False)
    assert (file.read_bytes(), _names(tmp_path)) == (b"old", ["file"])


@pytest.mark.parametrize("taken", [True, False])
def test_without_hard_links_a_file_is_renamed_unless_the_name_is_taken(
    taken: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"

    def no_links(*_: object) -> None:
        if taken:
            file.write_bytes(b"old")
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(Path, "hardlink_to", no_links)
    if taken:
        with pytest.raises(FileExistsError):
            write_atomically(file, WRITE_NEW, replace=False)
    else:
        write_atomically(file, WRITE_NEW, replace=False)
    assert (file.read_bytes(), _names(tmp_path)) == (b"old" if taken else b"new", ["file"])


def test_a_write_that_fails_changes_nothing(file: Path) -> None:
    def write(partial: Path) -> None:
        partial.write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(OSError, match="No space left"):
        write_atomically(file, write)
    assert (file.read_bytes(), _names(file.parent)) == (b"old", ["file"])


def test_a_leftover_of_the_temporary_name_is_removed(file: Path) -> None:
    leftover = file.with_name("file.partial")
    leftover.write_bytes(b"half")
    write_atomically(file, WRITE_NEW, partial=leftover)
    assert (file.read_bytes(), _names(file.parent)) == (b"new", ["file"])


def test_a_private_file_has_its_mode_whatever_the_umask(tmp_path: Path) -> None:
    for mask in (0, 0o277):
        before = os.umask(mask)
        try:
            WRITE_NEW(tmp_path / f"{mask}")
        finally:
            os.umask(before)
        assert stat.S_IMODE((tmp_path / f"{mask}").stat().st_mode) == 0o600


@pytest.mark.parametrize(("code", "fails"), [(errno.EINVAL, False), (errno.EIO, True)])
def test_only_a_folder_that_cannot_be_flushed_at_all_is_not_an_error(
    code: int, fails: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fsync(_: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", fsync)
    if fails:
        with pytest.raises(OSError, match="Input/output"):
            sync_folder(tmp_path)
    else:
        sync_folder(tmp_path)
