"""What goes over a run's socket: messages of a closed set, each framed by its length, of bounded size both ways.

The receiver asks and the run answers, one answer a request. The first request is `Hello`; it, `Refused` and the frame
stay as they are in every version of the protocol, so that two versions can tell each other apart.
"""

from __future__ import annotations

import math
import socket
import struct
from typing import Annotated, TypeVar

import msgspec

PROTOCOL = 1
MAX_REQUEST_BYTES = 64 * 1024
MAX_REPLY_BYTES = 256 * 1024**2
_LENGTH_BYTES = 4


class GarbageError(ValueError):
    """Something came that nobody who keeps to the protocol sends."""


class Hello(msgspec.Struct, frozen=True, kw_only=True, tag="hello"):
    """Who asks, and what for."""

    protocol: int
    name: Annotated[str, msgspec.Meta(max_length=40)]
    """Of the program, such as `attach`."""
    read_only: bool = False
    """Whether the connection may not send commands."""
    per_sample: bool = True
    """Whether the validation samples and what is known of each are wanted."""


class Poll(msgspec.Struct, frozen=True, tag="poll"):
    """What is new since the last time?"""


class Ask(msgspec.Struct, frozen=True, kw_only=True, tag="ask"):
    """Something is asked of the run."""

    command: msgspec.Raw
    """Read by itself, so that one that only a newer fitmon knows is refused and not garbage."""


class Welcome(msgspec.Struct, frozen=True, tag="welcome"):
    """The answer to `Hello`."""


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The other answer to `Hello`: the connection is closed."""

    reason: str
    """A sentence."""


class Answer(msgspec.Struct, frozen=True, tag="answer"):
    """The answer to `Ask`."""

    refusal: str = ""
    """Why it was not passed on to the run, as a sentence; empty when it was. What the run makes of it is news."""


class SnapshotUpdate(msgspec.Struct, frozen=True, kw_only=True, tag="news", omit_defaults=True):
    """What changed in a run since the last time; all of it the first time."""

    parts: dict[str, msgspec.Raw] = {}
    """By the field of a snapshot; `news` makes and reads them."""
    more: bool = False
    """Whether there is more than this that is new, so that the next question should come at once."""


Request = Hello | Poll | Ask
Reply = Welcome | Refused | Answer | SnapshotUpdate
Message = TypeVar("Message", Request, Reply)

requests: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
replies: msgspec.msgpack.Decoder[Reply] = msgspec.msgpack.Decoder(Reply)
_encoder = msgspec.msgpack.Encoder()


def limit_waiting(connection: socket.socket, *, send_seconds: float, receive_seconds: float) -> None:
    """Let a send or receive in which nothing moves for so long raise OSError.

    The operating system keeps the time: with Python's own limit, a message of many megabytes would ask for the
    interpreter some hundred times, in turns with a training that wants it too.
    """
    for option, seconds in ((socket.SO_SNDTIMEO, send_seconds), (socket.SO_RCVTIMEO, receive_seconds)):
        fraction, whole = math.modf(seconds)
        connection.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", int(whole), int(fraction * 1e6)))


def send(connection: socket.socket, message: Request | Reply, most_bytes: int) -> None:
    """Send a message; raises OSError when the other end has gone or stalls, GarbageError when it is too long."""
    raw = _encoder.encode(message)
    if len(raw) > most_bytes:
        raise GarbageError(f"Expected a message of at most {most_bytes} bytes, received {len(raw)}.")
    connection.sendall(len(raw).to_bytes(_LENGTH_BYTES, "big"))
    connection.sendall(raw)


def receive(connection: socket.socket, decoder: msgspec.msgpack.Decoder[Message], most_bytes: int) -> Message:
    """Wait for a message and return it.

    Raises:
        OSError: the other end has gone, or the connection's time limit has passed.
        GarbageError: what came is too long or no message.
    """
    length = int.from_bytes(_exactly(connection, _LENGTH_BYTES), "big")
    if length > most_bytes:
        raise GarbageError(f"Expected a message of at most {most_bytes} bytes, received {length}.")
    raw = _exactly(connection, length)
    try:
        return decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise GarbageError(f"Expected a message, received something else ({error}).") from error


def _exactly(connection: socket.socket, length: int) -> bytearray:
    raw = bytearray(length)
    room = memoryview(raw)
    while room:
        received = connection.recv_into(room, 0, socket.MSG_WAITALL)
        if not received:
            raise ConnectionResetError("The other end has closed the connection.")
        room = room[received:]
    return raw
