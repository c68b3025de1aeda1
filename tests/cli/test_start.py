"""Presets trained from the command line without a screen: what is printed, and the code it ends with."""

import json
import os
import signal
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fitmon.cli.headless import train_in_lines
from fitmon.cli.main import main
from fitmon.cli.options import ScheduledChange
from fitmon.cli.start import initial_commands
from fitmon.engine import events
from fitmon.engine.commands import SetKnob
from fitmon.engine.events import Phase
from fitmon.engine.record.record import RunRecord
from fitmon.engine.record.snapshot import Snapshot
from fitmon.engine.runs.journal_reader import read_journal
from fitmon.engine.training.options import RunOptions
from fitmon.text.lines import PlainLines
from tests.tui.demo_talk import told

pytestmark = pytest.mark.slow

DEMO = [sys.executable, str(Path(__file__).parents[1] / "tui" / "demo.py"), "waits"]
ENDED = events.RunEnded(reason="all epochs done", epochs_done=1, completed=True)
SMALL = "--units 4 --batch-size 500"


def run(capfd: pytest.CaptureFixture[str], arguments: str) -> tuple[int, list[str], str]:
    """Return the exit code, the lines on stdout and the text on stderr."""
    code = main(arguments.split())
    output = capfd.readouterr()
    return code, output.out.splitlines(), output.err


def events_of(lines: list[str]) -> list[dict[str, Any]]:
    return [json.loads(line, parse_constant=pytest.fail) for line in lines]


def test_json_has_every_epoch_and_every_change(capfd: pytest.CaptureFixture[str]) -> None:
    code, lines, _ = run(
        capfd, "iris --units 8 --batch-size 60 --epochs 4 --json --name mine --at 3:learning_rate=1e-4"
    )
    told = events_of(lines)
    assert code == 0
    assert [event["event"] for event in told] == [
        "run_started", "epoch_ended", "epoch_ended", "knob_applied", "epoch_ended", "epoch_ended", "run_ended",
    ]  # fmt: skip
    assert (told[0]["run"], told[0]["parameters"]) == ("mine", 67)
    assert told[1].keys() == {
        "event",
        "epoch",
        "epochs",
        "seconds",
        "metrics",
        "knobs",
        "insight",
        "measures",
        "findings",
    }
    assert told[1]["metrics"].keys() == {"loss", "accuracy", "val_loss", "val_accuracy"}
    rates = [event["knobs"]["learning_rate"] for event in told if event["event"] == "epoch_ended"]
    assert rates == pytest.approx([5e-4, 5e-4, 1e-4, 1e-4])
    assert told[-1]["completed"] is True


def test_json_accounts_for_every_validation_sample(capfd: pytest.CaptureFixture[str]) -> None:
    _, lines, _ = run(capfd, f"binary --dataset breast_cancer {SMALL} --epochs 3 --json --l2 0.01 --threshold 0.4")
    epochs = [event for event in events_of(lines) if event["event"] == "epoch_ended"]
    data_losses = [epoch["insight"]["data_loss"] for epoch in epochs]
    for epoch in epochs:
        insight, metrics = epoch["insight"], epoch["metrics"]
        groups = ("stayed_right", "stayed_wrong", "crossed_up", "crossed_down")
        assert insight["samples"] == sum(insight[group] for group in groups) == 114
        assert insight["accuracy"] == pytest.approx(metrics["val_accuracy"])
        assert insight["data_loss"] + insight["penalty"] == pytest.approx(metrics["val_loss"], rel=1e-4)
        assert insight["threshold"] == 0.4
        assert insight["penalty"] > 0
        assert {"balanced_accuracy", "roc_auc", "matthews", "brier", "confusion"} <= insight.keys()
        assert insight["sentence"]
    for insight, before, now in zip((e["insight"] for e in epochs[1:]), data_losses[:-1], data_losses[1:], strict=True):
        assert sum(insight["loss_change"].values()) == pytest.approx(now - before, abs=1e-9)


def test_lines_show_the_run_each_epoch_and_the_end(capfd: pytest.CaptureFixture[str]) -> None:
    code, lines, _ = run(capfd, "binary --dataset breast_cancer --epochs 2 --plain --at 2:dropout=0.5")
    assert code == 0
    assert lines[0].startswith("fitmon binary: 455 training samples, 114 validation samples, 1,537 parameters, ")
    assert lines[1] == "learning_rate 5e-4  dropout 0.3  l1 0  l2 0  batch_size 128  epochs 2  seed 0"
    assert lines[2].startswith("epoch 1/2  ")
    assert lines[3].startswith("  against the untrained model, val loss ")
    assert lines[4] == "  too early to say: 1 epoch is done, too few to compare."
    assert lines[5] == "epoch 2: dropout 0.3 → 0.5 (confirmed)"
    assert lines[6].startswith("epoch 2/2  ")
    assert lines[7].startswith("  val loss ")
    assert lines[8].startswith("finished: 2 epochs; best val_loss ")
    assert lines[9].startswith("Too early to say what the change at epoch 2 does: 1 epoch is done since")
    assert lines[10].startswith("Effect of dropout 0.3 → 0.5 from epoch 2: validation loss ")
    assert len(lines) == 11


