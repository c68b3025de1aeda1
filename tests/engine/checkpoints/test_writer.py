"""Writes run beside the training; their errors are reported, not raised."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable

import numpy as np
import pytest

from fitmon.engine.checkpoints.writer import CheckpointWriter
from fitmon.engine.errors import DiskError

PATIENCE_SECONDS = 30


class Disk:
    """Records what is written, and can be slow or full."""

    def __init__(self) -> None:
        self.written: list[int] = []
        self.threads: set[int] = set()
        self.error: Exception | None = None
        self.begun = threading.Semaphore(0)
        self.gate = threading.Event()
        self.gate.set()

    def writing(self, number: int) -> Callable[[], None]:
        """Return a function that writes a number, once the gate is open."""

        def write() -> None:
            self.threads.add(threading.get_ident())
            self.begun.release()
            assert self.gate.wait(PATIENCE_SECONDS)
            if self.error is not None:
                raise self.error
            self.written.append(number)

        return write


def test_writes_run_in_another_thread() -> None:
    disk, writer = Disk(), CheckpointWriter()
    writer.put(disk.writing(1), 10)
    assert writer.flush(PATIENCE_SECONDS)
    assert (disk.written, writer.last_error) == ([1], "")
    assert disk.threads.isdisjoint({threading.get_ident()})
    assert writer.close(PATIENCE_SECONDS)


@pytest.mark.parametrize(("size_bytes", "expected"), [(10, [1, 2, 3, 4]), (40, [1, 3, 4]), (100, [1, 4])])
def test_small_writes_queue_up_and_only_the_newest_of_large_ones(size_bytes: int, expected: list[int]) -> None:
    disk, writer = Disk(), CheckpointWriter(max_queued_bytes=100)
    disk.gate.clear()
    writer.put(disk.writing(1), size_bytes)
    assert disk.begun.acquire(timeout=PATIENCE_SECONDS)
    for number in (2, 3, 4):
        writer.put(disk.writing(number), size_bytes)
    assert not writer.flush(0), "one is being written, and others wait"
    disk.gate.set()
    assert writer.flush(PATIENCE_SECONDS)
    assert disk.written == expected
    assert writer.close(PATIENCE_SECONDS)


def test_a_failed_write_is_reported_until_the_next_one_succeeds() -> None:
    disk, writer = Disk(), CheckpointWriter()
    for error, expected_error in (
        (DiskError("The disk is full."), "The disk is full."),
        (RuntimeError("odd"), "The checkpoint could not be written (RuntimeError: odd)."),
    ):
        disk.error = error
        writer.put(disk.writing(1), 10)
        assert writer.flush(PATIENCE_SECONDS)
        assert writer.last_error == expected_error
    disk.error = None
    writer.put(disk.writing(2), 10)
    assert writer.close(PATIENCE_SECONDS)
    assert (disk.written, writer.last_error) == ([2], "")


def test_closing_finishes_queued_writes() -> None:
    disk, writer = Disk(), CheckpointWriter()
    disk.gate.clear()
    writer.put(disk.writing(1), 10)
    assert disk.begun.acquire(timeout=PATIENCE_SECONDS)
    writer.put(disk.writing(2), 10)
    assert not writer.close(0), "the disk is slow"
    disk.gate.set()
    assert writer.close(PATIENCE_SECONDS)
    assert disk.written == [1, 2]


@pytest.mark.parametrize("expected_error", ["", "The disk is full."])
def test_a_state_is_freed_once_its_write_is_done_or_has_failed(expected_error: str) -> None:
    weights = np.ones(3)

    def write(_weights: object = weights) -> None:
        if expected_error:
            raise DiskError(expected_error)

    writer, seen = CheckpointWriter(), weakref.ref(weights)
    writer.put(write, 10)
    del weights, write
    assert writer.flush(PATIENCE_SECONDS)
    assert (writer.last_error, seen()) == (expected_error, None)
    assert writer.close(PATIENCE_SECONDS)
