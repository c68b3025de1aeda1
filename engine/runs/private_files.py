"""Files and folders that only their owner can read, and files that are written whole or not at all.

All functions raise OSError; what that means for the user is up to the caller.
"""

import errno
import os
import secrets
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

_NO_HARD_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
"""Errors of file systems without hard links."""


def make_private_folder(path: Path) -> None:
    """Create a folder with mode 0700, whatever the umask; raises FileExistsError if the path exists."""
    path.mkdir(mode=0o700)
    path.chmod(0o700)


def make_private_folders(path: Path) -> None:
    """Create a folder and its parents, each with mode 0700; existing ones are left unchanged."""
    if path.is_dir():
        return
    make_private_folders(path.parent)
    # Another process may create it at the same moment.
    with suppress(FileExistsError):
        make_private_folder(path)


def open_private(path: Path, flags: int) -> int:
    """Open a file, created if missing, set its mode to 0600 and return its descriptor."""
    descriptor = os.open(path, flags | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.fchmod(descriptor, 0o600)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def write_private(path: Path, parts: Iterable[bytes | memoryview]) -> None:
    """Create a file with mode 0600 from the concatenation of `parts`; raises FileExistsError if the path exists."""
    with os.fdopen(open_private(path, os.O_WRONLY | os.O_EXCL), "wb") as file:
        file.writelines(parts)


def write_atomically(
    path: Path, write: Callable[[Path], object], *, partial: Path | None = None, replace: bool = True
) -> None:
    """Write a file whole or not at all; when this returns, the file survives a crash of the machine.

    On an error nothing at `path` has changed, except that a new file may be there if only its folder could not be
    flushed.

    Args:
        path: the file.
        write: writes the file under the temporary name that it is given.
        partial: the temporary name, in the same folder, removed first if it exists; None: a random one.
        replace: whether an existing file may be replaced; if not, FileExistsError is raised.
    """
    partial = partial or path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        _check_replaceable(path, replace=replace)
        partial.unlink(missing_ok=True)
        write(partial)
        _sync(partial, os.O_RDONLY)
        _put_in_place(partial, path, replace=replace)
        sync_folder(path.parent)
    finally:
        # A leftover does no harm, and this error would hide the first one.
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def sync_folder(path: Path) -> None:
    """Flush the names in a folder to the disk: until then a crash of the machine may undo a new one."""
    try:
        _sync(path, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        # Some network file systems do not support it, and do not need it.
        if error.errno != errno.EINVAL:
            raise


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _check_replaceable(path: Path, *, replace: bool) -> None:
    if not replace and os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))


def _put_in_place(partial: Path, path: Path, *, replace: bool) -> None:
    if replace:
        partial.replace(path)
        return
    try:
        # Unlike a rename, a link never replaces a file that was created in the meantime.
        path.hardlink_to(partial)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        _check_replaceable(path, replace=False)
        partial.replace(path)
