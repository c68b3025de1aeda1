"""Measures how long the screen takes to draw a new chunk of a run of 100,000 epochs; prints milliseconds as JSON."""

from __future__ import annotations

import asyncio
import json
import time

import numpy as np

from bench.views import started_run
from fitmon.engine import events
from fitmon.engine.commands import Command
from fitmon.engine.events import Phase
from fitmon.engine.record.record import RunRecord
from fitmon.engine.record.snapshot import Snapshot
from fitmon.tui import refresh
from fitmon.tui.app import MonitorApp
from fitmon.tui.options import ScreenOptions

EPOCHS = 100_000
FRAMES = 60
SIZE = (120, 40)


class LongRun:
    """A run of very many epochs, of which one chunk after another ends."""

    def __init__(self) -> None:
        """Train all epochs but the last."""
        self._record = RunRecord()
        self._random = np.random.default_rng(0)
        self._record.apply(started_run(EPOCHS + 1))
        self._record.apply(events.PhaseChanged(phase=Phase.TRAINING))
        for epoch in range(1, EPOCHS + 1):
            self._record.apply(events.EpochStarted(epoch=epoch, epochs=EPOCHS + 1, steps=FRAMES))
            names = ("loss", "accuracy", "val_loss", "val_accuracy")
            metrics = dict(zip(names, self._random.random(4).tolist(), strict=True))
            ended = events.EpochEnded(epoch=epoch, epochs=EPOCHS + 1, seconds=0.01, metrics=metrics, knobs={})
            self._record.apply(ended)
        self._record.apply(events.EpochStarted(epoch=EPOCHS + 1, epochs=EPOCHS + 1, steps=FRAMES))

    def chunk(self, step: int) -> None:
        """End a chunk of the last epoch."""
        values = {"loss": float(self._random.random()), "accuracy": float(self._random.random())}
        chunk = events.ChunkEnded(
            epoch=EPOCHS + 1, step=step, steps=FRAMES, chunk_metrics=values, epoch_metrics=values, seconds=0.01
        )
        self._record.apply(chunk)

    def start(self) -> None:
        """Train nothing."""

    def send(self, command: Command) -> None:
        """Ignore the command."""

    def snapshot(self) -> Snapshot:
        """Return the state of the run."""
        return self._record.snapshot()

    def join(self, timeout_seconds: float) -> bool:  # noqa: ARG002 - the signature of every run
        """Return at once: there is nothing to wait for."""
        return True


async def measure() -> list[float]:
    """Return the milliseconds of each frame, from the new chunk to the drawn cells."""
    refresh.MIN_PAUSE_SECONDS = refresh.MAX_PAUSE_SECONDS = 0.0
    run = LongRun()
    app = MonitorApp(run, "long", ScreenOptions())
    milliseconds = []
    async with app.run_test(size=SIZE) as pilot:
        for step in range(1, FRAMES + 1):
            run.chunk(step)
            await pilot.pause()
            since = time.thread_time()
            app.draw_now()
            app.screen._compositor.render_strips()  # noqa: SLF001 - what Textual does next, measured here
            milliseconds.append(1000 * (time.thread_time() - since))
    return milliseconds


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure())))
