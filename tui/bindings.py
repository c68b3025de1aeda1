"""Textual's bindings, made from the table of keys."""

from textual.binding import Binding

from fitmon.tui.keys import KEYS, key_named


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
        if not entry.in_dialog and entry.id != "interrupt"
        for key in entry.keys
    ]


def interrupt_binding() -> Binding:
    """Return the one binding that works everywhere, dialogs included."""
    entry = key_named("interrupt")
    return Binding(
        entry.keys[0], entry.action, entry.wording, id=entry.id, tooltip=entry.tooltip, show=False, priority=True
    )
