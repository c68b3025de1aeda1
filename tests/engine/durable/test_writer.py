"""The training hands a state over and goes on; the newest is written, and what hinders that is told, not raised."""

from __future__ import annotations

import threading
import weakref
from pathlib import Path

import pytest

from fitmon.engine.durable.state import State
from fitmon.engine.durable.writer import CheckpointWriter
from fitmon.engine.errors import DiskError

from .states import state_of

PATIENCE_SECONDS = 30


class Disk:
    """Notes what is written, and can be slow or full."""

    def __init__(self) -> None:
        self.written: list[int] = []
        self.threads: set[int] = set()
        self.error: Exception | None = None
        self.begun = threading.Semaphore(0)
        self.gate = threading.Event()
        self.gate.set()

    def write(self, state: State) -> Path:
        """Write a state, once the gate is open."""
        self.threads.add(threading.get_ident())
        self.begun.release()
        assert self.gate.wait(PATIENCE_SECONDS)
        if self.error is not None:
            raise self.error
        self.written.append(state.facts.epochs_done)
        return Path(str(state.facts.epochs_done))


def test_what_is_handed_over_is_written_by_another_thread() -> None:
    disk = Disk()
    writer = CheckpointWriter(disk.write)
    writer.put(state_of(epochs_done=1))
    assert writer.flush(PATIENCE_SECONDS)
    assert (disk.written, writer.last_path, writer.last_error) == ([1], Path("1"), "")
    assert disk.threads.isdisjoint({threading.get_ident()})
    assert writer.close(PATIENCE_SECONDS)


def test_while_one_is_written_only_the_newest_waits() -> None:
    disk = Disk()
    writer = CheckpointWriter(disk.write)
    disk.gate.clear()
    writer.put(state_of(epochs_done=1))
    assert disk.begun.acquire(timeout=PATIENCE_SECONDS)
    for epoch in (2, 3, 4):
        writer.put(state_of(epochs_done=epoch))
    assert not writer.flush(0), "one is being written, and one waits"
    disk.gate.set()
    assert writer.flush(PATIENCE_SECONDS)
    assert disk.written == [1, 4]
    assert writer.close(PATIENCE_SECONDS)


def test_a_write_that_fails_is_told_and_the_next_one_makes_up_for_it() -> None:
    disk = Disk()
    writer = CheckpointWriter(disk.write)
    for error, told in (
        (DiskError("The disk is full."), "The disk is full."),
        (RuntimeError("odd"), "The checkpoint could not be written (RuntimeError: odd)."),
    ):
        disk.error = error
        writer.put(state_of(epochs_done=1))
        assert writer.flush(PATIENCE_SECONDS)
        assert (writer.last_error, writer.last_path) == (told, None)
    disk.error = None
    writer.put(state_of(epochs_done=2))
    assert writer.close(PATIENCE_SECONDS)
    assert (disk.written, writer.last_path, writer.last_error) == ([2], Path("2"), "")


def test_closing_writes_what_waits() -> None:
    disk = Disk()
    writer = CheckpointWriter(disk.write)
    disk.gate.clear()
    writer.put(state_of(epochs_done=1))
    assert disk.begun.acquire(timeout=PATIENCE_SECONDS)
    writer.put(state_of(epochs_done=2))
    assert not writer.close(0), "the disk is slow"
    disk.gate.set()
    assert writer.close(PATIENCE_SECONDS)
    assert disk.written == [1, 2]


@pytest.mark.parametrize("told", ["", "The disk is full."])
def test_nothing_of_a_state_is_held_once_it_is_written_or_has_failed(told: str) -> None:
    def write(_state: State) -> Path:
        if told:
            raise DiskError(told)
        return Path("1")

    writer = CheckpointWriter(write)
    state = state_of(weights=[1.0])
    weights = weakref.ref(state.variables["weights"])
    writer.put(state)
    del state
    assert writer.flush(PATIENCE_SECONDS)
    assert (writer.last_error, weights()) == (told, None)
    assert writer.close(PATIENCE_SECONDS)
