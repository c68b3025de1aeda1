"""The run's end of its socket: sends snapshots to viewers, and passes on their commands.

Each viewer's requests are answered in a separate thread from a frozen snapshot, so that they do not delay the training,
and nothing is queued for a viewer that has stalled.
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
    GarbageError,
    Hello,
    Poll,
    Refused,
    SendCommand,
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
"""A viewer that takes longer to receive an answer has stalled and is disconnected."""
IDLE_SECONDS = 60.0
"""A viewer that sends no request for this long is disconnected; it may reconnect."""
_SECONDS_BETWEEN_CHECKS = 0.02
_NOTHING_SENT = -1

_commands = msgspec.msgpack.Decoder(Command)


class ServedRun(Protocol):
    """The run that a server needs; both methods may be called from any thread and never wait for the training."""

    def snapshot(self) -> Snapshot:
        """Return the present snapshot."""

    def send(self, command: Command, *, by: str) -> None:
        """Send a command; `by` names the sender, in words."""


class RunServer:
    """Lets other processes of this user view and steer a run, until `close`."""

    def __init__(
        self,
        path: Path,
        run: ServedRun,
        *,
        peer_of: Callable[[socket.socket], Peer] = peer_of,
        send_seconds: float = SEND_SECONDS,
        idle_seconds: float = IDLE_SECONDS,
        max_connections: int = MAX_CONNECTIONS,
    ) -> None:
        """Start listening.

        Args:
            path: of the socket, in the folder of the run, which the caller has locked; an existing one is replaced.
            run: the run to view and steer.
            peer_of: returns the process at the other end of a connection; raises OSError.
            send_seconds: see `SEND_SECONDS`.
            idle_seconds: see `IDLE_SECONDS`.
            max_connections: at once; further ones are refused.

        Raises:
            DiskError: the socket cannot be created.
        """
        self._path, self._run, self._peer_of = path, run, peer_of
        self._send_seconds, self._idle_seconds = send_seconds, idle_seconds
        self._max_connections = max_connections
        self._lock = threading.Lock()
        self._sent_versions: dict[socket.socket, int | None] = {}
        """The version of the last snapshot sent to each viewer; None before its `Hello`."""
        self._closed = False
        self._listener = _listen(path)
        threading.Thread(target=self._accept, name="fitmon listening", daemon=True).start()

    def close(self, linger_seconds: float = 0.5) -> None:
        """Disconnect all viewers and remove the socket; a second call does nothing.

        Args:
            linger_seconds: how long to wait for viewers to receive the last snapshot.
        """
        if self._closed:
            return
        self._closed = True
        self._stop_listening()
        self._wait_for_viewers(linger_seconds)
        with self._lock:
            for connection in self._sent_versions:
                _shut(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _stop_listening(self) -> None:
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
        # Wakes the thread that accepts connections; closing alone does not.
        _shut(self._listener)
        self._listener.close()

    def _wait_for_viewers(self, seconds: float) -> None:
        version = self._run.snapshot().version
        give_up_at = time.monotonic() + seconds
        while time.monotonic() < give_up_at:
            with self._lock:
                behind = any(sent not in {None, version} for sent in self._sent_versions.values())
            if not behind:
                return
            time.sleep(_SECONDS_BETWEEN_CHECKS)

    def _accept(self) -> None:
        while not self._closed:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                # Such as too many open files, until others are closed.
                time.sleep(_SECONDS_BETWEEN_CHECKS)
                continue
            _open_sockets.add(connection)
            if not self._admit(connection):
                connection.close()

    def _admit(self, connection: socket.socket) -> bool:
        """Start serving a connection, if it is allowed; return whether it is."""
        try:
            limit_waiting(connection, send_seconds=self._send_seconds, receive_seconds=self._idle_seconds)
            peer = self._peer_of(connection)
            if peer.user != os.geteuid():
                return False
            with self._lock:
                if self._closed:
                    return False
                full = len(self._sent_versions) >= self._max_connections
                if not full:
                    self._sent_versions[connection] = None
            if full:
                reason = (
                    f"The run already has {self._max_connections} viewers, the most it allows. Close one and try again."
                )
                send(connection, Refused(reason=reason), MAX_REPLY_BYTES)
                return False
            arguments = connection, peer
            threading.Thread(target=self._serve_viewer, args=arguments, name="fitmon viewer", daemon=True).start()
        except (OSError, RuntimeError):
            self._forget(connection)
            return False
        return True

    def _serve_viewer(self, connection: socket.socket, peer: Peer) -> None:
        try:
            hello = self._welcome(connection)
            if hello is not None:
                self._serve(connection, hello, f"{hello.name}, process {peer.process}")
        except (OSError, GarbageError):
            pass  # The viewer has disconnected, has stalled, or is not a fitmon.
        finally:
            self._forget(connection)
            connection.close()

    def _welcome(self, connection: socket.socket) -> Hello | None:
        hello = receive(connection, requests, MAX_REQUEST_BYTES)
        if not isinstance(hello, Hello):
            raise GarbageError(f"The handshake failed: the first message was {type(hello).__name__}.")
        if hello.protocol != PROTOCOL:
            reason = (
                f"The run uses protocol {PROTOCOL}, this fitmon uses protocol {hello.protocol}. "
                "Use the version of fitmon that the run was started with."
            )
            send(connection, Refused(reason=reason), MAX_REPLY_BYTES)
            return None
        send(connection, Welcome(), MAX_REPLY_BYTES)
        return hello

    def _serve(self, connection: socket.socket, hello: Hello, by: str) -> None:
        # It imports numpy, which the first screen of the run does not wait for.
        from fitmon.engine.attach.snapshot_encoder import SnapshotEncoder

        encoder = SnapshotEncoder(per_sample=hello.per_sample)
        self._sent_versions[connection] = _NOTHING_SENT
        while True:
            match receive(connection, requests, MAX_REQUEST_BYTES):
                case Poll():
                    snapshot = self._run.snapshot()
                    send(connection, encoder.update(snapshot), MAX_REPLY_BYTES)
                    self._sent_versions[connection] = snapshot.version
                case SendCommand(command=command):
                    send(connection, Answer(refusal=self._pass_on(command, hello, by)), MAX_REPLY_BYTES)
                case Hello():
                    raise GarbageError("The handshake was repeated.")

    def _pass_on(self, raw: msgspec.Raw, hello: Hello, by: str) -> str:
        """Pass a command on to the run; return why it is refused, as a sentence, or an empty text."""
        if hello.read_only:
            return "This connection is read-only."
        try:
            command = _commands.decode(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            return f"This run does not know the command: {error}."
        if isinstance(command, Detach):
            return "Only the run itself can detach from its screen."
        self._run.send(command, by=by)
        return ""

    def _forget(self, connection: socket.socket) -> None:
        with self._lock:
            self._sent_versions.pop(connection, None)


def _listen(path: Path) -> socket.socket:
    """Return a listening socket that only its user can connect to, in place of one whose process has ended."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    _open_sockets.add(listener)
    unfinished = path.with_name(f"{path.name}.new")
    try:
        unfinished.unlink(missing_ok=True)
        with address_of(unfinished) as address:
            listener.bind(address)
        # Under another name until it has its mode and listens.
        unfinished.chmod(0o600)
        listener.listen(MAX_CONNECTIONS)
        unfinished.replace(path)
    except OSError as error:
        listener.close()
        raise DiskError(
            f"The socket {path} cannot be created ({error.strerror or error}): you cannot attach to this run. "
            "Choose a folder on a local disk with --run-dir."
        ) from error
    except DiskError:
        listener.close()
        raise
    return listener


def _shut(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


_open_sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()


def _close_in_child() -> None:
    """Close the sockets in a forked child, which would otherwise look like a run that does not answer."""
    for connection in list(_open_sockets):
        connection.close()


os.register_at_fork(after_in_child=_close_in_child)
