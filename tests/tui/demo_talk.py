"""What a test and the demo, which runs in a process of its own, tell each other through files beside its log."""

from __future__ import annotations

import time
from pathlib import Path

from tests.pseudo_terminal import PATIENCE_SECONDS
from tests.tui.demo import FINISH, TOLD


def told(log: Path) -> list[str]:
    """Return what was requested of the run, and how it ended."""
    path = log.parent / TOLD
    return path.read_text().splitlines() if path.exists() else []


def until_told(log: Path, command: str) -> None:
    """Wait until something was requested of the run."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not any(line.startswith(command) for line in told(log)):
        assert time.monotonic() < give_up_at, told(log)
        time.sleep(0.01)


def finish(log: Path) -> None:
    """Let the run come to its end."""
    (log.parent / FINISH).touch()
