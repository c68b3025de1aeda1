"""`--export` writes the model when a run is over, however it ends, and is refused before one that would be in vain."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fitmon.cli.main import main
from fitmon.engine.runs.runs import Runs


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


@pytest.mark.parametrize(("keep", "epoch"), [("", 2), (" --keep best", 2), (" --keep last", 4)])
def test_the_weights_that_are_kept_are_written(
    keep: str, epoch: int, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "model.keras"
    spoilt = "--at 3:learning_rate=100"
    code, told, _ = run(capfd, f"iris --epochs 4 --json --ephemeral {spoilt} --export {path}{keep}")
    assert code == 0
    assert _exported(told) == {"event": "model_exported", "path": str(path), "keep": keep[8:] or "best", "epoch": epoch}
    assert path.is_file()


def test_lines_say_where_the_model_is(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["iris", "--epochs", "1", "--plain", "--export", str(tmp_path / "m.keras")]) == 0
    lines = capfd.readouterr().out.splitlines()
    exported, ended = [at for at, line in enumerate(lines) if line.startswith(("exported the", "finished: "))]
    assert lines[exported] == f"exported best weights (epoch 1) to {tmp_path / 'm.keras'}"
    assert exported < ended


def test_a_finished_run_writes_its_model_without_training(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    run(capfd, "iris --epochs 2 --json --name done")
    code, told, _ = run(capfd, f"resume done --json --export {tmp_path / 'm.keras'} --keep last")
    assert (code, _exported(told)["epoch"]) == (0, 2)
    assert not [event for event in told if event["event"] == "epoch_ended"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--export {}/there.keras", "already"),
        ("--export {}/model.h5", "ends in .keras"),
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
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras

    def save(_model: Any, _path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keras.Sequential, "save", save)
    code, told, error = run(capfd, f"iris --epochs 1 --json --export {tmp_path / 'm.keras'}")
    assert code == 7
    assert [event["event"] for event in told][-2:] == ["export_failed", "run_ended"]
    assert error.splitlines()[-1].endswith("could not be written (No space left on device).")


def test_the_split_of_a_run_is_kept_for_its_resume(capfd: pytest.CaptureFixture[str], root: Path) -> None:
    _, straight, _ = run(capfd, "iris --epochs 3 --json --split last --name straight")
    run(capfd, "iris --epochs 2 --json --split last --name two")
    assert Runs(root).find("two").description().arguments["split"] == "last"
    code, told, _ = run(capfd, "resume two --epochs 3 --json")
    assert code == 0
    assert _last_metrics(told) == _last_metrics(straight)
    assert any("one class" in note for note in told[0]["notes"])


def _last_metrics(told: list[dict[str, Any]]) -> Any:
    return [event["metrics"] for event in told if event["event"] == "epoch_ended"][-1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("iris --split first", "Expected the split to be one of stratified, last; received 'first'."),
        ("binary --split last", "No such option"),
    ],
)
def test_a_split_that_there_is_not_is_refused(arguments: str, message: str, capfd: pytest.CaptureFixture[str]) -> None:
    code, told, error = run(capfd, f"{arguments} --json")
    assert (code, told) == (2, [])
    assert message in error
