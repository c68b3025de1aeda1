"""The list in which the user chooses an epoch."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from fitmon.engine.record.snapshot import Snapshot
from fitmon.text.rows import Row
from fitmon.tui.drawing.epoch_list import EpochChoice, draw_epochs, epoch_lines, first_line
from fitmon.tui.widgets.row_widget import RowWidget


class EpochList(RowWidget):
    """Shows the epochs and the chosen one; epochs that the run cannot rewind to are skipped."""

    def __init__(self, widget_id: str, snapshot: Snapshot, kept: Mapping[int, Collection[int]] | None) -> None:
        """Choose the best epoch of the current branch, or the newest one if the run cannot rewind to the best."""
        super().__init__(widget_id)
        self._snapshot = snapshot
        self.lines = epoch_lines(snapshot, kept)
        self._places = [at for at, line in enumerate(self.lines) if isinstance(line, EpochChoice) and not line.refusal]
        self._chosen = 0
        if snapshot.best is not None:
            self.choose_epoch(snapshot.best.epoch)

    @property
    def chosen(self) -> EpochChoice | None:
        """The chosen epoch; None if there is none to rewind to."""
        line = self.lines[self._places[self._chosen]] if self._places else None
        return line if isinstance(line, EpochChoice) else None

    def choose_epoch(self, epoch: int) -> bool:
        """Choose an epoch of the current branch or its ancestors; return whether the run can rewind to it."""
        for index, at in enumerate(self._places):
            line = self.lines[at]
            if isinstance(line, EpochChoice) and line.in_current_history and line.epoch == epoch:
                self._chosen = index
                self.redraw()
                return True
        return False

    def move(self, by: int) -> None:
        """Choose the epoch a number of lines further down, up if negative; the ends of the list are the limits."""
        self._chosen = max(0, min(self._chosen + by, len(self._places) - 1))
        self.redraw()

    def wheel(self, rows: int) -> None:
        self.move(rows)

    def click_at(self, column: int, row: int) -> bool:
        del column
        at = first_line(len(self.lines), self._places[self._chosen] if self._places else 0, self.size.height) + row - 1
        if row < 1 or at not in self._places:
            return False
        self._chosen = self._places.index(at)
        self.redraw()
        return True

    def page(self, by: int) -> None:
        """Move down by a number of pages; up if negative."""
        self.move(by * max(1, self.size.height - 2))

    def draw(self, width: int, height: int) -> list[Row]:
        chosen = self._places[self._chosen] if self._places else 0
        return draw_epochs(self.lines, chosen, self._snapshot, width, height)
