"""What the numbers mean: the strongest finding and its most promising remedy, in a panel or in one line."""

from __future__ import annotations

from rich.cells import cell_len

from fitmon.engine.record.snapshot import Snapshot
from fitmon.text import finding_words as words
from fitmon.text import format as form
from fitmon.text.remedies import RewindChoices, remedy_now, remedy_refusal
from fitmon.text.roles import Role
from fitmon.text.rows import Row, framed, row
from fitmon.tui.frame import Frame
from fitmon.tui.widgets.row_widget import RowWidget

KEY = "a"
MIN_PANEL_HEIGHT = 4
"""Below it, there is one line without a frame."""


class MeaningPanel(RowWidget):
    """Shows the strongest finding of the last epoch."""

    _picture: Frame | None = None

    def show(self, picture: Frame) -> None:
        """Take a new picture and draw it."""
        self._picture = picture
        self.redraw()

    def draw(self, width: int, height: int) -> list[Row]:
        return draw_meaning(self._picture, width, height)


def draw_meaning(picture: Frame | None, width: int, height: int) -> list[Row]:
    """Return the panel, or a line where there is no room for one."""
    if height < MIN_PANEL_HEIGHT:
        return [draw_line(picture, width)] * min(height, 1)
    findings = picture.snapshot.findings if picture else ()
    how_sure = words.confidence(findings[0]) if findings else ""
    title = row(("what it means", Role.STRONG), (f"  {how_sure}" if how_sure else "", Role.FAINT))
    return framed(title, _inside(picture, width - 4, height - 2), width, height)


def draw_line(picture: Frame | None, width: int) -> Row:
    """Return the strongest finding and, where there is room, what to do about it."""
    if picture is None or not picture.snapshot.findings:
        return row((f" {form.clip(_nothing(picture), width - 2)}", Role.FAINT))
    strongest = picture.snapshot.findings[0]
    said, role, room = words.finding_sentence(strongest), words.finding_role(strongest), width - 2
    for lead, doing in (*_remedy(picture, short=False), *_remedy(picture, short=True)):
        if cell_len(f"{said} · {lead}{doing}") <= room:
            return row((f" {said}", role), (" · ", Role.FAINT), (lead, Role.MARK), doing)
    return row((f" {form.clip(said, room)}", role))


def _nothing(picture: Frame | None) -> str:
    return words.no_findings_message(picture.snapshot) if picture else words.WAITING


def _remedy(picture: Frame, *, short: bool) -> list[tuple[str, str]]:
    """Return what leads to the most promising remedy, and the remedy or a word for it; nothing without any."""
    remedies = picture.snapshot.findings[0].remedies
    if not remedies:
        return []
    keyed = can_be_applied(picture)
    if short:
        return [(f"[{KEY}]", " remedies")] if keyed else []
    return [(f"[{KEY}] " if keyed else "", form.clean(remedies[0].advice))]


def can_be_applied(picture: Frame) -> bool:
    """Return whether the most promising remedy could be applied by a key."""
    seen = picture.snapshot
    remedies = seen.findings[0].remedies if seen.findings else ()
    if not remedies or picture.read_only or not remedies[0].applicable:
        return False
    return not remedy_refusal(remedy_now(remedies[0], seen), seen, RewindChoices(refusal=picture.no_rewind))


def _inside(picture: Frame | None, width: int, height: int) -> list[Row]:
    if picture is None or not picture.snapshot.findings:
        return [row((f" {line}", Role.FAINT)) for line in form.wrap(_nothing(picture), width)]
    seen = picture.snapshot
    strongest, role = seen.findings[0], words.finding_role(seen.findings[0])
    said = words.wrapped(words.finding_sentence(strongest), width)
    doing = [line for lead, advice in _remedy(picture, short=False) for line in form.wrap(f"→ {lead}{advice}", width)]
    others = _others(seen, width)
    expected = words.wrapped(form.clean(strongest.remedies[0].expect), width, "  ") if doing else []
    if len(said) + len(doing) + len(expected) + len(others) > height:
        expected = []
    if len(said) + bool(doing) + len(others) > height:
        others = []
    said = words.truncated(said, max(1, height - bool(doing) - len(others)), width)
    doing = words.truncated(doing, height - len(said) - len(others), width)
    parts = ((said, role), (doing, Role.PLAIN), (expected, Role.FAINT), (others, Role.FAINT))
    return [row((f" {line}", look)) for lines, look in parts for line in lines]


def _others(snapshot: Snapshot, width: int) -> list[str]:
    names = [words.finding_name(finding) for finding in snapshot.findings[1:]]
    return [form.clip(f"also {', '.join(names)} · 9 shows all", width)] if names else []
