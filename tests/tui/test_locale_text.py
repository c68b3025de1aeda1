"""The locale of the user, not the one that Python makes of it, decides between UTF-8 and ASCII."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fitmon.tui.locale_text import shows_utf_8
from tests.tui.test_terminal import pseudo

LOCALES = [
    ({"LANG": "en_US.UTF-8"}, True),
    ({"LANG": "C.utf8"}, True),
    ({"LANG": "C"}, False),
    ({"LANG": "POSIX"}, False),
    ({"LC_ALL": "C", "LANG": "en_US.UTF-8"}, False),
    ({"LC_ALL": "en_US.UTF-8", "LANG": "C"}, True),
    ({"LC_CTYPE": "UTF-8"}, True),
    ({"LC_CTYPE": "C", "LANG": "en_US.UTF-8"}, False),
    ({"LC_ALL": "", "LANG": "de_DE.ISO-8859-1"}, False),
    ({}, True),
]


@pytest.mark.parametrize(("environment", "expected"), [*LOCALES, ({"TERM": "linux", "LANG": "C.UTF-8"}, False)])
def test_the_first_variable_that_is_set_decides(environment: dict[str, str], expected: bool) -> None:
    assert shows_utf_8(environment) is expected


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="only the kernel of Linux still knows")
@pytest.mark.parametrize(("environment", "expected"), LOCALES)
def test_python_does_not_hide_the_locale(environment: dict[str, str], expected: bool) -> None:
    code = "from fitmon.tui.locale_text import *; print(shows_utf_8(user_environment()))"
    kept = {name: value for name, value in os.environ.items() if name not in {"LC_ALL", "LC_CTYPE", "LANG", "TERM"}}
    done = subprocess.run(
        [sys.executable, "-c", code], env=kept | environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(expected)


@pytest.mark.slow
@pytest.mark.parametrize(
    "environment",
    [{"LC_ALL": "C"}, {"LC_ALL": "", "LANG": "POSIX"}, {"LC_ALL": "C.UTF-8", "TERM": "linux"}],
    ids=["LC_ALL=C", "LANG=POSIX", "the Linux console"],
)
def test_the_screen_is_ascii_where_the_locale_is(environment: dict[str, str], tmp_path: Path) -> None:
    with pseudo("waits", str(tmp_path / "run" / "output.log"), **environment) as terminal:
        terminal.until("epoch 1/3")
        assert terminal.received.isascii()
        assert "+ loss" in "\n".join(terminal.screen.display)


@pytest.mark.slow
def test_ascii_can_be_asked_for(tmp_path: Path) -> None:
    with pseudo("waits", str(tmp_path / "run" / "output.log"), "--ascii") as terminal:
        terminal.until("epoch 1/3")
        assert terminal.received.isascii()
