"""The panel of the validation samples: a table, and the details of the chosen one."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from fitmon.text import format as form
from fitmon.text.roles import Role
from fitmon.text.rows import Row, framed, row
from fitmon.tui.drawing.waiting import waiting_words
from fitmon.tui.frame import Frame
from fitmon.tui.layout import View
from fitmon.tui.widgets.row_widget import RowWidget

if TYPE_CHECKING:
    # They load numpy, which the first frame must not wait for.
    from fitmon.tui.drawing.sample_browser import SampleBrowser


class SamplesPanel(RowWidget):
    """Lists the validation samples; its methods are called by the keys that move, sort and filter."""

    _frame: Frame | None = None
    _shown = "both"

    @cached_property
    def _browser(self) -> SampleBrowser:
        from fitmon.tui.drawing.sample_browser import SampleBrowser

        return SampleBrowser()

    def show(self, frame: Frame) -> None:
        """Show a new frame; redraw if its samples or the threshold are new."""
        before, self._frame = self._frame, frame
        self._browse()
        if before is None or self._shown_values(before) != self._shown_values(frame):
            self.redraw()

    @staticmethod
    def _shown_values(frame: Frame) -> tuple[object, ...]:
        snapshot = frame.snapshot
        is_waiting = snapshot.observation is None and frame.view is View.SAMPLES
        seen = snapshot.observation, snapshot.samples, snapshot.started, snapshot.over
        return *seen, frame.threshold, is_waiting and waiting_words(frame)

    def _browse(self) -> None:
        if self._frame is not None and self._frame.snapshot.observation is not None:
            self._browser.show(self._frame.snapshot.observation, self._frame.threshold)

    def move(self, rows: int) -> None:
        """Choose the sample a number of rows further down; up if negative."""
        self._browser.move(rows)
        self.redraw()

    def wheel(self, rows: int) -> None:
        self.move(rows)

    def click_at(self, column: int, row: int) -> bool:
        from fitmon.tui.drawing.samples import select_at

        found = self._frame is not None and select_at(self._frame, self._browser, self._shown, self.size, (column, row))
        if found:
            self.redraw()
        return found

    def page(self, pages: int) -> None:
        """Choose the sample a number of pages further down; up if negative."""
        self._browser.page(pages)
        self.redraw()

    def go_first(self) -> None:
        """Choose the first sample of the list."""
        self._browser.go_first()
        self.redraw()

    def go_last(self) -> None:
        """Choose the last sample of the list."""
        self._browser.go_last()
        self.redraw()

    def next_order(self) -> None:
        """Sort by the next criterion: worst, nearest to the threshold, largest change, index."""
        self._browser.next_order()
        self.redraw()

    def next_filter(self) -> None:
        """List the next group: all, wrong, newly crossed, near, suspect, unstable, hard, ambiguous."""
        self._browser.next_filter()
        self.redraw()

    def next_class(self, steps: int = 1) -> None:
        """List the next true class (label) that has samples; a previous one if negative."""
        self._browser.next_class(steps)
        self.redraw()

    def scroll_features(self, pages: int) -> None:
        """Scroll the features of the chosen sample by a number of pages; back if negative."""
        self._browser.features.page(pages)
        self.redraw()

    def search(self, text: str) -> str:
        """Choose a sample by its index, or list a class by its name; return what was found as a sentence."""
        from fitmon.tui.drawing.samples import class_names
        from fitmon.tui.sample_search import search_samples

        names = () if self._frame is None else class_names(self._frame)
        found = search_samples(self._browser, text, names)
        self.redraw()
        return found

    def toggle_detail(self) -> None:
        """Show the chosen sample only, then the table only, then both again."""
        self._shown = {"both": "detail", "detail": "table", "table": "both"}[self._shown]
        self.redraw()

    def chosen(self) -> int | None:
        """Return the index of the chosen entry of the scores; None if the list is empty."""
        return self._browser.chosen()

    def write_csv(self, folder: Path) -> str:
        """Write the listed samples to a new file in the folder; return a sentence with its name, or the error."""
        from fitmon.tui.drawing.samples import class_names
        from fitmon.tui.sample_csv import csv_name, write_csv

        observation, indices, frame = self._browser.observation, self._browser.indices(), self._frame
        if frame is None or observation is None:
            return "no samples to write yet"
        if not len(indices):
            return "the list is empty; nothing was written"
        run = frame.snapshot.started.run if frame.snapshot.started else frame.name
        path = folder / csv_name(run, observation.epoch)
        try:
            path = write_csv(path, observation, frame.threshold, indices, class_names(frame))
        except OSError as error:
            return form.clean(f"could not write the samples to {folder}: {error.strerror or error}")
        noun = "sample" if len(indices) == 1 else "samples"
        return f"{form.count(len(indices))} {noun} written to {path.name}"

    def draw(self, width: int, height: int) -> list[Row]:
        if self._frame is None:
            return framed(row(("samples", Role.STRONG)), [], width, height)
        from fitmon.tui.drawing.samples import draw_samples

        self._browse()
        return draw_samples(self._frame, self._browser, self._shown, width, height)
