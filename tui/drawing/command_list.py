"""The commands of the command palette: what they are called, which of them match what is typed, and how they are drawn.

Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fitmon.text.format import clip
from fitmon.text.roles import Role
from fitmon.text.rows import Row, row
from fitmon.tui.keys import KEYS, Key
from fitmon.tui.layout import View
from fitmon.tui.themes import AUTO, THEMES

KEY_WIDTH = 7


@dataclass(frozen=True, slots=True)
class PaletteCommand:
    """Something to do, by the sentence that the user looks for."""

    words: str
    """What it does."""
    name: str = ""
    """The one or two words of the footer, which can be typed too."""
    key: str = ""
    """Textual's name of the key that does it; empty: no key does."""
    shown_key: str = ""
    """How the user sees that key."""
    view: View | None = None
    """The view in which the key has an effect; None: in any."""
    theme: str = ""
    """The theme to draw in; empty: the present one."""


def commands_for(view: View) -> list[PaletteCommand]:
    """Return all commands; those that have an effect only in this view come first."""
    keys = [_of_key(key, view) for key in KEYS if len(key.keys) == 1 and not key.in_dialog and key.id != "leave"]
    here = [command for command in keys if command.view is not None and command.view is view]
    rest = [command for command in keys if command not in here]
    return [*here, *rest, *map(_of_view, View), *map(_of_theme, (AUTO, *THEMES))]


def _of_key(key: Key, view: View) -> PaletteCommand:
    needed = (view if view in key.views else key.views[0]) if key.views else None
    return PaletteCommand(key.tooltip, key.wording, key.keys[0], key.shown, needed)


def _of_view(view: View) -> PaletteCommand:
    return PaletteCommand(f"Show the {view.name.lower()} view.", "view", str(int(view)), str(int(view)))


def _of_theme(name: str) -> PaletteCommand:
    summary = "by the background of the terminal" if name == AUTO else THEMES[name].summary
    return PaletteCommand(f"Theme {name}: {summary}.", "theme", theme=name)


def matching(
    commands: Sequence[PaletteCommand], typed: str, score: Callable[[str, str], float]
) -> list[PaletteCommand]:
    """Return the commands that match, the best first; all of them if nothing is typed.

    Args:
        commands: All of them.
        typed: What to look for.
        score: Returns how well the first text is found in the second; 0: not at all.
    """
    words = typed.lower().split()
    # Whole words, in any order, are what people remember; letters in between are the last resort.
    found = [command for command in commands if all(word in _text(command) for word in words)]
    if found:
        return sorted(found, key=lambda command: (not _begins(command, typed), -_whole_words(command, words)))
    scores = [score(typed.strip(), _text(command)) for command in commands]
    order = sorted((at for at, each in enumerate(scores) if each), key=lambda at: -scores[at])
    return [commands[at] for at in order]


def _begins(command: PaletteCommand, typed: str) -> bool:
    return command.words.lower().startswith(typed.strip().lower())


def _whole_words(command: PaletteCommand, words: Sequence[str]) -> int:
    known = re.findall(r"[\w-]+", _text(command))
    return sum(word in known for word in words)


def _text(command: PaletteCommand) -> str:
    return f"{command.name} {command.words}".lower()


def draw_commands(commands: Sequence[PaletteCommand], chosen: int, width: int, height: int) -> list[Row]:
    """Return one row for each command around the chosen one, as many as fit.

    Args:
        commands: That match.
        chosen: The number of the chosen one, from 0.
        width: In cells.
        height: In rows.
    """
    if not commands:
        return [row((" no command matches", Role.FAINT))]
    first = first_shown(len(commands), chosen, height)
    shown = range(first, min(first + height, len(commands)))
    return [_row(commands[at], at == chosen, width) for at in shown]


def first_shown(commands: int, chosen: int, height: int) -> int:
    """Return the number of the first command shown, such that the chosen one is visible."""
    return max(0, min(chosen - height // 2, commands - height))


def _row(command: PaletteCommand, is_chosen: bool, width: int) -> Row:
    sign = f" {command.shown_key}".ljust(KEY_WIDTH)
    words = clip(command.words, max(0, width - KEY_WIDTH - 1))
    if is_chosen:
        return row((f"{sign}{words}".ljust(width), Role.SELECTED))
    return row((sign, Role.STRONG), words)
