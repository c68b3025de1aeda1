"""The screen that lists all runs, to choose some of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from textual.app import ComposeResult
from textual.events import Click, Key, MouseScrollDown, MouseScrollUp, Resize
from textual.screen import Screen
from textual.timer import Timer

from fitmon.engine.runs.run_folder import RunFolder
from fitmon.engine.runs.run_listing import ListedRun, RunListing
from fitmon.engine.runs.runs import Runs
from fitmon.text.roles import Role
from fitmon.text.rows import Row, fitting, row
from fitmon.text.run_list import listed_runs
from fitmon.tui.drawing.run_list import RunListFrame, draw_run_list, first_listed
from fitmon.tui.widgets.row_widget import RowWidget

POLL_SECONDS = 0.1
"""How often the listing is asked for more runs."""

LIST_EDGES = 3
"""The upper edge of the list, the filter, and the heading."""

PAGE = 10
FAR = 1_000_000
"""In rows: beyond any list."""

MOVES = {"up": -1, "down": 1, "pageup": -PAGE, "pagedown": PAGE, "home": -FAR, "end": FAR}


class RunPicker(Screen[Sequence[RunFolder] | None]):
    """Lists runs, newest first; its result are the chosen ones. What is typed is the filter."""

    CSS_PATH = "compare.tcss"
    AUTO_FOCUS = ""

    def __init__(self, runs: Runs, without: Sequence[RunFolder] = ()) -> None:
        """Read nothing yet.

        Args:
            runs: All runs.
            without: Those that are not listed, because they are compared already.
        """
        super().__init__()
        self._listing = RunListing(runs)
        self._without = {folder.path.resolve() for folder in without}
        self._filter = ""
        self._selected = 0
        self._chosen: dict[Path, RunFolder] = {}
        # Fixed, so that nothing is sent to the terminal while nothing happens.
        self._opened = datetime.now(UTC)
        self._timer: Timer | None = None
        self._panel = _ListPanel(self)
        self._keys = _KeysLine(self)
        self._waits_for_runs = False

    def compose(self) -> ComposeResult:
        yield self._panel
        yield self._keys

    def on_mount(self) -> None:
        self._place()
        self._listing.start()
        self._timer = self.set_interval(POLL_SECONDS, self._poll)

    def on_unmount(self) -> None:
        self._listing.close()

    def on_resize(self, _event: Resize) -> None:
        self._place()

    def _place(self) -> None:
        width, height = self.app.size
        self._panel.styles.width, self._panel.styles.height = width, height - 1
        self._keys.styles.offset = (0, height - 1)
        self._keys.styles.width, self._keys.styles.height = width, 1

    def _poll(self) -> None:
        if self._listing.complete and self._timer is not None:
            self._timer.stop()
        if self._waits_for_runs:
            self._accept()
        self.draw_now()

    def draw_now(self) -> None:
        """Draw what is listed by now."""
        self._panel.redraw()
        self._keys.redraw()

    def frame(self) -> RunListFrame:
        """Return what to draw."""
        everything, listed = self._others(), self._listed()
        return RunListFrame(
            listed=listed,
            total=len(everything),
            complete=self._listing.complete,
            selected=max(0, min(self._selected, len(listed) - 1)),
            chosen=self._chosen,
            filter=self._filter,
            now=self._opened,
        )

    def _others(self) -> list[ListedRun]:
        return [run for run in self._listing.listed() if run.folder.path.resolve() not in self._without]

    def _listed(self) -> list[ListedRun]:
        return listed_runs(self._others(), self._filter)

    def on_key(self, event: Key) -> None:
        if event.key == "ctrl+c":
            return
        event.stop()
        event.prevent_default()
        self._waits_for_runs = False
        self._handle(event)
        self.draw_now()

    def _handle(self, event: Key) -> None:
        if event.key in MOVES:
            self.move(MOVES[event.key])
        elif event.key == "tab":
            self._choose()
            self.move(1)
        elif event.key == "enter":
            self._accept()
        elif event.key == "escape":
            self._back()
        else:
            self._type(event)

    def _type(self, event: Key) -> None:
        before = self._filter
        if event.key == "backspace":
            self._filter = self._filter[:-1]
        elif event.key == "ctrl+u":
            self._filter = ""
        elif event.is_printable and event.character:
            self._filter += event.character
        if self._filter != before:
            self._selected = 0

    def move(self, rows: int) -> None:
        """Select another run, further down if positive."""
        self._selected = max(0, min(self._selected + rows, len(self._listed()) - 1))

    def select_line(self, line: int) -> None:
        """Select the run that is drawn on a line of the list, counted from its upper edge."""
        number = first_listed(self.frame(), self._panel.size.height) + line - LIST_EDGES
        if line >= LIST_EDGES and number < len(self._listed()):
            self._selected = number

    def _choose(self) -> None:
        listed = self._listed()
        if listed:
            folder = listed[self.frame().selected].folder
            if self._chosen.pop(folder.path, None) is None:
                self._chosen[folder.path] = folder

    def _accept(self) -> None:
        """Return the chosen runs, or the selected one if none is chosen."""
        if not self._chosen:
            self._choose()
        # Typed ahead, Enter may come before the runs are read.
        self._waits_for_runs = not self._chosen and not self._listing.complete
        if self._chosen:
            self.dismiss(tuple(self._chosen.values()))

    def _back(self) -> None:
        if self._filter:
            self._filter = ""
        else:
            self.dismiss(None)

    def keys_row(self, width: int) -> Row:
        """Return the line that says what the keys do."""
        chosen = f"compare {len(self._chosen)}" if self._chosen else "compare"
        hints = {
            "enter": chosen,
            "tab": "choose several",
            "↑ ↓": "select",
            "esc": "no filter" if self._filter else "back",
        }
        fields = [(0 if key == "↑ ↓" else 1, row((key, Role.STRONG), f" {what}")) for key, what in hints.items()]
        return row(" ", *fitting(fields, "  ", width - 2))


class _ListPanel(RowWidget):
    def __init__(self, picker: RunPicker) -> None:
        super().__init__("runs")
        self._picker = picker

    def draw(self, width: int, height: int) -> list[Row]:
        return draw_run_list(self._picker.frame(), width, height)

    def on_click(self, event: Click) -> None:
        self._picker.select_line(event.y)
        self._picker.draw_now()

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        event.stop()
        self._picker.move(1)
        self._picker.draw_now()

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        event.stop()
        self._picker.move(-1)
        self._picker.draw_now()


class _KeysLine(RowWidget):
    def __init__(self, picker: RunPicker) -> None:
        super().__init__("keys")
        self._picker = picker

    def draw(self, width: int, height: int) -> list[Row]:
        del height
        return [self._picker.keys_row(width)]
