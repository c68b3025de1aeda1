"""Remedies with values for this run: each changes a knob that the model has, within its range, or gives advice."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import structs

from fitmon.engine.diagnosis.command_line import command_line
from fitmon.engine.diagnosis.evidence import Evidence
from fitmon.engine.finding import Remedy
from fitmon.engine.knobs.catalogue import KNOBS

FIRST_DROPOUT, HIGH_DROPOUT, HIGHEST_DROPOUT = 0.3, 0.5, 0.7
FIRST_L2 = 1e-4
MORE_WEIGHTS, FEWER_WEIGHTS = 4, 4
MODEL_SIZE, LAYERS, FEATURES, RELU = "model size", "layers", "features", "relu"
"""What advice may raise or lower besides knobs; see `Remedy.raises`."""


def present(remedies: Iterable[Remedy | None]) -> tuple[Remedy, ...]:
    """Return the remedies that this run allows."""
    return tuple(remedy for remedy in remedies if remedy is not None)


def with_rate(evidence: Evidence, factor: float, expect: str, *, rewind_to: int | None = None) -> Remedy | None:
    """Return the rate times a factor; None where the model has no such knob.

    Args:
        evidence: of the run under way.
        factor: 0.5 halves it.
        expect: see `Remedy.expect`.
        rewind_to: the epoch to rewind to first, 0 for the untrained model; None, or a run without checkpoints: continue
            from here.
    """
    knob = "learning_rate" if evidence.knob("learning_rate") is not None else "learning_rate_factor"
    rate = evidence.knob(knob)
    if rate is None or not (value := _changed(knob, rate * factor)):
        return None
    word = "lower" if factor < 1 else "raise"
    what = f"{word} the learning rate{' factor' if knob != 'learning_rate' else ''} from {rate:g} to {value:g}"
    return _change(evidence, what, expect, {knob: value}, rewind_to)


def with_rate_in_new_run(evidence: Evidence, factor: float, expect: str) -> Remedy | None:
    """Return the rate times a factor in a new run: the current weights are useless. None: no single rate."""
    rate = evidence.knob("learning_rate")
    if rate is None or not (value := _changed("learning_rate", rate * factor)):
        return None
    advice = f"start a new run with learning rate {value:g} instead of {rate:g}"
    line = command_line(evidence.facts, learning_rate=f"{value:g}")
    lowers, raises = (("learning_rate",), ()) if factor < 1 else ((), ("learning_rate",))
    return Remedy(advice=advice, expect=expect, command_line=line, raises=raises, lowers=lowers)


def more_dropout(evidence: Evidence, rewind_to: int | None = None) -> Remedy | None:
    """Return the next dropout worth trying; None where the model has no dropout, or much already."""
    rate = evidence.knob("dropout")
    if rate is None or rate >= HIGHEST_DROPOUT:
        return None
    steps = (FIRST_DROPOUT, HIGH_DROPOUT, HIGHEST_DROPOUT)
    value = next(step for step in steps if rate < step)
    expect = "Training loss falls more slowly; validation loss should stop rising and may fall below its best."
    return _change(evidence, f"raise dropout from {rate:g} to {value:g}", expect, {"dropout": value}, rewind_to)


def less_dropout(evidence: Evidence) -> Remedy | None:
    """Return half the dropout; None where there is none."""
    rate = evidence.knob("dropout")
    if not rate:
        return None
    value = 0.0 if rate <= 0.1 else round(rate / 2, 2)  # noqa: PLR2004 - less has no effect
    expect = "Both losses should fall within a few epochs: the model can use more of its units."
    return _change(evidence, f"lower dropout from {rate:g} to {value:g}", expect, {"dropout": value}, None)


def more_l2(evidence: Evidence, rewind_to: int | None = None) -> Remedy | None:
    """Return a first L2, or ten times the current one; None where the model has no L2, or much already."""
    strength = evidence.knob("l2")
    if strength is None or strength >= 0.1:  # noqa: PLR2004 - with more, few models learn
        return None
    value = _changed("l2", strength * 10) or FIRST_L2
    expect = "Weights stay small: the gap narrows, and training loss ends higher. With too much, both losses rise."
    return _change(evidence, f"raise L2 from {strength:g} to {value:g}", expect, {"l2": value}, rewind_to)


def less_penalty(evidence: Evidence, rewind_to: int | None = None) -> Remedy | None:
    """Return a tenth of L1 and L2; None where there is neither."""
    changes = {
        name: float(f"{value / 10:.3g}") for name in ("l1", "l2") if (value := evidence.knob(name)) and value > 0
    }
    if not changes:
        return None
    words = " and ".join(f"{name.upper()} from {evidence.knob(name):g} to {value:g}" for name, value in changes.items())
    expect = "The weights can grow: both losses should fall within a few epochs."
    return _change(evidence, f"lower {words}", expect, changes, rewind_to)


def larger_batch(evidence: Evidence) -> Remedy | None:
    """Return twice the batch size; None where a batch would be more than a tenth of the samples."""
    size, samples = evidence.knob("batch_size"), evidence.facts.training_samples
    if size is None or not samples or 20 * size > samples:
        return None
    value = float(2 * int(size))
    expect = "Each step averages over more samples: the curves become smoother, and an epoch has half as many steps."
    return _change(evidence, f"raise the batch size from {size:g} to {value:g}", expect, {"batch_size": value}, None)


def more_epochs(evidence: Evidence) -> Remedy:
    """Return half as many epochs again."""
    value = min(max(evidence.epochs + 5, round(1.5 * evidence.epochs)), KNOBS["epochs"].maximum)
    expect = "Both losses keep falling until one of them flattens."
    advice = f"train longer: {value:g} epochs instead of {evidence.epochs}"
    return Remedy(advice=advice, expect=expect, changes={"epochs": float(value)})


def stop_here(evidence: Evidence) -> Remedy | None:
    """Return stopping the run; None where all epochs are done, or there is no best one."""
    best = evidence.best_epoch()
    if evidence.epoch >= evidence.epochs or best is None:
        return None
    expect = f"The run ends; the weights of epoch {best}, the best so far, are kept."
    return Remedy(advice=f"stop here and keep the best weights, of epoch {best}", expect=expect, stop=True)


def fewer_units(evidence: Evidence) -> Remedy | None:
    """Return a smaller model for a new run; None where the widths are not known or small already."""
    widths = evidence.facts.hidden_units
    if not widths or max(widths) < 2 * FEWER_WEIGHTS:
        return None
    smaller = tuple(max(2, width // FEWER_WEIGHTS) for width in widths)
    expect = "A smaller model can memorize less; if training loss ends high too, it is too small."
    return structs.replace(_units(evidence, "try fewer parameters", smaller, expect), lowers=(MODEL_SIZE,))


def more_units(evidence: Evidence) -> Remedy | None:
    """Return a larger model for a new run; None where it is very large already."""
    widths = evidence.facts.hidden_units
    larger = tuple(max(8, width * MORE_WEIGHTS) for width in widths) or (32,)
    if max(larger) > 4096:  # noqa: PLR2004 - larger is no useful advice
        return None
    expect = "Training loss should fall clearly below its current value."
    return structs.replace(_units(evidence, "try more units", larger, expect), raises=(MODEL_SIZE,))


def another_layer(evidence: Evidence) -> Remedy | None:
    """Return the same widths and one more layer; None where the widths are not known."""
    widths = evidence.facts.hidden_units
    if not widths:
        return None
    expect = "A deeper model is more flexible; check whether training loss falls further."
    deeper = _units(evidence, "try one more layer", (*widths, max(8, widths[-1])), expect)
    return structs.replace(deeper, raises=(MODEL_SIZE, LAYERS))


def advice(what: str, expect: str, *, raises: tuple[str, ...] = (), lowers: tuple[str, ...] = ()) -> Remedy:
    """Return something that needs more than a command; see `Remedy.raises`."""
    return Remedy(advice=what, expect=expect, raises=raises, lowers=lowers)


def _units(evidence: Evidence, what: str, widths: tuple[int, ...], expect: str) -> Remedy:
    units = ",".join(map(str, widths))
    line = command_line(evidence.facts, units=units)
    return Remedy(advice=f"{what} in a new run, widths {units}", expect=expect, command_line=line)


def _changed(knob: str, value: float) -> float | None:
    """Return a value with three digits, bounded by the knob's range; None where it is 0."""
    rounded = min(float(f"{value:.3g}"), KNOBS[knob].maximum)
    return rounded or None


def _change(evidence: Evidence, what: str, expect: str, changes: dict[str, float], rewind_to: int | None) -> Remedy:
    if rewind_to is None or not evidence.can_rewind or rewind_to >= evidence.epoch:
        return Remedy(advice=what, expect=expect, changes=changes)
    place = f"epoch {rewind_to}" if rewind_to else "the untrained model"
    return Remedy(advice=f"rewind to {place} and {what}", expect=expect, changes=changes, rewind_to=rewind_to)
