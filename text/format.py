"""Formats numbers, times and untrusted text for the screen. Pure functions of values and widths in cells."""

from __future__ import annotations

import math
import re
import unicodedata
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

from fitmon.engine.knobs.catalogue import EPOCHS, KNOBS
from fitmon.text.braille_ascii import ascii_of_braille

if TYPE_CHECKING:
    # These import numpy, which the first frame does not wait for.
    from fitmon.engine.record.snapshot import KnobState
    from fitmon.engine.values import KnobValue

ABSENT = "–"
"""Shown in place of a missing value."""

NO_BREAK = "\u00a0"

EIGHTHS = " ▏▎▍▌▋▊▉█"

_TERMINAL_SEQUENCE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # colours, cursor movements
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"  # window titles, links, the clipboard
    r"|\x1b[PX^_][^\x1b]*(?:\x1b\\)?"  # device strings
)
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_HYPHEN_AS_MINUS = re.compile(r"(?<![\w.,)\]}/-])-(?=\.?\d)")
_EXPONENT = re.compile(r"(?<=\d)e(?:\+|(-))0*(\d+)\b")
_SMALL_NUMBER = re.compile(r"(?<![\w.])0\.00\d+(?![\w.]*\d)")
_ASCII = str.maketrans(
    {
        NO_BREAK: " ",
        "–": "-", "—": "-", "−": "-", "·": "|", "…": "~", "→": ">", "←": "<", "↑": "^", "↓": "v", "×": "x", "≤": "<",
        "≥": ">", "╭": "+", "╮": "+", "╰": "+", "╯": "+", "┌": "+", "┐": "+", "└": "+", "┘": "+", "├": "+", "┤": "+",
        "┬": "+", "┴": "+", "┼": "+", "─": "-", "━": "=", "╸": "=", "═": "=", "│": "|", "┃": "|", "╎": ":", "┈": "=",
        "█": "#", "▉": "#", "▊": "#", "▋": "#", "▌": "#", "▍": "#", "▎": ".", "▏": "|", "▕": "|", "▁": "_", "▂": "_",
        "▃": "_", "▄": "=", "▅": "=", "▆": "#", "▇": "#", "▀": "=", "▔": "-", "░": ":", "▒": "%", "▓": "#", "•": "o",
        "◆": "B", "▼": "v", "▲": "^", "┊": "!", "▐": "#", "▶": ">", "“": '"', "”": '"', "‘": "'", "’": "'", "µ": "u",
        "±": "~", "›": ")", "»": "}", "‹": "(", "«": "{", "✓": "+", "✗": "x", "▸": ">", "◦": ",", "▷": "/",
    }
)  # fmt: skip


def clean(text: str, line_breaks: bool = False) -> str:
    """Return untrusted text with control characters made visible and terminal sequences removed.

    Line breaks stay if `line_breaks`, else they become spaces. Tabs become spaces.
    """
    allowed = "\n" if line_breaks else ""
    without_sequences = _TERMINAL_SEQUENCE.sub("", text).replace("\r\n", "\n").replace("\t", "    ")
    return "".join(character if character in allowed else _visible(character) for character in without_sequences)


def _visible(character: str) -> str:
    if " " <= character <= "~":
        return character
    if character == "\n":
        return " "
    if character < " ":
        return chr(0x2400 + ord(character))
    return "�" if unicodedata.category(character) in _INVISIBLE else character


def to_ascii(text: str) -> str:
    """Return the text in ASCII; each character takes as many cells as before."""
    if text.isascii():
        return text
    return "".join(map(_ascii_character, text.translate(_ASCII)))


def _ascii_character(character: str) -> str:
    if character.isascii():
        return character
    if "\u2800" <= character <= "\u28ff":
        return ascii_of_braille(character)
    return "?" * cell_len(character)


def signs(text: str) -> str:
    """Return text in the screen's number style: a real minus sign before a number, and `5e-5` for `5e-05`.

    The hyphen stays in ranges, dates, names and exponents.
    """
    return _EXPONENT.sub(lambda found: f"e{found[1] or ''}{found[2]}", _HYPHEN_AS_MINUS.sub("−", text))


def clip(text: str, width: int) -> str:
    """Return at most `width` cells; text that is cut is cut between words and ends in `…`."""
    if cell_len(text) <= width:
        return text
    if width < 1:
        return ""
    head = set_cell_size(text, width - 1)
    if text[len(head) : len(head) + 1] != " ":
        words, space, last = head.rpartition(" ")
        # A word may be cut, a number may not: a part of it is another number.
        head = words if space and len(words) > width // 2 else _before_digits(head if not space else f"{words} {last}")
    return head.rstrip() + "…"


def _before_digits(text: str) -> str:
    return re.sub(r"[\d.,eE+-]*\d[\d.,eE+-]*$", "", text)


def unbroken(text: str) -> str:
    """Return the text with no-break spaces, at which `wrap` and `clip` do not break it."""
    return text.replace(" ", NO_BREAK)


