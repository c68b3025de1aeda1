"""The panel with every validation sample: a table, and what is known of the chosen one."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from fitmon.engine.record.snapshot import Snapshot
from fitmon.text import format as form
from fitmon.text.roles import Role
from fitmon.text.rows import Row, framed, row
from fitmon.tui.frame import Frame
from fitmon.tui.layout import WIDE_WIDTH
from fitmon.tui.widgets.row_widget import RowWidget

if TYPE_CHECKING:
    # They bring numpy, which the first picture does not wait for.
    from fitmon.tui.drawing.sample_browser import SampleBrowser

MIN_DETAIL_WIDTH = 46
DETAIL_SHARE = 0.38
"""Of the width, for the detail beside the table."""
MIN_HEIGHT_FOR_BOTH = 17
"""From this height on, a narrow panel has room for the detail below the table."""


class SamplesPanel(RowWidget):
    """Lists the validation samples; the keys that move, sort and filter call its methods."""

    _picture: Frame | None = None
    _shown = "both"

    @cached_property
    def _browser(self) -> SampleBrowser:
        from fitmon.tui.drawing.sample_browser import SampleBrowser

        return SampleBrowser()

    def show(self, picture: Frame) -> None:
        """Take a new picture; draw it if its samples or the threshold are new."""
        before, self._picture = self._picture, picture
        self._browse()
        if before is None or self._seen(before) != self._seen(picture):
            self.redraw()

    @staticmethod
    def _seen(picture: Frame) -> tuple[object, ...]:
        seen = picture.snapshot
        return seen.observation, seen.samples, seen.started, picture.threshold, seen.over

    def _browse(self) -> None:
        if self._picture is not None and self._picture.snapshot.observation is not None:
            self._browser.show(self._picture.snapshot.observation, self._picture.threshold)

    def move(self, rows: int) -> None:
        """Choose the sample so many rows further down, or up where negative."""
        self._browser.move(rows)
        self.redraw()

    def page(self, pages: int) -> None:
        """Choose the sample so many pages further down, or up where negative."""
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
        """Sort by the next criterion: worst, nearest to the border, largest change, index."""
        self._browser.next_order()
        self.redraw()

    def next_filter(self) -> None:
        """List the next group: all, wrong, newly crossed, near, suspect, flip-flopper, hard, ambiguous."""
        self._browser.next_filter()
        self.redraw()

    def next_class(self, steps: int = 1) -> None:
        """List the next true class (label) that has samples, or one before where negative."""
        self._browser.next_class(steps)
        self.redraw()

    def toggle_detail(self) -> None:
        """Give the whole panel to the chosen sample, then to the table, then show both again."""
        self._shown = {"both": "detail", "detail": "table", "table": "both"}[self._shown]
        self.redraw()

    def chosen(self) -> int | None:
        """Return the chosen entry of the scores; None where nothing is listed."""
        return self._browser.chosen()

    def write_csv(self, folder: Path) -> str:
        """Write what is listed to a new file in the folder; return a sentence that says where, or why it failed."""
        from fitmon.tui.sample_csv import csv_name, write_csv

        observation, indices, picture = self._browser.observation, self._browser.indices(), self._picture
        if picture is None or observation is None:
            return "there are no samples to write yet"
        if not len(indices):
            return "no sample is listed, so nothing was written"
        run = picture.snapshot.started.run if picture.snapshot.started else picture.name
        path = folder / csv_name(run, observation.epoch)
        try:
            path = write_csv(path, observation, picture.threshold, indices, class_names(picture))
        except OSError as error:
            return form.clean(f"the samples could not be written to {folder}: {error.strerror or error}")
        noun = "sample" if len(indices) == 1 else "samples"
        return f"{form.count(len(indices))} {noun} written to {path.name}"

    def draw(self, width: int, height: int) -> list[Row]:
        picture = self._picture
        why = "" if picture is None else why_nothing(picture.snapshot)
        if picture is None or why:
            lines = [row((f" {line}", Role.FAINT)) for line in form.wrap(why, width - 4)]
            return framed(row(("samples", Role.STRONG)), [row(), *lines], width, height)
        self._browse()
        chosen = self._browser.chosen()
        if chosen is None or self._shown == "table":
            return self._table(picture, width, height)
        if self._shown == "detail":
            return self._detail(picture, chosen, width, height)
        return self._both(picture, chosen, width, height)

    def _both(self, picture: Frame, chosen: int, width: int, height: int) -> list[Row]:
        if width >= WIDE_WIDTH:
            detail_width = max(MIN_DETAIL_WIDTH, int(width * DETAIL_SHARE))
            table = self._table(picture, width - detail_width, height)
            detail = self._detail(picture, chosen, detail_width, height)
            return [(*left, *right) for left, right in zip(table, detail, strict=True)]
        if height >= MIN_HEIGHT_FOR_BOTH:
            detail_height = height // 2
            table = self._table(picture, width, height - detail_height)
            return [*table, *self._detail(picture, chosen, width, detail_height)]
        return self._table(picture, width, height)

    def _table(self, picture: Frame, width: int, height: int) -> list[Row]:
        from fitmon.tui.drawing.sample_table import draw_table

        return draw_table(self._browser, class_names(picture), width, height)

    def _detail(self, picture: Frame, chosen: int, width: int, height: int) -> list[Row]:
        from fitmon.tui.drawing.sample_detail import ChosenSample, draw_detail

        seen = picture.snapshot
        if seen.observation is None:
            return framed(row(), [], width, height)
        sample = ChosenSample(seen.observation, picture.threshold, chosen, seen.samples, class_names(picture))
        return draw_detail(sample, width, height)


def class_names(picture: Frame) -> tuple[str, ...]:
    """Return the names of the classes, or of the labels where a sample has several, as they came; may be empty."""
    seen = picture.snapshot
    if seen.samples is not None and seen.samples.class_names:
        return seen.samples.class_names
    return seen.started.class_names if seen.started is not None else ()


def why_nothing(snapshot: Snapshot) -> str:
    """Say why there is no sample to show; empty when there is one."""
    if snapshot.observation is not None:
        return "" if len(snapshot.observation) else "there are no validation samples"
    if snapshot.started is not None and snapshot.started.no_probabilities:
        return form.clean(snapshot.started.no_probabilities)
    return "no epoch was validated" if snapshot.over else "probabilities come with the first validation"
