"""Every key answers: where it cannot act it says why in one line, and what to do instead."""

from __future__ import annotations

from typing import Any

import pytest

from fitmon.engine.values import KnobOffer
from fitmon.tui.drawing.key_effects import NO_THRESHOLD, why_no_effect
from fitmon.tui.frame import Frame
from fitmon.tui.keys import KEYS, key_named
from fitmon.tui.layout import View
from fitmon.tui.screens.monitor import MonitorScreen
from tests.tui.fake_run import OVERFITTING, TOO_EARLY, FakeRun, binary_scores, shown

OVER = "the run is over · z continues it from an epoch, with other values or more epochs"
RECORDED = "the run is over · continue it with: fitmon resume mnist-1 --from-epoch EPOCH"
READ_ONLY = "read-only view: keys that change the run are off"
FACTS = {"name": "mnist-1", "threshold": 0.5, "log_scale": False, "frozen": False, "notice": "", "phase_seconds": 0.0}


def answer(key: str, run: FakeRun, **seen: Any) -> str:
    facts: dict[str, Any] = FACTS | seen
    return why_no_effect(key_named(key), Frame(snapshot=run.snapshot(), **facts))


def training() -> FakeRun:
    return FakeRun().begin()


def over() -> FakeRun:
    return FakeRun().begin().epochs(2).ended()


STEERING = [key.id for key in KEYS if key.alive_only]


@pytest.mark.parametrize("key", STEERING)
def test_after_the_end_every_key_that_steers_says_how_to_continue(key: str) -> None:
    assert answer(key, over()) == OVER
    assert answer(key, over(), viewer=True, read_only=True) == RECORDED
    assert answer(key, over(), no_rewind="this run is not saved") == "the run is over, and this run is not saved"


@pytest.mark.parametrize("key", STEERING)
def test_in_a_read_only_view_every_key_that_steers_says_so(key: str) -> None:
    assert answer(key, training(), viewer=True, read_only=True) == READ_ONLY


@pytest.mark.parametrize("key", [key for key in KEYS if key.views], ids=lambda key: key.id)
def test_the_key_of_another_view_says_in_which_view_it_acts(key: Any) -> None:
    elsewhere = next(view for view in View if view not in key.views)
    wanted = f"only in view {int(key.views[0])} ({key.views[0].name.lower()})"
    assert wanted in answer(key.id, training(), view=elsewhere)


SCHEDULED = (KnobOffer(name="learning_rate", value=1e-3, unavailable="a schedule sets it"),)
AWAY = {"viewer": True, "read_only": True}
UNKNOWN_LOSS = {"no_probabilities": "not for this loss: mse", "class_names": ()}


@pytest.mark.parametrize(
    ("key", "run", "seen", "wanted"),
    [
        ("dropout", training(), {}, "dropout cannot be changed: this model has no dropout layer"),
        ("dropout", FakeRun().begin(knobs=SCHEDULED), {}, "this run has no dropout"),
        ("learning_rate", FakeRun().begin(knobs=SCHEDULED), {}, "learning rate cannot be changed: a schedule sets it"),
        ("learning_rate", FakeRun(), {}, "not available until the model is built"),
        ("threshold", FakeRun(), {}, "not available until the model is built"),
        ("threshold", training(), {}, NO_THRESHOLD),
        ("threshold", FakeRun().begin(**UNKNOWN_LOSS), {}, "not for this loss: mse"),
        ("order", training(), {"view": View.SAMPLES}, "no samples yet: they are known after the first validation"),
        ("order", FakeRun().begin(**UNKNOWN_LOSS), {"view": View.SAMPLES}, "not for this loss: mse"),
        ("error", training(), {}, "no error to show"),
        ("remedies", training(), {}, "no findings yet"),
        ("remedies", FakeRun().begin().found(1, TOO_EARLY), {}, "no finding needs action"),
        ("rewind", FakeRun(), {}, "nothing to rewind to before training starts"),
        ("rewind", training(), {"no_rewind": "this run is not saved"}, "this run is not saved"),
        ("rewind", training(), AWAY, READ_ONLY),
        ("rewind", over(), AWAY, RECORDED),
        ("keep", training(), {}, "the model can be exported after the run has ended · x stops it"),
        ("keep", FakeRun().begin().ended(), {}, "no model to export: no epoch was completed"),
        ("keep", over(), AWAY, "export it with: fitmon resume mnist-1 --export FILE.keras"),
    ],
)  # fmt: skip
def test_a_key_with_nothing_to_act_on_says_why(key: str, run: FakeRun, seen: dict[str, Any], wanted: str) -> None:
    assert answer(key, run, **seen) == wanted


@pytest.mark.parametrize("key", [key for key in KEYS if not key.in_dialog], ids=lambda key: key.id)
def test_a_key_that_acts_gives_no_reason_why_not(key: Any) -> None:
    scores = binary_scores(0.6, 0.8, 0.3, 0.7, labels=(1, 1, 0, 0))
    knobs = tuple(KnobOffer(name=name, value=0.5) for name in ("learning_rate", "dropout", "l1", "l2", "batch_size"))
    run = FakeRun().begin(class_names=("no", "yes"), knobs=(*knobs, KnobOffer(name="epochs", value=10)))
    run.epochs(2, scores).found(3, OVERFITTING)
    if key.id in {"keep", "error"}:
        run = run.failed() if key.id == "error" else run.ended()
    assert answer(key.id, run, view=key.views[0] if key.views else View.OVERVIEW) == ""


async def test_the_answer_is_shown_in_the_header_and_no_dialog_opens() -> None:
    run = over()
    async with shown(run, size=(120, 40)) as screen:
        for key in ("space", "l", "x", "b"):
            screen.app.say("")
            await screen.press(key)
            await screen.sees(OVER)
            assert isinstance(screen.app.screen, MonitorScreen)
        assert not run.sent


async def test_a_key_without_a_meaning_is_answered_too() -> None:
    async with shown(training()) as screen:
        await screen.press("Q")
        await screen.sees("no such key: Q · ? lists the keys")


async def test_a_read_only_view_of_a_finished_run_shows_the_suggestions_without_applying_them() -> None:
    run = FakeRun().begin().found(3, OVERFITTING).ended()
    async with shown(run, viewer=True, read_only=True) as screen:
        await screen.sees("(recorded)")
        await screen.press("a")
        await screen.sees("rewind to epoch 2 with dropout 0.3", "(read-only view)")
        await screen.press("1")
        assert not run.sent
