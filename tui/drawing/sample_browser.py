"""Keeps track of the listed samples and the chosen one while epochs come and go."""

from dataclasses import replace
from enum import Enum
from typing import TypeVar

import numpy as np

from fitmon.engine.insight.observer import Observation
from fitmon.tui.drawing.sample_input import FeatureScroll
from fitmon.tui.drawing.sample_order import Indices, SampleSelection, classes_present, listed_indices

Member = TypeVar("Member", bound=Enum)

NOTHING: Indices = np.empty(0, dtype=np.int64)


class SampleBrowser:
    """Holds the order, the filters and the chosen sample; the list is computed lazily."""

    def __init__(self) -> None:
        """Start with the worst of all samples."""
        self.selection = SampleSelection()
        self.observation: Observation | None = None
        self.threshold = 0.5
        self.features = FeatureScroll()
        """How far the features of the chosen sample are scrolled."""
        self._listed_for: tuple[object, ...] = ()
        self._indices = NOTHING
        self._chosen: int | None = None
        self._moved_by_user = False
        self._row = 0
        self._first_row = 0
        self._visible_rows = 1

    def show(self, observation: Observation | None, threshold: float) -> None:
        """Set the newest observation; `threshold` in [0, 1]."""
        self.observation, self.threshold = observation, threshold

    def indices(self) -> Indices:
        """Return the indices of the listed entries of the scores, in the order shown: (m,) int64, read-only."""
        key = (self.observation, self.threshold, self.selection)
        if key != self._listed_for:
            self._listed_for = key
            known = self.observation
            self._indices = NOTHING if known is None else listed_indices(known, self.threshold, self.selection)
            self._find_chosen()
        return self._indices

    def chosen(self) -> int | None:
        """Return the index of the chosen entry of the scores; None if the list is empty."""
        self.indices()
        return self._chosen

    @property
    def row(self) -> int:
        """The position of the chosen sample in the list, from 0."""
        self.indices()
        return self._row

    def first_row(self, visible_rows: int) -> int:
        """Return the first row to show, such that the chosen one is visible with as little scrolling as possible.

        `page` moves by `visible_rows` until the next call.
        """
        self._visible_rows = max(1, visible_rows)
        listed = len(self.indices())
        lowest = max(0, self._row - self._visible_rows + 1)
        last = max(0, listed - self._visible_rows)
        self._first_row = min(max(self._first_row, lowest), self._row, last)
        return self._first_row

    def move(self, rows: int) -> None:
        """Choose the sample a number of rows further down, up if negative; the ends of the list are the limits."""
        self._move_to(self.row + rows)

    def select_shown(self, number: int) -> bool:
        """Choose the sample in a visible row, from 0; return whether there is one."""
        place = self._first_row + number
        if not 0 <= number < self._visible_rows or place >= len(self.indices()):
            return False
        self._move_to(place)
        return True

    def page(self, pages: int) -> None:
        """Choose the sample a number of pages further down; up if negative."""
        self.move(pages * self._visible_rows)

    def go_first(self) -> None:
        """Choose the first sample of the list."""
        self._move_to(0)

    def go_last(self) -> None:
        """Choose the last sample of the list."""
        self._move_to(len(self.indices()) - 1)

    def go_to(self, index: int) -> bool:
        """Choose a sample by its index in the validation set, without filters if these hide it.

        Returns whether there is such a sample.
        """
        known = self.observation
        if known is None or not 0 <= index < len(known) // known.scores.labels:
            return False
        entry = index * known.scores.labels
        if entry not in self.indices():
            self._select(SampleSelection(order=self.selection.order))
        self._move_to(int(np.flatnonzero(self.indices() == entry)[0]))
        return True

    def list_class(self, number: int) -> bool:
        """List the samples of one true class (label) and go to the top; return whether it has samples."""
        if self.observation is None or number not in classes_present(self.observation.scores):
            return False
        self._select(replace(self.selection, class_number=number))
        return True

    def next_order(self) -> None:
        """Sort by the next criterion and go to the top."""
        self._select(replace(self.selection, order=_following(self.selection.order)))

    def next_filter(self) -> None:
        """List the next group of samples and go to the top."""
        self._select(replace(self.selection, only=_following(self.selection.only)))

    def next_class(self, steps: int = 1) -> None:
        """List the next true class (label) that has samples; a previous one if negative. All classes come first."""
        if self.observation is None:
            return
        classes = (None, *classes_present(self.observation.scores))
        current = self.selection.class_number
        place = classes.index(current) if current in classes else 0
        self._select(replace(self.selection, class_number=classes[(place + steps) % len(classes)]))

    def _select(self, selection: SampleSelection) -> None:
        self.selection, self._chosen, self._row, self._moved_by_user = selection, None, 0, False

    def _move_to(self, row: int) -> None:
        self._moved_by_user = True
        self._choose(row)

    def _choose(self, row: int) -> None:
        indices = self.indices()
        self._row = min(max(row, 0), max(0, len(indices) - 1))
        self._chosen = int(indices[self._row]) if len(indices) else None

    def _find_chosen(self) -> None:
        """Keep the sample the user moved to if it is still listed, else its row; before any move, the top."""
        if not self._moved_by_user:
            self._choose(0)
            return
        here = np.flatnonzero(self._indices == self._chosen) if self._chosen is not None else NOTHING
        self._choose(int(here[0]) if len(here) else self._row)


def _following(member: Member) -> Member:
    members = list(type(member))
    return members[(members.index(member) + 1) % len(members)]
