"""The view of all findings: evidence, explanations, remedies, losses scored alike, and what came of changes."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from fitmon.engine import events
from fitmon.engine.diagnosis import rules
from fitmon.engine.diagnosis.rules import explanation_of
from fitmon.engine.finding import Finding, Remedy
from fitmon.engine.measures import Measures
from fitmon.text.rows import text_of, width_of
from fitmon.tui.drawing.findings import draw_findings
from fitmon.tui.drawing.generalization_gap import draw_gap
from fitmon.tui.frame import Frame
from tests.tui.fake_run import CLASS_MISSING, OVERFITTING, RATE_TOO_HIGH, FakeRun, shown

HOSTILE = "\x1b[31mred\x1b]0;title\x07\x9b31m\u202e\r\n\x08"


def rows(run: FakeRun, width: int = 100, **seen: Any) -> list[str]:
    facts: dict[str, Any] = {"name": "x", "threshold": 0.5, "log_scale": False, "frozen": False, "notice": ""}
    picture = Frame(snapshot=run.snapshot(), phase_seconds=0.0, **(facts | seen))
    return [text_of(line).replace("\u00a0", " ").rstrip() for line in draw_findings(picture, width)]


def said(run: FakeRun, width: int = 100, **seen: Any) -> str:
    return re.sub(r"\s+", " ", " ".join(rows(run, width, **seen)))


def three_findings() -> FakeRun:
    return FakeRun().begin().found(9, OVERFITTING, CLASS_MISSING, RATE_TOO_HIGH)


def test_the_strongest_finding_is_first() -> None:
    text = said(three_findings())
    places = [text.index(words) for words in ("overfitting since", "class missing", "learning rate too high")]
    assert places == sorted(places)


def test_a_finding_has_its_epochs_confidence_and_remedies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "explanation_of", lambda _name: "")
    assert rows(FakeRun().begin().found(9, OVERFITTING))[:9] == [
        " overfitting since epoch 2: val loss +18% while train −61%",
        "   epochs 2 to 9 · 97% sure",
        "   → [a 1] rewind to epoch 2 with dropout 0.3",
        "     Validation loss falls for some epochs more, and training loss falls slower.",
        "   → [a 2] stop here and keep the best weights",
        "     The model of epoch 2 remains.",
        "   → train a smaller model",
        "     $ fitmon mnist --units 128",
        "     It can memorise fewer samples.",
    ]


def test_the_cause_of_a_finding_is_explained() -> None:
    assert explanation_of("class_missing") in said(FakeRun().begin().found(9, CLASS_MISSING))


def test_keys_are_shown_only_if_they_have_an_effect() -> None:
    assert "[a" not in said(three_findings(), read_only=True)
    over = said(three_findings().ended())
    assert "[a 1] rewind" in over
    assert "→ stop here and keep the best weights (the run has ended)" in over


def test_losses_scored_alike_are_beside_what_keras_reports() -> None:
    run = FakeRun().begin().found(9, OVERFITTING, loss=0.05, accuracy=0.97, val_loss=0.08, val_accuracy=0.98)
    assert [text_of(line).rstrip() for line in draw_gap(run.snapshot(), 100)][:7] == [
        " comparable losses  epoch 9",
        "                           training  validation       gap",
        "   data loss                 0.0123      0.0712   +0.0589",
        "   accuracy                  0.9980      0.9810   −0.0170",
        "   penalty                   0.0031",
        "   Keras loss                0.0500      0.0800   +0.0300",
        "   Keras accuracy            0.9700      0.9800   +0.0100",
    ]


def test_a_side_that_was_not_measured_is_a_dash_and_nothing_measured_is_no_table() -> None:
    half = FakeRun().begin().found(1, measures=Measures(training_loss=0.5), loss=0.6)
    line = next(line for line in rows(half) if "data loss" in line)
    assert line.split() == ["data", "loss", "0.5000", "–"]
    assert "comparable losses" not in said(FakeRun().begin().found(1, measures=Measures()))


def test_changes_and_their_effects_are_shown() -> None:
    run = FakeRun().begin().found(1, measures=Measures(validation_loss=0.5))
    run.tell(
        events.KnobApplied(
            knob="dropout", requested=0.5, value=0.5, previous=0.3, epoch=2, step=1, because="learning_rate_too_high"
        )
    )
    assert "from epoch 2 against learning rate too high: not known yet" in said(run)
    run.found(2, measures=Measures(validation_loss=0.45))
    assert "dropout 0.3 → 0.5 from epoch 2 against learning rate too high: validation loss 0.5000 → 0.4500" in said(run)
    assert "(−10%) by epoch 2, too early to judge" in said(run)
    run.found(3, measures=Measures(validation_loss=0.4)).found(4, measures=Measures(validation_loss=0.3))
    assert "validation loss 0.5000 → 0.3000 (−40%) by epoch 4" in said(run)
    assert "early to judge" not in said(run)


def test_knobs_changed_at_a_rewind_are_listed_with_it() -> None:
    run = FakeRun().begin()
    for epoch in range(1, 4):
        run.found(epoch, measures=Measures(validation_loss=0.1 * epoch))
    run.tell(events.BranchStarted(branch=2, parent=1, epoch=2, knobs={}))
    run.applied("dropout", 0.5, 0.3, epoch=3).found(3, measures=Measures(validation_loss=0.15))
    text = said(run)
    assert "rewind to the end of epoch 2 as branch 2 with dropout 0.3 → 0.5: validation loss 0.1500 at epoch 3" in text
    assert text.count("dropout 0.3 → 0.5") == 1
    assert "together with" not in text


def test_a_rewind_is_compared_with_the_branch_before_it() -> None:
    run = FakeRun().begin()
    for epoch in range(1, 6):
        run.found(epoch, measures=Measures(validation_loss=0.1 * epoch))
    run.tell(events.BranchStarted(branch=2, parent=1, epoch=2, knobs={}, because="overfitting"))
    for epoch in range(3, 6):
        run.found(epoch, measures=Measures(validation_loss=0.15))
    assert (
        "rewind to the end of epoch 2 as branch 2 against overfitting: validation loss 0.1500 at epoch 5, compared "
        "with 0.5000 in branch 1 (−70%)" in said(run)
    )


@pytest.mark.parametrize("width", [36, 55, 56, 76, 116, 300])
def test_no_row_is_wider_than_the_panel(width: int) -> None:
    facts: dict[str, Any] = {"name": "x", "threshold": 0.5, "log_scale": False, "frozen": False, "notice": ""}
    picture = Frame(snapshot=three_findings().snapshot(), phase_seconds=0.0, **facts)
    for line in draw_findings(picture, width):
        assert width_of(line) <= width + 1


async def test_a_digit_shows_it_and_it_scrolls_where_it_does_not_fit() -> None:
    async with shown(three_findings(), size=(80, 24)) as screen:
        await screen.press("9")
        await screen.sees("findings  1–18 of", "overfitting since epoch 2", "↑ ↓ scroll")
        await screen.press("down", "down")
        await screen.sees("findings  3–20 of")
        await screen.press("end")
        await screen.sees("they are comparable.")
        await screen.press("pageup", "home", "up")
        await screen.sees("findings  1–18 of")
        await screen.press("pagedown")
        await screen.misses("findings  1–18 of")


async def test_a_list_that_fits_does_not_scroll() -> None:
    async with shown(FakeRun().begin().found(1), size=(120, 40)) as screen:
        await screen.press("9", "down", "end")
        await screen.sees("no findings")
        assert "rows" not in screen.text


async def test_foreign_text_is_shown_harmlessly() -> None:
    remedy = Remedy(advice=HOSTILE, expect=HOSTILE, command_line=HOSTILE, changes={"l2": 0.1})
    hostile = Finding(name=HOSTILE, sentence=HOSTILE, epochs=(1, 1), confidence=0.5, remedies=(remedy,))
    run = FakeRun().begin().found(1, hostile)
    async with shown(run) as screen:
        for key in ("1", "9", "a"):
            await screen.press(key)
            await screen.pilot.pause()
            await screen.sees("red")
            assert not [sign for sign in screen.text if sign < " " and sign != "\n"]
            assert not set(screen.text) & {"\x7f", "\x9b", "\u202e"}


def test_two_findings_that_are_equal_but_for_their_confidence_stay_apart() -> None:
    unsure = msgspec.structs.replace(OVERFITTING, confidence=0.6)
    assert said(FakeRun().begin().found(9, unsure)).count("60% sure") == 1
