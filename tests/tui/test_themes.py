"""Every theme can be read on every background."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from unittest.mock import patch

import pytest
from rich.color import Color as RichColor
from rich.style import Style

from fitmon.text.roles import CURVES, Color, Role
from fitmon.tui import themed_app
from fitmon.tui.color_depth import ColorDepth, color_of_256, nearest_of_256
from fitmon.tui.theme_choice import NO_COLORS, ThemeChoice
from fitmon.tui.themes import (
    COLOR_BLIND,
    DARK,
    LIGHT,
    MONO,
    TERMINAL,
    THEMES,
    Theme,
    contrast_between,
    following,
    is_dark,
    theme_named,
)
from tests.tui.fake_run import OVERFITTING, FakeRun, Shown, shown

WHITE, BLACK = (255, 255, 255), (0, 0, 0)
BACKGROUNDS = {
    "unknown": None,
    "black": BLACK,
    "white": WHITE,
    "solarized dark": (0, 43, 54),
    "solarized light": (253, 246, 227),
    "gruvbox": (40, 40, 40),
    "nord": (46, 52, 64),
    "ubuntu": (48, 10, 36),
    "middle grey": (118, 118, 118),
    "light grey": (192, 192, 192),
}


def triplet(color: RichColor | None) -> Color:
    assert color is not None
    assert color.triplet is not None
    return color.triplet


def test_contrast_is_that_of_the_guidelines() -> None:
    assert contrast_between(WHITE, BLACK) == pytest.approx(21)
    assert contrast_between((118, 118, 118), WHITE) == pytest.approx(4.54, abs=0.005)


@pytest.mark.parametrize("theme", [DARK, LIGHT, COLOR_BLIND], ids=lambda theme: theme.name)
@pytest.mark.parametrize("background", BACKGROUNDS.values(), ids=BACKGROUNDS)
def test_every_role_has_its_contrast_in_true_colors_and_in_256(theme: Theme, background: Color | None) -> None:
    ground = theme.ground(background)
    for role, style in theme.styles(background).items():
        if style.color is None:
            assert background is None or not theme.brings_ground(background)
            continue
        exact = triplet(style.color)
        enough = 3.0 if role in CURVES else 4.5
        for color in (exact, color_of_256(nearest_of_256(exact))):
            assert contrast_between(color, ground) >= enough, role
        if style.bgcolor is not None:
            assert triplet(style.bgcolor) == ground


@pytest.mark.parametrize("theme", [DARK, LIGHT, COLOR_BLIND], ids=lambda theme: theme.name)
@pytest.mark.parametrize("background", [None, BLACK, WHITE])
def test_six_curves_have_six_colors(theme: Theme, background: Color | None) -> None:
    styles = theme.styles(background)
    assert len({styles[role] for role in CURVES}) == len(CURVES)
    assert styles[Role.TRAINING] != styles[Role.VALIDATION]


def test_a_theme_brings_a_background_only_where_that_of_the_terminal_does_not_fit() -> None:
    assert [theme.name for theme in THEMES.values() if theme.brings_ground(WHITE)] == ["dark"]
    assert [theme.name for theme in THEMES.values() if theme.brings_ground(BLACK)] == ["light"]
    assert [theme.name for theme in THEMES.values() if theme.brings_ground(None)] == ["light"]
    assert DARK.styles(WHITE)[Role.PLAIN].bgcolor is not None
    assert DARK.styles(BLACK)[Role.PLAIN] == Style.null()


def test_mono_and_terminal_use_no_color_of_their_own() -> None:
    assert all(style.color is None and style.bgcolor is None for style in MONO.styles(WHITE).values())
    used = {style.color.name for style in TERMINAL.styles(WHITE).values() if style.color}
    assert used == {"cyan", "yellow", "magenta", "green", "red", "blue"}


@pytest.mark.parametrize(
    ("name", "depth", "background", "theme"),
    [
        ("auto", ColorDepth.TRUE, None, DARK),
        ("auto", ColorDepth.PALETTE, (30, 30, 30), DARK),
        ("auto", ColorDepth.PALETTE, WHITE, LIGHT),
        ("auto", ColorDepth.SIXTEEN, WHITE, TERMINAL),
        ("auto", ColorDepth.NONE, WHITE, MONO),
        ("light", ColorDepth.TRUE, BLACK, LIGHT),
        ("light", ColorDepth.NONE, None, MONO),
    ],
)
def test_the_theme_fits_the_terminal_unless_one_is_asked_for(
    name: str, depth: ColorDepth, background: Color | None, theme: Theme
) -> None:
    assert theme_named(name, depth, background) is theme


def test_a_key_goes_through_all_themes() -> None:
    seen = [DARK]
    while (theme := following(seen[-1])) is not DARK:
        seen.append(theme)
    assert seen == list(THEMES.values())


class Lamp:
    """A terminal whose background becomes known at some time."""

    def __init__(self) -> None:
        self.color: Color | None = None

    def background(self) -> Color | None:
        return self.color

    def forget_cells(self) -> None:
        """Nothing is known."""


@asynccontextmanager
async def shown_in(environment: dict[str, str], lamp: Lamp, theme: str | None = None) -> AsyncIterator[Shown]:
    """Show a run on a terminal with that environment and background."""

    def choice(app: object, name: str | None, _background: object) -> ThemeChoice:
        return ThemeChoice(app, name, lamp.background, environment)  # type: ignore[arg-type]

    with patch.object(themed_app, "ThemeChoice", choice):
        async with shown(FakeRun().begin().epochs(3).found(4, OVERFITTING), theme=theme) as screen:
            yield screen


def colors_of(screen: Shown, words: str) -> set[tuple[str | None, str | None]]:
    """Return the colors of text and background in which the words stand on the screen."""
    strips = screen.app.screen._compositor.render_strips()
    styles = [segment.style or Style.null() for strip in strips for segment in strip if words in segment.text]
    return {(s.color.name if s.color else None, s.bgcolor.name if s.bgcolor else None) for s in styles}


async def test_the_screen_changes_when_the_terminal_has_told_its_background() -> None:
    lamp = Lamp()
    async with shown_in({"TERM": "xterm-256color"}, lamp) as screen:
        await screen.sees("train 0.2500")
        assert colors_of(screen, "train 0.2500") == {("#5fd7d7", None)}
        lamp.color = WHITE
        screen.app.tick()
        await screen.until(lambda: colors_of(screen, "train 0.2500") == {("#005faf", None)})


async def test_a_key_changes_the_theme_and_says_which_it_is() -> None:
    lamp = Lamp()
    async with shown_in({"TERM": "xterm-256color"}, lamp) as screen:
        await screen.press("T")
        await screen.sees("theme: light, for a light background")
        # On a dark terminal, it brings a background of its own, in dialogs too.
        assert colors_of(screen, "train 0.2500") == {("#005faf", "#eeeeee")}
        await screen.press("l")
        await screen.sees("learning rate")
        assert {ground for _, ground in colors_of(screen, "learning rate")} == {"#eeeeee"}
        await screen.press("escape", *"TTTT")
        await screen.sees("theme: dark")
        assert colors_of(screen, "train 0.2500") == {("#5fd7d7", None)}


async def test_without_colors_there_is_one_theme() -> None:
    async with shown_in({"TERM": "xterm", "NO_COLOR": "1"}, Lamp(), theme="light") as screen:
        assert colors_of(screen, "train 0.2500") == {(None, None)}
        await screen.press("T")
        await screen.sees(NO_COLORS)
        assert screen.app.theme_choice.color_depth is ColorDepth.NONE


@pytest.mark.parametrize(("value", "name"), [("color-blind", "color-blind"), ("no such theme", "dark")])
async def test_the_environment_names_a_theme(value: str, name: str) -> None:
    async with shown_in({"TERM": "xterm-256color", "FITMON_THEME": value}, Lamp()) as screen:
        assert screen.app.theme_choice.theme.name == name


def test_halfway_between_black_and_white_both_can_be_read() -> None:
    halfway = next(level for level in range(256) if not is_dark((level, level, level)))
    for level in (halfway - 1, halfway):
        assert max(contrast_between(ink, (level, level, level)) for ink in (BLACK, WHITE)) >= 4.5
