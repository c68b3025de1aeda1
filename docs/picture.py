"""Makes the picture of the README: trains MNIST under the real screen, steers it, and exports what stands there.

Run by `make picture`, from the project's root.
"""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from bench.jobs import mnist_path
from fitmon.engine.record import Snapshot
from fitmon.engine.session import Session
from fitmon.presets import preset_named
from fitmon.tui.app import MonitorApp

TARGET = Path("docs", "fitmon.svg")


async def picture() -> str:
    """Train, halve the learning rate, and return the picture, an SVG, some epochs later."""
    session = Session(preset_named("mnist").job(file=mnist_path()))
    app = MonitorApp(session, "mnist")
    async with app.run_test(size=(120, 40)) as pilot:
        await _until(pilot, session, lambda seen: seen.epoch == 1)
        await pilot.press("l", *"5e-4", "enter")
        await _until(pilot, session, _well_after_the_receipt)
        app.tick()
        await pilot.pause()
        svg = app.export_screenshot(title="fitmon mnist")
        await pilot.press("q", "y")
    session.join(30)
    return _without_web_fonts(svg)


def _well_after_the_receipt(seen: Snapshot) -> bool:
    return any(seen.epoch >= receipt.epoch + 3 for receipt in seen.receipts) and seen.step > seen.steps / 2


async def _until(pilot: Pilot[int], session: Session, holds: Callable[[Snapshot], bool]) -> None:
    while not holds(session.snapshot()):
        await pilot.pause(0.1)


def _without_web_fonts(svg: str) -> str:
    """Let the viewer's own fixed-width font stand in, so that the picture fetches nothing."""
    return re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL).replace("Fira Code, monospace", "monospace")


TARGET.write_text(asyncio.run(picture()), encoding="utf-8")
