"""The protocol of a run's socket: a fixed set of messages, each preceded by its length, of limited size.

The viewer sends requests and the run answers each one. The first request is `Hello`; it, `Refused` and the framing are
the same in every version of the protocol, so that two versions can recognize each other.
"""

from __future__ import annotations

import math
import socket
import struct
from typing import Annotated, TypeVar

import msgspec

PROTOCOL = 2
"""Larger with every change that an older viewer or run would not understand."""
MAX_REQUEST_BYTES = 64 * 1024
MAX_REPLY_BYTES = 256 * 1024**2
_LENGTH_BYTES = 4


class GarbageError(ValueError):
    """Something was received that the protocol does not allow."""


class Hello(msgspec.Struct, frozen=True, kw_only=True, tag="hello"):
    """The viewer, and what it wants."""

    protocol: int
    name: Annotated[str, msgspec.Meta(max_length=40)]
    """Of the program, such as `attach`."""
    read_only: bool = False
    """Whether commands from this connection are refused."""
    per_sample: bool = True
    """Whether to send the validation samples and what is known of each."""


class Poll(msgspec.Struct, frozen=True, tag="poll"):
    """A request for what changed since the last one."""


class SendCommand(msgspec.Struct, frozen=True, kw_only=True, tag="ask"):
    """A command for the run."""

    command: msgspec.Raw
    """Decoded separately, so that one that only a newer fitmon knows is refused, not invalid."""


class Welcome(msgspec.Struct, frozen=True, tag="welcome"):
    """The answer to `Hello`."""


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The other answer to `Hello`: the connection is closed."""

    reason: str
    """A sentence."""


class Answer(msgspec.Struct, frozen=True, tag="answer"):
    """The answer to `SendCommand`."""

    refusal: str = ""
    """Why it was not passed on to the run, as a sentence; empty when it was. Its effect is in later snapshots."""


class SnapshotUpdate(msgspec.Struct, frozen=True, kw_only=True, tag="news", omit_defaults=True):
    """What changed in a snapshot since the last update; everything the first time."""

    parts: dict[str, msgspec.Raw] = {}
    """By the field of a snapshot or its name in `SENT_NAMES`; `snapshot_encoder` and `snapshot_decoder` write and read
    them."""
    more: bool = False
    """Whether more is new, so that the viewer should poll again at once."""


Request = Hello | Poll | SendCommand
Reply = Welcome | Refused | Answer | SnapshotUpdate
Message = TypeVar("Message", Request, Reply)

requests: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
replies: msgspec.msgpack.Decoder[Reply] = msgspec.msgpack.Decoder(Reply)
_encoder = msgspec.msgpack.Encoder()


def limit_waiting(connection: socket.socket, *, send_seconds: float, receive_seconds: float) -> None:
    """Let a send or receive without any progress for this long raise OSError.

    The operating system measures the time: with Python's own timeout, a message of many megabytes would take the
    interpreter lock some hundred times, competing with the training.
    """
    for option, seconds in ((socket.SO_SNDTIMEO, send_seconds), (socket.SO_RCVTIMEO, receive_seconds)):
        fraction, whole = math.modf(seconds)
        connection.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", int(whole), int(fraction * 1e6)))


def send(connection: socket.socket, message: Request | Reply, max_bytes: int) -> None:
    """Send a message; raises OSError when the other end is closed or stalls, GarbageError when it is too long."""
    raw = _encoder.encode(message)
    if len(raw) > max_bytes:
        raise GarbageError(f"A message of {len(raw)} bytes is longer than {max_bytes}.")
    connection.sendall(len(raw).to_bytes(_LENGTH_BYTES, "big"))
    connection.sendall(raw)


def receive(connection: socket.socket, decoder: msgspec.msgpack.Decoder[Message], max_bytes: int) -> Message:
    """Wait for a message and return it.

    Raises:
        OSError: the other end is closed, or the connection's timeout has passed.
        GarbageError: the message is too long or invalid.
    """
    length = int.from_bytes(_exactly(connection, _LENGTH_BYTES), "big")
    if length > max_bytes:
        raise GarbageError(f"A message of {length} bytes is longer than {max_bytes}.")
    raw = _exactly(connection, length)
    try:
        return decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise GarbageError(f"A message is invalid: {error}.") from error


def _exactly(connection: socket.socket, length: int) -> bytearray:
    raw = bytearray(length)
    rest = memoryview(raw)
    while rest:
        received = connection.recv_into(rest, 0, socket.MSG_WAITALL)
        if not received:
            raise ConnectionResetError("The other end has closed the connection.")
        rest = rest[received:]
    return raw
