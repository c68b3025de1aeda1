"""The footer says what can be done now, the most useful first."""

from __future__ import annotations

from typing import Any

import pytest
from rich.cells import cell_len

from fitmon.engine import events
from fitmon.engine.values import KnobOffer
from fitmon.text.rows import text_of
from fitmon.tui.drawing.footer import draw_footer
from fitmon.tui.frame import Frame
from fitmon.tui.layout import View
from tests.tui.fake_run import OFFERS, OVERFITTING, TOO_EARLY, FakeRun, several_class_scores

ALL_KNOBS = tuple(KnobOffer(name=offer.name, value=0.5) for offer in OFFERS)
STEERING = ("space pause", "x stop")
KNOBS = ("l tune", "r L1/L2", "z rewind", "b batch", "e epochs")
ALWAYS = ("tab view", "h freeze", "? help", "q quit")


def footer(run: FakeRun, width: int = 120, **seen: Any) -> str:
    facts: dict[str, Any] = {"name": "x", "threshold": 0.5, "log_scale": False, "frozen": False, "notice": ""}
    return text_of(draw_footer(Frame(snapshot=run.snapshot(), phase_seconds=0.0, **(facts | seen)), width))


def test_at_120_columns_every_available_key_is_shown() -> None:
    said = footer(FakeRun().begin())
    assert not [hint for hint in (*STEERING, *KNOBS, *ALWAYS, "g log") if hint not in said]


def test_at_120_columns_freeze_is_shown_even_beside_every_knob_and_the_longest_pause() -> None:
    run = FakeRun().begin(class_names=("no", "yes"), knobs=ALL_KNOBS).tell(events.PauseRequested(at="epoch"))
    said = footer(run)
    wanted = {"space pause now", "x stop", "l tune", "z rewind", "t threshold", "d dropout", "r L1/L2", *ALWAYS}
    assert not [hint for hint in wanted if hint not in said]


def test_a_threshold_is_offered_for_two_classes_only() -> None:
    assert "t threshold" in footer(FakeRun().begin(class_names=("no", "yes")))
    assert "threshold" not in footer(FakeRun().begin())


def test_a_knob_is_offered_once_it_is_there_and_only_if_the_model_has_it() -> None:
    assert "l tune" not in footer(FakeRun())
    assert "dropout" not in footer(FakeRun().begin())
    assert "d dropout" in footer(FakeRun().begin(knobs=ALL_KNOBS))


def test_the_rate_is_offered_where_a_factor_of_its_schedule_can_be_changed() -> None:
    offers = (
        KnobOffer(name="learning_rate", value=1e-3, unavailable="it follows a schedule"),
        KnobOffer(name="learning_rate_factor", value=1.0),
    )
    assert "l tune" in footer(FakeRun().begin(knobs=offers))


def test_rewind_is_offered_after_the_end_too_but_only_where_it_is_possible() -> None:
    assert "z rewind" in footer(FakeRun().begin().ended())
    assert "rewind" not in footer(FakeRun())
    assert "rewind" not in footer(FakeRun().begin(), read_only=True)
    assert "rewind" not in footer(FakeRun().begin(), no_rewind="it is not kept")


def test_of_a_run_that_is_over_only_the_view_can_be_changed() -> None:
    said = footer(FakeRun().begin().ended())
    assert not [hint for hint in (*STEERING, *KNOBS, "f error") if hint in said and hint != "z rewind"]
    assert not [hint for hint in ALWAYS if hint not in said]


def test_the_error_is_offered_after_a_failure_alone() -> None:
    assert "f error" in footer(FakeRun().begin().failed())
    assert "f error" not in footer(FakeRun().begin())


def test_a_frozen_view_offers_unfreeze() -> None:
    assert "h unfreeze" in footer(FakeRun().begin(), frozen=True)


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 200])
def test_hints_are_whole_and_fit_every_width(width: int) -> None:
    whole = footer(FakeRun().begin(knobs=ALL_KNOBS), 500).split("  ")
    said = footer(FakeRun().begin(knobs=ALL_KNOBS), width)
    assert set(said.split("  ")) <= set(whole)
    assert cell_len(said) < width


def test_a_narrow_footer_shows_pause_stop_and_quit() -> None:
    assert footer(FakeRun().begin(), 40) == " space pause  x stop  ? help  q quit"


def test_at_80_columns_the_keys_of_the_views_are_shown() -> None:
    assert "tab view" in footer(FakeRun().begin(knobs=ALL_KNOBS), 80)


def test_without_probabilities_no_key_of_theirs_is_offered() -> None:
    run = FakeRun().begin(class_names=("no", "yes"), no_probabilities="not for this loss: mse knows no probabilities")
    for view in (View.THRESHOLD, View.SAMPLES):
        text = footer(run, 120, view=view)
        assert not [words for words in ("threshold", "m best", "s sort", "w write") if words in text]


def test_remedies_are_offered_while_a_finding_has_some() -> None:
    assert "a suggestions" in footer(FakeRun().begin().found(3, OVERFITTING))
    assert "a suggestions" in footer(FakeRun().begin().found(3, OVERFITTING), 80)
    assert "suggestions" not in footer(FakeRun().begin().found(3, TOO_EARLY))


def test_export_is_offered_once_the_run_is_over_if_a_process_can_write_the_model() -> None:
    over = FakeRun().begin().found(3).ended()
    assert "k export" in footer(over)
    assert "k export" not in footer(over, no_rewind="it is not kept")
    assert "k export" not in footer(over, read_only=True)
    assert "k export" not in footer(FakeRun().begin().found(3))
    assert "k export" not in footer(FakeRun().begin().ended())


def test_in_the_findings_view_the_arrows_scroll() -> None:
    assert "↑ ↓ scroll" in footer(FakeRun().begin(), view=View.FINDINGS)


def test_after_pause_and_stop_come_the_keys_of_the_view() -> None:
    run = FakeRun().begin(knobs=ALL_KNOBS).epochs(2, several_class_scores())
    assert footer(run, 90, view=View.SAMPLES).startswith(
        " space pause  x stop  ↑ ↓ select  enter detail  s sort  n filter"
    )


def test_at_80_columns_the_form_of_all_knobs_is_offered_in_one_word() -> None:
    said = footer(FakeRun().begin(class_names=("no", "yes"), knobs=ALL_KNOBS).found(3, OVERFITTING), 80)
    assert said == " space pause  x stop  tab view  a suggestions  l tune  z rewind  ? help  q quit"
