"""Fetches one file over HTTP; it gets its name only when it is whole and the right one."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

BLOCK_BYTES = 1 << 18


class DownloadError(Exception):
    """The file could not be had; the message says why, as a clause without a full stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """Where a file is and what it must be."""

    url: str
    sha256: str
    """Hexadecimal, lower case."""
    timeout_seconds: float = 10.0
    """How long the connection may give no byte at all."""


def download(remote: RemoteFile, target: Path, on_share: Callable[[float], None]) -> None:
    """Fetch a file to `target`; a file that is there already stays as it is.

    Args:
        remote: what to fetch.
        target: its folder exists and can be written.
        on_share: called after every block with the share that has come, in [0, 1]; not called when the size is
            unknown. What it raises ends the download and leaves nothing behind.

    Raises:
        DownloadError: no connection, too slow, cut short, or another file than expected.
        OSError: the folder cannot be written.
    """
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        # Made with "x" rather than by tempfile, so that the finished file has the mode of the user's umask.
        with temporary.open("xb") as file:
            received = _fetch(remote, file, on_share)
        if received != remote.sha256:
            raise DownloadError(f"what came is another file (its SHA-256 is {received})")
        if not target.exists():
            temporary.rename(target)
    finally:
        temporary.unlink(missing_ok=True)


def _fetch(remote: RemoteFile, file: BinaryIO, on_share: Callable[[float], None]) -> str:
    import urllib.request

    with _network_errors(remote):
        response = urllib.request.urlopen(remote.url, timeout=remote.timeout_seconds)  # noqa: S310 - a URL of ours
    with response:
        total = int(response.headers.get("Content-Length") or 0)
        digest, received = hashlib.sha256(), 0
        while block := _next_block(response, remote):
            file.write(block)
            digest.update(block)
            received += len(block)
            if total:
                on_share(received / total)
    if received < total:
        raise DownloadError(f"only {received} of {total} bytes came")
    return digest.hexdigest()


def _next_block(response: http.client.HTTPResponse, remote: RemoteFile) -> bytes:
    with _network_errors(remote):
        return response.read(BLOCK_BYTES)


@contextlib.contextmanager
def _network_errors(remote: RemoteFile) -> Iterator[None]:
    """Turn what may go wrong on the network into DownloadError; errors of the disk are left alone."""
    import urllib.error

    try:
        yield
    except urllib.error.HTTPError as error:
        error.close()
        raise DownloadError(f"the server answered {error.code} {error.reason}") from None
    except urllib.error.URLError as error:
        raise DownloadError(_reason(error.reason, remote)) from None
    except OSError as error:
        raise DownloadError(_reason(error, remote)) from None
    except http.client.HTTPException as error:
        raise DownloadError(f"the answer was not understood ({type(error).__name__})") from None


def _reason(error: object, remote: RemoteFile) -> str:
    if isinstance(error, TimeoutError):
        return f"nothing came for {remote.timeout_seconds:g} s"
    return str(getattr(error, "strerror", None) or error)
