"""The process that the shell started waits for the one that trains, and ends when the user detaches."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fitmon.engine import events
from fitmon.engine.runs.journal_reader import read_journal
from fitmon.engine.runs.lock import holder_of
from fitmon.engine.runs.run_folder import RunFolder
from tests.pseudo_terminal import PATIENCE_SECONDS, Pseudo

PROGRAM = """
import os, signal, sys, time
from pathlib import Path
from fitmon.cli.detachable import run_detachable

told = Path(sys.argv[1])

def train(detach):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    told.write_text(str(os.getpid()))
    print("training", flush=True)
    for line in sys.stdin:
        if line == "detach\\n":
            detach()
            os.close(0)
            break
        return int(line)
    while not told.with_name("finish").exists():
        time.sleep(0.01)
    told.with_name("finished").touch()
    return 0

sys.exit(run_detachable(train, detached=lambda: ["in the background"], killed=lambda by: f"{by} killed it"))
"""


def wait_until(condition: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < give_up_at
        time.sleep(0.01)


def is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{process_id}/stat")
    return not stat.exists() or ") Z " not in stat.read_text()


@pytest.fixture
def told(tmp_path: Path) -> Path:
    return tmp_path / "process"


def started(told: Path) -> Pseudo:
    terminal = Pseudo([sys.executable, "-c", PROGRAM, str(told)])
    terminal.until("training")
    return terminal


def test_the_exit_code_is_that_of_the_training(told: Path) -> None:
    with started(told) as terminal:
        terminal.type("7\n")
        assert terminal.exit_code() == 7


def test_detaching_ends_the_command_and_not_the_training_even_when_the_terminal_closes(told: Path) -> None:
    with started(told) as terminal:
        child = int(told.read_text())
        terminal.type("detach\n")
        assert terminal.exit_code() == 0
        assert b"in the background" in terminal.received
        assert os.getsid(child) == child, "a session of its own"
        terminal.hang_up()
        told.with_name("finish").touch()
        wait_until(told.with_name("finished").exists)
        wait_until(lambda: not is_alive(child))


def test_a_signal_to_the_command_reaches_the_training(told: Path) -> None:
    with started(told) as terminal:
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.exit_code() == 143


def test_if_the_training_is_killed_the_terminal_is_restored_and_the_reason_told(told: Path) -> None:
    with started(told) as terminal:
        os.kill(int(told.read_text()), signal.SIGKILL)
        assert terminal.exit_code() == 128 + signal.SIGKILL
        assert b"\x1b[?1049l" in terminal.received
        assert b"SIGKILL killed it" in terminal.received
        assert terminal.attributes_now() == terminal.attributes


def test_if_the_command_is_killed_the_training_ends_with_it(told: Path) -> None:
    with started(told) as terminal:
        child = int(told.read_text())
        terminal.process.kill()
        wait_until(lambda: not is_alive(child))


def test_the_command_stops_and_continues_with_the_training(told: Path) -> None:
    with started(told) as terminal:
        os.kill(int(told.read_text()), signal.SIGSTOP)
        wait_until(lambda: os.waitid(os.P_PID, terminal.process.pid, os.WSTOPPED | os.WNOHANG | os.WNOWAIT) is not None)
        terminal.process.send_signal(signal.SIGCONT)
        terminal.type("5\n")
        assert terminal.exit_code() == 5


@pytest.mark.slow
def test_q_then_d_leaves_a_run_that_trains_to_its_end_and_says_how_to_find_it(tmp_path: Path) -> None:
    words = ["iris", "--epochs", "1000000", "--name", "mine", "--run-dir", str(tmp_path)]
    with Pseudo([sys.executable, "-m", "fitmon", *words]) as terminal:
        terminal.until("best epoch so far")
        terminal.type("qd")
        assert terminal.exit_code() == 0
        assert terminal.attributes_now() == terminal.attributes
        for line in ("fitmon: mine is training in the background", "fitmon attach mine", "fitmon ctl mine stop"):
            assert line.encode() in terminal.received
        holder = holder_of(RunFolder(tmp_path / "mine"))
        assert holder is not None
        try:
            terminal.hang_up()
            journal = tmp_path / "mine" / "journal.jsonl"
            wait_until(lambda: '"epoch_ended"' in journal.read_text().partition('"run_detached"')[2])
        finally:
            os.kill(holder.pid, signal.SIGTERM)
        wait_until(lambda: not is_alive(holder.pid))
    told = [entry for entry in read_journal(journal) if isinstance(entry, events.Event)]
    assert events.RunDetached(reason="detached by the user") in told
    assert isinstance(told[-1], events.RunEnded)
