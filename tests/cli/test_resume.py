"""The command line goes on with runs: exactly, from an earlier epoch, under the settings it was begun with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fitmon.cli.main import main
from fitmon.engine import events
from fitmon.engine.checkpoints.store import kept_epochs
from fitmon.engine.runs.journal_reader import Entry, read_journal
from fitmon.engine.runs.lock import RunLock, holder_of
from fitmon.engine.runs.run_folder import RunFolder
from fitmon.engine.runs.runs import Runs

FITMON = [sys.executable, "-m", "fitmon"]
PATIENCE_SECONDS = 120


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where the runs of a test are."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "fitmon" / "runs"


def run(capfd: pytest.CaptureFixture[str], arguments: str) -> tuple[int, list[dict[str, Any]], str]:
    """Return the exit code, the JSON objects on stdout and the text on stderr."""
    code = main(arguments.split())
    output = capfd.readouterr()
    return code, [json.loads(line) for line in output.out.splitlines() if line.startswith("{")], output.err


def _until(holds: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < give_up_at
        time.sleep(0.02)


def metrics(told: list[dict[str, Any]]) -> dict[int, dict[str, float]]:
    return {event["epoch"]: event["metrics"] for event in told if event["event"] == "epoch_ended"}


def test_a_finished_run_takes_more_epochs_exactly(capfd: pytest.CaptureFixture[str], root: Path) -> None:
    _, straight, _ = run(capfd, "iris --epochs 4 --json --name straight")
    run(capfd, "iris --epochs 2 --json --name two")
    code, told, error = run(capfd, "resume two --json")
    assert (code, told) == (2, [])
    assert "--epochs 4" in error
    code, told, _ = run(capfd, "resume two --epochs 4 --json")
    assert code == 0
    assert metrics(told) == {epoch: metrics(straight)[epoch] for epoch in (3, 4)}
    (continued,) = [event for event in told if event["event"] == "run_continued"]
    assert (continued["exact"], continued["epochs_done"]) == (True, 2)
    assert RunFolder(root / "two").finished()


def test_an_earlier_epoch_becomes_a_branch_with_other_knobs(capfd: pytest.CaptureFixture[str], root: Path) -> None:
    run(capfd, "binary --dataset breast_cancer --epochs 4 --json --name story")
    code, told, _ = run(capfd, "resume story --from-epoch 1 --dropout 0.5 --epochs 3 --json")
    assert code == 0
    assert list(metrics(told)) == [2, 3]
    assert {event["event"] for event in told} >= {"branch_started", "knob_applied"}
    assert sorted(kept_epochs(RunFolder(root / "story"))) == [1, 2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("resume kept --from-epoch 9", "Expected an epoch with a checkpoint, received 9. Checkpoints of kept: 0, 1."),
        ("resume kept --dropout 0.5", "has no Dropout layer. Start a new run with --dropout"),
        ("resume nobody", "There is no run 'nobody'"),
        ("resume kept --epochs 1e", "Expected epochs to be a whole number"),
    ],
)
def test_what_cannot_be_gone_on_with_is_refused_before_anything_loads(
    arguments: str, message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    run(capfd, "iris --epochs 1 --json --name kept")
    code, told, error = run(capfd, f"{arguments} --json")
    assert (code, told) == (2, [])
    assert message in error


def test_a_run_that_somebody_has_is_not_taken(capfd: pytest.CaptureFixture[str], root: Path) -> None:
    run(capfd, "iris --epochs 1 --json --name mine")
    with RunLock(RunFolder(root / "mine")):
        code, told, error = run(capfd, "resume mine --epochs 2 --json")
    assert (code, told) == (6, [])
    assert f"process {os.getpid()}" in error
    assert "fitmon attach mine" in error


def test_where_nothing_can_be_kept_that_is_said_before_the_training(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    code, told, error = run(capfd, f"iris --epochs 1 --json --run-dir {tmp_path / 'file' / 'runs'}")
    assert (code, told) == (7, [])
    assert "--ephemeral" in error
    code, told, _ = run(capfd, f"iris --epochs 1 --json --ephemeral --run-dir {tmp_path / 'file' / 'runs'}")
    assert (code, list(metrics(told))) == (0, [1])


@pytest.mark.slow
def test_a_terminated_run_leaves_its_model_says_how_it_goes_on_and_does(
    root: Path, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    process = subprocess.Popen(
        [*FITMON, "iris", "--epochs", "100000", "--json", "--name", "long", "--export", str(tmp_path / "model.keras")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if '"epoch":30,' in line:
            process.send_signal(signal.SIGTERM)
            break
    output, error = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 143
    assert [json.loads(line)["event"] for line in output.splitlines()][-2:] == ["model_exported", "run_ended"]
    assert (tmp_path / "model.keras").is_file()
    assert "resume it with `fitmon resume long`" in error
    folder = Runs(root).find()
    done = max(kept_epochs(folder)[1])
    code, told, _ = run(capfd, f"resume --epochs {done + 3} --json")
    assert code == 0
    assert list(metrics(told))[-1] == done + 3
    assert [event["exact"] for event in told if event["event"] == "run_continued"] == [True]


@pytest.mark.slow
def test_a_run_without_a_terminal_is_steered_by_ctl_its_journal_says_who_and_it_leaves_its_model(
    root: Path, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    export = ["--export", str(tmp_path / "model.keras"), "--keep", "last"]
    started = subprocess.run(
        [*FITMON, "iris", "--epochs", "1000000", "--detach", "--name", "far", *export],
        check=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert started.stdout == "far\n"
    folder = RunFolder(root / "far")
    try:
        _until(lambda: folder.journal_path.exists() and "epoch_ended" in folder.journal_path.read_text())
        code, _, _ = run(capfd, "ctl far set learning_rate 1e-4")
        assert code == 0
    finally:
        run(capfd, "ctl far stop")
    _until(lambda: holder_of(folder) is None)
    told = [entry for entry in read_journal(folder.journal_path) if isinstance(entry, Entry)]
    applied = [entry.event for entry in told if isinstance(entry.event, events.KnobApplied)]
    assert [(event.knob, event.value) for event in applied] == [("learning_rate", 1e-4)]
    asked = [entry.content.by for entry in told if entry.event is None and hasattr(entry.content, "by")]
    assert any(f"ctl, process {os.getpid()}" in by for by in asked)
    assert any(isinstance(entry.event, events.RunDetached) for entry in told)
    (exported,) = [entry.event for entry in told if isinstance(entry.event, events.ModelExported)]
    assert (exported.keep, (tmp_path / "model.keras").is_file()) == ("last", True)


def test_a_run_whose_journal_is_lost_is_not_begun_anew_over_its_checkpoints(
    root: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run(capfd, "iris --epochs 2 --json --name kept")
    folder = RunFolder(root / "kept")
    before = {path: path.read_bytes() for path in folder.checkpoints_path.rglob("*.checkpoint")}
    folder.journal_path.unlink()
    code, told, error = run(capfd, "resume kept --epochs 4 --json")
    assert (code, told) == (3, [])
    assert "journal" in error
    assert {path: path.read_bytes() for path in before} == before


def test_a_run_whose_journal_is_empty_goes_on_but_is_not_called_exact(
    root: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run(capfd, "iris --epochs 2 --json --name kept")
    (root / "kept" / "journal.jsonl").write_bytes(b"")
    code, told, _ = run(capfd, "resume kept --epochs 4 --json")
    (continued,) = [event for event in told if event["event"] == "run_continued"]
    assert (code, continued["exact"], list(metrics(told))) == (0, False, [3, 4])
    assert continued["reasons"] == ["its journal does not say with what it was trained"]


def test_fewer_epochs_than_are_done_are_refused_before_anything_loads(capfd: pytest.CaptureFixture[str]) -> None:
    run(capfd, "iris --epochs 3 --json --name kept")
    code, told, error = run(capfd, "resume kept --epochs 2 --json")
    assert (code, told) == (2, [])
    assert "Expected more than 3 epochs, which are done by then; received 2." in error
