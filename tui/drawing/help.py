"""Draws the help: every key, grouped by task, with those of the present view first. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from fitmon.text import format as form
from fitmon.text.roles import Role
from fitmon.text.rows import Row, fitted, row
from fitmon.tui.keys import KEYS, SCROLLED, Key
from fitmon.tui.layout import View

TWO_COLUMNS_WIDTH = 76
"""From this width on, the groups are in two columns."""

MOST_ROWS = 23
"""Below the title, on the smallest usual terminal."""

LONG_WORDS_WIDTH = 100
"""From this width of a column on, a key is explained in a whole sentence."""

KEY_WIDTH, VIEW_WIDTH = 8, 13
"""Cells for a key, and for the number and name of a view."""

RUN = ("pause", "stop", "remedies", "rewind", "keep", "error")
LEAVE = ("help", "quit", "interrupt", "apply", "cancel", "undo")

SHORT: dict[str, str] = {
    "pause": "pause after epoch; again: now",
    "stop": "stop training",
    "remedies": "suggestions, to apply one",
    "rewind": "rewind, with other values",
    "keep": "after the end: export model",
    "error": "after a failure: traceback",
    "learning_rate": "learning rate",
    "dropout": "dropout",
    "regularisation": "L1/L2",
    "batch_size": "batch size",
    "epochs": "epochs",
    "view": "next view",
    "output": "output, and back",
    "threshold": "threshold (display only)",
    "freeze": "freeze the panels",
    "move_threshold": "move the threshold by 0.01",
    "best_threshold": "best threshold for a goal",
    "move": "select or scroll",
    "detail": "sample, table, or both",
    "order": "sort",
    "filter": "filter",
    "class": "one class after another",
    "write": "write the list as CSV",
    "log_scale": "logarithmic axis",
    "search": "search",
    "undo": "before last change",
    "apply": "apply",
    "cancel": "back",
    "help": "this help",
    "quit": "quit: detach or stop",
    "interrupt": "stop and quit at once",
    "cursor": "read exact values",
    "zoom": "zoom; 0 shows all epochs",
    "metric": "next metric",
    "x_axis": "epochs or time",
    "smoothing": "smooth the curves",
    "threshold_picture": "another picture",
    "scroll_features": "scroll features",
    "compare": "compare with other runs",
    "copy": "copy a suggested command",
    "commands": "find any command",
    "leave": "leave cursor or view",
    "draw_again": "draw everything again",
    "theme": "next theme",
}
"""What a key does, in few words; a key without an entry is explained by the first clause of its sentence."""

Group = tuple[str, list[Row]]
"""A heading and what is below it."""


def draw_help(view: View, width: int) -> list[Row]:
    """Return the help, as high as it needs to be, in rows of exactly `width` cells."""
    title = row((" keys", Role.STRONG), ("   esc back   ↑ ↓ scroll", Role.FAINT))
    if width < TWO_COLUMNS_WIDTH:
        return [fitted(line, width) for line in (title, *_column(_groups(view, width)))]
    left_width, right_width = width - width // 2, width // 2
    left, right = _halves(_groups(view, right_width))
    height = max(len(left), len(right))
    blank = row("")
    columns = zip(left + [blank] * (height - len(left)), right + [blank] * (height - len(right)), strict=True)
    return [fitted(title, width), *((*fitted(a, left_width), *fitted(b, right_width)) for a, b in columns)]


def _groups(view: View, width: int) -> list[Group]:
    """Return every key, by task: those of a view first, then the run, hyperparameters, views, and how to leave."""
    here = _keys_of(view)
    tuning = [key for key in KEYS if key.knobs]
    run, leave = ([key for key in KEYS if key.id in ids] for ids in (RUN, LEAVE))
    everywhere = [key for key in KEYS if not key.views and key not in (*tuning, *run, *leave) and key.id != "views"]
    by_task = (
        (f"this view: {int(view)} {view.name.lower()}", here),
        ("run", run),
        ("hyperparameters, all in one form", tuning),
        ("all views", everywhere),
    )
    found = [(title, _entries(keys, width)) for title, keys in by_task if keys]
    views = [line for other in View for line in _view(other, view, width)]
    in_dialogs, leaving = ([key for key in leave if key.in_dialog is inside] for inside in (True, False))
    dialogs = _in_few_rows(in_dialogs, width) if width < LONG_WORDS_WIDTH else _entries(in_dialogs, width)
    return [
        *found,
        ("views and their own keys", views),
        ("leave, and in dialogs", [*_entries(leaving, width), *dialogs]),
    ]


def _entries(keys: Sequence[Key], width: int) -> list[Row]:
    if width < LONG_WORDS_WIDTH and all(key.knobs for key in keys):
        return _in_few_rows(keys, width)
    return [line for key in keys for line in _entry(key, width)]


def _in_few_rows(keys: Sequence[Key], width: int) -> list[Row]:
    """Return keys behind each other, each with its words."""
    words = ", ".join(form.unbroken(f"{key.shown} {_short(key)}") for key in keys)
    return [row(f"  {line}") for line in form.wrap(words, max(1, width - 3), "")]


def _view(view: View, present: View, width: int) -> list[Row]:
    """Return a view and its own keys."""
    keys = ", ".join(form.unbroken(f"{key.shown} {_wording(key, view)}") for key in _keys_of(view))
    same = next((other for other in View if other < view and keys and _keys_of(other) == _keys_of(view)), None)
    words = "as above" if view is present and keys else keys if same is None else f"as view {int(same)}"
    room = max(1, width - VIEW_WIDTH - 3)
    if cell_len(words) > room and width < LONG_WORDS_WIDTH:
        words = " ".join(form.unbroken(key.shown) for key in _keys_of(view))
    first, *more = form.wrap(words, room, "")
    gap = " " * (VIEW_WIDTH - 2 - len(view.name))
    return [
        row("  ", (f"{int(view)}", Role.STRONG), f" {view.name.lower()}{gap}", (first, Role.FAINT)),
        *(row(f"  {' ' * VIEW_WIDTH}", (line, Role.FAINT)) for line in more),
    ]


def _keys_of(view: View) -> list[Key]:
    return [key for key in KEYS if view in key.views]


def _wording(key: Key, view: View) -> str:
    return "scroll" if key.id == "move" and view in SCROLLED else key.wording


def _halves(found: Sequence[Group]) -> tuple[list[Row], list[Row]]:
    """Return the groups in two columns that are about as high as each other; a group is divided only to save rows."""
    whole = [(_column(found[:cut]), _column(found[cut:])) for cut in range(1, len(found) + 1)]
    best = min(whole, key=lambda columns: max(map(len, columns)))
    lines = _column(found)
    middle = -(-len(lines) // 2)
    return best if max(map(len, best)) <= max(middle, MOST_ROWS) else (lines[:middle], lines[middle:])


def _column(found: Sequence[Group]) -> list[Row]:
    return [line for title, lines in found for line in (row((f" {title}", Role.MARK)), *lines)]


def _entry(key: Key, width: int) -> list[Row]:
    words = key.tooltip if width >= LONG_WORDS_WIDTH else _short(key)
    first, *more = form.wrap(words, max(1, width - KEY_WIDTH - 3), "")
    gap = " " * max(1, KEY_WIDTH - cell_len(key.shown))
    return [
        row("  ", (key.shown, Role.STRONG), f"{gap}{first}"),
        *(row(f"  {' ' * KEY_WIDTH}{line}") for line in more),
    ]


def _short(key: Key) -> str:
    if key.id in SHORT:
        return SHORT[key.id]
    clause = key.tooltip.rpartition(": ")[2].partition(".")[0].partition(";")[0]
    return f"{clause[:1].lower()}{clause[1:]}"
