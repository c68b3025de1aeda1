"""How many colors a terminal has, and that each color becomes the nearest of them."""

from __future__ import annotations

import random

import pytest

from fitmon.tui.color_depth import ColorDepth, _distance, color_of_256, depth_of, nearest_of_16, nearest_of_256
from fitmon.tui.sgr import PLAIN, between, changed_by


@pytest.mark.parametrize(
    ("environment", "depth"),
    [
        pytest.param({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, ColorDepth.TRUE, id="a local terminal"),
        pytest.param({"TERM": "xterm-256color"}, ColorDepth.PALETTE, id="plain ssh loses COLORTERM"),
        pytest.param({"TERM": "screen-256color"}, ColorDepth.PALETTE, id="tmux"),
        pytest.param({"TERM": "xterm-kitty"}, ColorDepth.TRUE, id="a name that promises it"),
        pytest.param({"TERM": "xterm"}, ColorDepth.SIXTEEN, id="a name that promises nothing"),
        pytest.param({"TERM": "screen"}, ColorDepth.SIXTEEN, id="GNU screen"),
        pytest.param({"TERM": "linux", "COLORTERM": "truecolor"}, ColorDepth.SIXTEEN, id="the Linux console"),
        pytest.param({"TERM": "vt100"}, ColorDepth.NONE, id="a terminal without colors"),
        pytest.param({"TERM": "xterm-256color", "NO_COLOR": "1"}, ColorDepth.NONE, id="a user without colors"),
        pytest.param({"TERM": "xterm-256color", "NO_COLOR": ""}, ColorDepth.PALETTE, id="empty NO_COLOR says nothing"),
    ],
)
def test_the_environment_says_how_many_colors_there_are(environment: dict[str, str], depth: ColorDepth) -> None:
    assert depth_of(environment) is depth


def test_a_color_becomes_the_nearest_of_256_and_a_color_of_the_palette_stays() -> None:
    chosen = random.Random(0)  # noqa: S311 - a repeatable choice of colors
    for color in [(chosen.randrange(256), chosen.randrange(256), chosen.randrange(256)) for _ in range(500)]:
        nearest = min(_distance(color, color_of_256(number)) for number in range(16, 256))
        assert _distance(color, color_of_256(nearest_of_256(color))) == nearest, color
    assert all(color_of_256(nearest_of_256(color_of_256(number))) == color_of_256(number) for number in range(16, 256))


def test_greys_keep_their_order() -> None:
    levels = [color_of_256(nearest_of_256((level, level, level)))[0] for level in range(256)]
    assert levels == sorted(levels)
    assert max(abs(shown - level) for level, shown in enumerate(levels)) <= 8


@pytest.mark.parametrize(
    ("depth", "code"),
    [
        (ColorDepth.TRUE, "\x1b[38;2;86;180;233m"),
        (ColorDepth.PALETTE, "\x1b[38;5;74m"),
        (ColorDepth.SIXTEEN, "\x1b[36m"),
        (ColorDepth.NONE, ""),
    ],
)
def test_a_color_is_written_in_the_depth_of_the_terminal(depth: ColorDepth, code: str) -> None:
    assert between(PLAIN, changed_by(PLAIN, "38;2;86;180;233", depth)) == code
    assert nearest_of_16((250, 5, 5)) == 9


def test_a_true_color_that_the_palette_has_takes_the_shorter_code() -> None:
    assert between(PLAIN, changed_by(PLAIN, "1;38;2;95;215;215;48;2;0;0;1", ColorDepth.TRUE)) == (
        "\x1b[1;38;5;80;48;2;0;0;1m"
    )


def test_a_style_changes_by_the_shortest_code() -> None:
    bold_red = changed_by(PLAIN, "1;31", ColorDepth.TRUE)
    assert between(bold_red, changed_by(bold_red, "32", ColorDepth.TRUE)) == "\x1b[32m"
    assert between(bold_red, changed_by(bold_red, "22", ColorDepth.TRUE)) == "\x1b[22m"
    assert between(bold_red, PLAIN) == "\x1b[m"
    assert between(bold_red, bold_red) == ""
