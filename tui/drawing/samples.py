"""Draws the samples view: the table, with the details of the chosen sample beside or below it."""

from fitmon.engine.record.snapshot import Snapshot
from fitmon.text import format as form
from fitmon.text.rows import Row, framed, row
from fitmon.tui.drawing.chosen_sample import ChosenSample
from fitmon.tui.drawing.sample_browser import SampleBrowser
from fitmon.tui.drawing.sample_detail import draw_detail
from fitmon.tui.drawing.sample_table import draw_table
from fitmon.tui.drawing.waiting import draw_waiting
from fitmon.tui.frame import Frame
from fitmon.tui.layout import WIDE_WIDTH, View

MIN_DETAIL_WIDTH = 46
DETAIL_SHARE = 0.4
"""Of the width, for the detail beside the table."""
MAX_TABLE_WIDTH = 96
"""What a table with all its columns takes; the rest of a wide screen is for the detail."""
ROWS_ABOVE = 2
"""Of the table: its title and the names of its columns."""
MIN_HEIGHT_FOR_BOTH = 17
"""From this height on, a narrow panel has room for the detail below the table."""


def draw_samples(frame: Frame, browser: SampleBrowser, shown: str, width: int, height: int) -> list[Row]:
    """Return the view in that size, each part in a frame; a sentence in its place while there are no samples.

    Args:
        frame: what to draw.
        browser: which samples are listed and which one is chosen.
        shown: `table`, `detail`, or `both` where there is room.
        width: in cells.
        height: in rows.
    """
    if why := why_no_samples(frame.snapshot):
        return draw_waiting(frame, "samples", why, width, height, is_alone=frame.view is View.SAMPLES)
    chosen = browser.chosen()
    if chosen is None or shown == "table":
        return draw_table(browser, class_names(frame), width, height)
    if shown == "detail":
        return _detail(frame, browser, chosen, width, height)
    return _both(frame, browser, chosen, width, height)


def select_at(frame: Frame, browser: SampleBrowser, shown: str, size: tuple[int, int], place: tuple[int, int]) -> bool:
    """Choose the sample whose row of the table is at a place of the view; return whether there is one.

    Args:
        frame: what is drawn.
        browser: which samples are listed; as of the last drawing.
        shown: `table`, `detail` or `both`, as for `draw_samples`.
        size: columns and rows of the view.
        place: column and row in it, from 0.
    """
    (width, height), (column, row_number) = size, place
    beside = shown == "both" and width >= WIDE_WIDTH
    table_width = width - max(MIN_DETAIL_WIDTH, int(width * DETAIL_SHARE)) if beside else width
    below = shown == "both" and not beside and height >= MIN_HEIGHT_FOR_BOTH
    table_height = height - height // 2 if below else height
    if why_no_samples(frame.snapshot) or shown == "detail":
        return False
    if not (0 < column < table_width - 1 and row_number < table_height - 1):
        return False
    return browser.select_shown(row_number - ROWS_ABOVE)


def _both(frame: Frame, browser: SampleBrowser, chosen: int, width: int, height: int) -> list[Row]:
    names = class_names(frame)
    if width >= WIDE_WIDTH:
        detail_width = max(MIN_DETAIL_WIDTH, int(width * DETAIL_SHARE), width - MAX_TABLE_WIDTH)
        table = draw_table(browser, names, width - detail_width, height)
        detail = _detail(frame, browser, chosen, detail_width, height)
        return [(*left, *right) for left, right in zip(table, detail, strict=True)]
    if height >= MIN_HEIGHT_FOR_BOTH:
        detail_height = height // 2
        table = draw_table(browser, names, width, height - detail_height)
        return [*table, *_detail(frame, browser, chosen, width, detail_height)]
    return draw_table(browser, names, width, height)


def _detail(frame: Frame, browser: SampleBrowser, chosen: int, width: int, height: int) -> list[Row]:
    snapshot = frame.snapshot
    if snapshot.observation is None:
        return framed(row(), [], width, height)
    sample = ChosenSample(
        snapshot.observation,
        frame.threshold,
        chosen,
        snapshot.samples,
        class_names(frame),
        paints=frame.paints,
        scroll=browser.features,
    )
    return draw_detail(sample, width, height)


def class_names(frame: Frame) -> tuple[str, ...]:
    """Return the names of the classes, or of the labels if a sample has several, unchanged; may be empty."""
    snapshot = frame.snapshot
    if snapshot.samples is not None and snapshot.samples.class_names:
        return snapshot.samples.class_names
    return snapshot.started.class_names if snapshot.started is not None else ()


def why_no_samples(snapshot: Snapshot) -> str:
    """Return why there are no samples to show; empty if there are."""
    if snapshot.observation is not None:
        return "" if len(snapshot.observation) else "there are no validation samples"
    if snapshot.started is not None and snapshot.started.no_probabilities:
        return form.clean(snapshot.started.no_probabilities)
    return "no epoch was validated" if snapshot.over else "probabilities are available after the first validation"
