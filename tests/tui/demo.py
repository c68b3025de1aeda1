"""Shows a made-up run on a real terminal; the tests of the terminal start it in a pseudo-terminal of their own."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import Any

from fitmon.engine import events
from fitmon.engine.commands import Command, Stop
from fitmon.engine.events import Phase
from fitmon.engine.record import RunRecord, Snapshot
from fitmon.tui.launch import run_screen


class ScriptedRun:
    """Trains nothing in a thread of its own until it is asked to stop, or ends as its script says."""

    def __init__(self, script: str) -> None:
        self._script = script
        self._record = RunRecord()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def send(self, command: Command) -> None:
        if isinstance(command, Stop):
            self._stopping.set()

    def snapshot(self) -> Snapshot:
        if self._script == "broken-screen" and self._record.epoch:
            self._script = "waits"
            raise RuntimeError("this snapshot is broken")
        with self._lock:
            return self._record.snapshot()

    def join(self, timeout_seconds: float) -> bool:
        if self._thread.ident is not None:
            self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    def _tell(self, event: events.Event) -> None:
        with self._lock:
            self._record.apply(event)

    def _work(self) -> None:
        print("printed by Python")  # noqa: T201
        os.write(1, b"written to descriptor 1\n")
        os.write(2, b"written to descriptor 2\n")
        self._tell(events.PhaseChanged(phase=Phase.TRAINING))
        self._tell(events.EpochStarted(epoch=1, epochs=3, steps=10))
        if self._script == "fails":
            self._tell(events.RunFailed(kind="data", message="No data.", traceback="Traceback", epochs_done=0))
            return
        if self._script in {"waits", "broken-screen"}:
            self._stopping.wait()
        completed = not self._stopping.is_set()
        reason = "all epochs done" if completed else "stopped by the user"
        self._tell(events.RunEnded(reason=reason, epochs_done=0, completed=completed))


def main(script: str, log: str, **options: Any) -> int:
    """Show the scripted run and return the exit code."""
    return run_screen(ScriptedRun(script), name="démo", log_path=Path(log), **options)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], exit_when_over="--exit" in sys.argv))
