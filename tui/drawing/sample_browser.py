"""Which list of samples the user looks at and which one of it is chosen, while epochs come and go."""

from dataclasses import replace
from enum import Enum
from typing import TypeVar

import numpy as np

from fitmon.engine.insight.observer import Observation
from fitmon.tui.drawing.sample_order import Indices, SampleSelection, classes_present, listed_indices

Member = TypeVar("Member", bound=Enum)

NOTHING: Indices = np.empty(0, dtype=np.int64)


class SampleBrowser:
    """Keeps the order, the filters and the chosen sample; what is listed is worked out when somebody asks for it."""

    def __init__(self) -> None:
        """Begin with the worst sample of all."""
        self.selection = SampleSelection()
        self.observation: Observation | None = None
        self.threshold = 0.5
        self._listed_for: tuple[object, ...] = ()
        self._indices = NOTHING
        self._chosen: int | None = None
        self._by_hand = False
        self._row = 0
        self._first_row = 0
        self._visible_rows = 1

    def show(self, observation: Observation | None, threshold: float) -> None:
        """Take what is known now; `threshold` in [0, 1]."""
        self.observation, self.threshold = observation, threshold

    def indices(self) -> Indices:
        """Return the listed entries of the scores in the order shown: (m,) int64, read-only."""
        wanted = (self.observation, self.threshold, self.selection)
        if wanted != self._listed_for:
            self._listed_for = wanted
            seen = self.observation
            self._indices = NOTHING if seen is None else listed_indices(seen, self.threshold, self.selection)
            self._find_chosen()
        return self._indices

    def chosen(self) -> int | None:
        """Return the chosen entry of the scores; None where nothing is listed."""
        self.indices()
        return self._chosen

    @property
    def row(self) -> int:
        """Where the chosen one stands in the list, from 0."""
        self.indices()
        return self._row

    def first_row(self, visible_rows: int) -> int:
        """Return from which row on to show so many rows, with the chosen one among them, scrolling as little as can be.

        The number is also what `page` goes by until the next call.
        """
        self._visible_rows = max(1, visible_rows)
        listed = len(self.indices())
        lowest = max(0, self._row - self._visible_rows + 1)
        last = max(0, listed - self._visible_rows)
        self._first_row = min(max(self._first_row, lowest), self._row, last)
        return self._first_row

    def move(self, rows: int) -> None:
        """Choose the sample so many rows further down, or up where negative; the ends of the list hold."""
        self._choose_by_hand(self.row + rows)

    def page(self, pages: int) -> None:
        """Choose the sample so many pages further down, or up where negative."""
        self.move(pages * self._visible_rows)

    def go_first(self) -> None:
        """Choose the first sample of the list."""
        self._choose_by_hand(0)

    def go_last(self) -> None:
        """Choose the last sample of the list."""
        self._choose_by_hand(len(self.indices()) - 1)

    def next_order(self) -> None:
        """Sort by the next criterion and go to the top."""
        self._look(replace(self.selection, order=_following(self.selection.order)))

    def next_filter(self) -> None:
        """List the next group of samples and go to the top."""
        self._look(replace(self.selection, only=_following(self.selection.only)))

    def next_class(self, steps: int = 1) -> None:
        """List the next true class (label) that has samples, or one before where negative; every one comes first."""
        if self.observation is None:
            return
        classes = (None, *classes_present(self.observation.scores))
        current = self.selection.class_number
        place = classes.index(current) if current in classes else 0
        self._look(replace(self.selection, class_number=classes[(place + steps) % len(classes)]))

    def _look(self, selection: SampleSelection) -> None:
        self.selection, self._chosen, self._row, self._by_hand = selection, None, 0, False

    def _choose_by_hand(self, row: int) -> None:
        self._by_hand = True
        self._choose(row)

    def _choose(self, row: int) -> None:
        indices = self.indices()
        self._row = min(max(row, 0), max(0, len(indices) - 1))
        self._chosen = int(indices[self._row]) if len(indices) else None

    def _find_chosen(self) -> None:
        """Stay on the sample the user went to where it is still listed, else on the same row; before that on top."""
        if not self._by_hand:
            self._choose(0)
            return
        here = np.flatnonzero(self._indices == self._chosen) if self._chosen is not None else NOTHING
        self._choose(int(here[0]) if len(here) else self._row)


def _following(member: Member) -> Member:
    members = list(type(member))
    return members[(members.index(member) + 1) % len(members)]
