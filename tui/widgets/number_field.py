"""A text field for a number or a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets import Input

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.events import Key


class NumberField(Input):
    """A text field whose keys act in the order in which they were typed, with a text that typing replaces.

    Textual 8.2 inserts a digit at once but runs a binding, such as that of backspace, some messages later.
    """

    def __init__(self, text: str, widget_id: str, step: Callable[[str, bool], str] | None = None) -> None:
        """Create the field.

        Args:
            text: what it begins with, selected when the field gets the focus.
            widget_id: of the widget.
            step: returns the text after the up arrow (True) or the down arrow (False), given the text before; None: the
                arrow keys do nothing.
        """
        super().__init__(value=text, id=widget_id, compact=True)
        self._step = step

    async def _on_key(self, event: Key) -> None:
        if event.key == "backspace" and self.selection.is_empty:
            self.action_delete_left()
        elif event.key == "enter":
            await self.action_submit()
        elif event.key in {"up", "down"} and self._step is not None:
            self.value = self._step(self.value, event.key == "up")
            self.action_select_all()
        else:
            await super()._on_key(event)
            return
        event.stop()
        event.prevent_default()
