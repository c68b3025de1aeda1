"""Starts a run in the background, and warns if this machine would kill it at logout."""

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

from fitmon.cli.messages import print_message
from fitmon.cli.options import RESUME_KNOBS, option_flag
from fitmon.engine.errors import SetupError

if TYPE_CHECKING:
    from fitmon.engine.runs.run_folder import RunFolder

RunCommand = Callable[[Sequence[str]], str]
"""Runs a command and returns its output; empty if it fails."""

MAX_COMMAND_SECONDS = 2.0

CONTAINER_MARKS = (".dockerenv", "run/.containerenv", "run/systemd/container")

LOGIND = ("org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager")
LOGIND_COMMAND = ("busctl", "get-property", *LOGIND, "KillUserProcesses", "KillExcludeUsers", "KillOnlyUsers")


def detach(folder: RunFolder, given: dict[str, Any]) -> int:
    """Start a run in the background, print its name, and return the exit code at once."""
    words = ["resume", str(folder.path), "--unseen", "--run-dir", str(folder.path.parent)]
    words += ["--checkpoint-every", str(given["checkpoint_every"]), "--keep-disk", f"{given['keep_disk']}B"]
    for option in ("from_epoch", *(knob.name for knob in RESUME_KNOBS)):
        # A new run reads its settings from its description.
        if "run" in given and given.get(option) is not None:
            words += [option_flag(option), f"{given[option]!r}"]
    for epoch, knob, value in given["at"]:
        words += ["--at", f"{epoch}:{knob}={value!r}"]
    if given["export"] is not None:
        words += ["--export", str(given["export"]), "--keep", given["keep"] or "best"]
    if given["paused"]:
        words.append("--paused")
    start_detached(words, folder.name, folder.log_path)
    click.echo(folder.name)
    print_message(f"training in the background; watch it with `fitmon attach {shlex.quote(folder.name)}`")
    if warning := linger_warning():
        print_message(warning)
    return 0


def start_detached(arguments: list[str], name: str, log_path: Path) -> int:
    """Start fitmon in a session without a terminal, and return its process id at once.

    Args:
        arguments: the command line without the program's name; it must not need a screen.
        name: of the run.
        log_path: a file, which only the user can read, that its output is appended to.

    Raises:
        SetupError: it could not be started.
    """
    try:
        log_path.parent.mkdir(parents=True, exist_ok=True)
        log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            # Without -P, a file in the current folder could shadow a module of Python.
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
        raise SetupError(f"Cannot start the run {name} in the background: {error.strerror}.") from None
    # Nobody waits for it here; without a return code Python would warn that it is still running.
    process.returncode = 0
    return process.pid


def linger_warning(root: Path = Path("/"), run_command: RunCommand | None = None) -> str:
    """Return a warning if this machine kills the user's processes at logout, with the remedy; else an empty string.

    systemd does so in two ways: at the end of a session it kills everything started in it, if logind is configured so
    (`KillUserProcesses=yes`); and at the end of the user's last session it kills what runs under the user's own
    manager, unless the user lingers. Never raises.

    Args:
        root: the root of the file system.
        run_command: reads the properties of logind; None: runs `busctl`.
    """
    with suppress(OSError, KeyError):
        if (root / "run/systemd/system").is_dir() and not any((root / mark).exists() for mark in CONTAINER_MARKS):
            user = pwd.getpwuid(os.getuid()).pw_name
            lingers = (root / "var/lib/systemd/linger" / user).exists()
            return _warning((root / "proc/self/cgroup").read_text(), user, lingers, run_command or _output_of)
    return ""


def _warning(cgroup: str, user: str, lingers: bool, run_command: RunCommand) -> str:
    if re.search(r"/user@\d+\.service", cgroup):
        remedy = "run `loginctl enable-linger` to prevent it"
        return "" if lingers else f"This machine ends the run when you log out for the last time; {remedy}."
    if re.search(r"/session-[^/\n]+\.scope", cgroup) and _ends_sessions(run_command(LOGIND_COMMAND), user):
        start = "start fitmon with `systemd-run --user --scope fitmon …`"
        first = start if lingers else f"run `loginctl enable-linger` once and {start}"
        return f"This machine ends the run when you log out, under tmux too (KillUserProcesses=yes); {first}."
    return ""


def _ends_sessions(answer: str, user: str) -> bool:
    """Return whether logind kills a user's processes, from its switch and its lists of excluded and only users."""
    switch, excluded, only = (*answer.splitlines(), "", "", "")[:3]
    names = re.findall(r'"([^"]*)"', only)
    return switch == "b true" and f'"{user}"' not in excluded and (not names or user in names)


def _output_of(command: Sequence[str]) -> str:
    with suppress(OSError, subprocess.SubprocessError):
        return subprocess.run(  # noqa: S603
            command, check=True, capture_output=True, text=True, errors="replace", timeout=MAX_COMMAND_SECONDS
        ).stdout
    return ""
