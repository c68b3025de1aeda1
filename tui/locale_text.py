"""Decides whether the terminal is sent UTF-8 or plain ASCII."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

VARIABLES = ("LC_ALL", "LC_CTYPE", "LANG")
"""The first of them that is set names the locale."""


def shows_utf_8(environment: Mapping[str, str]) -> bool:
    """Return whether the terminal shows UTF-8, by its environment.

    False in the locales C and POSIX, which Python itself treats as UTF-8, and on the Linux console, whose font has no
    braille. True where no variable is set, as in many containers: terminals that show no UTF-8 have become rare.
    """
    if environment.get("TERM") == "linux":
        return False
    locale = next((environment[name] for name in VARIABLES if environment.get(name)), "UTF-8")
    return "utf8" in locale.lower().replace("-", "")


def user_environment() -> dict[str, str]:
    """Return the environment with the locale as the user set it.

    In the locale C, Python sets LC_CTYPE to UTF-8 before the first line of a program runs (PEP 538); on Linux, the
    kernel still knows what was set.
    """
    environment = dict(os.environ)
    with contextlib.suppress(OSError):
        lines = Path("/proc/self/environ").read_bytes().split(b"\0")
        original = dict(line.decode(errors="replace").split("=", 1) for line in lines if b"=" in line)
        environment.pop("LC_CTYPE", None)
        environment |= {name: original[name] for name in ("LC_CTYPE",) if name in original}
    return environment
