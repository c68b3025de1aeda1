"""`--export` writes the model when a run ends, however it ends; a path that cannot be written is refused at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fitmon.cli.main import main
from fitmon.engine import events
from tests.cli.finished_runs import FinishedRun

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where the runs of a test are."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "fitmon" / "runs"


def run(capfd: pytest.CaptureFixture[str], arguments: str) -> tuple[int, list[dict[str, Any]], str]:
    """Return the exit code, the JSON objects on stdout and the text on stderr."""
    code = main(arguments.split())
    output = capfd.readouterr()
    return code, [json.loads(line) for line in output.out.splitlines() if line.startswith("{")], output.err


def _exported(told: list[dict[str, Any]]) -> dict[str, Any]:
    (event,) = [event for event in told if event["event"] == "model_exported"]
    return event


def test_the_best_weights_are_exported_before_the_run_ends(four_epochs: FinishedRun) -> None:
    exported, _, ended = four_epochs.events[-3:]
    path = four_epochs.folder.path.parent / "model.keras"
    assert exported == events.ModelExported(path=str(path), keep="best", epoch=1)
    assert isinstance(ended, events.RunEnded)
    assert path.is_file()


@pytest.mark.parametrize(("keep", "epoch"), [("", 1), (" --keep best", 1), (" --keep last", 4)])
def test_a_finished_run_exports_the_requested_weights_without_training(
    keep: str, epoch: int, capfd: pytest.CaptureFixture[str], root: Path, four_epochs: FinishedRun
) -> None:
    path = root.parent / "model.keras"
    four_epochs.copied_to(root, "done")
    code, told, _ = run(capfd, f"resume done --json --export {path}{keep}")
    assert code == 0
    assert _exported(told) == {"event": "model_exported", "path": str(path), "keep": keep[8:] or "best", "epoch": epoch}
    assert not [event for event in told if event["event"] == "epoch_ended"]
    assert path.is_file()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--export {}/there.keras", "already"),
        ("--export {}/model.h5", "does not end in .keras"),
        ("--export {}/missing/model.keras", "Create it first"),
        ("--export {}/model.keras --keep first", "Expected --keep best or last"),
        ("--keep last", "Expected --export"),
    ],
)
@pytest.mark.parametrize("command", ["iris --epochs 1", "resume nothing"])
def test_what_cannot_be_written_is_refused_before_a_run_begins(
    command: str, options: str, message: str, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "there.keras").write_text("mine")
    code, told, error = run(capfd, f"{command} --json {options.format(tmp_path)}")
    assert (code, told) == (2, [])
    assert message in error
    assert [file.name for file in tmp_path.iterdir()] == ["there.keras"], "no run was begun"
    assert (tmp_path / "there.keras").read_text() == "mine"


def test_a_model_that_could_not_be_written_ends_with_the_code_of_the_disk(
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
    root: Path,
    two_epochs: FinishedRun,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import keras

    def save(_model: Any, _path: Path) -> None:
        raise OSError(28, "No space left on device")

    two_epochs.copied_to(root, "done")
    monkeypatch.setattr(keras.Sequential, "save", save)
    code, told, error = run(capfd, f"resume done --json --export {tmp_path / 'm.keras'}")
    assert code == 7
    assert [event["event"] for event in told][-2:] == ["export_failed", "run_ended"]
    assert error.splitlines()[-1].endswith("could not be written (No space left on device).")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("iris --split first", "Expected the split to be one of stratified, last; received 'first'."),
        ("binary --split last", "No such option"),
    ],
)
def test_an_unknown_split_is_refused(arguments: str, message: str, capfd: pytest.CaptureFixture[str]) -> None:
    code, told, error = run(capfd, f"{arguments} --json")
    assert (code, told) == (2, [])
    assert message in error
