"""Makes the screenshot of the README: trains MNIST under the real screen, steers it, and waits until it overfits.

Run by `make picture`, from the project's root.
"""

import asyncio
import re
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from textual.pilot import Pilot

from bench.jobs import mnist_path
from fitmon.engine.record.snapshot import Snapshot
from fitmon.engine.runs.runs import Runs
from fitmon.engine.training.kept_run import KeptRun
from fitmon.presets import preset_named
from fitmon.tui.app import MonitorApp
from fitmon.tui.options import RewindOptions, ScreenOptions

TARGET = Path("docs", "fitmon.svg")
MAX_EPOCHS = 30


async def screenshot(folder: Path) -> str:
    """Train, halve the learning rate, and return a screenshot, an SVG, once overfitting is found."""
    preset = preset_named("mnist")
    settings = replace(preset.settings, epochs=MAX_EPOCHS, dropout=0.0)
    run = KeptRun(preset.job(settings, file=mnist_path()), Runs(folder).create(job="mnist", settings=settings))
    app = MonitorApp(run, "mnist", ScreenOptions(rewind=RewindOptions()))
    with run:
        async with app.run_test(size=(120, 40)) as pilot:
            await _until(pilot, run, lambda snapshot: snapshot.epoch == 1)
            await pilot.press("l", *"5e-4", "enter")
            await _until(pilot, run, _overfits)
            app.tick()
            await pilot.pause()
            svg = app.export_screenshot(title="fitmon mnist")
            await pilot.press("q", "y")
        run.join(30)
    return _without_web_fonts(svg)


def _overfits(snapshot: Snapshot) -> bool:
    names = {"overfitting", "memorizing"}
    return any(finding.name in names for finding in snapshot.findings) and snapshot.step > snapshot.steps / 2


async def _until(pilot: Pilot[int], run: KeptRun, condition: Callable[[Snapshot], bool]) -> None:
    while not condition(run.snapshot()):
        await pilot.pause(0.1)


def _without_web_fonts(svg: str) -> str:
    """Use the fixed-width font of the viewer, so that the image loads nothing from the web."""
    return re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL).replace("Fira Code, monospace", "monospace")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        TARGET.write_text(asyncio.run(screenshot(Path(temporary))), encoding="utf-8")
