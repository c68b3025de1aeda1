"""A program that kills writers of checkpoints at random moments; prints what they left behind, as JSON.

It loads no TensorFlow, so that it may fork. Called with an empty folder.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from fitmon.engine.checkpoints.checkpoint import PARTIAL_NAME, read_checkpoint, stored_checkpoints, write_checkpoint
from fitmon.engine.errors import DataError
from tests.engine.checkpoints.states import consistent_state, number_of

KILLS = 60
KILOBYTES = 256


def write_for_ever(folder: Path, first: int, announce: int) -> None:
    """Write one checkpoint after another, announce each, and keep the last two."""
    number = first
    while True:
        write_checkpoint(folder, consistent_state(number, KILOBYTES))
        os.write(announce, number.to_bytes(4, "little"))
        for stored in stored_checkpoints(folder)[:-2]:
            stored.path.unlink()
        number += 1


def killed_writer(folder: Path, first: int, delay_seconds: float) -> int:
    """Let a process write for some time and kill it; return the last checkpoint that it announced."""
    read, announce = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        write_for_ever(folder, first, announce)
    os.close(announce)
    told = os.read(read, 4)
    time.sleep(delay_seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while rest := os.read(read, 65_536):
        told += rest
    os.close(read)
    return int.from_bytes(told[-4:], "little")


def main() -> None:
    """Kill writers, and check everything that each has left."""
    folder, delays = Path(sys.argv[1]), random.Random(0)  # noqa: S311
    found: dict[str, list[object]] = {"damaged": [], "lost": [], "killed while writing": []}
    last = 0
    for _ in range(KILLS):
        last = killed_writer(folder, last + 1, delays.uniform(0, 0.02))
        numbers = []
        for stored in stored_checkpoints(folder):
            try:
                numbers.append(number_of(read_checkpoint(stored.path)))
            except (DataError, ValueError, AssertionError) as error:
                found["damaged"].append(f"{last}: {error}")
        if not numbers or max(numbers) < last:
            found["lost"].append(last)
        if (folder / PARTIAL_NAME).exists():
            found["killed while writing"].append(last)
        last = max(numbers, default=last)
    sys.stdout.write(json.dumps({**found, "killed while writing": len(found["killed while writing"])}))


if __name__ == "__main__":
    main()
