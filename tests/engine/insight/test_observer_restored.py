"""The state of one observer restored in another: both must be identical from then on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fitmon.engine.arrays import Arrays
from fitmon.engine.checkpoints.checkpoint import read_checkpoint, write_checkpoint
from fitmon.engine.checkpoints.random_state import RandomState
from fitmon.engine.checkpoints.state import CheckpointFacts, TrainingState
from fitmon.engine.errors import DataError
from fitmon.engine.insight.history import MAX_EPOCHS, STACKED_EPOCHS
from fitmon.engine.insight.observer import Observation, Observer
from fitmon.engine.insight.scores import SampleScores, score_probabilities
from fitmon.engine.knobs.saved_knobs import SavedKnobs

SAMPLES = 12
STANDARD = {np.dtype(kind) for kind in ("bool", "int32", "int64", "float16", "float32", "float64")}
Observe = Callable[[Observer, int], Observation]


def _random(epoch: int, *shape: int) -> Any:
    return np.random.default_rng(epoch).random(shape, dtype=np.float32)


def _losses(scores: SampleScores) -> SampleScores:
    with np.errstate(divide="ignore"):
        return replace(scores, losses=-np.log(scores.probability_true))


def two_classes(observer: Observer, epoch: int) -> Observation:
    labels = np.arange(SAMPLES) % 2
    return observer.observe(_losses(score_probabilities(_random(epoch, SAMPLES), labels)), epoch)


def two_classes_with_penalty_and_weights(observer: Observer, epoch: int) -> Observation:
    scores = _losses(score_probabilities(_random(epoch, SAMPLES), np.arange(SAMPLES) % 2))
    return observer.observe(replace(scores, weights=_random(99, SAMPLES)), epoch, penalty=0.1 / (epoch + 3))


def several_classes(observer: Observer, epoch: int) -> Observation:
    matrix = _random(epoch, SAMPLES, 3)
    matrix /= matrix.sum(axis=1, keepdims=True)
    scores = _losses(score_probabilities(matrix, np.arange(SAMPLES) % 3))
    return observer.observe(scores, epoch, probabilities=matrix)


def several_labels(observer: Observer, epoch: int) -> Observation:
    scores = score_probabilities(_random(epoch, SAMPLES), np.arange(SAMPLES) % 2)
    return observer.observe(replace(scores, labels=3), epoch)


def with_nan(observer: Observer, epoch: int) -> Observation:
    probabilities = _random(epoch, SAMPLES)
    probabilities[epoch % SAMPLES] = probabilities[3] = np.nan
    return observer.observe(_losses(score_probabilities(probabilities, np.arange(SAMPLES) % 2)), epoch)


def with_losses_now_and_then(observer: Observer, epoch: int) -> Observation:
    scores = score_probabilities(_random(epoch, SAMPLES), np.arange(SAMPLES) % 2)
    return observer.observe(scores if epoch % 3 else _losses(scores), epoch)


KINDS = [
    two_classes,
    two_classes_with_penalty_and_weights,
    several_classes,
    several_labels,
    with_nan,
    with_losses_now_and_then,
]
every_kind = pytest.mark.parametrize("observe", KINDS)


def _parts(value: object) -> Iterator[object]:
    """Yield everything in a value, arrays as dtype, shape and bytes."""
    if isinstance(value, np.ndarray):
        yield value.dtype, value.shape, value.tobytes()
    elif isinstance(value, tuple | list):
        yield len(value)
        for item in value:
            yield from _parts(item)
    elif is_dataclass(value):
        for field in fields(value):
            yield field.name
            yield from _parts(getattr(value, field.name))
    else:
        yield value


def _is_same(one: object, other: object) -> bool:
    return list(_parts(one)) == list(_parts(other))


def _observer() -> Observer:
    return Observer(SAMPLES, threshold=0.4)


def _restored(observer: Observer) -> tuple[Observer, Observation | None]:
    other = _observer()
    return other, other.restore(observer.arrays())


@every_kind
def test_an_observer_restored_at_any_epoch_equals_one_that_never_stopped(observe: Observe) -> None:
    steady = _observer()
    stopped: list[Observer] = []
    for epoch in range(8):
        told = observe(steady, epoch)
        assert all(_is_same(observe(other, epoch), told) for other in stopped)
        other, again = _restored(steady)
        assert _is_same(again, told)
        stopped.append(other)


@every_kind
def test_what_follows_from_an_observation_is_the_same_too(observe: Observe) -> None:
    steady = _observer()
    for epoch in range(5):
        told = observe(steady, epoch)
    _, again = _restored(steady)
    assert again is not None
    assert repr(again.movement) == repr(told.movement)
    assert _is_same(again.context, told.context)


@pytest.mark.parametrize("stop", [MAX_EPOCHS - 1, MAX_EPOCHS, MAX_EPOCHS + 1, MAX_EPOCHS + 2, 2 * MAX_EPOCHS + 7])
def test_more_epochs_than_the_history_keeps_are_thinned_out_as_before(stop: int) -> None:
    steady = _observer()
    for epoch in range(stop):
        told = with_losses_now_and_then(steady, epoch)
    other, again = _restored(steady)
    assert _is_same(again, told)
    for epoch in range(stop, stop + MAX_EPOCHS):
        told, again = with_losses_now_and_then(steady, epoch), with_losses_now_and_then(other, epoch)
        assert _is_same(again.history, told.history)
    assert _is_same(again, told)


def _state(arrays: Arrays) -> TrainingState:
    facts = CheckpointFacts(epochs_done=1, seed=3, batch_size=4, epochs=9)
    nothing_drawn = RandomState(python=(3, (), None), numpy=None, keras=None)
    return TrainingState(facts=facts, knobs=SavedKnobs(), random=nothing_drawn, variables={}, others=arrays)


def test_a_checkpoint_on_disk_has_everything(tmp_path: Path) -> None:
    steady, other = _observer(), _observer()
    for epoch in range(STACKED_EPOCHS + 3):
        told = several_classes(steady, epoch)
    path = write_checkpoint(tmp_path, _state(steady.arrays()))
    assert _is_same(other.restore(read_checkpoint(path).others), told)
    for later in range(epoch + 1, epoch + 4):
        assert _is_same(several_classes(other, later), several_classes(steady, later))
        assert _is_same(list(other.arrays().items()), list(steady.arrays().items()))


def test_saving_an_observer_at_every_epoch_changes_nothing() -> None:
    read, left_alone = _observer(), _observer()
    for epoch in range(2 * MAX_EPOCHS + 40):
        read.arrays()
        told, again = with_losses_now_and_then(left_alone, epoch), with_losses_now_and_then(read, epoch)
    assert _is_same(again, told)


def test_an_observer_rewound_to_an_earlier_epoch_continues_from_there() -> None:
    steady = _observer()
    for epoch in (0, 1, 2, 3, 4, 5):
        two_classes(steady, epoch)
    two_classes(steady, 3)
    other, _ = _restored(steady)
    for epoch in (4, 5, 6):
        assert _is_same(two_classes(other, epoch), two_classes(steady, epoch))


@every_kind
def test_an_observer_is_restored_to_an_earlier_epoch(observe: Observe) -> None:
    steady, straight = _observer(), _observer()
    for epoch in range(7):
        told = observe(steady, epoch)
        if epoch == 2:
            arrays, then = steady.arrays(), told
    assert _is_same(steady.restore(arrays), then)
    for epoch in range(3):
        observe(straight, epoch)
    for epoch in (3, 4):
        assert _is_same(observe(steady, epoch), observe(straight, epoch))


def test_an_empty_observer_is_restored_empty() -> None:
    used = _observer()
    two_classes(used, 1)
    assert used.restore(_observer().arrays()) is None
    assert _is_same(two_classes(used, 1), two_classes(_observer(), 1))


@every_kind
def test_saved_arrays_never_change(observe: Observe) -> None:
    observer = _observer()
    taken: list[tuple[Arrays, list[object]]] = []
    for epoch in range(40):
        observe(observer, epoch)
        arrays = observer.arrays()
        taken.append((arrays, list(_parts(list(arrays.values())))))
    observer.restore(taken[5][0])
    observe(observer, 6)
    assert all(list(_parts(list(arrays.values()))) == parts for arrays, parts in taken)


@every_kind
def test_saved_arrays_are_plain(observe: Observe) -> None:
    observer = _observer()
    for epoch in range(4):
        observe(observer, epoch)
    arrays = observer.arrays()
    assert all(name.startswith("observer/") for name in arrays)
    assert {array.dtype for array in arrays.values()} <= STANDARD
    assert sum("true_class" in name for name in arrays) == 1


def test_the_history_is_not_copied_whole_at_each_epoch() -> None:
    observer = _observer()
    for epoch in range(3 * STACKED_EPOCHS):
        two_classes(observer, epoch)
        before = observer.arrays()
    two_classes(observer, epoch + 1)
    after = observer.arrays()
    for number in range(3):
        name = f"observer/history/probability_true/{number}"
        assert after[name] is before[name]


def _refused(arrays: Arrays) -> None:
    """Check that an observer with another state refuses arrays and does not change."""
    observer, untouched = _observer(), _observer()
    for one in (observer, untouched):
        two_classes(one, 0)
        two_classes(one, 1)
    with pytest.raises(DataError):
        observer.restore(arrays)
    assert _is_same(two_classes(observer, 2), two_classes(untouched, 2))


@every_kind
def test_damaged_arrays_are_refused_whole(observe: Observe) -> None:
    source = _observer()
    for epoch in range(5):
        observe(source, epoch)
    arrays = source.arrays()
    for name, array in arrays.items():
        _refused({other: arrays[other] for other in arrays if other != name})
        _refused(arrays | {name: array.astype(np.float64 if array.dtype != np.float64 else np.float32)})
        _refused(arrays | {name: array[None]})
        if array.ndim:
            _refused(arrays | {name: np.concatenate([array, array[:1]])})
    _refused(arrays | {"observer/more": np.zeros(3)})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("epoch", np.array(-1), id="an epoch below 0"),
        pytest.param("scores/labels", np.array(0), id="no label"),
        pytest.param("history/stride", np.array(0), id="no distance between epochs"),
        pytest.param("history/epochs", np.array([0, 1, 3, 2, 4]), id="epochs that do not rise"),
    ],
)
def test_impossible_numbers_are_refused(name: str, value: Any) -> None:
    source = _observer()
    for epoch in range(5):
        two_classes(source, epoch)
    _refused(source.arrays() | {f"observer/{name}": value})


def test_other_samples_are_refused_with_both_numbers() -> None:
    source = _observer()
    two_classes(source, 1)
    with pytest.raises(DataError, match=r"Expected .* 7 validation samples.* received one of 12"):
        Observer(7, 0.4).restore(source.arrays())


def test_an_error_names_the_validation_samples_as_what_is_damaged() -> None:
    source = _observer()
    two_classes(source, 1)
    damaged = source.arrays() | {"observer/scores/margin": np.zeros(3)}
    with pytest.raises(DataError, match=r"about the validation samples is damaged: expected 'observer/scores/margin'"):
        _observer().restore(damaged)


def test_arrays_with_other_names_are_ignored() -> None:
    source = _observer()
    told = two_classes(source, 1)
    assert _is_same(_observer().restore(source.arrays() | {"other/thing": np.zeros(2)}), told)