def wrap(text: str, width: int, indent: str = "  ") -> list[str]:
    """Break text between words into lines of at most `width` cells; lines after the first begin with `indent`."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if cell_len(longer) <= width:
            line = longer
            continue
        if line.strip():
            lines.append(line)
        line = indent + word
        while cell_len(line) > width > len(indent):
            head = set_cell_size(line, width)
            lines.append(head)
            # Drops at least one character, even a wide one that fits in no line.
            line = indent + line[max(len(head.rstrip()), len(indent) + 1) :]
    return [*lines, line] if line.strip() or not lines else lines


def duration(seconds: float | None) -> str:
    """Return a time span such as `0:11`, `1:02:03` or `3 d 04:00`; None as a dash."""
    if seconds is None or not math.isfinite(seconds):
        return ABSENT
    whole = max(0, round(seconds))
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    if days:
        return f"{days} d {hour:02}:{minute:02}"
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def seconds(number: float) -> str:
    """Return a short wait, such as `7 s` or `1:05`."""
    return f"{max(0, int(number))} s" if number < 60 else duration(number)  # noqa: PLR2004 - a minute


def pace(seconds: float | None) -> str:
    """Return the time an epoch takes, such as `1.6 s/epoch`; None as a dash."""
    if seconds is None or not math.isfinite(seconds):
        return f"{ABSENT} s/epoch"
    if seconds < 0.1:  # noqa: PLR2004 - tenths of a second would show as 0.0
        return f"{seconds * 1000:.3g} ms/epoch"
    if seconds < 60:  # noqa: PLR2004 - seconds in a minute
        return f"{seconds:.1f} s/epoch"
    return f"{duration(seconds)} /epoch"


def setting(value: float) -> str:
    """Return a number as a user would type it: `1e-3`, `0.3`, `64`."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    if value == int(value) and abs(value) < 10_000_000:  # noqa: PLR2004 - longer ones are easier to read as powers
        return str(int(value))
    return _scientific(value) if abs(value) < 0.01 or abs(value) >= 10_000_000 else f"{value:.4g}"  # noqa: PLR2004


def settings(text: str) -> str:
    """Return text with the settings in it as `setting` writes them: `5e-4` for `0.0005`."""
    return _SMALL_NUMBER.sub(lambda found: setting(float(found[0])), signs(text))


def measured(value: float) -> str:
    """Return a loss or metric to four digits, such as `0.0312`, `−12.35` or `4.1e-6`."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    if 0.001 <= abs(value) < 10:  # noqa: PLR2004
        return signs(f"{value:.4f}")
    return signs(f"{value:.2f}" if 10 <= abs(value) < 100_000 else _scientific(value))  # noqa: PLR2004


def _scientific(value: float) -> str:
    mantissa, exponent = f"{value:.3e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"


def count(number: int) -> str:
    """Return a whole number with thousands separators."""
    return f"{number:,}"


def share(part: float) -> str:
    """Return a fraction as a percentage, such as `97.1%`."""
    return f"{part * 100:.1f}%"


def bar(part: float, width: int) -> str:
    """Return a bar of `width` cells, filled to a fraction in [0, 1] in steps of an eighth of a cell."""
    eighths = round(min(max(part, 0.0), 1.0) * width * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (EIGHTHS[rest] if rest else "")).ljust(width)


def knob_value(value: KnobValue) -> str:
    """Return a knob's value; different values are joined by `/`, None is a dash."""
    if value is None:
        return ABSENT
    if not isinstance(value, tuple):
        return setting(value)
    distinct = list(dict.fromkeys(setting(number) for number in value))
    return "/".join(distinct) if distinct else ABSENT


def knob_label(name: str) -> str:
    """Return the short name of a knob, such as `lr`."""
    return KNOBS[name].label if name in KNOBS else clean(name)


def knob_state(knob: KnobState) -> str:
    """Return a knob as the header shows it: `lr 1e-3`, or `lr 1e-3 → 5e-4 from epoch 5` while a change is pending."""
    return knob_change(knob) if knob.pending is None else f"{knob_change(knob)} {pending_epoch(knob)}"


def knob_change(knob: KnobState) -> str:
    """Return the same without the epoch of a pending change: `lr 1e-3 → 5e-4`."""
    now = f"{knob_label(knob.name)} {knob_value(knob.value)}"
    return now if knob.pending is None else f"{now} → {setting(knob.pending)}"


def pending_epoch(knob: KnobState) -> str:
    """Return when a pending change takes effect, such as `from epoch 5`; empty if none is pending.

    Lowering the epochs to those already started ends the run: it takes effect `from the end of epoch 4`.
    """
    if knob.pending is None or knob.pending_epoch is None:
        return ""
    ends_run = knob.name == EPOCHS.name and knob.pending < knob.pending_epoch
    return f"from the end of epoch {knob.pending_epoch - 1}" if ends_run else f"from epoch {knob.pending_epoch}"
