"""Numbers, times and untrusted text, formatted for the screen."""

import math

import pytest
from rich.cells import cell_len

from fitmon.engine.record.snapshot import KnobState
from fitmon.text import format as form


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (None, "–"),
        (math.nan, "–"),
        (math.inf, "–"),
        (0, "0:00"),
        (11.4, "0:11"),
        (59.6, "1:00"),
        (3723, "1:02:03"),
        (266_400, "3 d 02:00"),
        (-5, "0:00"),
    ],
)
def test_durations(seconds: float | None, expected: str) -> None:
    assert form.duration(seconds) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0"),
        (1e-3, "1e-3"),
        (0.0010000000474974513, "1e-3"),
        (2.5e-4, "2.5e-4"),
        (0.30000001192, "0.3"),
        (64, "64"),
        (1_000_000, "1000000"),
        (1.5, "1.5"),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
    ],
)
def test_settings_look_as_a_user_types_them(value: float, expected: str) -> None:
    assert form.setting(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.03124, "0.0312"), (2.3, "2.3000"), (12.345, "12.35"), (4.1e-6, "4.1e-6"), (1e9, "1e9"), (math.nan, "nan")],
)
def test_measured_values(value: float, expected: str) -> None:
    assert form.measured(value) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(None, "– s/epoch"), (0.043, "43 ms/epoch"), (1.64, "1.6 s/epoch"), (75, "1:15 /epoch")],
)
def test_paces(seconds: float | None, expected: str) -> None:
    assert form.pace(seconds) == expected


@pytest.mark.parametrize(
    ("part", "expected"),
    [(0, "    "), (0.5, "██  "), (1, "████"), (1 / 32, "▏   "), (7, "████"), (-1, "    ")],
)
def test_bars_fill_in_eighths(part: float, expected: str) -> None:
    assert form.bar(part, 4) == expected


def test_a_pending_knob_shows_when_it_takes_effect() -> None:
    knob = KnobState(name="learning_rate", value=1e-3, pending=5e-4, pending_epoch=5, unavailable="")
    assert form.knob_state(knob) == "lr 1e-3 → 5e-4 from epoch 5"


def test_fewer_epochs_take_effect_at_the_end_of_an_epoch_that_exists() -> None:
    knob = KnobState(name="epochs", value=10, pending=4, pending_epoch=5, unavailable="")
    assert form.knob_state(knob) == "epochs 10 → 4 from the end of epoch 4"


@pytest.mark.parametrize(
    ("value", "expected"), [(None, "–"), ((0.2, 0.5), "0.2/0.5"), ((0.2, 0.2), "0.2"), ((), "–"), (64, "64")]
)
def test_knob_values(value: float | tuple[float, ...] | None, expected: str) -> None:
    assert form.knob_value(value) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]52;c;aGk=\x07copied", "copied"),
        ("\x1bPsixel\x1b\\after", "after"),
        ("lone \x1b escape", "lone ␛ escape"),
        ("bell\x07", "bell␇"),
        ("two\nlines\ttab", "two lines    tab"),
        ("\x9b31mC1", "�31mC1"),
        ("right\u202eleft", "right�left"),
        ("[bold]markup[/bold]", "[bold]markup[/bold]"),
        ("Ünïcödé 数", "Ünïcödé 数"),
        ("\ud800", "�"),
    ],
)
def test_foreign_text_becomes_harmless(text: str, expected: str) -> None:
    assert form.clean(text) == expected


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("short", 10, "short"),
        ("the quick brown fox", 12, "the quick…"),
        ("unbreakable", 6, "unbre…"),
        ("loss 0.123456", 9, "loss…"),
        ("123456", 4, "…"),
        ("any", 0, ""),
    ],
)
def test_clipping_never_halves_a_number(text: str, width: int, expected: str) -> None:
    assert form.clip(text, width) == expected


def test_no_clipped_text_is_too_wide() -> None:
    for text in ("wörter und 数字 12345", "数数数数数", "a b c d e f g", "epoch 1234 of 5678"):
        for width in range(25):
            assert cell_len(form.clip(text, width)) <= width


@pytest.mark.parametrize(("text", "indent"), [("\u00a0ab", ""), ("否否", ""), ("否否否", "  ")])
def test_wrapping_ends_even_if_a_character_is_too_wide(text: str, indent: str) -> None:
    assert len(form.wrap(text, len(indent) + 1, indent=indent)) <= len(text) + 1


def test_wrapped_lines_fit_and_lose_no_character() -> None:
    text = "loss 0.0312 · val_loss 0.0801 averyveryverylongwordwithoutanyspaceinside end"
    for width in range(4, 60):
        lines = form.wrap(text, width)
        assert all(cell_len(line) <= width for line in lines)
        assert "".join("".join(lines).split()) == "".join(text.split())


def test_ascii_keeps_every_cell() -> None:
    for text in ("▕███▍▏ – · … →", "⠒⠢⣀•◆▼┈│╭─╮", "数字", "e\u0301", "plain"):
        assert form.to_ascii(text).isascii()
        assert cell_len(form.to_ascii(text)) == cell_len(text)


@pytest.mark.parametrize(
    ("braille", "expected"),
    [("⠉⠒⠤⣀", "'--."), ("⠀⠠⠁⢸⡇", " -'||"), ("⢣⠱⡜⡰", "\\\\//"), ("⣿⣶⡪⡢", "##::")],
)
def test_braille_in_ascii_is_level_or_steep(braille: str, expected: str) -> None:
    assert form.to_ascii(braille) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fell by (-0.0195 ± 0.0054), -43.6 %", "fell by (−0.0195 ± 0.0054), −43.6 %"),
        ("epochs 3-5 of mnist-2026-11-27-1", "epochs 3-5 of mnist-2026-11-27-1"),
        ("from 1e-3 to 5e-05 or 1e+06", "from 1e-3 to 5e-5 or 1e6"),
        ("x[3]-2, a-1, --units 8", "x[3]-2, a-1, --units 8"),
        ("-.5", "−.5"),
    ],
)
def test_negative_numbers_have_one_minus_sign_and_exponents_one_style(text: str, expected: str) -> None:
    assert form.signs(text) == expected


def test_settings_in_a_sentence_look_as_in_the_header() -> None:
    said = "lower the learning rate from 0.001 to 0.0005 and L2 to 0.00012, dropout 0.05, epoch 10.002"
    assert (
        form.settings(said) == "lower the learning rate from 1e-3 to 5e-4 and L2 to 1.2e-4, dropout 0.05, epoch 10.002"
    )
