"""The run's end of its socket: answers whoever looks, and passes on what they ask for.

Viewers ask and are answered from a frozen snapshot in a thread of their own, so that the training does nothing for
them, and nothing piles up for one that has stalled.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol, Self

import msgspec

from fitmon.engine.attach.address import Peer, address_of, peer_of
from fitmon.engine.attach.wire import (
    MAX_REPLY_BYTES,
    MAX_REQUEST_BYTES,
    PROTOCOL,
    Answer,
    Ask,
    GarbageError,
    Hello,
    Poll,
    Refused,
    Welcome,
    limit_waiting,
    receive,
    requests,
    send,
)
from fitmon.engine.commands import Command, Detach
from fitmon.engine.errors import DiskError
from fitmon.engine.record.snapshot import Snapshot

MAX_CONNECTIONS = 32
SEND_SECONDS = 10.0
"""A viewer that takes longer to take an answer in has stalled and is left."""
IDLE_SECONDS = 60.0
"""A viewer that asks nothing for so long is left; it may come again."""
_SECONDS_BETWEEN_LOOKS = 0.02
_NOTHING_YET = -1

_commands = msgspec.msgpack.Decoder(Command)


class Served(Protocol):
    """What a server needs of a run; both may be called from any thread and never wait for the training."""

    def snapshot(self) -> Snapshot:
        """Return what is known now."""

    def send(self, command: Command, *, by: str) -> None:
        """Ask for something; `by` says in words who does."""


class RunServer:
    """Lets this user's other processes look at a run and steer it, until `close`."""

    def __init__(
        self,
        path: Path,
        run: Served,
        *,
        peer_of: Callable[[socket.socket], Peer] = peer_of,
        send_seconds: float = SEND_SECONDS,
        idle_seconds: float = IDLE_SECONDS,
        most_connections: int = MAX_CONNECTIONS,
    ) -> None:
        """Listen from now on.

        Args:
            path: of the socket, in the folder of the run, which the caller has locked: what is there is replaced.
            run: what is shown and steered.
            peer_of: tells who is at the other end of a connection; raises OSError.
            send_seconds: see `SEND_SECONDS`.
            idle_seconds: see `IDLE_SECONDS`.
            most_connections: so many at once; others are told so.

        Raises:
            DiskError: there can be no socket; the run goes on without.
        """
        self._path, self._run, self._peer_of = path, run, peer_of
        self._send_seconds, self._idle_seconds = send_seconds, idle_seconds
        self._most_connections = most_connections
        self._lock = threading.Lock()
        self._told: dict[socket.socket, int | None] = {}
        """The version of the last snapshot that each has been told of; None before they have greeted."""
        self._closed = False
        self._listener = _listen(path)
        threading.Thread(target=self._accept, name="fitmon listening", daemon=True).start()

    def close(self, linger_seconds: float = 0.5) -> None:
        """Let everybody go and remove the socket; a second time does nothing.

        Args:
            linger_seconds: how long those who look are waited for, so that they see how the run ended.
        """
        if self._closed:
            return
        self._closed = True
        self._stop_listening()
        self._linger(linger_seconds)
        with self._lock:
            for connection in self._told:
                _shut(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _stop_listening(self) -> None:
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
        # Wakes the thread that waits for others; closing alone does not.
        _shut(self._listener)
        self._listener.close()

    def _linger(self, seconds: float) -> None:
        version = self._run.snapshot().version
        give_up_at = time.monotonic() + seconds
        while time.monotonic() < give_up_at:
            with self._lock:
                behind = any(told not in {None, version} for told in self._told.values())
            if not behind:
                return
            time.sleep(_SECONDS_BETWEEN_LOOKS)

    def _accept(self) -> None:
        while not self._closed:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                # Such as too many open files: somebody else must close some first.
                time.sleep(_SECONDS_BETWEEN_LOOKS)
                continue
            _open_here.add(connection)
            if not self._admit(connection):
                connection.close()

    def _admit(self, connection: socket.socket) -> bool:
        """Begin to talk to somebody who may be talked to; return whether that is so."""
        try:
            limit_waiting(connection, send_seconds=self._send_seconds, receive_seconds=self._idle_seconds)
            peer = self._peer_of(connection)
            if peer.user != os.geteuid():
                return False
            with self._lock:
                if self._closed:
                    return False
                full = len(self._told) >= self._most_connections
                if not full:
                    self._told[connection] = None
            if full:
                reason = f"Expected at most {self._most_connections} viewers of a run, received one more."
                send(connection, Refused(reason=reason), MAX_REPLY_BYTES)
                return False
            arguments = connection, peer
            threading.Thread(target=self._talk, args=arguments, name="fitmon viewer", daemon=True).start()
        except (OSError, RuntimeError):
            self._forget(connection)
            return False
        return True

    def _talk(self, connection: socket.socket, peer: Peer) -> None:
        try:
            hello = self._welcome(connection)
            if hello is not None:
                self._serve(connection, hello, f"{hello.name}, process {peer.process}")
        except (OSError, GarbageError):
            pass  # Gone, stalled, or not one of ours: there is nobody to tell.
        finally:
            self._forget(connection)
            connection.close()

    def _welcome(self, connection: socket.socket) -> Hello | None:
        hello = receive(connection, requests, MAX_REQUEST_BYTES)
        if not isinstance(hello, Hello):
            raise GarbageError(f"Expected a greeting, received {type(hello).__name__}.")
        if hello.protocol != PROTOCOL:
            reason = (
                f"Expected a fitmon that speaks protocol {PROTOCOL}, as the run's does, received {hello.protocol}. "
                "Use the fitmon that the run was started with."
            )
            send(connection, Refused(reason=reason), MAX_REPLY_BYTES)
            return None
        send(connection, Welcome(), MAX_REPLY_BYTES)
        return hello

    def _serve(self, connection: socket.socket, hello: Hello, by: str) -> None:
        # It brings numpy, which the first picture of the run's own screen does not wait for.
        from fitmon.engine.attach.snapshot_encoder import SnapshotEncoder

        teller = SnapshotEncoder(per_sample=hello.per_sample)
        self._told[connection] = _NOTHING_YET
        while True:
            match receive(connection, requests, MAX_REQUEST_BYTES):
                case Poll():
                    snapshot = self._run.snapshot()
                    send(connection, teller.news(snapshot), MAX_REPLY_BYTES)
                    self._told[connection] = snapshot.version
                case Ask(command=command):
                    send(connection, Answer(refusal=self._pass_on(command, hello, by)), MAX_REPLY_BYTES)
                case Hello():
                    raise GarbageError("Expected one greeting, received two.")

    def _pass_on(self, raw: msgspec.Raw, hello: Hello, by: str) -> str:
        """Pass a command on to the run; return why not, as a sentence, or an empty text."""
        if hello.read_only:
            return "This connection only looks."
        try:
            command = _commands.decode(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            return f"Expected a command that this run knows, received something else ({error})."
        if isinstance(command, Detach):
            return "Only the run itself knows whether its screen has gone."
        self._run.send(command, by=by)
        return ""

    def _forget(self, connection: socket.socket) -> None:
        with self._lock:
            self._told.pop(connection, None)


def _listen(path: Path) -> socket.socket:
    """Return a listening socket that only its user can reach, put in place of one whose process has gone."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    _open_here.add(listener)
    unfinished = path.with_name(f"{path.name}.new")
    try:
        unfinished.unlink(missing_ok=True)
        with address_of(unfinished) as address:
            listener.bind(address)
        # Under another name until it has its rights and listens.
        unfinished.chmod(0o600)
        listener.listen(MAX_CONNECTIONS)
        unfinished.replace(path)
    except OSError as error:
        listener.close()
        raise DiskError(
            f"There can be no socket {path} ({error.strerror or error}): nobody can attach to this run. Give a folder "
            "on a local disk with --run-dir."
        ) from error
    except DiskError:
        listener.close()
        raise
    return listener


def _shut(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


_open_here: weakref.WeakSet[socket.socket] = weakref.WeakSet()


def _let_go_in_child() -> None:
    """Close the sockets in a child made by fork: with them it would seem to be a run that does not answer."""
    for connection in list(_open_here):
        connection.close()


os.register_at_fork(after_in_child=_let_go_in_child)
