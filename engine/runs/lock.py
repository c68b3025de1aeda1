"""Who holds a run: a lock of the operating system, which dies with the process that took it.

The file says who that is; only the lock says whether it still does. The file is never deleted, since two processes
could then hold two files of one name.
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
"""What file systems without locks answer."""
_TRIES = 5
_SECONDS_BETWEEN_TRIES = 0.02
"""`holder_of` has the lock for some microseconds: that must not look like another owner."""
_MAX_BYTES = 4096


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """The process that has a run."""

    pid: Annotated[int, msgspec.Meta(ge=0)]
    """0: the file did not say, or not yet."""
    host: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}" if self.pid else "another process"


class RunLock:
    """A run that is ours until `release`, or until this process is gone, however it goes."""

    def __init__(self, folder: RunFolder) -> None:
        """Take a run.

        Raises:
            RunInUseError: another process has it, or another lock in this one.
            DiskError: the lock's file cannot be written.
        """
        self.warning = ""
        """Why others are not kept out of the run, as a sentence; empty when they are."""
        try:
            self._descriptor = open_private(folder.lock_path, os.O_RDWR)
            _held.add(self._descriptor)
            try:
                self._take(folder)
            except BaseException:
                self._close()
                raise
        except OSError as error:
            raise DiskError(f"{folder.lock_path} could not be written ({error.strerror or error}).") from error

    def release(self) -> None:
        """Let others have the run; a second time does nothing."""
        if self._descriptor in _held:
            with suppress(OSError):
                os.ftruncate(self._descriptor, 0)
            self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _take(self, folder: RunFolder) -> None:
        try:
            if not _locked(self._descriptor):
                raise RunInUseError(
                    f"The run {folder.name} is in use by {_read(self._descriptor)}. "
                    f"Look at it with `fitmon attach {folder.name}`."
                )
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            self.warning = _without_locks(folder, _read(self._descriptor))
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, msgspec.json.encode(Holder(pid=os.getpid(), host=socket.gethostname())), 0)

    def _close(self) -> None:
        _held.discard(self._descriptor)
        os.close(self._descriptor)
        self._descriptor = -1


def holder_of(folder: RunFolder) -> Holder | None:
    """Return who has a run now; None: nobody.

    On file systems without locks this is whom the file names, unless that process can be seen to be gone.
    """
    try:
        descriptor = os.open(folder.lock_path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(descriptor)
    except OSError:
        named = _read(descriptor)
        return named if _may_live(named) else None
    finally:
        os.close(descriptor)
    return None


def _locked(descriptor: int) -> bool:
    for _ in range(_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            time.sleep(_SECONDS_BETWEEN_TRIES)
    return False


def _read(descriptor: int) -> Holder:
    try:
        return msgspec.json.decode(os.pread(descriptor, _MAX_BYTES, 0), type=Holder)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Holder(pid=0, host="")


def _without_locks(folder: RunFolder, before: Holder) -> str:
    warning = f"The file system of {folder.path} has no locks: nothing keeps a second process out of this run."
    if not _may_live(before):
        return warning
    return f"{warning} {str(before).capitalize()} had it last and may still be at it."


def _may_live(holder: Holder) -> bool:
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


_held: set[int] = set()


def _let_go_in_child() -> None:
    """Close the locks in a child made by fork, such as a worker that reads data: it would outlive the owner with them.

    Closing a copy leaves the owner's lock alone.
    """
    for descriptor in _held:
        os.close(descriptor)
    _held.clear()


os.register_at_fork(after_in_child=_let_go_in_child)
