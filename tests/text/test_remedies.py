"""The remedies of what was found, as a list and as commands."""

from __future__ import annotations

from fitmon.engine.commands import Rewind, SetKnob, Stop
from fitmon.engine.finding import Finding, Remedy
from fitmon.text.remedies import RewindChoices, choices_of, commands_of, threshold_of
from tests.tui.fake_run import (
    CLASS_MISSING,
    FEWER_UNITS,
    HALVE_RATE,
    OVERFITTING,
    RATE_TOO_HIGH,
    REWIND_TO_2,
    STOP_HERE,
    FakeRun,
)


def run() -> FakeRun:
    return FakeRun().begin().found(9, OVERFITTING, CLASS_MISSING, RATE_TOO_HIGH)


def refusals(fake: FakeRun, rewind_choices: RewindChoices | None = None) -> list[str]:
    choices = choices_of(fake.snapshot(), rewind_choices or RewindChoices())
    return [choice.refusal for choice in choices if choice.remedy.applicable]


def test_remedies_of_the_strongest_finding_are_first_and_advice_has_no_digit() -> None:
    choices = choices_of(run().snapshot(), RewindChoices())
    assert [(choice.number, choice.remedy) for choice in choices] == [
        (1, REWIND_TO_2),
        (2, STOP_HERE),
        (None, FEWER_UNITS),
        (None, FEWER_UNITS),
        (3, HALVE_RATE),
    ]


def test_a_tenth_remedy_has_no_digit() -> None:
    many = Finding(name="x", sentence="x", epochs=(1, 1), confidence=1, remedies=(HALVE_RATE,) * 12)
    choices = choices_of(FakeRun().begin().found(1, many).snapshot(), RewindChoices())
    assert [choice.number for choice in choices] == [*range(1, 10), None, None, None]


def test_numbers_have_no_gap_where_a_remedy_cannot_be_applied_now() -> None:
    over = choices_of(run().ended().snapshot(), RewindChoices())
    assert [choice.number for choice in over] == [1, None, None, None, 2]
    not_kept = choices_of(run().snapshot(), RewindChoices(kept={1: {1}}))
    assert [choice.number for choice in not_kept] == [None, 1, None, None, 2]


def test_a_rewind_includes_its_knob_changes() -> None:
    assert commands_of(OVERFITTING, REWIND_TO_2) == (Rewind(epoch=2, changes={"dropout": 0.3}, because="overfitting"),)


def test_knobs_are_changed_one_by_one_the_epochs_first() -> None:
    assert commands_of(RATE_TOO_HIGH, HALVE_RATE) == (
        SetKnob(knob="epochs", value=15, because="learning_rate_too_high"),
        SetKnob(knob="learning_rate", value=5e-4, because="learning_rate_too_high"),
    )


def test_more_epochs_for_a_finished_run_are_a_rewind_to_its_last_epoch() -> None:
    fake = run().train(1, 10).ended()
    chosen = [choice for choice in choices_of(fake.snapshot(), RewindChoices()) if "epochs" in choice.remedy.changes]
    assert [choice.refusal for choice in chosen] == [""]
    (rewind_options,) = commands_of(chosen[0].finding, chosen[0].remedy)
    assert isinstance(rewind_options, Rewind)
    assert (rewind_options.epoch, rewind_options.changes["epochs"]) == (10, 15)
    (refused,) = [
        choice.refusal
        for choice in choices_of(fake.snapshot(), RewindChoices(kept={1: [1, 2]}))
        if "epochs" in choice.remedy.changes
    ]
    assert refused == "epoch 10 has no checkpoint"


def test_an_epoch_that_the_parent_trained_has_the_parent_s_checkpoint() -> None:
    fake = run().train(1, 6).branch(2, 1, 4).train(5, 9)
    fake.found(9, OVERFITTING)
    assert REWIND_TO_2.rewind_to == 2
    assert refusals(fake, RewindChoices(kept={1: [2], 2: [9]}))[0] == ""
    assert refusals(fake, RewindChoices(kept={1: [3], 2: [2]}))[0] == "epoch 2 has no checkpoint"


def test_a_stop_has_a_reason() -> None:
    assert commands_of(OVERFITTING, STOP_HERE) == (Stop(reason="stopped: keep the best weights"),)


def test_a_threshold_changes_the_view_and_sends_no_command() -> None:
    remedy = Remedy(advice="move the threshold", expect="More is found.", changes={"threshold": 0.3})
    assert commands_of(OVERFITTING, remedy) == ()
    assert threshold_of(remedy) == 0.3
    assert threshold_of(REWIND_TO_2) is None


def test_a_run_that_is_over_can_rewind_or_train_more_epochs() -> None:
    assert refusals(run()) == ["", "", ""]
    assert refusals(run().ended()) == ["", "the run has ended", ""]


def test_a_rewind_to_an_epoch_without_a_checkpoint_is_refused() -> None:
    assert refusals(run(), RewindChoices(kept={1: {1, 3}}))[0] == "epoch 2 has no checkpoint"
    assert refusals(run(), RewindChoices(kept={1: {2}}))[0] == ""
    assert refusals(run(), RewindChoices(refusal="it is not kept"))[0] == "it is not kept"
