"""Reports whether a resumed run computes the same bits: compares versions, device and flags, and the replay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitmon.engine.events import RunResumed, RunStarted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fitmon.engine.checkpoints.resume_point import ResumePoint


def resume_event(resume_point: ResumePoint, started: RunStarted, equal: bool | None) -> RunResumed:
    """Return the event that reports how a run is resumed.

    Args:
        resume_point: where it is resumed.
        started: with which versions, device and flags.
        equal: whether a replayed stretch led to the same bits; None: none was kept.
    """
    facts = None if resume_point.state is None else resume_point.state.facts
    reasons = _known_differences(resume_point, started)
    if equal is False:
        reasons = (*reasons, "a replayed chunk gave different numbers")
    at_start = facts is None or (facts.epochs_done, facts.step) == (0, 0)
    if at_start and equal is None:
        proof = "it starts from the beginning: there is no chunk yet to compare"
    elif resume_point.replay is None:
        proof = "no chunk was kept to compare"
    else:
        before, target = resume_point.replay
        place = f"epoch {before.facts.epochs_done + 1}"
        if target.last_step is not None:
            place = f"steps {before.facts.step + 1} to {target.last_step} of {place}"
        proof = f"replaying {place} gave {'the same' if equal else 'different'} bits"
    return RunResumed(
        epochs_done=0 if facts is None else facts.epochs_done,
        step=0 if facts is None else facts.step,
        exact=not reasons and (equal is True or at_start),
        reasons=reasons if reasons or equal or at_start else (proof,),
        proof=". ".join((proof, *(damaged.rstrip(".") for damaged in resume_point.damaged))),
    )


def _known_differences(resume_point: ResumePoint, started: RunStarted) -> tuple[str, ...]:
    if resume_point.started is not None:
        return differences(resume_point.started, started)
    return () if resume_point.state is None else ("its journal does not say how it was trained",)


def differences(before: RunStarted, now: RunStarted) -> tuple[str, ...]:
    """Return the differences that may change the numbers, a few words each."""
    return tuple(_differences(before, now))


def _differences(before: RunStarted, now: RunStarted) -> Iterator[str]:
    yield from _changed(before.versions, now.versions)
    if before.device != now.device:
        yield f"device {before.device} → {now.device}"
    if before.jit != now.jit:
        yield "XLA off → on" if now.jit else "XLA on → off"
    yield from _changed(before.flags, now.flags)


def _changed(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for name in sorted({*before, *now}):
        if before.get(name) != now.get(name):
            yield f"{name} {before.get(name, 'not set')} → {now.get(name, 'not set')}"
