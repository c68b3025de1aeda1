"""The event that describes a run before its first epoch: model, data, knobs and machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitmon.engine import environment, events
from fitmon.engine.data.data_notes import notes_on

if TYPE_CHECKING:
    from fitmon.engine.training.run_parts import RunParts


def run_started(parts: RunParts, name: str) -> events.RunStarted:
    """Return the event for a run of this name, before any step."""
    probe, pending = parts.report.probe, parts.pending
    return events.RunStarted(
        run=name,
        epochs=pending.epochs,
        steps=parts.feed.steps(pending.batch_size) or 0,
        training_samples=parts.feed.samples,
        validation_samples=0 if probe is None else probe.samples,
        class_names=parts.data.class_names,
        knobs=pending.offers(),
        seed=parts.job.settings.seed,
        device=environment.device_name(),
        versions=environment.versions(),
        flags=environment.flags(),
        parameters=int(parts.model.count_params()),
        jit=bool(parts.model.jit_compile),
        majority_share=None if probe is None else probe.majority_share(),
        no_probabilities="nothing is validated" if probe is None else probe.no_probabilities,
        notes=(*notes_on(parts.model, parts.data, probe, parts.report.diagnosis.facts), *parts.feed.notes),
        facts=parts.report.diagnosis.facts,
        findings=parts.report.diagnosis.begin(pending.epochs, pending.values()),
    )