def test_every_setting_reaches_the_run(capfd: pytest.CaptureFixture[str]) -> None:
    options = "--batch-size 1000 --learning-rate 0.02 --l1 0.001 --l2 0.01 --units 6,5 --optimizer sgd --seed 9"
    code, lines, _ = run(capfd, f"iris --epochs 1 --dropout 0.25 --no-jit --json {options}")
    first = events_of(lines)[0]
    values = {knob["name"]: knob["value"] for knob in first["knobs"]}
    assert code == 0
    assert (first["seed"], first["jit"], first["steps"]) == (9, False, 1)
    assert first["parameters"] == (4 * 6 + 6) + (6 * 5 + 5) + (5 * 3 + 3)
    wanted = {"learning_rate": 0.02, "l1": 0.001, "l2": 0.01, "dropout": 0.25, "batch_size": 1000, "epochs": 1}
    assert {name: values[name] for name in wanted} == pytest.approx(wanted)


def test_the_same_seed_gives_the_same_run(capfd: pytest.CaptureFixture[str]) -> None:
    runs = [events_of(run(capfd, f"iris {SMALL} --epochs 2 --json --seed {seed}")[1]) for seed in (1, 1, 2)]
    first, again, other = ([event.get("metrics") for event in told] for told in runs)
    assert first == again != other


@pytest.mark.parametrize(
    "given",
    [
        pytest.param([(3, "l2", 0.1), (1, "epochs", 3.0)], id="the later one first"),
        pytest.param([(3, "l2", 0.1), (3, "epochs", 4.0)], id="both at one epoch"),
    ],
)
def test_changes_are_sent_in_the_order_of_their_epochs_however_they_are_given(given: list[ScheduledChange]) -> None:
    commands = initial_commands({"paused": False, "at": given, "keep": None, "export": None})
    assert [command.knob for command in commands if isinstance(command, SetKnob)] == ["epochs", "l2"]


def test_epochs_can_be_added_right_after_the_last_one(capfd: pytest.CaptureFixture[str]) -> None:
    code, lines, _ = run(capfd, f"iris {SMALL} --epochs 1 --json --at 3:l2=0.1 --at 2:epochs=3")
    told = [(event["event"], event.get("knob")) for event in events_of(lines) if "knob" in event]
    assert (code, told) == (0, [("knob_applied", "epochs"), ("knob_applied", "l2")])


@pytest.mark.parametrize("threshold", [0, 1])
def test_a_threshold_at_either_end_can_be_trained_with(threshold: int, capfd: pytest.CaptureFixture[str]) -> None:
    code, lines, _ = run(capfd, f"binary --dataset breast_cancer {SMALL} --epochs 1 --json --threshold {threshold}")
    share_of_class_1 = 72 / 114
    accuracy = events_of(lines)[1]["metrics"]["val_accuracy"]
    assert (code, accuracy) == (0, pytest.approx(1 - share_of_class_1 if threshold else share_of_class_1))


def test_a_slow_reader_queues_only_events_that_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting: list[Any] = []

    class AllEventsAtOnce:
        """Stands in for a session whose events all come before the first is printed."""

        def __init__(self, on_event: Any) -> None:
            chunk = events.ChunkEnded(epoch=1, step=1, steps=9, chunk_metrics={}, epoch_metrics={}, seconds=0.1)
            epoch = events.EpochEnded(epoch=1, epochs=9, seconds=1.0, metrics={}, knobs={})
            for event in [chunk] * 50 + [events.PhaseChanged(phase=Phase.VALIDATING), epoch, chunk, ENDED]:
                on_event(event)

        def start(self) -> None:
            pass

        def join(self, _seconds: float) -> bool:
            return True

    def drained(_run: Any, inbox: Any, *_: Any) -> events.RunEnded:
        waiting.extend(inbox.get() for _ in range(inbox.qsize()))
        return ENDED

    monkeypatch.setattr("fitmon.cli.headless.print_run", drained)
    make_run: Any = lambda on_event: nullcontext(AllEventsAtOnce(on_event))  # noqa: E731
    train_in_lines(make_run, as_json=True, print_message=print)
    assert [type(event) for event in waiting] == [events.ChunkEnded, events.EpochEnded, events.RunEnded]


