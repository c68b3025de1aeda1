"""The command line resumes runs: exactly, from an earlier epoch, with the settings they were started with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fitmon.cli.main import main
from fitmon.engine import events
from fitmon.engine.checkpoints.find import kept_epochs
from fitmon.engine.runs.journal_line import CommandReceived
from fitmon.engine.runs.journal_reader import read_journal
from fitmon.engine.runs.lock import RunLock, holder_of
from fitmon.engine.runs.run_folder import RunFolder
from fitmon.engine.runs.runs import Runs
from fitmon.presets import preset_named
from tests.cli.finished_runs import JOB, FinishedRun

pytestmark = pytest.mark.slow

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


def _until(condition: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < give_up_at
        time.sleep(0.02)


def metrics(told: list[dict[str, Any]]) -> dict[int, dict[str, float]]:
    return {event["epoch"]: event["metrics"] for event in told if event["event"] == "epoch_ended"}


def test_a_finished_run_trains_more_epochs_exactly_and_on_the_same_split(
    capfd: pytest.CaptureFixture[str], root: Path, two_epochs: FinishedRun, four_epochs: FinishedRun
) -> None:
    folder = two_epochs.copied_to(root, "two")
    assert folder.description().arguments["split"] == "last"
    code, told, error = run(capfd, "resume two --json")
    assert (code, told) == (2, [])
    assert "--epochs 4" in error
    code, told, _ = run(capfd, "resume two --epochs 4 --json")
    assert code == 0
    assert metrics(told) == {epoch: four_epochs.metrics[epoch] for epoch in (3, 4)}
    (resumed,) = [event for event in told if event["event"] == "run_continued"]
    assert (resumed["exact"], resumed["epochs_done"]) == (True, 2)
    assert any("one class" in note for note in told[0]["notes"])
    assert folder.finished()


def test_an_earlier_epoch_becomes_a_branch_with_other_knobs(
    capfd: pytest.CaptureFixture[str], root: Path, four_epochs: FinishedRun
) -> None:
    folder = four_epochs.copied_to(root, "story")
    code, told, _ = run(capfd, "resume story --from-epoch 1 --dropout 0.5 --epochs 3 --json")
    assert code == 0
    assert list(metrics(told)) == [2, 3]
    assert {event["event"] for event in told} >= {"branch_started", "knob_applied"}
    assert sorted(kept_epochs(folder)) == [1, 2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            "resume kept --from-epoch 9",
            "Epoch 9 of kept has no checkpoint. Epochs with one: 0, 1, 2.",
        ),
        ("resume kept --from-epoch -1", "Expected from_epoch to be a whole number at least 0"),
        ("resume bare --dropout 0.5", "has no Dropout layer. Start a new run with --dropout"),
        ("resume nobody", "There is no run 'nobody'"),
        ("resume kept --epochs 1e", "Expected epochs to be a whole number"),
        ("resume kept --epochs 1", "Expected more than 2 epochs, since 2 are done by then; received 1."),
    ],
)
def test_what_cannot_be_resumed_is_refused_before_anything_loads(
    arguments: str, message: str, capfd: pytest.CaptureFixture[str], root: Path, two_epochs: FinishedRun
) -> None:
    two_epochs.copied_to(root, "kept")
    Runs(root).create(job="iris", settings=replace(preset_named("iris").settings, dropout=None), name="bare")
    code, told, error = run(capfd, f"{arguments} --json")
    assert (code, told) == (2, [])
    assert message in error


def test_a_run_that_another_process_trains_is_not_resumed(
    capfd: pytest.CaptureFixture[str], root: Path, two_epochs: FinishedRun
) -> None:
    with RunLock(two_epochs.copied_to(root, "mine")):
        code, told, error = run(capfd, "resume mine --epochs 3 --json")
    assert (code, told) == (6, [])
    assert f"process {os.getpid()}" in error
    assert "fitmon attach mine" in error


def test_a_folder_that_cannot_be_written_is_refused_before_the_training_unless_it_is_ephemeral(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    options = f"{JOB} --epochs 1 --json --run-dir {tmp_path / 'file' / 'runs'}"
    code, told, error = run(capfd, options)
    assert (code, told) == (7, [])
    assert "--ephemeral" in error
    code, told, _ = run(capfd, f"{options} --ephemeral")
    assert (code, list(metrics(told))) == (0, [1])


def test_a_terminated_run_exports_its_model_says_how_to_resume_it_and_resumes(
    root: Path, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    process = subprocess.Popen(
        [
            *FITMON,
            *JOB.split(),
            "--epochs",
            "100000",
            "--json",
            "--name",
            "long",
            "--export",
            str(tmp_path / "model.keras"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if '"epoch":20,' in line:
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


def test_an_interrupted_run_ends_cleanly_and_says_how_to_resume_it(root: Path) -> None:
    command = [*FITMON, *JOB.split(), "--epochs", "1000000", "--json", "--name", "long"]
    # A shell that starts the tests in the background lets them inherit an ignored SIGINT, which fitmon would respect.
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        signal.signal(signal.SIGINT, before)
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["event"] == "run_started"
        assert json.loads(process.stdout.readline())["event"] == "epoch_ended"
        process.send_signal(signal.SIGINT)
        output, error = process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == 128 + signal.SIGINT
    last = json.loads(output.splitlines()[-1])
    assert (last["event"], last["completed"], last["reason"]) == ("run_ended", False, "stopped by SIGINT")
    assert "Traceback" not in error
    assert "resume it with `fitmon resume long`" in error
    assert max(kept_epochs(RunFolder(root / "long"))[1]) >= 1


def test_a_detached_run_is_steered_by_ctl_records_the_sender_and_exports_its_model(
    root: Path, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    export = ["--export", str(tmp_path / "model.keras"), "--keep", "last"]
    started = subprocess.run(
        [*FITMON, *JOB.split(), "--epochs", "1000000", "--detach", "--name", "far", *export],
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
    told = list(read_journal(folder.journal_path))
    applied = [entry for entry in told if isinstance(entry, events.KnobApplied)]
    assert [(event.knob, event.value) for event in applied] == [("learning_rate", 1e-4)]
    senders = [entry.by for entry in told if isinstance(entry, CommandReceived)]
    assert any(f"ctl, process {os.getpid()}" in by for by in senders)
    assert any(isinstance(entry, events.RunDetached) for entry in told)
    (exported,) = [entry for entry in told if isinstance(entry, events.ModelExported)]
    assert (exported.keep, (tmp_path / "model.keras").is_file()) == ("last", True)


def test_a_run_whose_journal_is_lost_is_not_started_again_over_its_checkpoints(
    root: Path, capfd: pytest.CaptureFixture[str], two_epochs: FinishedRun
) -> None:
    folder = two_epochs.copied_to(root, "kept")
    before = {path: path.read_bytes() for path in folder.checkpoints_path.rglob("*.checkpoint")}
    folder.journal_path.unlink()
    code, told, error = run(capfd, "resume kept --epochs 4 --json")
    assert (code, told) == (3, [])
    assert "journal" in error
    assert before
    assert {path: path.read_bytes() for path in before} == before


def test_a_run_whose_journal_is_empty_resumes_but_is_not_called_exact(
    root: Path, capfd: pytest.CaptureFixture[str], two_epochs: FinishedRun
) -> None:
    two_epochs.copied_to(root, "kept").journal_path.write_bytes(b"")
    code, told, _ = run(capfd, "resume kept --epochs 4 --json")
    (resumed,) = [event for event in told if event["event"] == "run_continued"]
    assert (code, resumed["exact"], list(metrics(told))) == (0, False, [3, 4])
    assert resumed["reasons"] == ["its journal does not say how it was trained"]
