"""The fixed samples whose probabilities are tracked: the validation set, scored in one pass after each epoch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fitmon.engine.data.feed import ResidentFeed
from fitmon.engine.evaluation.evaluate import Evaluator
from fitmon.engine.evaluation.output_kinds import kinds_of_outputs
from fitmon.engine.evaluation.sample_losses import sample_losses_of
from fitmon.engine.evaluation.scoring import Scorer, Unscorable, scorer_for
from fitmon.engine.evaluation.unchanged_state import unchanged_state
from fitmon.engine.insight.observer import Observer
from fitmon.engine.keras_internals import has_standard_loss

if TYPE_CHECKING:
    import keras
    import numpy as np
    import numpy.typing as npt

    from fitmon.engine.arrays import Arrays
    from fitmon.engine.evaluation.evaluate import Evaluation
    from fitmon.engine.evaluation.train_subset import SubsetScores, TrainSubset
    from fitmon.engine.insight.observer import Observation
    from fitmon.engine.job import TrainingData

    Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class ValidationResult:
    """The result of a validation pass."""

    metrics: dict[str, float]
    """By Keras's names, without the prefix `val_`."""
    observation: Observation | None = None
    """The state of the validation samples; None if there are no probabilities."""
    data_losses: npt.NDArray[np.float32] | None = None
    """(n * labels,) each sample's part of the data loss, weighted as Keras does; None where the model's loss is no mean
    over samples."""
    penalty: float | None = None
    """L1, L2 and activity penalties in the validation loss; None where they could not be separated."""
    train_subset: SubsetScores | None = None
    """The scores of the training subset; None if none is scored."""
    outputs_are: Mapping[str, str] = field(default_factory=dict)
    """What the outputs look like, by name; see `kinds_of_outputs`. Without probabilities looked at in epoch 1 only."""


class Probe:
    """Evaluates a model on its validation samples and tracks each of them."""

    def __init__(
        self, model: keras.Model, data: TrainingData, threshold: float, train_subset: TrainSubset | None = None
    ) -> None:
        """Move the samples to the device; nothing is traced yet.

        Args:
            model: built and compiled.
            data: only the validation set is used; it has at least one sample.
            threshold: in [0, 1], for two classes.
            train_subset: scored in the same pass; None: no training sample is scored.
        """
        self._model, self._data = model, data
        feed = ResidentFeed(data.x_validation, data.y_validation, data.sample_weight_validation)
        found = scorer_for(model, data.y_validation)
        self._scorer = found if isinstance(found, Scorer) else None
        self.no_probabilities = found.reason if isinstance(found, Unscorable) else ""
        """Why only loss and metrics are tracked; empty if the samples are too."""
        labels = self._scorer.labels if self._scorer else 1
        self._losses = sample_losses_of(model, data.sample_weight_validation, labels)
        self._train_subset = train_subset
        self._evaluator = Evaluator(
            model,
            feed,
            keep_predictions=self._scorer is not None,
            sample_losses=self._losses,
            train_subset=train_subset,
        )
        self._observer = Observer(len(feed) * labels, threshold)

    @property
    def samples(self) -> int:
        """Number of validation samples."""
        return self._evaluator.samples

    def majority_share(self) -> float | None:
        """Return the accuracy of always predicting the most frequent class, in [0, 1]; None without classes."""
        return None if self._scorer is None else self._scorer.majority_share()

    def classes_present(self) -> int | None:
        """Return the number of classes with a sample; None without classes."""
        return None if self._scorer is None else self._scorer.classes_present()

    def retrace(self) -> None:
        """Drop the compiled pass, so that the next one uses the changed model."""
        self._evaluator.retrace()

    def arrays(self) -> Arrays:
        """Return the state of the samples, for a checkpoint; empty if there are no probabilities."""
        return {} if self._scorer is None else self._observer.arrays()

    def restore(self, arrays: Mapping[str, npt.NDArray[Any]]) -> Observation | None:
        """Restore what `arrays` returned and return the last observation; None if there was none.

        Raises DataError, and changes nothing, if the arrays do not fit.
        """
        return None if self._scorer is None else self._observer.restore(arrays)

    def score_untrained(self, batch_size: int, between_chunks: Callable[[], None]) -> Observation | None:
        """Score the untrained model, so that the first epoch can be compared with it.

        What the pass changes in the model, such as the seeds of a dropout that is active in inference, is restored:
        training is not affected. Returns None, without a pass, if there are no probabilities.
        """
        if self._scorer is None:
            return None
        with unchanged_state(self._model):
            return self.evaluate(0, batch_size, between_chunks).observation

    def evaluate(self, epoch: int, batch_size: int, between_chunks: Callable[[], None]) -> ValidationResult:
        """Run the pass for an epoch and return its result. `between_chunks`: see `Evaluator.evaluate`."""
        evaluation = self._evaluator.evaluate(batch_size, between_chunks)
        subset, arrays = self._train_subset, evaluation.train_subset
        losses, weights = self._split(evaluation, batch_size)
        adds_up = losses is not None or has_standard_loss(self._model)
        penalty = evaluation.penalty if adds_up else None
        return ValidationResult(
            metrics=evaluation.metrics,
            observation=self._observe(epoch, evaluation, losses, weights),
            data_losses=self._data_losses(losses, weights),
            penalty=penalty,
            outputs_are=self._kinds_of_outputs(epoch, evaluation.predictions),
            # What does not add up for validation samples does not for training samples either.
            train_subset=None if subset is None or arrays is None or losses is None else subset.scores(*arrays),
        )

    def _data_losses(self, losses: Floats | None, weights: Floats | None) -> Floats | None:
        """Return the losses as they are compared with those of training samples: a sum over a batch is none of them."""
        is_weighted = self._losses is not None and self._losses.weighted
        return losses if losses is None or weights is None or not is_weighted else losses * weights

    def _kinds_of_outputs(self, epoch: int, predictions: Floats) -> Mapping[str, str]:
        if self._scorer is not None:
            return {"": self._scorer.outputs_are(predictions)}
        # In the same epoch of every run, so that a resumed one finds what the run before it did.
        return kinds_of_outputs(self._model, self._data.x_validation, self._data.y_validation) if epoch == 1 else {}

    def _split(self, evaluation: Evaluation, batch_size: int) -> tuple[Floats | None, Floats | None]:
        """Return each sample's loss and weight; None and None where they do not add up to the loss that Keras reports.

        Weighted outputs, masks and custom steps are among the reasons.
        """
        losses = evaluation.losses
        labels = 1 if self._scorer is None else self._scorer.labels
        if losses is None or self._losses is None or len(losses) != self.samples * labels:
            return None, None
        weights = self._losses.weights(self.samples, batch_size)
        reported = evaluation.metrics.get("loss", float("nan"))
        if not self._losses.agree(losses, weights, evaluation.penalty, reported):
            return None, None
        return losses, weights

    def _observe(
        self, epoch: int, evaluation: Evaluation, losses: Floats | None, weights: Floats | None
    ) -> Observation | None:
        scored = None if self._scorer is None else self._scorer.score(evaluation.predictions, losses, weights)
        if scored is None:
            return None
        penalty = None if losses is None else evaluation.penalty
        return self._observer.observe(scored.scores, epoch, penalty=penalty, probabilities=scored.probabilities)
