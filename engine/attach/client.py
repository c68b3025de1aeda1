"""The viewer's end of a run's socket: one request at a time, each answered."""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from fitmon.engine.attach.address import address_of
from fitmon.engine.attach.wire import (
    MAX_REPLY_BYTES,
    MAX_REQUEST_BYTES,
    PROTOCOL,
    Answer,
    GarbageError,
    Hello,
    Poll,
    Refused,
    Reply,
    Request,
    SendCommand,
    SnapshotUpdate,
    Welcome,
    limit_waiting,
    receive,
    replies,
    send,
)
from fitmon.engine.errors import RunInUseError, SetupError
from fitmon.engine.runs.lock import holder_of

if TYPE_CHECKING:
    from fitmon.engine.attach.snapshot_decoder import SnapshotDecoder
    from fitmon.engine.commands import Command
    from fitmon.engine.record.snapshot import Snapshot
    from fitmon.engine.runs.run_folder import RunFolder

ANSWER_SECONDS = 10.0
"""How long a run may take to answer: it does so while it trains."""
START_SECONDS = 5.0
"""How long a process that starts a run may take to open its socket."""
_SECONDS_BETWEEN_TRIES = 0.1


class Connection:
    """A connection to a run."""

    def __init__(self, folder: RunFolder, *, name: str, read_only: bool = False, per_sample: bool = True) -> None:
        """Connect.

        Args:
            folder: of the run.
            name: of the program, for the journal of the run.
            read_only: never send commands.
            per_sample: see `wire.Hello`.

        Raises:
            OSError: no process listens there, or it does not answer.
            GarbageError: the process that answers is not a run.
            SetupError: the run refuses this program, with its reason.
        """
        self._decoder: SnapshotDecoder | None = None
        self.more = False
        """Whether the last `poll` left out something that the next one returns."""
        self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        limit_waiting(self._connection, send_seconds=ANSWER_SECONDS, receive_seconds=ANSWER_SECONDS)
        try:
            with address_of(folder.socket_path) as address:
                self._connection.connect(address)
            self._greet(Hello(protocol=PROTOCOL, name=name, read_only=read_only, per_sample=per_sample))
        except BaseException:
            self.close()
            raise

    def poll(self) -> Snapshot:
        """Return the present snapshot; the first one has no samples.

        Raises OSError when the run does not answer, GarbageError when its answer is invalid.
        """
        reply = self._reply_to(Poll())
        if not isinstance(reply, SnapshotUpdate):
            raise GarbageError(f"The run answered a poll with {type(reply).__name__}.")
        self.more = reply.more
        return self._snapshot_decoder().apply(reply)

    def send(self, command: Command) -> str:
        """Send a command; return why it was not passed on to the run, or an empty text. Raises as `poll`."""
        reply = self._reply_to(SendCommand(command=msgspec.Raw(msgspec.msgpack.encode(command))))
        if not isinstance(reply, Answer):
            raise GarbageError(f"The run answered a command with {type(reply).__name__}.")
        return reply.refusal

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _snapshot_decoder(self) -> SnapshotDecoder:
        # It imports numpy, which the first screen of a viewer does not wait for.
        from fitmon.engine.attach.snapshot_decoder import SnapshotDecoder

        self._decoder = self._decoder or SnapshotDecoder()
        return self._decoder

    def _greet(self, hello: Hello) -> None:
        reply = self._reply_to(hello)
        if isinstance(reply, Refused):
            raise SetupError(reply.reason)
        if not isinstance(reply, Welcome):
            raise GarbageError(f"The run answered the handshake with {type(reply).__name__}.")

    def _reply_to(self, request: Request) -> Reply:
        # A run that refuses the connection may have closed its end already; its reason can still be received.
        with suppress(BrokenPipeError):
            send(self._connection, request, MAX_REQUEST_BYTES)
        return receive(self._connection, replies, MAX_REPLY_BYTES)


def connect(folder: RunFolder, *, name: str, read_only: bool = False, per_sample: bool = True) -> Connection | None:
    """Connect to the process that trains a run; None: there is none. Arguments as for `Connection`.

    Waits for a process that has just started.

    Raises:
        RunInUseError: there is one, and it cannot be reached.
        SetupError: the run refuses this program, with its reason.
    """
    give_up_at = time.monotonic() + START_SECONDS
    while True:
        with suppress(OSError, GarbageError):
            return Connection(folder, name=name, read_only=read_only, per_sample=per_sample)
        holder = holder_of(folder)
        if holder is None and folder.journal_path.exists():
            return None
        if time.monotonic() >= give_up_at:
            break
        time.sleep(_SECONDS_BETWEEN_TRIES)
    if holder is None:
        return None
    raise RunInUseError(
        f"The run {folder.name} is in use by {holder}, which does not answer. Try again later, or on the machine on "
        "which it runs."
    )
