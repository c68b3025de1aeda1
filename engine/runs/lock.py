"""The lock of a run: a lock of the operating system, which is released when its process ends, however it ends.

The file names the owner; only the lock says whether that still owns the run. The file is never deleted: two processes
could then lock two files of the same name.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import time
from contextlib import suppress
from types import TracebackType
from typing import Annotated, Self

import msgspec

from fitmon.engine.errors import DiskError, RunInUseError
from fitmon.engine.runs.private_files import open_private
from fitmon.engine.runs.run_folder import RunFolder

_NO_LOCKS = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL})
"""The errors of file systems without locks."""
_TRIES = 5
_SECONDS_BETWEEN_TRIES = 0.02
"""`holder_of` takes the lock for some microseconds, which must not look like another owner."""
_MAX_BYTES = 4096


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """The process that owns a run."""

    pid: Annotated[int, msgspec.Meta(ge=0)]
    """0: the file does not name it, or not yet."""
    host: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}" if self.pid else "another process"


class RunLock:
    """Makes this process the owner of a run until `release`, or until it ends, however it ends."""

    def __init__(self, folder: RunFolder) -> None:
        """Lock a run.

        Raises:
            RunInUseError: another process owns it, or another lock in this process.
            DiskError: the lock file cannot be written.
        """
        self.warning = ""
        """Why other processes are not kept out of the run, as a sentence; empty when they are."""
        try:
            self._descriptor = open_private(folder.lock_path, os.O_RDWR)
            _open_locks.add(self._descriptor)
            try:
                self._lock(folder)
            except BaseException:
                self._close()
                raise
        except OSError as error:
            raise DiskError(f"{folder.lock_path} could not be written ({error.strerror or error}).") from error

    def release(self) -> None:
        """Unlock the run; a second call does nothing."""
        if self._descriptor in _open_locks:
            with suppress(OSError):
                os.ftruncate(self._descriptor, 0)
            self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _lock(self, folder: RunFolder) -> None:
        try:
            if not _try_lock(self._descriptor):
                raise RunInUseError(
                    f"The run {folder.name} is in use by {_named_holder(self._descriptor)}. "
                    f"View it with `fitmon attach {folder.name}`."
                )
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            self.warning = _without_locks(folder, _named_holder(self._descriptor))
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, msgspec.json.encode(Holder(pid=os.getpid(), host=socket.gethostname())), 0)

    def _close(self) -> None:
        _open_locks.discard(self._descriptor)
        os.close(self._descriptor)
        self._descriptor = -1


def holder_of(folder: RunFolder) -> Holder | None:
    """Return the process that owns a run now; None: there is none.

    On file systems without locks this is the process that the file names, unless it is known to have ended.
    """
    try:
        descriptor = os.open(folder.lock_path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _named_holder(descriptor)
    except OSError:
        named = _named_holder(descriptor)
        return named if _may_be_running(named) else None
    finally:
        os.close(descriptor)
    return None


def _try_lock(descriptor: int) -> bool:
    for _ in range(_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            time.sleep(_SECONDS_BETWEEN_TRIES)
    return False


def _named_holder(descriptor: int) -> Holder:
    try:
        return msgspec.json.decode(os.pread(descriptor, _MAX_BYTES, 0), type=Holder)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Holder(pid=0, host="")


def _without_locks(folder: RunFolder, before: Holder) -> str:
    warning = f"The file system of {folder.path} has no locks: another process could write to this run."
    if not _may_be_running(before):
        return warning
    return f"{warning} {str(before).capitalize()} used it last and may still be using it."


def _may_be_running(holder: Holder) -> bool:
    if not holder.pid:
        return False
    if holder.host != socket.gethostname():
        return True
    try:
        os.kill(holder.pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True


_open_locks: set[int] = set()


def _close_in_child() -> None:
    """Close the locks in a forked child, such as a worker that reads data, which could outlive the owner with them.

    Closing a copy does not release the owner's lock.
    """
    for descriptor in _open_locks:
        os.close(descriptor)
    _open_locks.clear()


os.register_at_fork(after_in_child=_close_in_child)
