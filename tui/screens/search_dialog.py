"""The dialog that asks what to search for."""

from __future__ import annotations

from fitmon.tui.screens.number_dialog import NumberDialog


class SearchDialog(NumberDialog[str]):
    """Asks for a text; the result is empty if the field was emptied."""

    def __init__(self, what: str, last: str) -> None:
        """Say what to enter; the field begins with what was searched for last."""
        super().__init__()
        self._what, self._last = what, last

    def heading(self) -> list[str]:
        return ["search", self._what]

    def present(self) -> str:
        return self._last

    def parse(self, text: str) -> str:
        return text.strip()

    def keys_hint(self) -> str:
        return "enter search   esc back"
