"""Everything known of a run, built from its events. Plain Python: no thread, no Keras, no screen.

`RunRecord.apply` is the only place that lists every event.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, assert_never

import msgspec

from fitmon.engine import events
from fitmon.engine.events import Phase
from fitmon.engine.finding import Finding
from fitmon.engine.measures import measured
from fitmon.engine.record.branch import LEARNING_RATE, SECONDS, BestEpoch, Branch, best_of, better_of
from fitmon.engine.record.chunk_history import ChunkHistory
from fitmon.engine.record.series import Curve, Series
from fitmon.engine.record.snapshot import KnobState, Snapshot
from fitmon.engine.values import KnobOffer, KnobValue

if TYPE_CHECKING:
    from fitmon.engine.insight.observer import Observation
    from fitmon.engine.samples import ValidationSamples

RECENT_EPOCHS = 5
"""The time left is estimated from the median of this many last epochs, so that one slow epoch has little effect."""


@dataclass(slots=True)
class RunRecord:
    """Applies events to what is known."""

    phase: Phase = Phase.WAITING
    phase_detail: str = ""
    started: events.RunStarted | None = None
    epoch: int = 0
    epochs: int = 0
    epochs_done: int = 0
    step: int = 0
    steps: int = 0
    findings: tuple[Finding, ...] = ()
    best: BestEpoch | None = None
    offers: dict[str, KnobOffer] = field(default_factory=dict)
    pending: dict[tuple[str, int], events.KnobRequested] = field(default_factory=dict)
    """Accepted changes that have not taken effect, by knob and epoch."""
    receipts: tuple[events.KnobApplied, ...] = ()
    refusal: events.KnobRefused | None = None
    samples: ValidationSamples | None = None
    observation: Observation | None = None
    pause_requested: str = ""
    paused: events.RunPaused | None = None
    non_finite: events.LossBecameNonFinite | None = None
    ending: events.RunEnded | events.RunFailed | None = None
    branch: int = 1
    branch_parent: int | None = None
    branch_from_epoch: int = 0
    branch_because: str = ""
    other_branches: dict[int, Branch] = field(default_factory=dict)
    rewind_refusal: events.RewindRefused | None = None
    resumed: events.RunResumed | None = None
    disk_trouble: str = ""
    disk_trouble_epoch: int = 0
    detached: str = ""
    export: events.ModelExported | events.ExportFailed | None = None
    _version: int = 0
    _metrics: dict[str, Series] = field(default_factory=dict)
    _measures: dict[str, Series] = field(default_factory=dict)
    _per_epoch: dict[str, Series] = field(default_factory=dict)
    _chunks: dict[str, Series] = field(default_factory=dict)
    _past_chunks: ChunkHistory = field(default_factory=ChunkHistory)
    _resumed_step: int = 0
    """Steps of the next epoch to start that a previous process trained."""
    _paced_steps: int = 0
    _paced_seconds: float = 0.0
    _traced_seconds: float = 0.0
    _epoch_seconds: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT_EPOCHS))

    def apply(self, event: events.Event) -> None:  # noqa: C901, PLR0912 - a flat list, one line per event
        """Apply one event; events must come in the order in which they happened."""
        self._version += 1
        match event:
            case events.PhaseChanged():
                self._apply_phase(event)
            case events.RunStarted():
                self._apply_started(event)
            case events.EpochStarted():
                self._apply_epoch_started(event)
            case events.ChunkEnded():
                self._apply_chunk(event)
            case events.EpochEnded():
                self._apply_epoch_ended(event)
            case events.SamplesLoaded():
                self.samples = event.samples
            case events.SamplesScored():
                self.observation = event.observation
            case events.KnobRequested() | events.KnobApplied() | events.KnobRefused():
                self._apply_knob(event)
            case events.PauseRequested() | events.RunPaused() | events.PauseEnded():
                self._apply_pause(event)
            case events.RunResumed():
                self._apply_resumed(event)
            case events.BranchStarted():
                self._apply_branch(event)
            case events.RewindRefused():
                self.refusal, self.rewind_refusal = None, event
            case events.CheckpointFailed():
                self._apply_checkpoint_failed(event)
            case events.CheckpointsResumed():
                self.disk_trouble, self.disk_trouble_epoch = "", 0
            case events.RunDetached():
                self.detached = event.reason
            case events.ModelExported() | events.ExportFailed():
                self.export = event
            case events.LossBecameNonFinite():
                self.non_finite = event
                self._apply_findings(event)
            case events.RunEnded() | events.RunFailed():
                self.ending, self.paused, self.pause_requested = event, None, ""
            case _:
                assert_never(event)

    def snapshot(self) -> Snapshot:
        """Return a frozen picture; the time it takes does not grow with the number of epochs."""
        seconds_per_epoch = self._seconds_per_epoch()
        branch = self.current_branch()
        return Snapshot(
            version=self._version,
            phase=self.phase,
            phase_detail=self.phase_detail,
            started=self.started,
            epoch=self.epoch,
            epochs=self.epochs,
            epochs_done=self.epochs_done,
            step=self.step,
            steps=self.steps,
            seconds_per_epoch=seconds_per_epoch,
            seconds_left=self._seconds_left(seconds_per_epoch),
            metrics=branch.metrics,
            chunks=_curves(self._chunks),
            past_chunks=self._past_chunks.curves(),
            per_epoch=branch.per_epoch,
            measures=branch.measures,
            findings=self.findings,
            best=self.best,
            knobs=tuple(self._knob_state(offer) for offer in self.offers.values()),
            receipts=self.receipts,
            refusal=self.refusal,
            samples=self.samples,
            observation=self.observation,
            pause_requested=self.pause_requested,
            paused=self.paused,
            non_finite=self.non_finite,
            ending=self.ending,
            branch=branch,
            other_branches=tuple(self.other_branches[number] for number in sorted(self.other_branches)),
            rewind_refusal=self.rewind_refusal,
            resumed=self.resumed,
            disk_trouble=self.disk_trouble,
            disk_trouble_epoch=self.disk_trouble_epoch,
            detached=self.detached,
            export=self.export,
        )

    def _apply_phase(self, event: events.PhaseChanged) -> None:
        self.phase, self.phase_detail = event.phase, event.detail
        if event.phase in {Phase.WAITING, Phase.STARTING}:
            # Another process owns the run now: it has neither ended nor paused.
            self.ending, self.paused, self.pause_requested, self.export = None, None, "", None

    def _apply_started(self, event: events.RunStarted) -> None:
        self.started, self.epochs, self.steps = event, event.epochs, event.steps
        self.offers = {offer.name: offer for offer in event.knobs}
        if not self.epochs_done:
            self._apply_findings(event)

    def _apply_epoch_started(self, event: events.EpochStarted) -> None:
        self.epoch, self.epochs = event.epoch, event.epochs
        self.step, self.steps = self._resumed_step, event.steps
        self._resumed_step = 0
        self._end_chunks()
        self._paced_steps, self._paced_seconds, self._traced_seconds = 0, 0.0, 0.0

    def _apply_chunk(self, event: events.ChunkEnded) -> None:
        if event.traced:
            self._traced_seconds += event.seconds
        else:
            self._paced_steps += event.step - self.step
            self._paced_seconds += event.seconds
        # The middle of the chunk, since the value is its mean.
        position = event.epoch - 1 + (self.step + event.step) / 2 / event.steps
        self.step, self.steps = event.step, event.steps
        for name, value in event.chunk_metrics.items():
            self._chunks.setdefault(name, Series()).append(position, value)

    def _end_chunks(self) -> None:
        self._past_chunks.add(_curves(self._chunks))
        self._chunks = {}

    def _apply_findings(self, event: events.RunStarted | events.EpochEnded | events.LossBecameNonFinite) -> None:
        if not isinstance(event.findings, msgspec.UnsetType):
            self.findings = event.findings

    def _apply_epoch_ended(self, event: events.EpochEnded) -> None:
        self.epochs_done, self.epochs = event.epoch, event.epochs
        self._epoch_seconds.append(event.seconds - self._traced_seconds)
        for name, value in event.metrics.items():
            self._metrics.setdefault(name, Series()).append(event.epoch, value)
        if event.measures:
            for name, value in measured(event.measures):
                self._measures.setdefault(name, Series()).append(event.epoch, value)
        self._apply_findings(event)
        for name, knob_value in event.knobs.items():
            if name in self.offers:
                self.offers[name] = _with_value(self.offers[name], knob_value)
        self._apply_per_epoch(event)
        self.best = better_of(self.best, event)

    def _apply_per_epoch(self, event: events.EpochEnded) -> None:
        self._per_epoch.setdefault(SECONDS, Series()).append(event.epoch, event.seconds)
        # A journal has only what changed; the offers know the rest.
        rate = self.offers[LEARNING_RATE].value if LEARNING_RATE in self.offers else event.knobs.get(LEARNING_RATE)
        if isinstance(rate, float | int):
            self._per_epoch.setdefault(LEARNING_RATE, Series()).append(event.epoch, rate)

    def current_branch(self) -> Branch:
        """Return the current branch, as it is now."""
        return Branch(
            number=self.branch,
            parent=self.branch_parent,
            from_epoch=self.branch_from_epoch,
            epochs_done=self.epochs_done,
            metrics=_curves(self._metrics),
            best=self.best,
            knobs={name: offer.value for name, offer in self.offers.items()},
            receipts=self.receipts,
            measures=_curves(self._measures),
            because=self.branch_because,
            per_epoch=_curves(self._per_epoch),
        )

    def _apply_resumed(self, event: events.RunResumed) -> None:
        self.resumed, self.detached, self.disk_trouble, self.disk_trouble_epoch = event, "", "", 0
        self._end_chunks()
        self._past_chunks.return_to(event.epochs_done)
        self._return_to(self.current_branch(), event.epochs_done, event.step)

    def _apply_checkpoint_failed(self, event: events.CheckpointFailed) -> None:
        if not self.disk_trouble:
            self.disk_trouble_epoch = self.epochs_done
        self.disk_trouble = event.message

    def _apply_branch(self, event: events.BranchStarted) -> None:
        self.other_branches[self.branch] = left = self.current_branch()
        # A damaged journal may lack the branch.
        parent = self.other_branches.get(event.parent, left)
        self._end_chunks()
        self._past_chunks.leave(self.branch, parent.number, event.epoch)
        self.branch, self.branch_parent, self.branch_from_epoch = event.branch, event.parent, event.epoch
        self.branch_because = event.because
        self._return_to(parent, event.epoch, step=0)
        self.offers = {name: _with_value(o, event.knobs.get(name, o.value)) for name, o in self.offers.items()}
        if isinstance(epochs := event.knobs.get("epochs"), int):
            self.epochs = epochs

    def _return_to(self, branch: Branch, epochs_done: int, step: int) -> None:
        """Drop everything after a point of a branch: it is trained again, or differently."""
        self._metrics = {name: Series.until(curve, epochs_done) for name, curve in branch.metrics.items()}
        self._measures = {name: Series.until(curve, epochs_done) for name, curve in branch.measures.items()}
        self._per_epoch = {name: Series.until(curve, epochs_done) for name, curve in branch.per_epoch.items()}
        # They were about epochs that are gone; the end of the next epoch brings new ones.
        self.findings = ()
        self.best = best_of(_curves(self._metrics), _curves(self._measures))
        self.receipts = tuple(r for r in branch.receipts if r.epoch <= epochs_done + (step > 0))
        self.epochs_done, self.epoch = epochs_done, epochs_done + (step > 0)
        self.step = self._resumed_step = step
        self.pending, self.refusal, self.rewind_refusal = {}, None, None
        self.paused, self.pause_requested, self.ending, self.non_finite, self.export = None, "", None, None, None

    def _apply_knob(self, event: events.KnobRequested | events.KnobApplied | events.KnobRefused) -> None:
        match event:
            case events.KnobRequested():
                self.pending[event.knob, event.epoch] = event
                self.refusal = self.rewind_refusal = None
            case events.KnobApplied():
                self._apply_receipt(event)
            case events.KnobRefused():
                self._forget_pending(event.knob, event.epoch)
                self.refusal, self.rewind_refusal = event, None

    def _apply_pause(self, event: events.PauseRequested | events.RunPaused | events.PauseEnded) -> None:
        match event:
            case events.PauseRequested():
                self.pause_requested = event.at
            case events.RunPaused():
                self.paused, self.pause_requested = event, ""
            case events.PauseEnded():
                self.paused, self.pause_requested = None, ""

    def _apply_receipt(self, event: events.KnobApplied) -> None:
        self.receipts = (*self.receipts, event)
        self._forget_pending(event.knob, event.epoch)
        if event.knob in self.offers:
            self.offers[event.knob] = _with_value(self.offers[event.knob], event.value)
        if event.knob == "epochs" and isinstance(event.value, float | int):
            self.epochs = int(event.value)

    def _forget_pending(self, knob: str, epoch: int | None) -> None:
        if epoch is not None:
            self.pending.pop((knob, epoch), None)

    def _knob_state(self, offer: KnobOffer) -> KnobState:
        requests = [request for (knob, _), request in self.pending.items() if knob == offer.name]
        next_request = min(requests, key=lambda request: request.epoch, default=None)
        return KnobState(
            name=offer.name,
            value=offer.value,
            pending=next_request.value if next_request else None,
            pending_epoch=next_request.epoch if next_request else None,
            unavailable=offer.unavailable,
        )

    def _seconds_per_epoch(self) -> float | None:
        if self._epoch_seconds:
            ordered = sorted(self._epoch_seconds)
            return ordered[len(ordered) // 2]
        if self._paced_steps:
            return self._paced_seconds / self._paced_steps * self.steps
        return None

    def _seconds_left(self, seconds_per_epoch: float | None) -> float | None:
        if seconds_per_epoch is None or self.ending is not None or self.epochs == 0:
            return None
        epoch_share = self.step / self.steps if self.epoch > self.epochs_done and self.steps else 0.0
        return max(0.0, (self.epochs - self.epochs_done - epoch_share) * seconds_per_epoch)


def _curves(group: dict[str, Series]) -> dict[str, Curve]:
    return {name: series.curve() for name, series in group.items()}


def _with_value(offer: KnobOffer, value: KnobValue) -> KnobOffer:
    return KnobOffer(name=offer.name, value=value, unavailable=offer.unavailable)
