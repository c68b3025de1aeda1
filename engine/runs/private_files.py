"""Files and folders that only their owner can read, and small files that a crash leaves as they were or as they become.

All raise OSError; what it means for the user is the caller's business.
"""

import errno
import os
import tempfile
from contextlib import suppress
from pathlib import Path


def make_private_folder(path: Path) -> None:
    """Create a folder with rights 0700, whatever the umask; raises FileExistsError when there is something."""
    path.mkdir(mode=0o700)
    path.chmod(0o700)


def make_private_folders(path: Path) -> None:
    """Create a folder and those above it, each with rights 0700; what exists already is left as it is."""
    if path.is_dir():
        return
    make_private_folders(path.parent)
    # Another process may create it at the same moment.
    with suppress(FileExistsError):
        make_private_folder(path)


def open_private(path: Path, flags: int) -> int:
    """Open a file, creating it if there is none, give it rights 0600 and return its descriptor."""
    descriptor = os.open(path, flags | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.fchmod(descriptor, 0o600)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def write_atomically(path: Path, data: bytes) -> None:
    """Put a whole file with rights 0600 in place, on the disk for good; on an error what was there is untouched."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    partial = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o600)
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        partial.replace(path)
    except BaseException:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make the names in a folder last: until then a crash of the machine may undo a new one."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems have nothing to be done here, and say so.
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(descriptor)
