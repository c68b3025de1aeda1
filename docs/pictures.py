"""Makes the pictures of the README and of docs/tour.md: trains the presets under the real screen and steers them.

Run by `make picture`, from the project's root; takes about two minutes.
"""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from bench.jobs import mnist_path
from fitmon.engine.commands import Rewind, Stop
from fitmon.engine.record.snapshot import Snapshot
from fitmon.engine.runs.runs import Runs
from fitmon.engine.training.kept_run import KeptRun
from fitmon.engine.training.options import RunOptions
from fitmon.presets import preset_named
from fitmon.tui.app import MonitorApp
from fitmon.tui.options import RewindOptions, ScreenOptions

FOLDER = Path("docs", "pictures")
SIZE = (120, 40)
TERMINAL = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "FITMON_THEME": "dark"}
"""The pictures do not depend on the terminal they are made in."""
OF_MEMORIZING = frozenset({"overfitting", "memorizing"})


@dataclass(frozen=True)
class Shown:
    """A run under the screen."""

    run: KeptRun
    app: MonitorApp
    pilot: Pilot[int]

    async def until(self, condition: Callable[[Snapshot], bool]) -> None:
        """Wait until something is true of the run."""
        while not condition(self.run.snapshot()):
            await self.pilot.pause(0.05)

    async def take(self, name: str, *keys: str) -> None:
        """Press keys and save the picture."""
        await self.pilot.press(*keys)
        self.app.tick()
        await self.pilot.pause(0.2)
        _save(name, self.app)


@asynccontextmanager
async def shown(
    runs: Runs, preset_name: str, name: str, *, dataset: str | None = None, split: str | None = None, **changes: Any
) -> AsyncIterator[Shown]:
    """Train a preset, with changed settings, under the screen."""
    preset = preset_named(preset_name)
    settings = replace(preset.settings, **changes)
    job = preset.job(settings, dataset=dataset, split=split, file=mnist_path() if preset_name == "mnist" else None)
    folder = runs.create(job=preset_name, settings=settings, name=name)
    run = KeptRun(job, folder, RunOptions(wait_after_end=True))
    app = MonitorApp(run, name, ScreenOptions(rewind=RewindOptions(), folder=folder))
    with run:
        async with app.run_test(size=SIZE) as pilot:
            yield Shown(run, app, pilot)
        run.send(Stop())
        run.join(30)


async def mnist(runs: Runs) -> None:
    """Steer it, wait until it overfits, and look at its samples and classes."""
    async with shown(runs, "mnist", "mnist", epochs=30) as seen:
        await seen.until(lambda snapshot: snapshot.epoch == 1 and 10 * snapshot.step > snapshot.steps)
        await seen.pilot.press("l", *"5e-4", "enter")
        await seen.until(lambda snapshot: _overfits(snapshot) and snapshot.step > snapshot.steps / 2)
        await seen.take("overview")
        await seen.take("samples", "5", "down", "down")
        await seen.take("classes", "6")


def _overfits(snapshot: Snapshot) -> bool:
    return any(finding.name in OF_MEMORIZING for finding in snapshot.findings)


async def iris(runs: Runs) -> None:
    """Read exact values in the middle of a long run, with a logarithmic axis; then compare three runs."""
    for rate in (5e-4, 2e-3, 1e-2):
        async with shown(runs, "iris", f"iris-lr-{rate:g}", epochs=120, learning_rate=rate) as seen:
            await seen.until(lambda snapshot: snapshot.over)
            if rate == 2e-3:  # noqa: PLR2004 - the one with the most to see
                await seen.take("curves", "2", "g", "home", *["right"] * 39)


async def cancer(runs: Runs) -> None:
    """Move the threshold of a table with two classes, and rewind to an earlier epoch."""
    async with shown(runs, "binary", "cancer", dataset="breast_cancer", epochs=40, dropout=0.0) as seen:
        await seen.until(lambda snapshot: snapshot.over)
        await seen.take("threshold", "4", *["left"] * 12)
        seen.run.send(Rewind(epoch=12, changes={"dropout": 0.4, "learning_rate": 5e-4}))
        await seen.until(lambda snapshot: snapshot.branch.number > 1 and snapshot.over)
        await seen.take("branches", "1")


async def sorted_file(runs: Runs) -> None:
    """Show what is found where the validation set is the end of a file sorted by class."""
    async with shown(runs, "iris", "sorted", split="last", epochs=60) as seen:
        await seen.until(lambda snapshot: snapshot.over)
        await seen.take("findings", "9")


async def compared(runs: Runs) -> None:
    """Put the three runs of iris on one chart."""
    from fitmon.tui.compare_app import CompareApp

    folders = [folder for folder in runs.newest_first() if folder.name.startswith("iris")]
    app = CompareApp(folders, runs)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause(2)
        await pilot.press("g")
        await pilot.pause(0.3)
        _save("compare", app)


def _save(name: str, app: Any) -> None:
    svg = app.export_screenshot(title=f"fitmon: {name}")
    # The fixed-width font of the viewer, so that the image loads nothing from the web; some viewers drop spaces.
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL).replace("Fira Code, monospace", "monospace")
    (FOLDER / f"{name}.svg").write_text(svg.replace("<text ", '<text xml:space="preserve" '), encoding="utf-8")


async def main() -> None:
    """Make all pictures."""
    with tempfile.TemporaryDirectory() as temporary:
        runs = Runs(Path(temporary))
        for scene in (mnist, iris, cancer, sorted_file, compared):
            await scene(runs)


if __name__ == "__main__":
    os.environ |= TERMINAL
    FOLDER.mkdir(exist_ok=True)
    asyncio.run(main())
