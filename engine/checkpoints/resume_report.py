"""Whether a run that goes on can be the same to the last bit: what decides that, compared with what it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitmon.engine.events import RunContinued, RunStarted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fitmon.engine.checkpoints.resume_point import ResumePoint


def continued(resume_point: ResumePoint, started: RunStarted, equal: bool | None) -> RunContinued:
    """Return what is to be told of a run that is taken up.

    Args:
        origin: where it goes on.
        started: with what.
        equal: whether a chunk trained again led to the same bits; None: none was kept.
    """
    facts = None if resume_point.state is None else resume_point.state.facts
    reasons = _known_differences(resume_point, started)
    if equal is False:
        reasons = (*reasons, "a chunk that was trained again gave other numbers")
    at_start = facts is None or (facts.epochs_done, facts.step) == (0, 0)
    if at_start and equal is None:
        proof = "it begins at the start: there is no chunk yet to compare"
    elif resume_point.seen is None:
        proof = "no chunk was kept that could be compared"
    else:
        before, replay = resume_point.seen
        place = f"epoch {before.facts.epochs_done + 1}"
        if replay.last_step is not None:
            place = f"steps {before.facts.step + 1} to {replay.last_step} of {place}"
        proof = f"{place}, trained again, gave {'the same' if equal else 'other'} bits"
    return RunContinued(
        epochs_done=0 if facts is None else facts.epochs_done,
        step=0 if facts is None else facts.step,
        exact=not reasons and (equal is True or at_start),
        reasons=reasons if reasons or equal or at_start else (proof,),
        proof=". ".join((proof, *(damaged.rstrip(".") for damaged in resume_point.damaged))),
    )


def _known_differences(resume_point: ResumePoint, started: RunStarted) -> tuple[str, ...]:
    if resume_point.started is not None:
        return differences(resume_point.started, started)
    return () if resume_point.state is None else ("its journal does not say with what it was trained",)


def differences(before: RunStarted, now: RunStarted) -> tuple[str, ...]:
    """Return what is different from when the run trained last and bears on its numbers, a few words each."""
    return tuple(_differences(before, now))


def _differences(before: RunStarted, now: RunStarted) -> Iterator[str]:
    yield from _changed(before.versions, now.versions)
    if before.device != now.device:
        yield f"device {before.device} → {now.device}"
    if before.jit != now.jit:
        yield "XLA is on now and was off" if now.jit else "XLA is off now and was on"
    yield from _changed(before.flags, now.flags)


def _changed(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for name in sorted({*before, *now}):
        if before.get(name) != now.get(name):
            yield f"{name} {before.get(name, 'not set')} → {now.get(name, 'not set')}"
