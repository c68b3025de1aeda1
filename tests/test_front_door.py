"""What a user's own script imports, and the script that the README shows."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import fitmon

ROOT = Path(__file__).parents[1]


def test_the_public_names_load_neither_tensorflow_nor_textual_nor_numpy() -> None:
    names = ", ".join(fitmon.__all__)
    heavy = ["tensorflow", "keras", "textual", "numpy", "sklearn"]
    program = f"import sys; from fitmon import {names}; print([name for name in {heavy!r} if name in sys.modules])"
    said = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert said.stdout.strip() == "[]"


def test_all_public_names_are_there_and_others_are_refused() -> None:
    assert {"Job", "Settings", "TrainingData", "Session", "run_screen"} <= set(fitmon.__all__)
    for name in fitmon.__all__:
        assert getattr(fitmon, name).__name__ == name
        assert name in dir(fitmon)
    with pytest.raises(AttributeError, match="no attribute 'sesion'"):
        _ = fitmon.sesion


@pytest.mark.slow
def test_the_script_of_the_readme_trains_as_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (script,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    shown: list[Any] = []

    def without_a_terminal(session: Any) -> None:
        shown.append(session)
        session.run()

    monkeypatch.setattr("fitmon.tui.launch.run_screen", without_a_terminal)
    monkeypatch.chdir(tmp_path)
    exec(compile(script, "train.py", "exec"), {"__name__": "__main__"})  # noqa: S102 - the README's own text
    (session,) = shown
    assert session.snapshot().ending.completed
    assert (tmp_path / "mine.keras").is_file()
