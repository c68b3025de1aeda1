"""Draws what the numbers mean: the strongest finding and its most promising remedy, as a panel or in one line."""

from __future__ import annotations

from rich.cells import cell_len

from fitmon.engine.record.snapshot import Snapshot
from fitmon.text import finding_words as words
from fitmon.text import format as form
from fitmon.text.remedies import remedy_now, remedy_refusal
from fitmon.text.roles import Role
from fitmon.text.rows import Row, framed, row
from fitmon.tui.frame import Frame

KEY = "a"
KEY_OF_ALL = "9"
SHOWS_ALL = f"{KEY_OF_ALL} shows all"
MIN_HINT_WIDTH = 60
"""In fewer cells, the finding is more important than the key that shows all of it."""
MAX_ROWS = 40
"""More is not needed to say what a finding means."""
MIN_WIDTH = 8
MIN_PANEL_HEIGHT = 4
"""Below it, one line without a frame is drawn."""


def draw_meaning(frame: Frame | None, width: int, height: int) -> list[Row]:
    """Return the panel, or one to three lines if there is no room for one."""
    if height < MIN_PANEL_HEIGHT:
        return _draw_lines(frame, width, height)
    findings = frame.snapshot.findings if frame else ()
    confidence = words.confidence(findings[0]) if findings else ""
    title = row(("diagnosis", Role.STRONG), (f"  {confidence}" if confidence else "", Role.FAINT))
    return framed(title, _inside(frame, width - 4, height - 2), width, height)


def draw_line(frame: Frame | None, width: int) -> Row:
    """Return the strongest finding and, if there is room, its remedy."""
    if frame is None or not frame.snapshot.findings:
        return row((f" {form.clip(_no_finding(frame), width - 2)}", Role.FAINT))
    strongest = frame.snapshot.findings[0]
    sentence, role, room = words.finding_sentence(strongest), words.finding_role(strongest), width - 2
    for lead, remedy in (*_remedy(frame, short=False), *_remedy(frame, short=True)):
        if cell_len(f"{sentence} · {lead}{remedy}") <= room:
            return row((f" {sentence}", role), (" · ", Role.FAINT), (lead, Role.MARK), remedy)
    return _cut_line(sentence, role, room)


def _cut_line(text: str, role: Role, width: int) -> Row:
    """Return the text in `width` cells; if it is cut, with the key that shows all of it."""
    if cell_len(text) <= width or width < MIN_HINT_WIDTH:
        return row((f" {form.clip(text, width)}", role))
    clipped = form.clip(text, width - len(SHOWS_ALL) - 1)
    return row((f" {clipped} ", role), (KEY_OF_ALL, Role.MARK), (SHOWS_ALL.removeprefix(KEY_OF_ALL), Role.FAINT))


def _draw_lines(frame: Frame | None, width: int, height: int) -> list[Row]:
    """Return the strongest finding in a few lines without a frame, the last one with its remedy if there is room."""
    if height <= 1 or width < MIN_WIDTH:
        return [draw_line(frame, width)] * min(height, 1)
    if frame is None or not frame.snapshot.findings:
        lines = form.wrap(_no_finding(frame), width - 2, indent="")
        return [row((f" {line}", Role.FAINT)) for line in lines[:height]]
    strongest = frame.snapshot.findings[0]
    role = words.finding_role(strongest)
    lines = words.wrapped(words.finding_sentence(strongest), width - 2)
    if len(lines) > height:
        return [
            *(row((f" {line}", role)) for line in lines[: height - 1]),
            _cut_line(" ".join(lines[height - 1 :]), role, width - 2),
        ]
    rows = [row((f" {line}", role)) for line in lines]
    for lead, remedy in (*_remedy(frame, short=False), *_remedy(frame, short=True)):
        if len(lines) < height and cell_len(f"→ {lead}{remedy}") <= width - 2:
            return [*rows, row((" → ", Role.FAINT), (lead, Role.MARK), remedy)]
        if cell_len(f"{lines[-1]} · {lead}{remedy}") <= width - 2:
            return [*rows[:-1], row(*rows[-1], (" · ", Role.FAINT), (lead, Role.MARK), remedy)]
    return rows


def wanted_rows(frame: Frame, width: int) -> int:
    """Return the rows that a panel of that outer width needs to show everything, its frame included."""
    return len(_inside(frame, width - 4, MAX_ROWS)) + 2


def _no_finding(frame: Frame | None) -> str:
    return words.no_findings_message(frame.snapshot) if frame else words.NOT_YET


def _remedy(frame: Frame, *, short: bool) -> list[tuple[str, str]]:
    """Return the keys of the most promising remedy, and the remedy or a word for it; empty without a remedy."""
    remedies = frame.snapshot.findings[0].remedies
    if not remedies:
        return []
    keyed = can_be_applied(frame)
    if short:
        return [(f"[{KEY}]", " suggestions")] if keyed else []
    return [(f"[{KEY} 1] " if keyed else "", words.advice(remedies[0]))]


def can_be_applied(frame: Frame) -> bool:
    """Return whether a key can apply the most promising remedy."""
    snapshot = frame.snapshot
    remedies = snapshot.findings[0].remedies if snapshot.findings else ()
    if not remedies or frame.read_only or not remedies[0].applicable:
        return False
    return not remedy_refusal(remedy_now(remedies[0], snapshot), snapshot, frame.rewind_choices)


def _inside(frame: Frame | None, width: int, height: int) -> list[Row]:
    if frame is None or not frame.snapshot.findings:
        return [row((f" {line}", Role.FAINT)) for line in form.wrap(_no_finding(frame), width)]
    snapshot = frame.snapshot
    strongest, role = snapshot.findings[0], words.finding_role(snapshot.findings[0])
    sentence = words.wrapped(words.finding_sentence(strongest), width)
    remedy = [line for lead, advice in _remedy(frame, short=False) for line in form.wrap(f"→ {lead}{advice}", width)]
    others = _others(snapshot, width)
    expected = words.wrapped(form.clean(strongest.remedies[0].expect), width, "  ") if remedy else []
    if len(sentence) + len(remedy) + len(expected) + len(others) > height:
        expected = []
    if len(sentence) + bool(remedy) + len(others) > height:
        others = []
    sentence = words.truncated(sentence, max(1, height - bool(remedy) - len(others)), width)
    remedy = words.truncated(remedy, height - len(sentence) - len(others), width)
    parts = ((sentence, role), (remedy, Role.PLAIN), (expected, Role.FAINT), (others, Role.FAINT))
    return [row((f" {line}", line_role)) for lines, line_role in parts for line in lines]


def _others(snapshot: Snapshot, width: int) -> list[str]:
    names = [words.finding_name(finding) for finding in snapshot.findings[1:]]
    return [form.clip(f"also {', '.join(names)} · {SHOWS_ALL}", width)] if names else []