def test_mnist_trains_on_the_file_the_user_names(mnist_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code, lines, _ = run(capfd, f"mnist --data {mnist_path} --epochs 1 --units 16 --batch-size 512 --json")
    first, epoch, _ = events_of(lines)
    assert code == 0
    assert (first["training_samples"], first["validation_samples"]) == (60_000, 10_000)
    assert epoch["metrics"]["val_accuracy"] > 0.8


def test_damaged_data_ends_with_code_3_and_one_sentence(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "no.npz").write_bytes(b"PK\x03\x04")
    code, lines, talk = run(capfd, f"mnist --data {tmp_path}/no.npz --json")
    (failed,) = events_of(lines)
    assert (code, failed["event"], failed["kind"]) == (3, "run_failed", "data")
    message = f"{tmp_path}/no.npz cannot be read as Keras's mnist.npz: it is damaged or not an npz file."
    assert failed["message"] == message
    assert talk.splitlines()[-1] == f"fitmon: {message}"
    assert "Traceback" not in talk


def test_wrong_labels_end_with_code_3_and_are_traced_only_on_request(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    x, y = np.full((20, 28, 28), 255, np.uint8), np.arange(20)
    path = tmp_path / "wrong.npz"
    np.savez(path, x_train=x, y_train=y, x_test=x, y_test=y)
    code, lines, talk = run(capfd, f"mnist --data {path} --plain --debug")
    assert (code, lines) == (3, ["failed after 0 epochs"])
    assert f"fitmon: Expected labels in 0..9, received 10 (row 10 of y_train in {path})." in talk
    assert "Traceback" in talk


def test_digits_used_instead_of_mnist_are_reported_on_stderr(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("FITMON_DATA", raising=False)
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("fitmon.presets.mnist_data.OFFICIAL_URL", "http://127.0.0.1:1/mnist.npz")
    code, lines, talk = run(capfd, f"mnist {SMALL} --epochs 1 --json")
    assert code == 0
    assert "fitmon: This is not MNIST, which could not be downloaded (Connection refused)" in talk
    assert events_of(lines)[0]["notes"][0].startswith("This is not MNIST")


def test_a_loss_that_is_nan_ends_the_run_with_code_4_and_the_summary_says_why(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    options = "--optimizer sgd --learning-rate 1000 --units 64,64,64 --epochs 50"
    code, lines, _ = run(capfd, f"iris {options} --json --name nan --run-dir {tmp_path}")
    told, last = events_of(lines)[-2:]
    assert (code, last["event"], last["kind"]) == (4, "run_failed", "training")
    assert (told["event"], told["value"]) == ("loss_became_non_finite", "nan")
    (finding,) = [finding for finding in told["findings"] if finding["name"] == "non_finite_loss"]
    assert finding["epochs"] == [1, 1]
    rewind, anew = finding["remedies"][:2]
    assert (rewind["rewind_to"], rewind["command_line"]) == (0, "")
    assert anew["command_line"] == ("fitmon iris --epochs 50 --learning-rate 0.01 --units 64,64,64 --optimizer sgd")
    render = PlainLines()
    entries = read_journal(tmp_path / "nan" / "journal.jsonl")
    printed = "".join(render(entry) for entry in entries if isinstance(entry, events.Event))
    assert "\nFinding: non finite loss since epoch 1: loss is NaN" in printed


LOADING_MESSAGES = (
    "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
    "I0000 00:00:1795386540.253047   18955 cudart_stub.cc:31] Could not find cuda drivers on your machine.",
    "W0000 00:00:1795386540.253047   18955 gpu_device.cc:2341] Cannot dlopen some GPU libraries.",
)
OTHER_MESSAGES = ("E0000 00:00:1795386540.253047 18955 cuda.cc:52] failed", "The library needs AVX", "I0 am mine", "")


class Loading:
    """Stands in for a session: writes to stderr as TensorFlow does while it loads, and enters the next phase."""

    def __init__(self, _job: Any, options: Any, **_: Any) -> None:
        self._listener, self._record = options.on_event, RunRecord()

    def _tell(self, event: events.Event) -> None:
        self._record.apply(event)
        self._listener(event)

    def snapshot(self) -> Snapshot:
        return self._record.snapshot()

    def send(self, _command: Any) -> None:
        pass

    def start(self) -> None:
        self._tell(events.PhaseChanged(phase=Phase.STARTING))
        os.write(2, "\n".join([*LOADING_MESSAGES, *OTHER_MESSAGES]).encode())
        self._tell(events.PhaseChanged(phase=Phase.LOADING))
        os.write(1, b"from C\n")
        os.write(2, f"{LOADING_MESSAGES[1]}, logged later\n".encode())
        self._tell(ENDED)

    def join(self, _seconds: float) -> bool:
        return True


@pytest.fixture
def _loading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fitmon.engine.training.session.Session", Loading)
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)


@pytest.mark.usefixtures("_loading")
def test_tensorflows_loading_messages_are_filtered_and_errors_are_not(capfd: pytest.CaptureFixture[str]) -> None:
    code, _, talk = run(capfd, "iris --plain --ephemeral")
    assert code == 0
    assert talk.splitlines() == [*filter(None, OTHER_MESSAGES), "from C", f"{LOADING_MESSAGES[1]}, logged later"]


@pytest.mark.usefixtures("_loading")
def test_what_a_model_prints_does_not_reach_stdout(capfd: pytest.CaptureFixture[str]) -> None:
    _, lines, talk = run(capfd, "iris --json --ephemeral")
    assert [event["event"] for event in events_of(lines)] == ["run_ended"]
    assert "from C" in talk


@pytest.mark.usefixtures("_loading")
def test_with_tensorflows_log_level_set_everything_is_shown(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    _, _, talk = run(capfd, "iris --plain --ephemeral")
    assert [line for line in LOADING_MESSAGES if line not in talk] == []


@pytest.mark.usefixtures("_loading")
def test_without_grep_nothing_is_filtered(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", "")
    code, _, talk = run(capfd, "iris --plain --ephemeral")
    assert code == 0
    assert [line for line in (*LOADING_MESSAGES, *OTHER_MESSAGES) if line not in talk] == []


def test_the_copy_of_stderr_in_the_log_ends_with_the_run_and_is_not_killed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    started: list[Any] = []

    class Recorded(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Recorded)
    log = tmp_path / "log.txt"

    def make_run(listener: Any) -> Any:
        return nullcontext(Loading(None, RunOptions(on_event=listener)))

    train_in_lines(make_run, as_json=True, print_message=lambda _: None, log_path=log)
    assert [(process.args[0], process.returncode) for process in started] == [("tee", 0), ("grep", 0)]
    assert "logged later" in log.read_text()


def test_the_message_of_an_aborting_tensorflow_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    program = """
import contextlib, os
from fitmon.cli import headless

class Aborting:
    def start(self):
        os.write(2, b"I0000 00:00 chatter\\nF0000 00:00 This machine has no AVX.\\n")
        os.abort()

headless.train_in_lines(lambda _: contextlib.nullcontext(Aborting()), as_json=True, print_message=print)
"""
    answer = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    assert answer.returncode == -signal.SIGABRT
    assert answer.stderr == "F0000 00:00 This machine has no AVX.\n"


def test_the_message_of_an_abort_is_in_the_log_of_a_saved_run_too(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    program = f"""
import contextlib, os, pathlib
from fitmon.cli import headless

class Aborting:
    def start(self):
        os.write(2, b"F0000 00:00 This machine has no AVX.\\n")
        os.abort()

headless.train_in_lines(
    lambda _: contextlib.nullcontext(Aborting()), as_json=True, print_message=print, log_path=pathlib.Path({str(log)!r})
)
"""
    answer = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    assert answer.stderr == log.read_text() == "F0000 00:00 This machine has no AVX.\n"
    assert log.stat().st_mode & 0o777 == 0o600


def test_an_interrupt_ends_the_run_cleanly(tmp_path: Path) -> None:
    command = [*DEMO, str(tmp_path / "run" / "log"), "--lines"]
    # A shell that starts the tests in the background lets them inherit an ignored SIGINT, which fitmon would respect.
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        signal.signal(signal.SIGINT, before)
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stderr.readline()
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == "ended after 0 epochs: stopped by SIGINT\n"
        assert process.wait() == 128 + signal.SIGINT


def test_a_closed_output_stops_the_run_quietly(tmp_path: Path) -> None:
    log = tmp_path / "run" / "log"
    with subprocess.Popen([*DEMO, str(log), "--lines"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        talk = process.stderr.readline()
        process.stdout.close()
        talk += process.stderr.read()
        assert process.wait() == 128 + signal.SIGPIPE
    assert told(log)[0] == "Stop(reason='the output was closed')"
    assert b"Traceback" not in talk
    assert b"BrokenPipe" not in talk
