"""Shows a made-up run on a real terminal, or prints it; the tests start it in a pseudo-terminal of their own."""

from __future__ import annotations

import argparse
import fcntl
import os
import sys
import termios
import threading
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

from fitmon.cli.headless import train_headless, train_in_lines
from fitmon.engine import events
from fitmon.engine.commands import Command, Stop
from fitmon.engine.events import Phase
from fitmon.engine.record.record import RunRecord
from fitmon.engine.record.snapshot import Snapshot
from fitmon.engine.values import KnobOffer
from fitmon.tui.launch import run_screen
from fitmon.tui.options import NO_REWIND, RewindOptions, ScreenOptions

FINISH = "finish"
"""A file of this name beside the log lets a run that waits come to its end."""
KNOBS = {"learning_rate": 1e-3, "dropout": 0.3, "l1": 0.0, "l2": 1e-4, "batch_size": 64, "epochs": 10}
"""Of the run that can be steered."""
TOLD = "told"
"""The file beside the log that says what was requested of the run, and how it ended."""


class ScriptedRun:
    """Trains nothing in a thread of its own until it is asked to stop, or ends as its script says."""

    def __init__(self, script: str, folder: Path, listener: Callable[[events.Event], None] | None = None) -> None:
        self._script = script
        self._folder = folder
        self._listener = listener
        self._record = RunRecord()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._stop_reason = ""
        self._thread = threading.Thread(target=self._work, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def send(self, command: Command) -> None:
        self._note(repr(command))
        if isinstance(command, Stop):
            self._stop_reason = command.reason
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

    def _note(self, line: str) -> None:
        with (self._folder / TOLD).open("a") as told:
            told.write(line + "\n")

    def _tell(self, event: events.Event) -> None:
        with self._lock:
            self._record.apply(event)
        if self._listener is not None:
            self._listener(event)

    def _work(self) -> None:
        print("printed by Python")  # noqa: T201
        os.write(1, b"written to descriptor 1\n")
        os.write(2, b"written to descriptor 2\n")
        if self._script == "steers":
            self._begin_second_epoch()
        self._tell(events.PhaseChanged(phase=Phase.TRAINING))
        if self._script != "steers":
            self._tell(events.EpochStarted(epoch=1, epochs=3, steps=10))
        if self._script == "fails":
            self._tell(events.RunFailed(kind="data", message="No data.", traceback="Traceback", epochs_done=0))
            return
        if self._script in {"waits", "broken-screen", "steers"}:
            self._wait()
        print("printed at the end", flush=True)  # noqa: T201
        self._note(f"terminals {[descriptor for descriptor in range(64) if os.isatty(descriptor)]}")
        completed = not self._stopping.is_set()
        reason = "all epochs done" if completed else self._stop_reason
        self._note(reason)
        self._tell(events.RunEnded(reason=reason, epochs_done=0, completed=completed))
        if self._script == "wait_after_end":
            self._stopping.wait()

    def _begin_second_epoch(self) -> None:
        """Report a run that has knobs, a threshold, and an epoch to rewind to."""
        knobs = tuple(KnobOffer(name=name, value=value) for name, value in KNOBS.items())
        started = events.RunStarted(
            run="mine",
            epochs=10,
            steps=10,
            training_samples=100,
            validation_samples=20,
            class_names=("no", "yes"),
            knobs=knobs,
            seed=7,
            device="CPU",
            versions={},
            parameters=10,
            jit=False,
            majority_share=0.5,
        )
        self._tell(started)
        self._tell(events.EpochStarted(epoch=1, epochs=10, steps=10))
        metrics = {"loss": 0.5, "val_loss": 0.6}
        self._tell(events.EpochEnded(epoch=1, epochs=10, seconds=1.0, metrics=metrics, knobs={}))
        self._tell(events.EpochStarted(epoch=2, epochs=10, steps=10))

    def _wait(self) -> None:
        while not (self._stopping.wait(0.01) or (self._folder / FINISH).exists()):
            if self._listener is not None:
                self._listener(a_chunk())


def a_chunk() -> events.ChunkEnded:
    return events.ChunkEnded(epoch=1, step=1, steps=10, chunk_metrics={}, epoch_metrics={}, seconds=0.01)


def main() -> int:
    """Show the scripted run, or print it, and return the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("script")
    parser.add_argument("log", type=Path)
    parser.add_argument("--stalled-seconds", type=float, default=60.0)
    for flag in (
        "--exit",
        "--ephemeral",
        "--viewer",
        "--read-only",
        "--controlled",
        "--lines",
        "--headless",
        "--defaults",
        "--ascii",
        "--no-mouse",
    ):
        parser.add_argument(flag, action="store_true")
    given = parser.parse_args()
    if given.controlled:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    folder = given.log.parent
    folder.mkdir(exist_ok=True)
    if given.headless:
        return train_headless(ScriptedRun(given.script, folder))[1]
    if given.lines:
        return train_in_lines(
            lambda listener: nullcontext(ScriptedRun(given.script, folder, listener)),
            as_json=False,
            print_message=print,
            log_path=None if given.ephemeral else given.log,
        )[1]
    if given.defaults:
        return run_screen(ScriptedRun(given.script, folder))
    options = ScreenOptions(
        log_path=given.log,
        exit_when_over=given.exit,
        continue_without_terminal=not given.ephemeral,
        viewer=given.viewer,
        read_only=given.read_only,
        stalled_seconds=given.stalled_seconds,
        ascii_only=given.ascii,
        mouse=not given.no_mouse,
        rewind=RewindOptions() if given.script == "steers" else NO_REWIND,
    )
    return run_screen(ScriptedRun(given.script, folder), name="démo", options=options)


if __name__ == "__main__":
    sys.exit(main())
