"""The panel of all findings."""

from fitmon.text import format as form
from fitmon.text.roles import Role
from fitmon.text.rows import Row, framed, row, text_of
from fitmon.tui.drawing.findings import draw_findings
from fitmon.tui.frame import Frame
from fitmon.tui.widgets.scrolled_rows import ScrolledRows


class FindingsPanel(ScrolledRows):
    """Lists the findings; keys scroll the list if it does not fit."""

    _frame: Frame | None = None
    _found = -1

    def show(self, frame: Frame) -> None:
        """Show a new frame; redraw if anything in the list may be new."""
        before, self._frame = self._frame, frame
        if before is None or self._shown_values(before) != self._shown_values(frame):
            self.redraw()

    @staticmethod
    def _shown_values(frame: Frame) -> tuple[object, ...]:
        snapshot = frame.snapshot
        progress = snapshot.epochs_done, len(snapshot.receipts), snapshot.branch.number, snapshot.over
        return snapshot.findings, progress, frame.rewind_choices

    def search(self, text: str) -> str:
        """Scroll to the next row that contains the text, in any case; return what was found as a sentence."""
        lines = [text_of(line).casefold() for line in self._lines(self.size.width)]
        matching = [row for row, line in enumerate(lines) if text.casefold() in line]
        if not matching:
            return f"no finding contains {form.clean(text)}"
        self._found = next((row for row in matching if row > self._found), matching[0])
        self._first = self._found
        self.redraw()
        return f"{form.clean(text)}: match {matching.index(self._found) + 1} of {len(matching)} · / enter: next"

    def _lines(self, width: int) -> list[Row]:
        return draw_findings(self._frame, width - 4) if self._frame else []

    def draw(self, width: int, height: int) -> list[Row]:
        shown, position = self.scrolled(self._lines(width), height)
        return framed(row(("findings", Role.STRONG), (position, Role.FAINT)), shown, width, height)
