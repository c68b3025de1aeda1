"""Processes that own a run and have written its journal; they load no TensorFlow."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec

from fitmon.engine.runs.journal import JournalWriter
from fitmon.engine.runs.journal_line import JournalEvent
from fitmon.engine.runs.run_folder import RunFolder

OWNER = """
import sys
from pathlib import Path
import msgspec
from fitmon.engine.runs.journal import JournalWriter
from fitmon.engine.runs.journal_line import JournalEvent
from fitmon.engine.runs.lock import RunLock
from fitmon.engine.runs.run_folder import RunFolder
folder = RunFolder(Path(sys.argv[1]))
lock = RunLock(folder)
events = msgspec.msgpack.decode(bytes.fromhex(sys.stdin.readline()), type=list[JournalEvent] | None)
if events is not None:
    journal = JournalWriter(folder.journal_path)
    for event in events:
        journal.event(event)
    journal.flush()
print("ready", flush=True)
sys.stdin.read()
"""


@contextmanager
def owner_of(folder: RunFolder, events: Sequence[JournalEvent] | None = ()) -> Iterator[subprocess.Popen[bytes]]:
    """Start a process that owns a run and writes events to its journal; it is killed in the end.

    `events` is None: it does not begin a journal.
    """
    command = [sys.executable, "-c", OWNER, str(folder.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as owner:
        try:
            assert owner.stdin
            assert owner.stdout
            owner.stdin.write(msgspec.msgpack.encode(events).hex().encode() + b"\n")
            owner.stdin.flush()
            assert owner.stdout.readline() == b"ready\n"
            yield owner
        finally:
            owner.kill()


def write_journal(folder: RunFolder, *events: JournalEvent) -> None:
    """Write a journal of a process that is gone."""
    journal = JournalWriter(folder.journal_path)
    for event in events:
        journal.event(event)
    journal.close()
