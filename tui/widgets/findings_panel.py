"""All findings with their evidence and remedies, the losses scored alike, and what came of what was changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fitmon.engine.finding import Finding
from fitmon.engine.record.snapshot import Snapshot
from fitmon.text import finding_words as words
from fitmon.text import format as form
from fitmon.text.outcome_words import outcome_sentences
from fitmon.text.remedies import RemedyChoice, RewindChoices, choices_of
from fitmon.text.roles import Role
from fitmon.text.rows import Row, framed, row
from fitmon.tui.drawing.generalization_gap import draw_gap
from fitmon.tui.frame import Frame
from fitmon.tui.widgets.row_widget import RowWidget

INDENT = "  "


class FindingsPanel(RowWidget):
    """Lists what was found; keys scroll it where it does not fit."""

    _picture: Frame | None = None
    _first = 0

    def show(self, picture: Frame) -> None:
        """Take a new picture; draw it if what it says of the run's meaning may be new."""
        before, self._picture = self._picture, picture
        if before is None or self._seen(before) != self._seen(picture):
            self.redraw()

    @staticmethod
    def _seen(picture: Frame) -> tuple[object, ...]:
        seen = picture.snapshot
        receipts = len(seen.receipts)
        return seen.findings, seen.epochs_done, receipts, seen.branch.number, seen.over, picture.no_rewind

    def scroll_by(self, rows: int) -> None:
        """Show what stands so many rows further down, or up where negative."""
        self._first += rows
        self.redraw()

    def page(self, pages: int) -> None:
        """Scroll by what is seen at once."""
        self.scroll_by(pages * max(1, self.size.height - 3))

    def draw(self, width: int, height: int) -> list[Row]:
        lines = draw_findings(self._picture, width - 4) if self._picture else []
        room = max(1, height - 2)
        self._first = max(0, min(self._first, len(lines) - room))
        shown = lines[self._first : self._first + room]
        where = f"  {self._first + 1}–{self._first + len(shown)} of {len(lines)} rows" if len(lines) > room else ""
        return framed(row(("findings", Role.STRONG), (where, Role.FAINT)), shown, width, height)


def draw_findings(picture: Frame, width: int) -> list[Row]:
    """Return everything there is to say, of any height, in rows of at most `width` + 1 cells."""
    seen = picture.snapshot
    choices = choices_of(seen, RewindChoices(refusal=picture.no_rewind))
    found = words.by_newest_evidence(seen.findings)
    lines = [
        line for finding in found for line in (*_finding(finding, choices, width, keyed=not picture.read_only), row())
    ]
    if not lines:
        lines = [*_rows(words.no_findings_message(seen), width, Role.FAINT, ""), row()]
    parts = (draw_gap(seen, width), _outcomes(seen, width))
    lines += [line for part in parts if part for line in (*part, row())]
    return lines[:-1]


def _finding(finding: Finding, choices: Sequence[RemedyChoice], width: int, *, keyed: bool) -> Iterator[Row]:
    """Yield one finding: its sentence, what it rests on, why it happens, and what could be done."""
    yield from _rows(words.finding_sentence(finding), width, words.finding_role(finding), "")
    about = [words.epoch_range(finding), words.confidence(finding)]
    yield row((f" {INDENT}{' · '.join(filter(None, about))}", Role.FAINT))
    yield from _rows(_explanation(finding), width, Role.PLAIN)
    for choice in choices:
        if choice.finding is finding:
            yield from _remedy(choice, width, keyed=keyed)


def _remedy(choice: RemedyChoice, width: int, *, keyed: bool) -> Iterator[Row]:
    key = f"[a {choice.number}]" if keyed and choice.ready else ""
    refusal = f" ({form.clean(choice.refusal)})" if choice.refusal else ""
    text = f"{form.unbroken(key)} {form.clean(choice.remedy.advice)}{refusal}".strip()
    first, *more = words.wrapped(text, width, f"{INDENT}  ")
    yield row(f" {INDENT}→ ", (key, Role.MARK), first[len(INDENT) + 2 + len(key) :])
    yield from (row(f" {line}") for line in more)
    yield from _rows(words.remedy_command(choice.remedy), width, Role.PLAIN, f"{INDENT}  ")
    yield from _rows(form.clean(choice.remedy.expect), width, Role.FAINT, f"{INDENT}  ")


def _rows(text: str, width: int, role: Role, indent: str = INDENT) -> list[Row]:
    return [row((f" {line}", role)) for line in words.wrapped(text, width, indent)]


def _explanation(finding: Finding) -> str:
    # The rules bring numpy along, which the first picture does not wait for.
    from fitmon.engine.diagnosis.rules import explanation_of

    return form.clean(explanation_of(finding.name))


def _outcomes(snapshot: Snapshot, width: int) -> list[Row]:
    told = outcome_sentences(snapshot)
    rows = [line for sentence in told for line in _rows(sentence, width, Role.PLAIN)]
    return [row((" what was changed, and what it did", Role.STRONG)), *rows] if told else []
