"""Downloads one file over HTTP; the file gets its name only when it is complete and verified."""

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
    """The download failed; the message says why, as a clause without a period."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """A file's URL and checksum."""

    url: str
    sha256: str
    """Hexadecimal, lower case."""
    timeout_seconds: float = 10.0
    """How long to wait for the next bytes."""


def download(remote: RemoteFile, target: Path, on_progress: Callable[[float], None]) -> None:
    """Download a file to `target`; does not replace an existing file.

    Args:
        remote: what to download.
        target: in a folder that exists and is writable.
        on_progress: called after every block with the fraction received, in [0, 1]; not called if the size is
            unknown. An exception it raises ends the download and leaves no file.

    Raises:
        DownloadError: no connection, a timeout, an incomplete download, or the wrong file.
        OSError: the folder is not writable.
    """
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        # Opened with "x" instead of by tempfile, so that the file has the mode of the user's umask.
        with temporary.open("xb") as file:
            received = _fetch(remote, file, on_progress)
        if received != remote.sha256:
            raise DownloadError(f"the downloaded file has the wrong checksum (SHA-256 {received})")
        if not target.exists():
            temporary.rename(target)
    finally:
        temporary.unlink(missing_ok=True)


def _fetch(remote: RemoteFile, file: BinaryIO, on_progress: Callable[[float], None]) -> str:
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
                on_progress(received / total)
    if received < total:
        raise DownloadError(f"received only {received} of {total} bytes")
    return digest.hexdigest()


def _next_block(response: http.client.HTTPResponse, remote: RemoteFile) -> bytes:
    with _network_errors(remote):
        return response.read(BLOCK_BYTES)


@contextlib.contextmanager
def _network_errors(remote: RemoteFile) -> Iterator[None]:
    """Turn network errors into DownloadError; disk errors pass."""
    import urllib.error

    try:
        yield
    except urllib.error.HTTPError as error:
        error.close()
        raise DownloadError(f"the server responded {error.code} {error.reason}") from None
    except urllib.error.URLError as error:
        raise DownloadError(_reason(error.reason, remote)) from None
    except OSError as error:
        raise DownloadError(_reason(error, remote)) from None
    except http.client.HTTPException as error:
        raise DownloadError(f"the response is invalid ({type(error).__name__})") from None


def _reason(error: object, remote: RemoteFile) -> str:
    if isinstance(error, TimeoutError):
        return f"no data for {remote.timeout_seconds:g} s"
    return str(getattr(error, "strerror", None) or error)
