"""The address of a run's socket, and the process at its other end."""

from __future__ import annotations

import os
import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fitmon.engine.errors import DiskError

MAX_ADDRESS_BYTES = 107 if sys.platform == "linux" else 103
"""The operating system's limit for the path of a socket."""


@dataclass(frozen=True, slots=True)
class Peer:
    """The process at the other end of a connection."""

    user: int
    process: int
    """0: unknown here, such as in another container."""


@contextmanager
def address_of(path: Path) -> Iterator[str]:
    """Yield an address for a socket's path that is short enough for the operating system, valid inside the block.

    Raises DiskError when there is none, and OSError when the folder does not exist.
    """
    if len(os.fsencode(path)) <= MAX_ADDRESS_BYTES:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        own_descriptor = Path(f"/proc/self/fd/{folder}")
        if not own_descriptor.is_dir():
            raise DiskError(
                f"You cannot attach to this run: the path of its folder {path.parent} is longer than "
                f"{MAX_ADDRESS_BYTES - len(path.name) - 1} bytes. Choose a shorter folder with --run-dir."
            )
        yield str(own_descriptor / path.name)
    finally:
        os.close(folder)


def peer_of(connection: socket.socket) -> Peer:
    """Return the process at the other end, as reported by the operating system; raises OSError."""
    if sys.platform == "linux":
        form = "iII"
        raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize(form))
        process, user, _group = struct.unpack(form, raw)
    else:
        # macOS: level SOL_LOCAL with LOCAL_PEERCRED, a struct xucred, and LOCAL_PEERPID.
        _version, user = struct.unpack_from("II", connection.getsockopt(0, 1, 76))
        (process,) = struct.unpack("i", connection.getsockopt(0, 2, 4))
    return Peer(user=user, process=process)
