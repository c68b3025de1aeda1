"""Knobs typed in one line are read, or it is said what is wanted."""

from __future__ import annotations

import pytest

from fitmon.engine.errors import UsageError
from fitmon.engine.record.snapshot import KnobState
from fitmon.tui.typed_changes import check_epochs, example, parse_changes


def knob(name: str, unavailable: str = "") -> KnobState:
    return KnobState(name=name, value=0.1, pending=None, pending_epoch=None, unavailable=unavailable)


OFFERED = (
    knob("learning_rate"),
    knob("dropout", "this model has none"),
    knob("l2"),
    knob("batch_size"),
    knob("epochs"),
)


@pytest.mark.parametrize(
    ("typed", "changes"),
    [
        ("", {}),
        ("   ", {}),
        ("l2=1e-4", {"l2": 1e-4}),
        ("l2=1e-4 epochs=8", {"l2": 1e-4, "epochs": 8}),
        ("  batch_size = 32   L2= 0 ", {"batch_size": 32, "l2": 0}),
        ("learning-rate=5e-4", {"learning_rate": 5e-4}),
        ("LR=5e-4 bs=8", {"learning_rate": 5e-4, "batch_size": 8}),
    ],
)
def test_what_is_typed_is_read(typed: str, changes: dict[str, float]) -> None:
    assert parse_changes(typed, OFFERED) == changes


@pytest.mark.parametrize(
    ("typed", "refusal"),
    [
        ("0.5", "Expected changes such as learning_rate=5e-4 l2=1e-4 batch_size=128; received '0.5'."),
        ("threshold=0.5", "Unknown knob 'threshold'. Choose from learning_rate,"),
        ("=0.5", "Unknown knob ''"),
        ("dropout=0.5", "dropout cannot be changed: this model has none."),
        ("l2=", "Expected l2 to be a number at least 0 and at most 1000, such as 1e-4; received ''."),
        ("l2=-1", "Expected l2 to be a number at least 0"),
        ("l2=1,5", "Expected l2 to be a number"),
        ("l2=nan", "Expected l2 to be a number"),
        ("epochs=2.5", "Expected epochs to be a whole number"),
        ("l2=1 l2=2", "l2 is given twice. Enter it once."),
        ("l2=1=2", "Expected l2 to be a number"),
    ],
)
def test_invalid_input_is_refused_with_what_is_expected(typed: str, refusal: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_changes(typed, OFFERED)
    assert refusal in str(error.value)


def test_the_example_names_what_this_run_has() -> None:
    assert example(OFFERED, 1) == "learning_rate=5e-4"
    assert "dropout" not in example(OFFERED)
    assert parse_changes(example(OFFERED), OFFERED)


@pytest.mark.parametrize(
    ("changes", "epoch", "then"),
    [({}, 9, 10), ({"epochs": 5}, 4, 3), ({}, 0, 1), ({"l2": 1.0}, 3, None)],
)
def test_an_epoch_that_is_not_the_last_can_be_rewound_to(
    changes: dict[str, float], epoch: int, then: int | None
) -> None:
    check_epochs(changes, epoch, {"epochs": then})


@pytest.mark.parametrize(("changes", "epoch", "then"), [({}, 10, 10), ({"epochs": 4}, 4, 10), ({"epochs": 2}, 4, 10)])
def test_a_rewind_to_the_last_epoch_needs_more_epochs(changes: dict[str, float], epoch: int, then: int) -> None:
    with pytest.raises(UsageError, match=f"Increase them, as in epochs={epoch + 20}"):
        check_epochs(changes, epoch, {"epochs": then})
