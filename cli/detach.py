"""Starts a training that no terminal owns, and knows when this machine would end it all the same."""

from __future__ import annotations

import os
import pwd
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fitmon.cli.options import RESUME_KNOBS
from fitmon.cli.start import say
from fitmon.engine.errors import SetupError

if TYPE_CHECKING:
    from fitmon.engine.runs.run_folder import RunFolder

Ask = Callable[[Sequence[str]], str]
"""Runs a command and returns what it prints; nothing when it fails."""

LONGEST_ANSWER_SECONDS = 2.0

CONTAINER_MARKS = (".dockerenv", "run/.containerenv", "run/systemd/container")

LOGIND = ("org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager")
ASK_LOGIND = ("busctl", "get-property", *LOGIND, "KillUserProcesses", "KillExcludeUsers", "KillOnlyUsers")


def detach(folder: RunFolder, given: dict[str, Any]) -> int:
    """Start a run without a terminal, say what it is called, and return the exit code at once."""
    words = ["resume", str(folder.path), "--unseen", "--run-dir", str(folder.path.parent)]
    words += ["--checkpoint-every", str(given["checkpoint_every"]), "--keep-disk", f"{given['keep_disk']}B"]
    for option in ("from_epoch", *(knob.name for knob in RESUME_KNOBS)):
        # Those of a new run are in its description.
        if "run" in given and given.get(option) is not None:
            words += [f"--{option.replace('_', '-')}", f"{given[option]!r}"]
    for epoch, knob, value in given["at"]:
        words += ["--at", f"{epoch}:{knob}={value!r}"]
    if given["export"] is not None:
        words += ["--export", str(given["export"]), "--keep", given["keep"] or "best"]
    if given["paused"]:
        words.append("--paused")
    start_detached(words, folder.name, folder.log_path)
    click.echo(folder.name)
    say(f"training without a terminal; `fitmon attach {shlex.quote(folder.name)}` shows it")
    if warning := linger_warning():
        say(warning)
    return 0


def start_detached(arguments: list[str], name: str, log_path: Path) -> int:
    """Start fitmon in a session of its own, where no terminal reaches it, and return its process id at once.

    Args:
        arguments: the words after the program's name; they must ask for a run without a screen.
        name: what the run is called.
        log_path: where everything it prints goes, a file only the user can read; it is appended to.

    Raises:
        SetupError: it could not be started.
    """
    try:
        log_path.parent.mkdir(parents=True, exist_ok=True)
        log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            # Without -P, a file of the folder it is started in could stand in for a module of Python's.
            process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-P", "-m", "fitmon", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        finally:
            os.close(log)
    except OSError as error:
        raise SetupError(f"The run {name} could not be started without a terminal: {error.strerror}.") from None
    # Its end is nobody's business here; Python would warn that it still runs.
    process.returncode = 0
    return process.pid


def linger_warning(root: Path = Path("/"), ask: Ask | None = None) -> str:
    """Return a sentence when this machine would end the user's processes at logout, with the remedy; else nothing.

    systemd does so in two ways: at the end of a session, with everything started in it, where logind is told to
    (`KillUserProcesses=yes`); and at the end of the user's last session, with what runs under the user's own manager,
    unless the user lingers. It never fails.

    Args:
        root: the root of the file system.
        ask: how logind is asked; None: with `busctl`.
    """
    with suppress(OSError, KeyError):
        if (root / "run/systemd/system").is_dir() and not any((root / mark).exists() for mark in CONTAINER_MARKS):
            user = pwd.getpwuid(os.getuid()).pw_name
            wait_after_end = (root / "var/lib/systemd/linger" / user).exists()
            return _warning((root / "proc/self/cgroup").read_text(), user, wait_after_end, ask or _answer)
    return ""


def _warning(cgroup: str, user: str, wait_after_end: bool, ask: Ask) -> str:
    if re.search(r"/user@\d+\.service", cgroup):
        remedy = "`loginctl enable-linger` keeps it alive"
        return "" if wait_after_end else f"This machine ends the run when you log out for the last time; {remedy}."
    if re.search(r"/session-[^/\n]+\.scope", cgroup) and _ends_sessions(ask(ASK_LOGIND), user):
        start = "start fitmon with `systemd-run --user --scope fitmon …`"
        first = start if wait_after_end else f"run `loginctl enable-linger` once and {start}"
        return f"This machine ends the run when you log out, under tmux too (KillUserProcesses=yes); {first}."
    return ""


def _ends_sessions(answer: str, user: str) -> bool:
    """Read what logind says: whether it ends processes, those of whom not, and of whom alone."""
    switch, spared, only = (*answer.splitlines(), "", "", "")[:3]
    names = re.findall(r'"([^"]*)"', only)
    return switch == "b true" and f'"{user}"' not in spared and (not names or user in names)


def _answer(command: Sequence[str]) -> str:
    with suppress(OSError, subprocess.SubprocessError):
        return subprocess.run(  # noqa: S603
            command, check=True, capture_output=True, text=True, errors="replace", timeout=LONGEST_ANSWER_SECONDS
        ).stdout
    return ""
