"""The installed package is complete, and each module loads only what it may, in a fresh interpreter."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE_FOLDERS = ("cli", "engine", "presets", "text", "tui")


def test_every_package_is_listed_for_installation() -> None:
    """A missing one passes in an editable install and fails in a regular one."""
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    found = [
        init.parent.relative_to(ROOT) for folder in PACKAGE_FOLDERS for init in ROOT.glob(f"{folder}/**/__init__.py")
    ]
    assert sorted(listed) == sorted(["fitmon", *[".".join(["fitmon", *path.parts]) for path in found]])


def test_every_folder_with_code_is_a_package() -> None:
    folders = {file.parent for folder in PACKAGE_FOLDERS for file in ROOT.glob(f"{folder}/**/*.py")}
    assert all((folder / "__init__.py").is_file() for folder in folders)


FORBIDDEN = [
    pytest.param("fitmon", ["tensorflow", "keras", "textual", "numpy"], id="fitmon"),
    pytest.param("fitmon.cli.main", ["tensorflow", "keras", "textual", "numpy", "sklearn"], id="the command line"),
    pytest.param("fitmon.tui.app", ["tensorflow", "keras", "sklearn"], id="the screen"),
    pytest.param("fitmon.engine.events", ["tensorflow", "keras", "textual"], id="the events"),
    pytest.param("fitmon.engine.training.session", ["tensorflow", "keras", "textual"], id="the session"),
    pytest.param("fitmon.presets", ["tensorflow", "keras", "sklearn", "numpy"], id="the names of the presets"),
]


@pytest.mark.parametrize(("module", "forbidden"), FORBIDDEN)
def test_a_module_loads_nothing_it_must_not(module: str, forbidden: list[str]) -> None:
    program = f"import sys, {module}; print([name for name in {forbidden!r} if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert told.stdout.strip() == "[]"


def test_keras_is_pinned_to_the_release_whose_private_parts_are_used() -> None:
    """docs/engine.md says how to move the pin."""
    requirements = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    (keras,) = [requirement for requirement in requirements if requirement.startswith("keras")]
    bound = tuple(map(int, keras.partition("<")[2].split(".")))
    used = set(re.findall(r"Keras (3\.\d+)", (ROOT / "engine" / "keras_internals.py").read_text()))
    assert max(tuple(map(int, release.split("."))) for release in used) == (bound[0], bound[1] - 1)
    assert tuple(map(int, version("keras").split(".")[:2])) < bound
