"""Which events a journal keeps, and what of them: enough to tell the run again, and about 1 KB an epoch."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from fitmon.engine import events
from fitmon.engine.events import Phase
from fitmon.engine.runs.journal_line import JournalEvent
from fitmon.engine.values import KnobValue

_WITHIN_EVERY_EPOCH = frozenset({Phase.COMPILING, Phase.VALIDATING})


class JournalChoice:
    """Decides on one event after another."""

    def __init__(self) -> None:
        """Begin before the first event."""
        self._phase: Phase | None = None
        self._found: tuple[str, ...] | None = None
        self._knobs: Mapping[str, KnobValue] = {}

    def kept(self, event: events.Event) -> JournalEvent | None:
        """Return what to keep of an event; None: nothing.

        - Of chunks, which come ten times a second, those alone that were compiled, without their metrics: they say
          which seconds of an epoch tell nothing of the pace.
        - Of phases neither those that every epoch passes through nor the progress of a download.
        - Of an epoch's `insight` nothing: it takes a KB, follows from the weights, and is measured for those alone who
          read it. Keras's metrics and the `measures` of the diagnosis stay exact.
        - Of an epoch's `knobs` those that are others than in the epoch before.
        - Of an epoch's `findings` those that say something else than the last that were kept: their numbers change with
          every epoch, and `measures`, from which they follow, are kept whole.
        - The samples and their probabilities not at all.
        """
        match event:
            case events.SamplesLoaded() | events.SamplesScored():
                return None
            case events.ChunkEnded():
                return msgspec.structs.replace(event, chunk_metrics={}, epoch_metrics={}) if event.traced else None
            case events.PhaseChanged():
                return event if self._is_news(event) else None
            case events.EpochEnded():
                findings = event.findings if self._says_something_else(event) else msgspec.UNSET
                return msgspec.structs.replace(
                    event, insight=msgspec.UNSET, findings=findings, knobs=self._changed(event.knobs)
                )
            case events.LossBecameNonFinite():
                self._found = None
            case events.KnobApplied() | events.RunStarted() | events.RunContinued() | events.BranchStarted():
                # Whoever tells the run again has other knobs now than the last epoch's.
                self._knobs = {}
        return event

    def _changed(self, knobs: Mapping[str, KnobValue]) -> dict[str, KnobValue]:
        before, self._knobs = self._knobs, knobs
        return {name: value for name, value in knobs.items() if name not in before or before[name] != value}

    def _says_something_else(self, event: events.EpochEnded) -> bool:
        if isinstance(event.findings, msgspec.UnsetType):
            return False
        before, self._found = self._found, tuple(sorted(finding.name for finding in event.findings))
        return self._found != before or event.epoch == event.epochs

    def _is_news(self, event: events.PhaseChanged) -> bool:
        if event.phase in _WITHIN_EVERY_EPOCH:
            return False
        before, self._phase = self._phase, event.phase
        return event.phase is not before or (event.detail != "" and event.phase is not Phase.LOADING)
