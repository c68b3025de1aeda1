"""The strongest finding stands on the overview, in a panel or in one line."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from fitmon.engine.finding import Finding
from fitmon.text.rows import text_of, width_of
from fitmon.tui.drawing.meaning import draw_line, draw_meaning
from fitmon.tui.frame import Frame
from tests.tui.fake_run import CLASS_MISSING, OVERFITTING, RATE_TOO_HIGH, TOO_EARLY, FakeRun, shown

SENTENCE = "overfitting since epoch 2: val loss +18% while train −61%"
REMEDY = "[a 1] rewind to epoch 2 with dropout 0.3"


def picture(*findings: Finding, run: FakeRun | None = None, **seen: Any) -> Frame:
    facts: dict[str, Any] = {"name": "x", "threshold": 0.5, "log_scale": False, "frozen": False, "notice": ""}
    snapshot = (run or FakeRun().begin().found(9, *findings)).snapshot()
    return Frame(snapshot=snapshot, phase_seconds=0.0, **(facts | seen))


def panel(*findings: Finding, width: int = 60, height: int = 9, **seen: Any) -> str:
    lines = [text_of(line).strip("│╭╮╰╯ ─") for line in draw_meaning(picture(*findings, **seen), width, height)]
    return " ".join(line for line in lines if line).replace("\u00a0", " ")


def line(*findings: Finding, width: int = 120, **seen: Any) -> str:
    return text_of(draw_line(picture(*findings, **seen), width)).strip()


def test_the_panel_shows_the_finding_its_confidence_and_its_remedies() -> None:
    said = panel(OVERFITTING, CLASS_MISSING, RATE_TOO_HIGH)
    assert said == (
        f"diagnosis  97% sure {SENTENCE} → {REMEDY} Validation loss falls for some epochs more, and training loss "
        "falls slower. also class missing, learning rate too high · 9 shows all"
    )


def test_a_finding_of_the_data_is_called_by_its_name_too() -> None:
    assert "class missing: The validation set has no class 2" in panel(CLASS_MISSING)


def test_without_room_the_text_is_visibly_cut_the_expectation_first() -> None:
    assert "Validation loss falls" not in panel(OVERFITTING, CLASS_MISSING, height=6)
    long = msgspec.structs.replace(OVERFITTING, sentence="overfitting " * 40)
    for height in range(4, 12):
        said = panel(long, CLASS_MISSING, height=height)
        assert "…" in said
        assert "→ [a 1] rewind" in said


@pytest.mark.parametrize("width", [1, 5, 20, 40, 58, 120, 300])
@pytest.mark.parametrize("height", [0, 1, 2, 3, 4, 6, 9])
def test_the_panel_draws_within_its_size(width: int, height: int) -> None:
    for findings in ((), (TOO_EARLY,), (OVERFITTING, CLASS_MISSING, RATE_TOO_HIGH)):
        rows = draw_meaning(picture(*findings), width, height)
        assert len(rows) <= height
        assert all(width_of(each) <= max(width, 2) for each in rows)


@pytest.mark.parametrize(
    ("width", "said"),
    [
        (120, f"{SENTENCE} · {REMEDY}"),
        (80, f"{SENTENCE} · [a] suggestions"),
        (66, SENTENCE),
        (40, "overfitting since epoch 2: val loss…"),
    ],
)
def test_the_line_shows_as_much_as_fits(width: int, said: str) -> None:
    assert line(OVERFITTING, width=width) == said


def test_a_key_is_shown_only_if_it_has_an_effect() -> None:
    assert "[a" not in line(OVERFITTING, read_only=True)
    assert "[a" not in line(OVERFITTING, no_rewind="this run is not kept on the disk")
    assert line(CLASS_MISSING).endswith("· train a smaller model")


def test_before_the_first_epoch_has_ended_no_finding_is_shown() -> None:
    assert (
        line(run=FakeRun().begin()) == "nothing found in the data; findings about training appear after the first epoch"
    )
    assert line() == "no findings as of epoch 9"
    assert line(TOO_EARLY) == TOO_EARLY.sentence
    assert "sure" not in panel(TOO_EARLY)


async def test_the_overview_shows_it_at_every_size_and_a_terminal_too_small_for_panels_names_it() -> None:
    async with shown(FakeRun().begin().found(9, OVERFITTING)) as screen:
        for size in ((120, 40), (100, 28), (80, 24), (40, 10)):
            await screen.pilot.resize_terminal(*size)
            await screen.until(lambda size=size: len(screen.rows) == size[1])  # type: ignore[misc]
            await screen.sees("overfitting since epoch 2: val loss")
        await screen.pilot.resize_terminal(39, 5)
        await screen.sees("training 9/10 · overfitting")


async def test_panels_do_not_move_when_a_finding_appears_or_disappears() -> None:
    run = FakeRun().begin().found(1)
    async with shown(run, size=(120, 40)) as screen:

        def places() -> list[object]:
            return [child.region for child in screen.app.screen.children if child.display]

        before = places()
        run.found(2, OVERFITTING)
        await screen.sees("overfitting since")
        assert places() == before
        run.found(3)
        await screen.misses("overfitting since")
        assert places() == before
