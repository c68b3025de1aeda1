"""A description is read as it was written, or rejected."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fitmon.engine.errors import DataError, DiskError
from fitmon.engine.job import Settings
from fitmon.engine.runs.description import RunDescription
from fitmon.engine.runs.run_folder import RunFolder

DESCRIPTION = RunDescription(
    id="0123abcd",
    job="mnist",
    settings=Settings(epochs=10, batch_size=64, learning_rate=1e-3, units=(256, 128), l2=1e-300, jit=False),
    arguments={
        "dataset": "mnist",
        "data": "a\nb\u202e/größe",
        "steps": 3,
        "share": 0.1,
        "shuffle": True,
        "nothing": None,
    },
    versions={"keras": "3.15.1"},
    device=None,
    pid=12,
    host="here",
    started=datetime(2026, 11, 22, 12, 0, 0, 1, tzinfo=UTC),
)


def _damaged(folder: RunFolder, **changes: Any) -> None:
    raw = json.loads(folder.description_path.read_text())
    folder.description_path.write_text(json.dumps({**raw, **changes}))


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    folder = RunFolder(tmp_path)
    folder.describe(DESCRIPTION)
    return folder


def test_a_description_is_read_as_it_was_written(folder: RunFolder) -> None:
    assert folder.description() == DESCRIPTION


def test_a_description_can_be_replaced(folder: RunFolder) -> None:
    later = msgspec.structs.replace(DESCRIPTION, device="GPU:0", pid=13)
    folder.describe(later)
    assert folder.description() == later
    assert [path.name for path in folder.path.iterdir()] == ["run.json"]


DAMAGES = [
    pytest.param(
        {"settings": {**json.loads(msgspec.json.encode(DESCRIPTION.settings)), "magic": 1}}, "magic", id="set"
    ),
    pytest.param({"settings": {"epochs": 1}}, "batch_size", id="a setting is missing"),
    pytest.param({"settings": None}, "settings", id="no settings"),
    pytest.param({"pid": "12"}, "pid", id="text for a number"),
    pytest.param({"started": "yesterday"}, "started", id="no time"),
    pytest.param({"started": "2026-11-22T12:00:00"}, "started", id="no time zone"),
    pytest.param({"id": "../../x"}, "id", id="no id"),
    pytest.param({"surprise": 1}, "surprise", id="an unknown field"),
    pytest.param({"format": 2}, "another version of fitmon", id="of a newer fitmon"),
]


@pytest.mark.parametrize(("changes", "named"), DAMAGES)
def test_an_invalid_description_is_rejected_with_the_reason(
    folder: RunFolder, changes: dict[str, Any], named: str
) -> None:
    _damaged(folder, **changes)
    with pytest.raises(DataError, match=named):
        folder.description()


@pytest.mark.parametrize("text", [b"", b"{", b"null", b"[]", b"\xff\xfe", b"[" * 100_000, b"\x00" * 1000])
def test_a_file_that_is_not_a_description_is_rejected(folder: RunFolder, text: bytes) -> None:
    folder.description_path.write_bytes(text)
    with pytest.raises(DataError, match=r"run\.json"):
        folder.description()


def test_a_description_cut_off_anywhere_is_rejected(folder: RunFolder) -> None:
    whole = folder.description_path.read_bytes().rstrip()
    for length in range(len(whole)):
        folder.description_path.write_bytes(whole[:length])
        with pytest.raises(DataError):
            folder.description()


def test_a_missing_description_is_reported(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No such file"):
        RunFolder(tmp_path).description()


def test_a_write_that_fails_keeps_the_previous_description(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(DiskError, match="No space left"):
        folder.describe(msgspec.structs.replace(DESCRIPTION, pid=13))
    assert folder.description() == DESCRIPTION
    assert [path.name for path in folder.path.iterdir()] == ["run.json"]
