"""The screen that compares runs: their curves on one chart, and a table of settings and results."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, cast

from textual import on
from textual.app import ComposeResult
from textual.events import Key, Resize
from textual.geometry import Size
from textual.screen import Screen

from fitmon.engine.runs.compared_runs import ComparedRuns
from fitmon.engine.runs.comparison import ComparedRun
from fitmon.engine.runs.run_folder import RunFolder
from fitmon.engine.runs.runs import Runs
from fitmon.text.rows import Row
from fitmon.tui.comparison_keys import ACTIONS, COMPARISON_KEYS
from fitmon.tui.comparison_layout import arrange_comparison
from fitmon.tui.comparison_view import ComparisonFrame, ComparisonView
from fitmon.tui.drawing.comparison_footer import draw_comparison_footer
from fitmon.tui.drawing.comparison_table import (
    draw_comparison_header,
    draw_comparison_table,
    draw_details,
    first_row,
    table_width,
)
from fitmon.tui.drawing.footer_click import key_at
from fitmon.tui.widgets.comparison import ComparisonPanel

if TYPE_CHECKING:
    from fitmon.tui.themed_app import ThemedApp

POLL_SECONDS = 0.25
"""How often the reader is asked for something new."""

FAR = 10
"""How many epochs the cursor moves with shift."""

PAGE = 10
"""How many rows page up and page down move."""

HEADING_ROWS = 2
"""The upper edge and the heading of the table."""


class CompareScreen(Screen[None]):
    """Draws what the reader has read. Keys are handled one after another, so that fast typing loses none."""

    CSS_PATH = "compare.tcss"
    AUTO_FOCUS = ""

    def __init__(self, folders: Sequence[RunFolder], runs: Runs, *, leave: str = "back") -> None:
        """Read nothing yet.

        Args:
            folders: Of the runs to compare.
            runs: All runs, to add more of them.
            leave: What happens when the user leaves, in a word.
        """
        super().__init__()
        self.view = ComparisonView()
        self._all_runs = runs
        self._reader = ComparedRuns(folders)
        self._read: tuple[ComparedRun, ...] | None = None
        self._arranged: tuple[object, ...] = ()
        self._panels = (
            ComparisonPanel("header", _header),
            ComparisonPanel("chart", _chart),
            ComparisonPanel("table", draw_comparison_table),
            ComparisonPanel("details", draw_details),
            ComparisonPanel("footer", partial(_footer, leave=leave)),
        )

    def compose(self) -> ComposeResult:
        yield from self._panels

    def on_mount(self) -> None:
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        self.draw_now()
        self._reader.start()
        self.set_interval(POLL_SECONDS, self.poll)

    def on_unmount(self) -> None:
        self._reader.close()

    def poll(self) -> None:
        """Show the runs as they are now, if anything about them is new."""
        runs = self._reader.runs()
        if runs is not None and runs is not self._read:
            self._read = runs
            self.view.update(runs)
            self.draw_now()

    def draw_now(self) -> None:
        """Draw what is known."""
        frame = self.view.frame()
        self._arrange(frame)
        for panel in self._panels:
            panel.show(frame)

    def on_resize(self, event: Resize) -> None:
        self._arranged = ()
        self.call_later(self._draw_at, event.size)

    def _draw_at(self, _size: Size) -> None:
        self.draw_now()

    def _arrange(self, frame: ComparisonFrame) -> None:
        arranged = (self.size, len(frame.rows), table_width(frame))
        if arranged == self._arranged or not self.size:
            return
        self._arranged = arranged
        places = arrange_comparison(*self.size, len(frame.rows), table_width(frame))
        with self.app.batch_update():
            for panel in self._panels:
                place = places.get(panel.id or "")
                panel.display = place is not None
                if place is not None:
                    panel.styles.offset = (place.x, place.y)
                    panel.styles.width, panel.styles.height = place.width, place.height

    @on(ComparisonPanel.Clicked, "#table")
    def _select_clicked(self, event: ComparisonPanel.Clicked) -> None:
        line = event.line - HEADING_ROWS
        if line >= 0:
            self.view.select(first_row(self.view.frame(), event.panel.size.height) + line)
            self.draw_now()

    @on(ComparisonPanel.Clicked, "#chart")
    def _read_clicked(self, event: ComparisonPanel.Clicked) -> None:
        from fitmon.tui.drawing.comparison_chart import epoch_of_column

        epoch = epoch_of_column(self.view.frame(), *event.panel.size, event.column)
        if epoch is not None:
            self.view.cursor = epoch
            self.draw_now()

    @on(ComparisonPanel.Clicked, "#footer")
    def _press_clicked(self, event: ComparisonPanel.Clicked) -> None:
        key = key_at(event.panel.shown_rows[0], event.column, COMPARISON_KEYS) if event.panel.shown_rows else None
        if key is not None:
            self.app.simulate_key(key)

    @on(ComparisonPanel.Scrolled, "#table")
    def _scroll(self, event: ComparisonPanel.Scrolled) -> None:
        self.view.move(event.rows)
        self.draw_now()

    @on(ComparisonPanel.Scrolled, "#chart")
    def _zoom_by_wheel(self, event: ComparisonPanel.Scrolled) -> None:
        self.view.zoom(2.0 if event.rows > 0 else 0.5)
        self.draw_now()

    def on_key(self, event: Key) -> None:
        if self.view.typing:
            event.stop()
            self._type(event)
        elif event.key in ACTIONS:
            event.stop()
            self.view.notice = ""
            getattr(self, f"_key_{ACTIONS[event.key]}")(event.key)
        elif event.is_printable:
            self.view.notice = f"no such key: {event.character} · ? lists the keys"
        self.draw_now()

    def _type(self, event: Key) -> None:
        view = self.view
        if event.key == "enter":
            view.typing = False
        elif event.key == "escape":
            view.typing, view.filter = False, ""
        elif event.key == "backspace":
            view.filter = view.filter[:-1]
        elif event.key == "ctrl+u":
            view.filter = ""
        elif event.key in {"up", "down"}:
            self._key_select(event.key)
        elif event.is_printable and event.character:
            view.filter += event.character

    def _key_select(self, key: str) -> None:
        self.view.move({"up": -1, "down": 1, "pageup": -PAGE, "pagedown": PAGE}[key])

    def _key_toggle(self, _key: str) -> None:
        self.view.toggle()

    def _key_toggle_others(self, _key: str) -> None:
        self.view.toggle_others()

    def _key_next_metric(self, _key: str) -> None:
        self.view.next_metric()

    def _key_type_filter(self, _key: str) -> None:
        self.view.typing = True

    def _key_next_order(self, _key: str) -> None:
        self.view.next_order()

    def _key_move_cursor(self, key: str) -> None:
        self.view.move_cursor(1 if key == "right" else -1)

    def _key_move_cursor_far(self, key: str) -> None:
        self.view.move_cursor(FAR if key == "shift+right" else -FAR)

    def _key_cursor_to_end(self, key: str) -> None:
        frame = self.view.frame()
        self.view.cursor = frame.first if key == "home" else frame.last

    def _key_toggle_log_scale(self, _key: str) -> None:
        self.view.log_scale = not self.view.log_scale

    def _key_zoom(self, key: str) -> None:
        if key == "0":
            self.view.show_all_epochs()
        else:
            self.view.zoom(2.0 if key == "minus" else 0.5)

    def _key_add_runs(self, _key: str) -> None:
        from fitmon.tui.screens.run_picker import RunPicker

        self.app.push_screen(RunPicker(self._all_runs, self._reader.folders), self._add)

    def _add(self, folders: Sequence[RunFolder] | None) -> None:
        self._reader.add(folders or ())

    def _key_next_theme(self, _key: str) -> None:
        self.view.notice = cast("ThemedApp", self.app).theme_choice.next()

    def _key_show_help(self, _key: str) -> None:
        from fitmon.tui.screens.comparison_help import ComparisonHelp

        self.app.push_screen(ComparisonHelp())

    def _key_back(self, _key: str) -> None:
        """Remove the cursor or the filter; without any, go back."""
        if self.view.cursor is not None:
            self.view.cursor = None
        elif self.view.filter:
            self.view.filter = ""
        else:
            self.dismiss()

    def _key_leave(self, _key: str) -> None:
        self.dismiss()


def _header(frame: ComparisonFrame, width: int, _height: int) -> list[Row]:
    return [draw_comparison_header(frame, width)]


def _footer(frame: ComparisonFrame, width: int, _height: int, *, leave: str) -> list[Row]:
    return [draw_comparison_footer(frame, width, leave)]


def _chart(frame: ComparisonFrame, width: int, height: int) -> list[Row]:
    # It loads numpy, which the first frame must not wait for.
    from fitmon.tui.drawing.comparison_chart import draw_comparison_chart

    return draw_comparison_chart(frame, width, height)
