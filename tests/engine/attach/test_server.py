"""The run's end of its socket, with viewers of every kind."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

import msgspec
import numpy as np
import pytest

from fitmon.engine import events
from fitmon.engine.attach import client
from fitmon.engine.attach.address import MAX_ADDRESS_BYTES, Peer, address_of
from fitmon.engine.attach.client import Connection
from fitmon.engine.attach.server import RunServer
from fitmon.engine.attach.wire import (
    MAX_REPLY_BYTES,
    MAX_REQUEST_BYTES,
    PROTOCOL,
    Answer,
    Hello,
    Poll,
    Refused,
    Reply,
    Request,
    SendCommand,
    SnapshotUpdate,
    Welcome,
    receive,
    replies,
    send,
)
from fitmon.engine.commands import Command, Detach, Pause, PauseAt, Resume, Rewind, SetKnob, Stop
from fitmon.engine.errors import DiskError, SetupError
from fitmon.engine.record.snapshot import Snapshot
from fitmon.engine.runs.run_folder import RunFolder
from fitmon.engine.samples import ValidationSamples
from tests.engine.attach.same import assert_same, same
from tests.engine.attach.served_run import ServedRun, started, story

PATIENCE_SECONDS = 30
"""How long a test waits before it fails; never how long it takes."""


def until(condition: Callable[[], bool]) -> None:
    """Wait until a condition is true."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < give_up_at, "This did not happen."
        time.sleep(0.01)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path)


@pytest.fixture
def run() -> ServedRun:
    return ServedRun().tell(*story(3))


@pytest.fixture
def server(folder: RunFolder, run: ServedRun) -> Iterator[RunServer]:
    with RunServer(folder.socket_path, run) as server:
        yield server


@contextmanager
def connected(folder: RunFolder, *, read_only: bool = False) -> Iterator[Connection]:
    connection = Connection(folder, name="attach", read_only=read_only)
    try:
        yield connection
    finally:
        connection.close()


def latest(connection: Connection) -> Snapshot:
    """Return the present snapshot."""
    picture = connection.poll()
    return connection.poll() if connection.more else picture


