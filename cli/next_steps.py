"""Says where a run is kept and what can be done with it next, when its screen closes."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fitmon.engine.record.snapshot import Snapshot
    from fitmon.engine.runs.run_folder import RunFolder


def next_steps(folder: RunFolder, snapshot: Snapshot) -> list[str]:
    """Return the name of a run, its folder, and the commands that view, continue and export it."""
    name = shlex.quote(folder.name)
    if not snapshot.over:
        commands = [(f"fitmon attach {name}", "show it again"), (f"fitmon ctl {name} stop", "stop it")]
        return [f"{folder.name} continues without this screen.", *_aligned(commands)]
    return [f"Run {folder.name} is kept in {_shown_path(folder.path)}", *_aligned(_commands(name, snapshot))]


def background_lines(name: str) -> list[str]:
    """Return what is printed when a run continues in the background; `name` is unquoted."""
    quoted = shlex.quote(name)
    commands = [(f"fitmon attach {quoted}", "show it again"), (f"fitmon ctl {quoted} stop", "stop it")]
    return [f"fitmon: {name} is training in the background", *_aligned(commands)]


def _commands(name: str, snapshot: Snapshot) -> list[tuple[str, str]]:
    from fitmon.engine.events import RunEnded

    completed = isinstance(snapshot.ending, RunEnded) and snapshot.ending.completed
    commands = [(f"fitmon attach {name}", "view it again")]
    if completed:
        commands.append((f"fitmon resume {name} --epochs {2 * snapshot.epochs}", "train longer"))
    else:
        commands.append((f"fitmon resume {name}", "continue where it stopped"))
    if snapshot.best is not None:
        commands.append((f"fitmon resume {name} --from-epoch {snapshot.best.epoch}", "branch from the best epoch"))
    if completed and snapshot.epochs_done:
        commands.append((f"fitmon resume {name} --export best.keras", "write the best weights"))
    return commands


def _aligned(commands: list[tuple[str, str]]) -> list[str]:
    """Return a line for each command and what it does; two lines where the terminal is too narrow for one."""
    width = max(len(command) for command, _ in commands)
    lines = [f"  {command:{width}}  {words}" for command, words in commands]
    if max(map(len, lines)) <= shutil.get_terminal_size().columns:
        return lines
    return [line for command, words in commands for line in (f"  {words}:", f"    {command}")]


def _shown_path(path: Path) -> str:
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)
