"""The values of a model's live knobs as a checkpoint keeps them, and how they are put back.

Rates and factors live in variables of the knobs, which no list of Keras's names. The learning rate itself is not here:
it is one of the optimizer's variables. So far nothing else needs these values one by one, so that they are taken from
inside the knobs.
"""
# ruff: noqa: SLF001

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from fitmon.engine.errors import DataError
from fitmon.engine.knobs.dropout import DropoutKnob
from fitmon.engine.knobs.learning_rate import ScheduleKnob
from fitmon.engine.knobs.live_rate import DeferredRate
from fitmon.engine.knobs.penalty import PenaltyKnobs
from fitmon.engine.values import shortest

if TYPE_CHECKING:
    from fitmon.engine.knobs.model_knobs import ModelKnobs

Rate = Annotated[float, msgspec.Meta(ge=0, lt=1)]
Factor = Annotated[float, msgspec.Meta(ge=0)]


class SavedKnobs(msgspec.Struct, frozen=True, kw_only=True):
    """What a model's knobs stand at, layer by layer."""

    rates: tuple[Rate, ...] = ()
    """The dropout rate of each layer whose rate can be turned."""
    raised: bool = False
    """Whether rates that began at 0 in recurrent cells or attention layers were ever above 0: the layers have seeds
    since then."""
    l1: tuple[Factor, ...] = ()
    """The factor of each kernel whose penalty can be turned."""
    l2: tuple[Factor, ...] = ()
    learning_rate_factor: Factor | None = None
    """What the optimizer's schedule is multiplied by; None: there is no schedule."""


def saved_knobs(model_knobs: ModelKnobs | None) -> SavedKnobs:
    """Return the present values; all empty without a panel."""
    rates, (l1, l2), factor = _rates(model_knobs), _penalties(model_knobs), _schedule_factor(model_knobs)
    return SavedKnobs(
        rates=tuple(shortest(rate.read().numpy()) for rate in rates),
        raised=any(_has_seeds(rate) for rate in rates),
        l1=l1,
        l2=l2,
        learning_rate_factor=None if factor is None else shortest(factor.numpy()),
    )


def apply_knob_state(model_knobs: ModelKnobs | None, wanted: SavedKnobs) -> bool:
    """Turn every knob to a value of its own; return whether the compiled step must be traced again to see it.

    Raises DataError, and turns nothing, when the model has other knobs.
    """
    _refuse_other_knobs(saved_knobs(model_knobs), wanted)
    changes = [
        _turn_rate(rate, value, wanted.raised) for rate, value in zip(_rates(model_knobs), wanted.rates, strict=True)
    ]
    for knob in _of_kind(model_knobs, PenaltyKnobs):
        for penalty, l1, l2 in zip(knob._penalties, wanted.l1, wanted.l2, strict=True):
            changes += [penalty.assign("l1", l1), penalty.assign("l2", l2)]
    factor = _schedule_factor(model_knobs)
    if factor is not None:
        factor.assign(wanted.learning_rate_factor)
    return any(changes)


def dropout_seeds(model_knobs: ModelKnobs | None) -> Iterator[Any]:
    """Yield the seed states that dropout draws from; those of layers built with rate 0 are in no list of Keras's."""
    for rate in _rates(model_knobs):
        live = rate._live if isinstance(rate, DeferredRate) else rate
        if live is not None:
            yield live._seed_generator.state


def _refuse_other_knobs(here: SavedKnobs, wanted: SavedKnobs) -> None:
    def kinds(state: SavedKnobs) -> tuple[int, int, int, bool]:
        return len(state.rates), len(state.l1), len(state.l2), state.learning_rate_factor is None

    if kinds(here) != kinds(wanted):
        raise DataError(
            "The checkpoint does not fit this model, and nothing of it was loaded: expected "
            f"{_knobs_in_words(here)}, received {_knobs_in_words(wanted)}."
        )


def _knobs_in_words(state: SavedKnobs) -> str:
    schedule = "no schedule" if state.learning_rate_factor is None else "a schedule"
    return f"{len(state.rates)} dropout rates, {len(state.l1)} penalised kernels and {schedule} of the learning rate"


def _turn_rate(rate: Any, value: float, raised: bool) -> bool:
    """Turn one rate; where it was raised once, also when it is 0 again, the layer gets the seeds it had since then."""
    given_seeds = raised and isinstance(rate, DeferredRate) and not _has_seeds(rate) and rate.assign(0.5)
    changed: bool = rate.assign(value)
    return bool(given_seeds) or changed


def _has_seeds(rate: Any) -> bool:
    return isinstance(rate, DeferredRate) and hasattr(rate._layer, "seed_generator")


def _rates(model_knobs: ModelKnobs | None) -> Sequence[Any]:
    return [rate for knob in _of_kind(model_knobs, DropoutKnob) for rate in knob._rates]


def _penalties(model_knobs: ModelKnobs | None) -> tuple[tuple[float, ...], tuple[float, ...]]:
    penalties = [penalty for knob in _of_kind(model_knobs, PenaltyKnobs) for penalty in knob._penalties]
    return tuple(penalty.value("l1") for penalty in penalties), tuple(penalty.value("l2") for penalty in penalties)


def _schedule_factor(model_knobs: ModelKnobs | None) -> Any | None:
    return next((knob._factor for knob in _of_kind(model_knobs, ScheduleKnob)), None)


def _of_kind(model_knobs: ModelKnobs | None, kind: Any) -> list[Any]:
    return [] if model_knobs is None else [knob for knob in model_knobs._knobs if isinstance(knob, kind)]
