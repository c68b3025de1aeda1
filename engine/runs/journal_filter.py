"""Selects what a journal keeps of the events: enough to rebuild the record, in about 1 KB per epoch."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from fitmon.engine import events
from fitmon.engine.events import Phase
from fitmon.engine.runs.journal_line import JournalEvent
from fitmon.engine.values import KnobValue

_WITHIN_EVERY_EPOCH = frozenset({Phase.COMPILING, Phase.VALIDATING})


class JournalFilter:
    """Selects what to keep of each event, in the order of the events."""

    def __init__(self) -> None:
        """Start before the first event."""
        self._phase: Phase | None = None
        self._finding_names: tuple[str, ...] | None = None
        self._knobs: Mapping[str, KnobValue] = {}

    def kept(self, event: events.Event) -> JournalEvent | None:
        """Return what to keep of an event; None: nothing.

        - Chunks, which end ten times a second: only those that were compiled, without their metrics, because their
          seconds do not count towards the seconds per epoch.
        - Phases: not those that every epoch passes through, nor the progress of a download.
        - The `insight` of an epoch: nothing. It takes a KB, follows from the weights, and is only measured for those
          who read it. Keras's metrics and the `measures` of the diagnosis are kept exactly.
        - The `knobs` of an epoch: those that differ from the previous epoch's.
        - The `findings` of an epoch: only when other findings than the last ones kept. Their numbers change with every
          epoch, and follow from `measures`.
        - The samples and their probabilities: nothing.
        """
        match event:
            case events.SamplesLoaded() | events.SamplesScored():
                return None
            case events.ChunkEnded():
                return msgspec.structs.replace(event, chunk_metrics={}, epoch_metrics={}) if event.traced else None
            case events.PhaseChanged():
                return event if self._is_new(event) else None
            case events.EpochEnded():
                findings = event.findings if self._has_other_findings(event) else msgspec.UNSET
                return msgspec.structs.replace(
                    event, insight=msgspec.UNSET, findings=findings, knobs=self._changed(event.knobs)
                )
            case events.LossBecameNonFinite():
                self._finding_names = None
            case events.KnobApplied() | events.RunStarted() | events.RunResumed() | events.BranchStarted():
                # A reader of the journal no longer knows the knobs by then.
                self._knobs = {}
        return event

    def _changed(self, knobs: Mapping[str, KnobValue]) -> dict[str, KnobValue]:
        before, self._knobs = self._knobs, knobs
        return {name: value for name, value in knobs.items() if name not in before or before[name] != value}

    def _has_other_findings(self, event: events.EpochEnded) -> bool:
        if isinstance(event.findings, msgspec.UnsetType):
            return False
        before, self._finding_names = self._finding_names, tuple(sorted(finding.name for finding in event.findings))
        return self._finding_names != before or event.epoch == event.epochs

    def _is_new(self, event: events.PhaseChanged) -> bool:
        if event.phase in _WITHIN_EVERY_EPOCH:
            return False
        before, self._phase = self._phase, event.phase
        return event.phase is not before or (event.detail != "" and event.phase is not Phase.LOADING)
