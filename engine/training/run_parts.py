"""The parts of a run that have state: what a checkpoint captures, and what a rewind restores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitmon.engine.data.choose_feed import feed_for
from fitmon.engine.data.data_notes import refuse_text_labels
from fitmon.engine.data.validation_arrays import with_validation_arrays
from fitmon.engine.keras_internals import build_model
from fitmon.engine.knobs.model_knobs import ModelKnobs
from fitmon.engine.knobs.pending_knobs import PendingKnobs
from fitmon.engine.training.best_weights import BestWeights
from fitmon.engine.training.branch_history import BranchHistory
from fitmon.engine.training.epoch_report import EpochReport, epoch_report_for
from fitmon.engine.training.loop import TrainingLoop

if TYPE_CHECKING:
    import keras

    from fitmon.engine.checkpoints.store import CheckpointStore
    from fitmon.engine.data.feed import Feed
    from fitmon.engine.job import Job, Settings, TrainingData
    from fitmon.engine.training.options import RunOptions
    from fitmon.engine.training.reporter import Reporter


@dataclass(frozen=True, slots=True, kw_only=True)
class RunParts:
    """A model with its data, knobs and compiled calls. Used by the training thread."""

    model: keras.Model
    data: TrainingData
    """With validation arrays."""
    job: Job
    feed: Feed
    model_knobs: ModelKnobs
    pending: PendingKnobs
    loop: TrainingLoop
    report: EpochReport
    best_weights: BestWeights

    def retrace(self) -> None:
        """Make the next step and the next validation see a changed model."""
        self.loop.retrace()
        self.report.retrace()

    def close(self) -> None:
        """Release the data and leave the model as plain Keras knows it."""
        self.feed.close()
        self.model_knobs.restore()


def build_run_parts(
    model: keras.Model,
    data: TrainingData,
    job: Job,
    reporter: Reporter,
    *,
    options: RunOptions,
    store: CheckpointStore | None,
    history: BranchHistory,
    between_batches: Callable[[], None],
) -> RunParts:
    """Move the data to the device and make the knobs of the model live; nothing is traced yet.

    Args:
        model: compiled.
        data: as loaded.
        job: of the run.
        reporter: where events go.
        options: of the run.
        store: of its checkpoints; None: there are none.
        history: of the epochs trained before.
        between_batches: called after each validation batch that is read; it may raise StopRequested.
    """
    data = with_validation_arrays(data, between_batches)
    refuse_text_labels(data)
    feed = feed_for(data)
    build_model(model, feed.head())
    model_knobs = ModelKnobs(model)
    return RunParts(
        model=model,
        data=data,
        job=job,
        feed=feed,
        model_knobs=model_knobs,
        pending=_pending_knobs(model_knobs, job.settings, feed, reporter),
        loop=TrainingLoop(model, feed, model_knobs.readings),
        report=epoch_report_for(
            model, data, job, reporter, feed=feed, options=options, history=history, can_rewind=store is not None
        ),
        best_weights=BestWeights(model, store),
    )


def _pending_knobs(model_knobs: ModelKnobs, settings: Settings, feed: Feed, reporter: Reporter) -> PendingKnobs:
    return PendingKnobs(
        model_knobs,
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        emit=reporter.emit,
        batch_size_fixed=feed.batch_size_fixed,
    )