class Stranger:
    """A program that may send anything."""

    def __init__(self, folder: RunFolder) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(PATIENCE_SECONDS)
        with address_of(folder.socket_path) as address:
            self.socket.connect(address)

    def sends(self, raw: bytes) -> Stranger:
        self.socket.sendall(raw)
        return self

    def says(self, request: Request) -> Stranger:
        send(self.socket, request, MAX_REQUEST_BYTES)
        return self

    def hears(self) -> Reply:
        return receive(self.socket, replies, MAX_REPLY_BYTES)

    def is_left(self) -> bool:
        """Return whether the connection is closed without another message."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


HELLO = Hello(protocol=PROTOCOL, name="stranger")


def framed(raw: bytes) -> bytes:
    return len(raw).to_bytes(4, "big") + raw


@pytest.mark.usefixtures("server")
def test_a_viewer_gets_the_present_snapshot_and_later_ones(folder: RunFolder, run: ServedRun) -> None:
    with connected(folder) as connection:
        assert_same(latest(connection), run.snapshot())
        run.tell(*story(3))
        assert_same(latest(connection), run.snapshot())
        assert_same(latest(connection), run.snapshot())


@pytest.mark.usefixtures("server")
def test_two_viewers_follow_the_run_independently(folder: RunFolder, run: ServedRun) -> None:
    with connected(folder) as often, connected(folder) as seldom:
        latest(seldom)
        for event in story(2):
            run.tell(event)
            assert_same(latest(often), run.snapshot())
        assert_same(latest(seldom), run.snapshot())


COMMANDS: list[Command] = [
    Pause(at=PauseAt.CHUNK),
    Resume(),
    Stop(reason="enough"),
    SetKnob(knob="learning_rate", value=1e-4),
    SetKnob(knob="epochs", value=20, epoch=3),
    Rewind(epoch=3, branch=2, changes={"dropout": 0.5}),
]


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: type(command).__name__)
def test_a_command_reaches_the_run_with_its_sender(folder: RunFolder, run: ServedRun, command: Command) -> None:
    with connected(folder) as connection:
        assert connection.send(command) == ""
    assert run.requests.get(timeout=PATIENCE_SECONDS) == (command, f"attach, process {os.getpid()}")


@pytest.mark.usefixtures("server")
def test_a_read_only_viewer_cannot_send_commands_and_stays_connected(folder: RunFolder, run: ServedRun) -> None:
    with connected(folder, read_only=True) as connection:
        assert connection.send(Stop()) == "This connection is read-only."
        assert_same(latest(connection), run.snapshot())
    assert run.requests.empty()


@pytest.mark.usefixtures("server")
def test_only_the_run_itself_can_detach(folder: RunFolder, run: ServedRun) -> None:
    with connected(folder) as connection:
        assert "screen" in connection.send(Detach(reason="gone"))
    assert run.requests.empty()


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    "command", [{"command": "explode"}, {"command": "set_knob", "knob": 7}, "pause", None], ids=str
)
def test_an_invalid_command_is_refused_with_a_reason(folder: RunFolder, run: ServedRun, command: object) -> None:
    with Stranger(folder) as stranger:
        stranger.says(HELLO).hears()
        answer = stranger.says(SendCommand(command=msgspec.Raw(msgspec.msgpack.encode(command)))).hears()
        assert isinstance(answer, Answer)
        assert answer.refusal.startswith("This run does not know the command")
        assert isinstance(stranger.says(Poll()).hears(), SnapshotUpdate)
    assert run.requests.empty()


GARBAGE = [
    pytest.param(b"GET / HTTP/1.1\r\n\r\n", id="another protocol"),
    pytest.param(framed(b""), id="nothing"),
    pytest.param(framed(b"\xc1" * 10), id="no message"),
    pytest.param(framed(b"\x91" * 60_000), id="nested deeper than any reader allows"),
    pytest.param(framed(msgspec.msgpack.encode({"type": "explode"})), id="a message of another kind"),
    pytest.param(framed(msgspec.msgpack.encode(Hello(protocol=PROTOCOL, name="x" * 41))), id="too long a name"),
    pytest.param(framed(msgspec.msgpack.encode(Poll())), id="no greeting"),
    pytest.param((MAX_REQUEST_BYTES + 1).to_bytes(4, "big"), id="too long a message"),
    pytest.param(b"\xff\xff\xff\xff", id="far too long a message"),
]


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("raw", GARBAGE)
def test_an_invalid_message_closes_the_connection(folder: RunFolder, run: ServedRun, raw: bytes) -> None:
    with Stranger(folder) as stranger:
        assert stranger.sends(raw).is_left()
    with Stranger(folder) as stranger:
        assert stranger.says(HELLO).hears() == Welcome()
        # A second hello is invalid too.
        assert stranger.sends(framed(msgspec.msgpack.encode(HELLO)) if raw == GARBAGE[6].values[0] else raw).is_left()
    with connected(folder) as connection:
        assert_same(latest(connection), run.snapshot())
    assert run.requests.empty()


@pytest.mark.usefixtures("server")
def test_a_viewer_of_another_version_is_refused_with_the_reason(folder: RunFolder) -> None:
    with Stranger(folder) as stranger:
        future = {"type": "hello", "protocol": PROTOCOL + 1, "name": "attach", "something_new": [1, 2]}
        told = stranger.sends(framed(msgspec.msgpack.encode(future))).hears()
        assert isinstance(told, Refused)
        assert f"The run uses protocol {PROTOCOL}," in told.reason
        assert f"uses protocol {PROTOCOL + 1}." in told.reason
        assert stranger.is_left()


@pytest.mark.usefixtures("server")
def test_a_viewer_reports_why_a_run_of_another_version_refuses_it(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PROTOCOL", PROTOCOL + 1)
    with pytest.raises(SetupError, match=f"uses protocol {PROTOCOL + 1}"):
        Connection(folder, name="attach")


def test_another_user_is_disconnected_at_once(folder: RunFolder, run: ServedRun) -> None:
    users = [os.geteuid() + 1, os.geteuid()]
    with RunServer(folder.socket_path, run, peer_of=lambda _: Peer(user=users.pop(0), process=1)):
        with Stranger(folder) as stranger:
            assert stranger.is_left()
        with connected(folder) as connection:
            assert_same(latest(connection), run.snapshot())
    assert run.requests.empty()


def test_a_process_of_an_unknown_user_is_disconnected_at_once(folder: RunFolder, run: ServedRun) -> None:
    def unknown(_: socket.socket) -> Peer:
        raise OSError

    with RunServer(folder.socket_path, run, peer_of=unknown), Stranger(folder) as stranger:
        assert stranger.is_left()


@pytest.mark.usefixtures("server")
def test_the_socket_is_only_for_its_user(folder: RunFolder) -> None:
    mode = folder.socket_path.stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600


def test_the_socket_of_a_process_that_was_killed_is_replaced(folder: RunFolder, run: ServedRun) -> None:
    leftover = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with address_of(folder.socket_path) as address:
        leftover.bind(address)
    leftover.close()
    folder.socket_path.with_name("socket.new").touch()
    with RunServer(folder.socket_path, run), connected(folder) as connection:
        assert_same(latest(connection), run.snapshot())
    assert list(folder.path.iterdir()) == []


@pytest.mark.parametrize("length", [MAX_ADDRESS_BYTES - 7, MAX_ADDRESS_BYTES - 6, 3 * MAX_ADDRESS_BYTES])
def test_a_run_can_be_reached_however_long_its_path_is(tmp_path: Path, run: ServedRun, length: int) -> None:
    path = tmp_path
    while (missing := length - len(str(path))) > 1:
        path /= "x" * min(missing - 1, 200)
    path.mkdir(parents=True)
    folder = RunFolder(path)
    with RunServer(folder.socket_path, run), connected(folder) as connection:
        assert_same(latest(connection), run.snapshot())
    assert list(path.iterdir()) == []


def test_a_socket_that_cannot_be_created_is_reported_with_the_reason(tmp_path: Path, run: ServedRun) -> None:
    with pytest.raises(DiskError, match="you cannot attach"):
        RunServer(tmp_path / "missing" / "socket", run)


def test_nothing_is_left_when_the_run_closes_its_socket(folder: RunFolder, run: ServedRun) -> None:
    server = RunServer(folder.socket_path, run)
    with Stranger(folder) as stranger:
        stranger.says(HELLO).hears()
        server.close(linger_seconds=0)
        assert stranger.is_left()
    server.close()
    assert list(folder.path.iterdir()) == []
    with pytest.raises(FileNotFoundError):
        Connection(folder, name="attach")


def test_viewers_get_the_end_of_the_run_before_the_socket_closes(folder: RunFolder) -> None:
    run = ServedRun().tell(started())
    server = RunServer(folder.socket_path, run)
    with connected(folder) as connection:
        latest(connection)
        run.tell(events.RunEnded(reason="all epochs done", epochs_done=0, completed=True))
        closing = threading.Thread(target=server.close, args=(PATIENCE_SECONDS,))
        closing.start()
        assert latest(connection).over
        closing.join()


@pytest.fixture
def long_run(run: ServedRun) -> ServedRun:
    """A run whose first snapshot is far larger than the buffer of a socket."""
    images = np.zeros((2000, 28, 28), np.float32)
    images.flags.writeable = False
    return run.tell(events.SamplesLoaded(samples=ValidationSamples(images, None, feature_names=(), class_names=())))


def test_a_stalled_viewer_delays_no_other_and_is_disconnected(folder: RunFolder, long_run: ServedRun) -> None:
    server = RunServer(folder.socket_path, long_run, send_seconds=0.2, max_connections=2)
    with server, Stranger(folder) as stalled:
        stalled.says(HELLO).hears()
        assert isinstance(stalled.says(Poll()).hears(), SnapshotUpdate)
        stalled.says(Poll())
        with connected(folder) as connection:
            assert_same(latest(connection), long_run.snapshot())
            long_run.tell(*story(2))
            assert_same(latest(connection), long_run.snapshot())
            talking_at_last(folder).close()
        with pytest.raises(ConnectionResetError):
            stalled.hears()


def talking_at_last(folder: RunFolder) -> Connection:
    """Return a connection as soon as the run accepts one."""
    found: list[Connection] = []

    def found_one() -> bool:
        with suppress(SetupError, OSError):
            found.append(Connection(folder, name="attach"))
        return bool(found)

    until(found_one)
    return found[0]


def test_an_idle_viewer_is_disconnected(folder: RunFolder, run: ServedRun) -> None:
    with RunServer(folder.socket_path, run, idle_seconds=0.05), Stranger(folder) as stranger:
        assert stranger.is_left()


def test_one_viewer_too_many_is_refused_with_the_reason(folder: RunFolder, run: ServedRun) -> None:
    with RunServer(folder.socket_path, run, max_connections=1):
        with connected(folder), pytest.raises(SetupError, match="already has 1 viewer"):
            Connection(folder, name="attach")
        talking_at_last(folder).close()


KILLED_VIEWER = """
import os, signal, sys
from pathlib import Path
from fitmon.engine.attach.client import Connection
from fitmon.engine.attach.wire import MAX_REQUEST_BYTES, Poll, send
from fitmon.engine.runs.run_folder import RunFolder

connection = Connection(RunFolder(Path(sys.argv[1])), name="attach")
connection.poll()
send(connection._connection, Poll(), MAX_REQUEST_BYTES)
connection._connection.recv(1000)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_viewer_that_is_killed_during_an_answer_frees_its_place(folder: RunFolder, long_run: ServedRun) -> None:
    with RunServer(folder.socket_path, long_run, max_connections=1):
        killed = subprocess.run([sys.executable, "-c", KILLED_VIEWER, str(folder.path)], check=False)
        assert killed.returncode == -9
        connection = talking_at_last(folder)
        assert_same(latest(connection), long_run.snapshot())
        connection.close()


def test_the_comparison_notices_differences() -> None:
    """Otherwise the comparisons here would prove nothing."""
    whole = ServedRun().tell(*story(2)).snapshot()
    other = ServedRun().tell(*story(2), events.PhaseChanged(phase=whole.phase)).snapshot()
    assert not same(other, whole)
