"""What the mouse does on the main screen: a double click shows a panel alone, a click in the footer presses a key.

The wheel and a click inside of a panel belong to the panel: see `RowWidget`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.events import Click

from fitmon.tui.layout import PANELS, Panel, View

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.geometry import Region
    from textual.widget import Widget

VIEW_OF: dict[Panel, View] = {
    **{panels[0]: view for view, panels in PANELS.items() if len(panels) == 1},
    Panel.MEANING: View.FINDINGS,
}
"""The view that shows a panel of the overview in full."""


class MouseActions:
    """Actions that the monitor screen inherits."""

    view: View
    _view_before_zoom: View | None = None
    get_widget_at: Callable[[int, int], tuple[Widget, Region]]

    def _choose_view(self, view: View) -> None:
        raise NotImplementedError

    def on_click(self, event: Click) -> None:
        """Show the panel under a double click alone; or, if it is alone already, the view before."""
        panel, _ = self.get_widget_at(int(event.screen_x), int(event.screen_y))
        if event.chain != 2 or panel.id not in {*Panel}:  # noqa: PLR2004 - a double click
            return
        zoomed = VIEW_OF.get(Panel(panel.id or ""))
        if self.view is not View.OVERVIEW:
            self.leave_view()
        elif zoomed is not None:
            self._view_before_zoom = self.view
            self._choose_view(zoomed)

    def leave_view(self) -> None:
        """Show the view before the double click, else the overview."""
        before, self._view_before_zoom = self._view_before_zoom, None
        self._choose_view(before or View.OVERVIEW)
