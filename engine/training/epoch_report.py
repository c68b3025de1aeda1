"""What follows the training of an epoch: validation, insight, diagnosis, and the event that says so.

It does not matter which loop trained the epoch: fitmon's own, or Keras's `fit` with a callback.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from fitmon.engine import events
from fitmon.engine.diagnosis.failed_checks import log_failure, reason_of
from fitmon.engine.evaluation.gradients import Gradients, GradientSizes
from fitmon.engine.evaluation.probe import Probe, ValidationResult
from fitmon.engine.evaluation.subset_pass import SubsetPass
from fitmon.engine.evaluation.train_subset import TrainSubset, train_subset_of
from fitmon.engine.events import Phase
from fitmon.engine.insight.summary import summarize
from fitmon.engine.training.branch_history import BranchHistory
from fitmon.engine.training.epoch_diagnosis import EpochDiagnosis
from fitmon.engine.training.model_facts import facts_of
from fitmon.engine.training.options import RunOptions

if TYPE_CHECKING:
    import keras

    from fitmon.engine.data.feed import Feed
    from fitmon.engine.facts import Facts
    from fitmon.engine.job import Job, Settings, TrainingData
    from fitmon.engine.training.reporter import Reporter
    from fitmon.engine.values import KnobValue

STUCK = 0.85
"""Validation loss over its baseline from which gradients are measured."""
SHORT_VALIDATION_SECONDS = 1.0
"""A stop waits this long for the end of a validation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedEpoch:
    """An epoch that was trained and is to be validated."""

    epoch: int
    """One-based."""
    epochs: int
    """Epochs the run is to have."""
    seconds: float
    """Time spent training it."""
    metrics: Mapping[str, float]
    """Keras's, of the training alone."""
    knobs: Mapping[str, KnobValue]
    """The values it was trained with."""
    batch_size: int
    """Samples in a batch of the validation pass."""


