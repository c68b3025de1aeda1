"""Textual's bindings, made from the table of keys."""

from textual.binding import Binding

from fitmon.tui.keys import KEYS, key_named

EVERYWHERE = ("interrupt", "draw_again")
"""The keys that the application itself handles."""


def monitor_bindings() -> list[Binding]:
    """Return the bindings of the monitor screen."""
    return [
        Binding(
            key,
            f"{entry.action}({key!r})" if len(entry.keys) > 1 else entry.action,
            entry.wording,
            id=entry.id if len(entry.keys) == 1 else f"{entry.id}-{key}",
            tooltip=entry.tooltip,
            show=entry.hinted,
        )
        for entry in KEYS
        if not entry.in_dialog and entry.id not in EVERYWHERE
        for key in entry.keys
    ]


def app_bindings() -> list[Binding]:
    """Return the bindings that work everywhere: on every screen, dialogs included."""
    return [
        Binding(
            entry.keys[0], entry.action, entry.wording, id=entry.id, tooltip=entry.tooltip, show=False, priority=True
        )
        for entry in map(key_named, EVERYWHERE)
    ]
