"""A path to which no model can be written is refused before training starts."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from fitmon.engine.errors import DiskError, FitmonError, UsageError
from fitmon.engine.training.model_file import checked_path

pytestmark = pytest.mark.slow


def test_a_path_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert checked_path("model.keras") == tmp_path / "model.keras"
    assert not list(tmp_path.iterdir()), "the check leaves no file"


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("model.h5", UsageError, "does not end in .keras"),
        ("model", UsageError, "does not end in .keras"),
        (".keras", UsageError, "does not end in .keras"),
        ("there.keras", UsageError, "already"),
        ("dangling.keras", UsageError, "already"),
        ("folder.keras", UsageError, "already"),
        ("missing/model.keras", UsageError, "Create it first"),
        ("there.keras/model.keras", UsageError, "does not exist. Create it first."),
        pytest.param(
            "/proc/model.keras",
            DiskError,
            "Nothing can be written",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="no folder here refuses every user"),
        ),
    ],
)
def test_what_cannot_be_written_is_refused(name: str, error: type[FitmonError], message: str, tmp_path: Path) -> None:
    (tmp_path / "there.keras").write_text("mine")
    (tmp_path / "dangling.keras").symlink_to("nowhere")
    (tmp_path / "folder.keras").mkdir()
    with pytest.raises(error, match=message):
        checked_path(str(tmp_path / name))
    assert (tmp_path / "there.keras").read_text() == "mine"
