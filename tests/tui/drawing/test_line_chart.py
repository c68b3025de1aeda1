"""Any curves can be drawn at any size: what is not finite interrupts a curve and does no more."""

import math
import random
import re

import numpy as np
import pytest

from fitmon.text.roles import CURVES, Role
from fitmon.text.rows import row, text_of, width_of
from fitmon.tui.drawing.line_chart import MAX_HEIGHT, MAX_WIDTH, LineChart, Mark, NamedLine, draw_lines, x_at

SPECIAL = (math.nan, math.inf, -math.inf, 0.0, -0.0, -1.0, 1e308, -1e308, 1e300, 5e-324, -5e-324, 1e-310, 2.2e-308)


def a_line(chance: random.Random, points: int, role: Role) -> NamedLine:
    strange = chance.choice((0.0, 0.2, 1.0))
    values = [
        chance.choice(SPECIAL) if chance.random() < strange else chance.uniform(-1, 1) * 10 ** chance.uniform(-9, 9)
        for _ in range(points)
    ]
    epochs = np.cumsum([chance.choice((0.1, 1.0, 1.0, 7.0)) for _ in range(points)])
    x = epochs * 1.7 if chance.random() < 0.2 else None
    return NamedLine(
        "a", epochs, np.array(values), role, x=x, sign=chance.choice(("", "•", "a")), dotted=chance.random() < 0.3,
        end_sign=chance.choice(("", "◦2")), beneath=chance.random() < 0.2,
    )  # fmt: skip


@pytest.mark.filterwarnings("error")
def test_thousands_of_random_charts_are_drawn_in_exactly_their_size() -> None:
    chance = random.Random(7)  # noqa: S311
    for number in range(4000):
        lines = tuple(a_line(chance, chance.choice((0, 1, 2, 3, 9, 40)), role) for role in CURVES[: number % 4])
        first = chance.uniform(-3, 30)
        chart = LineChart(
            lines=lines,
            first=first,
            last=first + chance.choice((1e-9, 0.5, 1.0, 20.0, 1e6)),
            logarithmic=chance.random() < 0.5,
            by_time=chance.random() < 0.3,
            marks=(Mark(chance.uniform(-5, 50), chance.choice((*SPECIAL, None)), "◆"),),
            baseline=chance.choice((None, *SPECIAL)),
            band=lines[:1],
            cursor=chance.choice((None, 3.0, 1e300, -1e300)),
        )
        width, height = chance.randrange(1, 90), chance.randrange(1, 30)
        rows = draw_lines(chart, row("title"), width, height, note=row("note"))
        assert (len(rows), {width_of(line) for line in rows}) == (height, {width}), number


@pytest.mark.parametrize(("width", "height"), [(1, 1), (16, 5), (17, 6), (1000, 500)])
def test_a_chart_has_its_size(width: int, height: int) -> None:
    line = NamedLine("a", np.arange(9.0), np.arange(9.0), Role.CURVE_1, sign="a")
    rows = draw_lines(LineChart((line,), 0, 8), row("a"), width, height)
    assert len(rows) == min(height, MAX_HEIGHT)
    assert {width_of(each) for each in rows} == {min(width, MAX_WIDTH)}


def test_labels_stand_on_evenly_spaced_rows() -> None:
    line = NamedLine("a", np.arange(30.0), np.linspace(0.93, 0.06, 30), Role.CURVE_1)
    for height in range(8, 50):
        rows = [text_of(each) for each in draw_lines(LineChart((line,), 0, 29), row("a"), 70, height)]
        labeled = [number for number, text in enumerate(rows) if "┤" in text]
        assert len(labeled) >= 3 or height < 9, height
        assert len(set(np.diff(labeled))) == 1, height


def test_a_long_curve_keeps_its_spikes_and_its_gaps() -> None:
    values = np.zeros(100_000)
    values[77_777], values[10_000:20_000] = 1.0, math.nan
    line = NamedLine("a", np.arange(100_000.0), values, Role.CURVE_1)
    rows = [text_of(each) for each in draw_lines(LineChart((line,), 0, 99_999), row("a"), 106, 12)]
    start = rows[-1].index("┴") + 1
    plot = [each[start:-1] for each in rows[1:-1]]
    spike = int(0.77777 * len(plot[0]))
    assert sum("\u2801" <= each[spike] <= "\u28ff" for each in plot) > 7, "from the bottom to the top"
    (bottom,) = [each for each in plot if each.strip().startswith("⣀") or each[0] != " "]
    assert set(bottom[11:19]) == {" "}


def test_a_column_of_the_screen_gives_its_epoch() -> None:
    line = NamedLine("a", np.arange(11.0), np.arange(11.0), Role.CURVE_1)
    chart = LineChart((line,), 0, 10)
    lower = text_of(draw_lines(chart, row("a"), 70, 12)[-1])
    for label in re.finditer(r"\d+", lower):
        at = x_at(chart, 70, 12, label.start() + (len(label[0]) - 1) // 2)
        assert at == pytest.approx(int(label[0]), abs=0.3)
    assert x_at(chart, 70, 12, 0) is None
