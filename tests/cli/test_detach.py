"""A training that no terminal owns: in lines when the terminal hangs up, without one from the start, after logout."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from fitmon.cli.detach import linger_warning, start_detached
from fitmon.engine.errors import SetupError
from tests.pseudo_terminal import PATIENCE_SECONDS, Pseudo
from tests.tui.demo_talk import finish, told, until_told

pytestmark = pytest.mark.slow

DEMO = [sys.executable, str(Path(__file__).parents[1] / "tui" / "demo.py"), "waits"]
USER = pwd.getpwuid(os.getuid()).pw_name
SESSION = "0::/user.slice/user-1000.slice/session-2.scope\n"
USER_MANAGER = "0::/user.slice/user-1000.slice/user@1000.service/app.slice/terminal.scope\n"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "run" / "output.log"


@pytest.fixture(autouse=True)
def _hang_ups_are_heeded() -> Iterator[None]:
    # A shell that starts the tests under nohup lets them inherit an ignored SIGHUP, which fitmon would respect.
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


DETACHED = "Detach(reason='the terminal hung up')"


@pytest.mark.parametrize("how", ["closed", "closed, controlling", "SIGHUP"])
def test_lines_are_dropped_when_the_terminal_hangs_up_and_the_run_continues(how: str, log: Path) -> None:
    with Pseudo([*DEMO, str(log), "--lines", *["--controlled"] * ("controlling" in how)]) as terminal:
        terminal.until("written to descriptor 2")
        if how == "SIGHUP":
            terminal.process.send_signal(signal.SIGHUP)
        else:
            terminal.hang_up()
        until_told(log, "Detach")
        terminal.process.send_signal(signal.SIGHUP)
        finish(log)
        assert terminal.process.wait(PATIENCE_SECONDS) == 0
        assert told(log) == [DETACHED, "terminals []", "all epochs done"]
        if how == "SIGHUP":
            terminal.read()
            assert b"printed at the end" not in terminal.received
            assert b"finished" not in terminal.received


def test_lines_that_go_to_a_file_are_written_although_the_terminal_hung_up(log: Path, tmp_path: Path) -> None:
    lines = tmp_path / "lines"
    with Pseudo(["sh", "-c", f'exec "$@" >{lines}', "sh", *DEMO, str(log), "--lines"]) as terminal:
        terminal.until("written to descriptor 2")
        terminal.process.send_signal(signal.SIGHUP)
        until_told(log, "Detach")
        finish(log)
        assert terminal.process.wait(PATIENCE_SECONDS) == 0
    assert lines.read_text() == "finished: 0 epochs\n"


def test_a_reader_that_ends_with_the_terminal_does_not_stop_the_run(log: Path) -> None:
    command = [*DEMO, str(log), "--lines"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stderr.readline()
        process.send_signal(signal.SIGHUP)
        until_told(log, "Detach")
        process.stdout.close()
        finish(log)
        assert process.wait(PATIENCE_SECONDS) == 0
    assert told(log) == [DETACHED, "terminals []", "all epochs done"]


def test_after_a_hang_up_a_signal_still_stops_a_run_in_lines(log: Path) -> None:
    with Pseudo([*DEMO, str(log), "--lines"]) as terminal:
        terminal.until("written to descriptor 2")
        terminal.hang_up()
        until_told(log, "Detach")
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.process.wait(PATIENCE_SECONDS) == 143
    assert told(log) == [DETACHED, "Stop(reason='stopped by SIGTERM')", "terminals []", "stopped by SIGTERM"]


def test_a_run_in_lines_that_is_not_saved_ends_with_its_terminal(log: Path) -> None:
    with Pseudo([*DEMO, str(log), "--lines", "--ephemeral"]) as terminal:
        terminal.until("written to descriptor 2")
        terminal.hang_up()
        assert terminal.process.wait(PATIENCE_SECONDS) == 129
    assert told(log)[0] == "Stop(reason='the terminal hung up')"


def test_under_nohup_a_hang_up_is_ignored(log: Path) -> None:
    with Pseudo(["sh", "-c", 'trap "" HUP; exec "$@"', "sh", *DEMO, str(log), "--lines"]) as terminal:
        terminal.until("written to descriptor 2")
        terminal.process.send_signal(signal.SIGHUP)
        finish(log)
        terminal.until("finished: 0 epochs")
        assert terminal.exit_code() == 0
    assert told(log)[-1] == "all epochs done"
    assert DETACHED not in told(log)


@pytest.mark.parametrize(
    ("number", "code", "requests"),
    [
        (signal.SIGHUP, 0, []),
        (signal.SIGTERM, 143, ["Stop(reason='stopped by SIGTERM')"]),
        (signal.SIGINT, 130, ["Stop(reason='stopped by SIGINT')"]),
    ],
)
def test_without_a_screen_a_run_prints_nothing_and_ends_cleanly(
    number: signal.Signals, code: int, requests: list[str], log: Path
) -> None:
    before = signal.signal(number, signal.SIG_DFL)
    with subprocess.Popen([*DEMO, str(log), "--headless"], stdout=subprocess.PIPE, text=True) as process:
        signal.signal(number, before)
        assert process.stdout is not None
        said = [process.stdout.readline()]
        process.send_signal(number)
        if number is signal.SIGHUP:
            finish(log)
        said += process.stdout.readlines()
        assert process.wait(PATIENCE_SECONDS) == code
    assert sorted(said) == ["printed at the end\n", "printed by Python\n", "written to descriptor 1\n"]
    ended = f"stopped by {number.name}" if requests else "all epochs done"
    assert told(log) == [*requests, "terminals []", ended]


def test_a_failure_without_a_screen_gives_its_code(log: Path) -> None:
    command = [*DEMO[:-1], "fails", str(log), "--headless"]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 3


def test_a_detached_run_has_its_own_session_and_prints_to_its_log(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise RuntimeError('a file of the user stood in for a module of Python')")
    monkeypatch.chdir(tmp_path)
    process = start_detached(["--version"], "mine", log)
    assert os.getsid(process) == process
    assert os.waitpid(process, 0) == (process, 0)
    assert log.read_text().startswith("fitmon ")
    assert log.stat().st_mode & 0o777 == 0o600


def test_a_failure_to_start_is_reported_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SetupError, match="Cannot start the run mine in the background: "):
        start_detached(["--version"], "mine", tmp_path / "file" / "output.log")


def machine(root: Path, cgroup: str, *marks: str, booted: bool = True) -> Path:
    """Make the files by which a machine says how it ends what runs on it."""
    for path in ("proc/self/cgroup", *marks):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(cgroup)
    if booted:
        (root / "run/systemd/system").mkdir(parents=True)
    return root


LINGER_FILE = f"var/lib/systemd/linger/{USER}"
KILLS = "b true\nas 0\nas 0\n"


@pytest.mark.parametrize(
    ("cgroup", "marks", "answer", "words"),
    [
        (SESSION, [], KILLS, ["loginctl enable-linger", "systemd-run --user --scope", "under tmux too"]),
        (SESSION, [LINGER_FILE], KILLS, ["; start fitmon with `systemd-run --user --scope"]),
        (SESSION, [], f'b true\nas 1 "root"\nas 2 "somebody" "{USER}x"\n', []),
        (SESSION, [], f'b true\nas 1 "x"\nas 1 "{USER}"\n', ["KillUserProcesses=yes"]),
        (SESSION, [], f'b true\nas 1 "{USER}"\nas 0\n', []),
        (SESSION, [], 'b false\nas 1 "root"\nas 0\n', []),
        (SESSION, [], "", []),
        (USER_MANAGER, [], "", ["log out for the last time", "loginctl enable-linger"]),
        (USER_MANAGER, [LINGER_FILE], KILLS, []),
        ("0::/system.slice/cron.service\n", [], KILLS, []),
        (SESSION, [".dockerenv"], KILLS, []),
    ],
)
def test_a_machine_that_ends_processes_at_logout_gives_a_warning_with_a_remedy(
    cgroup: str, marks: Sequence[str], answer: str, words: Sequence[str], tmp_path: Path
) -> None:
    warning = linger_warning(machine(tmp_path, cgroup, *marks), lambda _command: answer)
    assert [word for word in words if word not in warning] == []
    assert bool(warning) == bool(words)


def test_a_machine_without_systemd_runs_no_command(tmp_path: Path) -> None:
    def ask(_command: Sequence[str]) -> str:
        raise AssertionError

    assert linger_warning(machine(tmp_path, SESSION, booted=False), ask) == ""
    assert linger_warning(tmp_path / "none", ask) == ""


def test_a_machine_without_busctl_gives_no_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert linger_warning(machine(tmp_path, SESSION)) == ""
