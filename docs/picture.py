"""Makes the picture of the README: trains MNIST under the real screen, steers it a little, and exports what stands there.

Run by `make picture`, from the project's root.
"""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

from bench.jobs import mnist_path
from fitmon.engine.record import Snapshot
from fitmon.engine.session import Session
from fitmon.presets import preset_named
from fitmon.tui.app import MonitorApp
from textual.pilot import Pilot

TARGET = Path("docs", "fitmon.svg")


async def main() -> None:
    """Train, halve the learning rate, and take the picture some epochs later."""
    session = Session(preset_named("mnist").job(file=mnist_path()))
    app = MonitorApp(session, "mnist")
    async with app.run_test(size=(120, 40)) as pilot:
        await _until(pilot, session, lambda seen: seen.epoch == 1)
        await pilot.press("l", *"5e-4", "enter")
        await _until(pilot, session, lambda seen: len(seen.receipts) == 1 and seen.epoch == 8 and seen.step > seen.steps / 2)
        app.tick()
        await pilot.pause()
        TARGET.write_text(_without_web_fonts(app.export_screenshot(title="fitmon mnist")), encoding="utf-8")
        await pilot.press("q", "y")
    session.join(30)


async def _until(pilot: Pilot[int], session: Session, holds: Callable[[Snapshot], bool]) -> None:
    while not holds(session.snapshot()):
        await pilot.pause(0.1)


def _without_web_fonts(svg: str) -> str:
    """Let the viewer's own fixed-width font stand in, so that the picture fetches nothing."""
    return re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL).replace("Fira Code, monospace", "monospace")


asyncio.run(main())
