"""Runs watched from another terminal and controlled from scripts."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fitmon.cli.attach import attach
from fitmon.cli.ctl import ctl
from fitmon.engine import events
from fitmon.engine.attach import client
from fitmon.engine.attach.server import RunServer
from fitmon.engine.commands import Command, Pause, Resume, Stop
from fitmon.engine.errors import FitmonError
from fitmon.engine.job import Settings
from fitmon.engine.runs.journal import JournalWriter
from fitmon.engine.runs.lock import RunLock
from fitmon.engine.runs.run_folder import RunFolder
from fitmon.engine.runs.runs import Runs
from tests.engine.attach.answering_run import answering
from tests.engine.attach.served_run import Scorer, ServedRun, chunk, epoch_events, samples_loaded, started
from tests.pseudo_terminal import Pseudo, assert_given_back

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
ATTACH = "import sys; from fitmon.cli.attach import attach; sys.exit(attach.main(sys.argv[1:], standalone_mode=False))"
SETTINGS = Settings(epochs=10, batch_size=64, learning_rate=1e-3, units=(512,))


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return Runs(tmp_path).create(job="mnist", settings=SETTINGS, name="digits")


@pytest.fixture
def run() -> ServedRun:
    """A run in its third epoch."""
    run = ServedRun().tell(started(), samples_loaded(), Scorer(2).scored(0)).epochs(1, 2)
    return run.tell(events.EpochStarted(epoch=3, epochs=10, steps=100), chunk(3, 40))


@pytest.fixture
def reached(folder: RunFolder, run: ServedRun) -> Iterator[ServedRun]:
    """The same, with a server."""
    with RunLock(folder), RunServer(folder.socket_path, run):
        yield run


def write_journal(folder: RunFolder, *told: events.Event) -> None:
    """Write the journal of a run that no process trains."""
    journal = JournalWriter(folder.journal_path)
    for event in (started(), *epoch_events(1), *epoch_events(2), *told):
        journal.event(event)
    journal.close()


FINISHED = events.RunEnded(reason="all epochs done", epochs_done=2, completed=True)


def attached(folder: RunFolder, *options: str) -> Pseudo:
    return Pseudo([sys.executable, "-c", ATTACH, folder.name, "--run-dir", str(folder.path.parent), *options])


def steered(folder: RunFolder, *words: str) -> int:
    """Give the exit code that the command line would end with."""
    try:
        ctl.main([folder.name, *words, "--run-dir", str(folder.path.parent)], standalone_mode=False)
    except FitmonError as error:
        print(error)  # noqa: T201 - what the command line says, for the test to read
        return error.exit_code
    return 0


def test_a_run_is_watched_and_steered_from_another_terminal_and_continues_when_that_quits(
    folder: RunFolder, reached: ServedRun
) -> None:
    with attached(folder) as terminal:
        terminal.until("epoch 3/10")
        terminal.type(" ")
        command, by = reached.requests.get(timeout=30)
        assert isinstance(command, Pause)
        assert by == f"attach, process {terminal.process.pid}"
        reached.tell(*epoch_events(3)[2:], events.RunPaused(epoch=3, step=100, reason="requested"))
        terminal.until("paused")
        terminal.type("q")
        assert terminal.exit_code() == 0
        assert_given_back(terminal)
    assert reached.requests.empty()


def test_a_read_only_view_sends_no_commands(folder: RunFolder, reached: ServedRun) -> None:
    with attached(folder, "--read-only") as terminal:
        terminal.until("epoch 3/10")
        terminal.type(" ")
        terminal.until("keys that change the run are off")
        terminal.type("q")
        assert terminal.exit_code() == 0
    assert reached.requests.empty()


def test_two_terminals_show_one_run(folder: RunFolder, reached: ServedRun) -> None:
    with attached(folder) as one, attached(folder, "--read-only") as other:
        for terminal in (one, other):
            terminal.until("epoch 3/10")
        reached.tell(*epoch_events(3)[2:], *epoch_events(4)[:2])
        for terminal in (one, other):
            terminal.until("epoch 4/10")


def test_losing_the_terminal_does_not_stop_the_run(folder: RunFolder, reached: ServedRun) -> None:
    with attached(folder) as terminal:
        terminal.until("epoch 3/10")
        terminal.process.send_signal(signal.SIGHUP)
        terminal.exit_code()
    assert reached.requests.empty()


def test_a_run_that_is_over_shows_its_record(folder: RunFolder) -> None:
    write_journal(folder, FINISHED)
    with attached(folder) as terminal:
        terminal.until("finished")
        terminal.until("epoch 2/10")
        terminal.type("q")
        assert terminal.exit_code() == 0


def test_a_run_that_is_killed_while_it_is_shown_says_so(folder: RunFolder) -> None:
    command = [sys.executable, "-m", "tests.engine.attach.run_to_be_killed", str(folder.path)]
    elsewhere = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)
    with elsewhere, attached(folder) as terminal:
        terminal.until("epoch 2/10")
        elsewhere.kill()
        terminal.until("ended unexpectedly")
        terminal.until("fitmon resume digits")


def test_the_latest_run_that_is_not_finished_is_shown_unless_another_is_named(folder: RunFolder) -> None:
    write_journal(folder)
    done = Runs(folder.path.parent).create(job="iris", settings=SETTINGS, name="done")
    write_journal(done, FINISHED)
    with Pseudo([sys.executable, "-c", ATTACH, "--run-dir", str(folder.path.parent)]) as terminal:
        terminal.until("digits")


def test_without_a_terminal_the_error_suggests_ctl_status(folder: RunFolder) -> None:
    with pytest.raises(FitmonError, match="fitmon ctl RUN status"):
        attach.main([folder.name, "--run-dir", str(folder.path.parent)], standalone_mode=False)


@pytest.mark.usefixtures("reached")
def test_the_status_is_a_line(folder: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    assert steered(folder, "status") == 0
    line = capsys.readouterr().out
    assert line.startswith("digits  waiting to start  epoch 3/10  step 40/100  loss 0.5000")
    assert line.count("\n") == 1


@pytest.mark.usefixtures("reached")
def test_the_status_is_an_object_for_programs(folder: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    assert steered(folder, "status", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["run"], told["alive"], told["epoch"], told["epochs_done"]) == ("digits", True, 3, 2)
    assert told["metrics"]["loss"] == 0.5
    assert told["knobs"]["dropout"] == [0.25, 0.5]
    assert told["pending"] == {}


STATES: list[tuple[list[events.Event], str]] = [
    ([FINISHED], "finished"),
    ([events.RunEnded(reason="enough", epochs_done=2, completed=False)], "stopped"),
    ([events.RunFailed(kind="training", message="No.", traceback="", epochs_done=2)], "failed"),
    ([], "crashed"),
]


@pytest.mark.parametrize(("told", "state"), STATES, ids=lambda value: value if isinstance(value, str) else "")
def test_the_status_of_a_run_without_a_process_shows_how_it_ended(
    folder: RunFolder, told: list[events.Event], state: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_journal(folder, *told)
    assert steered(folder, "status", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["state"], answer["alive"], answer["epochs_done"]) == (state, False, 2)


def test_a_nan_loss_is_null_in_json(folder: RunFolder, reached: ServedRun, capsys: pytest.CaptureFixture[str]) -> None:
    reached.tell(*epoch_events(3)[2:])
    assert steered(folder, "status", "--json") == 0
    assert json.loads(capsys.readouterr().out)["metrics"]["val_loss"] is None


REQUESTS: list[tuple[str, Command]] = [
    ("pause", Pause()),
    ("resume", Resume()),
    ("stop", Stop(reason="stopped by fitmon ctl")),
]


@pytest.mark.parametrize(("word", "command"), REQUESTS, ids=lambda value: value if isinstance(value, str) else "")
def test_an_action_sends_its_command_to_the_run(
    folder: RunFolder, reached: ServedRun, word: str, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert steered(folder, word) == 0
    assert reached.requests.get(timeout=30)[0] == command
    assert capsys.readouterr().out.startswith(f"digits: {word} requested")


def accept(_: Command) -> list[events.Event]:
    return [events.KnobRequested(knob="learning_rate", value=1e-4, epoch=4)]


def refuse(_: Command) -> list[events.Event]:
    return [events.KnobRefused(knob="learning_rate", value=1e-4, reason="the run now ends with epoch 3")]


ANSWERS = [
    pytest.param(accept, (0, "digits: learning_rate 0.0001 from epoch 4"), id="accepted"),
    pytest.param(refuse, (2, "the run now ends with epoch 3"), id="refused"),
]


@pytest.mark.parametrize(("answer", "expected"), ANSWERS)
def test_a_change_ends_with_the_answer_of_the_run(
    folder: RunFolder,
    run: ServedRun,
    answer: Callable[[Command], list[events.Event]],
    expected: tuple[int, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    with answering(folder, run, answer):
        assert steered(folder, "set", "learning_rate", "1e-4") == expected[0]
    assert expected[1] in capsys.readouterr().out


WRONG = [
    pytest.param(["set", "learning_rate", "-1"], "above 0", id="a value out of range"),
    pytest.param(["set", "speed", "1"], "Unknown knob", id="no knob"),
    pytest.param(["set", "learning_rate"], "set KNOB VALUE", id="no value"),
    pytest.param(["pause", "now"], "set KNOB VALUE", id="a word too many"),
    pytest.param(["explode"], "pause, resume, stop", id="no action"),
]


@pytest.mark.parametrize(("words", "said"), WRONG)
def test_an_invalid_action_is_refused_with_the_valid_ones(
    folder: RunFolder, reached: ServedRun, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert steered(folder, *words) == 2
    assert said in capsys.readouterr().out
    assert reached.requests.empty()


@pytest.mark.parametrize("words", [["pause"], ["set", "learning_rate", "1e-4"]], ids=" ".join)
def test_a_run_without_a_process_accepts_no_commands(
    folder: RunFolder, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    write_journal(folder, FINISHED)
    assert steered(folder, *words) == 2
    assert "fitmon attach digits" in capsys.readouterr().out


def test_a_run_that_cannot_be_reached_is_in_use(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(client, "START_SECONDS", 0.1)
    with RunLock(folder):
        assert steered(folder, "stop") == 6
    assert "does not answer" in capsys.readouterr().out
