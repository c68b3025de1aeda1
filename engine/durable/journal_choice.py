"""Which events a journal keeps, and what of them: enough to tell the run again, and about 1 KB an epoch."""

from __future__ import annotations

from typing import Any

import msgspec

from fitmon.engine import events
from fitmon.engine.durable.journal_line import JournalEvent
from fitmon.engine.events import Insight, Phase

_WITHIN_EVERY_EPOCH = frozenset({Phase.COMPILING, Phase.VALIDATING})


class JournalChoice:
    """Decides on one event after another."""

    def __init__(self) -> None:
        """Begin before the first event."""
        self._phase: Phase | None = None
        self._found: tuple[str, ...] = ()

    def kept(self, event: events.Event) -> JournalEvent | None:
        """Return what to keep of an event; None: nothing.

        - Of chunks, which come ten times a second, those alone that were compiled, without their metrics: they say
          which seconds of an epoch tell nothing of the pace.
        - Of phases neither those that every epoch passes through nor the progress of a download.
        - Of an epoch's `insight` what moved, its part of the loss to six digits and the sentence; not the metrics in
          context, confusion and classes, which take 1.5 KB and follow from the weights. Keras's metrics stay exact.
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
                return msgspec.structs.replace(event, insight=_shortened(event.insight), findings=findings)
            case _:
                return event

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


def _shortened(insight: Insight | msgspec.UnsetType) -> Insight | msgspec.UnsetType:
    if isinstance(insight, msgspec.UnsetType):
        return insight
    return Insight(**{name: _rounded(getattr(insight, name)) for name in _KEPT})


def _rounded(value: Any) -> Any:
    """Return numbers to six digits: they are for people, who are shown four."""
    match value:
        case float():
            return float(f"{value:.6g}")
        case dict():
            return {name: _rounded(item) for name, item in value.items()}
    return value


_KEPT = [field.name for field in msgspec.structs.fields(Insight) if field.required]
