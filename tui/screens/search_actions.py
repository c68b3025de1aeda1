"""The action of the key /: search in the samples, the findings and the output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from fitmon.tui.layout import View
from fitmon.tui.screens.view_actions import ViewActions

if TYPE_CHECKING:
    from fitmon.tui.widgets.log_pane import LogPane

WHAT = {
    View.SAMPLES: "an index, such as 17, or a class, such as class 7",
    View.FINDINGS: "a text in the findings",
    View.OUTPUT: "a text; only lines with it are shown, all lines if empty",
}


class Searchable(Protocol):
    """A panel that can be searched."""

    def search(self, text: str) -> str:
        """Show what was searched for, and return what was found as a sentence."""


class SearchActions(ViewActions):
    """An action that the monitor screen inherits."""

    _log: LogPane
    _last_search = ""

    def action_ask_search(self) -> None:
        from fitmon.tui.screens.search_dialog import SearchDialog

        self.monitor.push_screen(SearchDialog(WHAT[self.view], self._last_search), self._search)

    def _search(self, text: str | None) -> None:
        if text is None:
            return
        self._last_search = text
        panels: dict[View, Searchable] = {
            View.SAMPLES: self._samples,
            View.FINDINGS: self._findings,
            View.OUTPUT: self._log,
        }
        self.monitor.say(panels[self.view].search(text))
