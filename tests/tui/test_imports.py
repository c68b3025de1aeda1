"""What the screen may load, proven in a fresh interpreter."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("module", "forbidden"),
    [
        ("fitmon.tui.app", ("tensorflow", "keras", "fitmon.presets")),
        ("fitmon.tui.launch", ("tensorflow", "keras", "numpy", "textual.app")),
        ("fitmon.tui.compare_app", ("tensorflow", "keras", "numpy", "fitmon.presets")),
        ("fitmon.tui.compare_launch", ("tensorflow", "keras", "numpy", "textual.app")),
    ],
)
def test_a_module_loads_nothing_that_delays_the_first_frame(module: str, forbidden: tuple[str, ...]) -> None:
    code = f"import sys, {module}; print([name for name in {forbidden!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