class EpochReport:
    """Validates, diagnoses and reports the epochs of a run. Used by the training thread."""

    def __init__(
        self,
        probe: Probe | None,
        diagnosis: EpochDiagnosis,
        reporter: Reporter,
        *,
        gradients: Gradients | None = None,
        subset_pass: SubsetPass | None = None,
        summarize_epochs: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin before the first epoch.

        Args:
            probe: the validation samples; None: nothing is validated.
            diagnosis: judges each epoch.
            reporter: where phases and events go.
            gradients: measures them at the end of an epoch; None: they are not measured.
            subset_pass: scores training samples where nothing is validated; None: none are scored, or with the probe.
            summarize_epochs: whether every `EpochEnded` has an `insight`.
            clock: returns seconds since any fixed moment.
        """
        self.probe, self.diagnosis = probe, diagnosis
        self._reporter, self._summarize_epochs, self._clock = reporter, summarize_epochs, clock
        self._gradients, self._subset_pass = gradients, subset_pass
        self._validation_seconds: float | None = None

    @property
    def takes_long(self) -> bool:
        """Whether a stop may end the next validation; a short one runs to its end, so that its epoch counts."""
        return self._validation_seconds is None or self._validation_seconds > SHORT_VALIDATION_SECONDS

    def retrace(self) -> None:
        """Drop the compiled passes, so that the next ones use the changed model."""
        for compiled in (self.probe, self._subset_pass):
            if compiled is not None:
                compiled.retrace()

    def score_untrained(self, batch_size: int, between_chunks: Callable[[], None] = lambda: None) -> None:
        """Report the validation samples as the untrained model predicts them; nothing without probabilities."""
        if self.probe is None or self.probe.no_probabilities:
            return
        self._reporter.enter(Phase.VALIDATING)
        observation = self.probe.score_untrained(batch_size, between_chunks)
        if observation is not None:
            self._reporter.emit(events.SamplesScored(observation=observation))

    def end_epoch(self, trained: TrainedEpoch, between_chunks: Callable[[], None] = lambda: None) -> events.EpochEnded:
        """Validate and diagnose an epoch, report it, and return what was reported last.

        Args:
            trained: the epoch.
            between_chunks: called between two chunks of the validation pass; it may raise StopRequested.
        """
        since = self._clock()
        result = self._validate(trained, between_chunks)
        observation = None if result is None else result.observation
        insight = summarize(observation) if observation is not None and self._summarize_epochs else None
        validated = {} if result is None else {f"val_{name}": value for name, value in result.metrics.items()}
        metrics = {**trained.metrics, **validated}
        measures, findings = self.diagnosis.diagnose(
            trained.epoch,
            trained.epochs,
            result=result,
            metrics=metrics,
            knobs=trained.knobs,
            gradients=self._measured_gradients(trained.epoch, result),
        )
        seconds = trained.seconds + self._clock() - since
        if observation is not None:
            self._reporter.emit(events.SamplesScored(observation=observation))
        ended = events.EpochEnded(
            epoch=trained.epoch,
            epochs=trained.epochs,
            seconds=round(seconds, 6),
            metrics=metrics,
            knobs=dict(trained.knobs),
            insight=insight or msgspec.UNSET,
            measures=measures,
            findings=findings,
        )
        self._reporter.emit(ended)
        return ended

    def _measured_gradients(self, epoch: int, result: ValidationResult | None) -> GradientSizes | None:
        """Measure them where the loss is near its baseline: a model that learns is spared a second backward pass."""
        if self._gradients is None or result is None:
            return None
        losses, baseline = result.data_losses, self.diagnosis.facts.baseline_loss
        if losses is None and result.train_subset is not None:
            losses, baseline = result.train_subset.losses, self.diagnosis.facts.training_baseline_loss
        if losses is None or baseline is None or not float(losses.mean()) >= STUCK * baseline:
            return None
        try:
            return self._gradients.measure(epoch)
        except Exception as error:  # noqa: BLE001 - foreign losses and layers raise anything
            log_failure("gradients", error)
            self._gradients = None
            self.diagnosis.add_failed_check(f"gradients ({reason_of(error)})")
            return None

    def _validate(self, trained: TrainedEpoch, between_chunks: Callable[[], None]) -> ValidationResult | None:
        if self.probe is None:
            scored = None if self._subset_pass is None else self._subset_pass.scores()
            return None if scored is None else ValidationResult(metrics={}, train_subset=scored)
        self._reporter.enter(Phase.VALIDATING)
        since = self._clock()
        result = self.probe.evaluate(trained.epoch, trained.batch_size, between_chunks)
        self._validation_seconds = self._clock() - since
        return result


def epoch_report_for(
    model: keras.Model,
    data: TrainingData,
    job: Job,
    reporter: Reporter,
    *,
    feed: Feed | None = None,
    options: RunOptions | None = None,
    history: BranchHistory | None = None,
    can_rewind: bool = False,
) -> EpochReport:
    """Return the report of a run's epochs.

    Args:
        model: built and compiled.
        data: with validation arrays, or none.
        job: what the model and the data were made by.
        reporter: where phases and events go.
        feed: the training samples, a fixed subset of which is scored each epoch; None: none is.
        options: of the run; None: the defaults.
        history: of the epochs trained before; None: there are none.
        can_rewind: whether there are checkpoints to rewind to.
    """
    settings, validated = job.settings, not is_empty(data.x_validation)
    validation_samples = len(_arrays(data.x_validation)[0]) if validated else 0
    subset = None if feed is None else train_subset_of(model, feed, settings, validation_samples=validation_samples)
    probe = Probe(model, data, settings.threshold, subset) if validated else None
    samples = 0 if feed is None else feed.samples
    facts = facts_of(model, data, job=job, training_samples=samples, subset=subset)
    diagnosis = EpochDiagnosis(
        _with_skipped_checks(facts, probe),
        threshold=settings.threshold,
        history=history or BranchHistory(),
        can_rewind=can_rewind,
    )
    options = options or RunOptions()
    return EpochReport(
        probe,
        diagnosis,
        reporter,
        gradients=_gradients(model, subset, feed, settings),
        subset_pass=SubsetPass(model, subset) if subset is not None and probe is None else None,
        summarize_epochs=options.summarize_epochs,
        clock=options.clock,
    )


def _with_skipped_checks(facts: Facts, probe: Probe | None) -> Facts:
    """Add the checks that need a validation set, or probabilities of classes, where there are none."""
    skipped: tuple[str, ...] = ()
    if probe is None:
        skipped = ("overfitting, memorizing, wrong labels (nothing is validated)",)
    elif probe.no_probabilities and facts.target_scale is None:
        skipped = (f"wrong labels, saturated outputs ({probe.no_probabilities})",)
    return msgspec.structs.replace(facts, skipped_checks=(*facts.skipped_checks, *skipped))


def _gradients(
    model: keras.Model, subset: TrainSubset | None, feed: Feed | None, settings: Settings
) -> Gradients | None:
    if subset is None or feed is None:
        return None
    steps = feed.steps(settings.batch_size) or 1
    return Gradients(model, subset.sample_losses, subset.spread_batch(), steps)


def is_empty(samples: Any) -> bool:
    """Return whether there are no samples: None, or arrays of length 0."""
    return samples is None or not any(map(len, _arrays(samples)))


def _arrays(samples: Any) -> list[Any]:
    import keras

    return list(keras.tree.flatten(samples))
