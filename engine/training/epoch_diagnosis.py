"""Measures each epoch and diagnoses the curves of the run so far. Used by the training thread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from fitmon.engine.arrays import Arrays, Saved, under
from fitmon.engine.diagnosis.diagnosis import Diagnosis
from fitmon.engine.diagnosis.evidence import Evidence, Floats
from fitmon.engine.diagnosis.fit.non_finite_loss import RULE as NON_FINITE_LOSS
from fitmon.engine.diagnosis.paired import PairedLosses
from fitmon.engine.insight.dynamics import Kind
from fitmon.engine.measures import Measures, measured

if TYPE_CHECKING:
    import numpy.typing as npt

    from fitmon.engine.evaluation.probe import ValidationResult
    from fitmon.engine.facts import Facts
    from fitmon.engine.finding import Finding
    from fitmon.engine.insight.scores import SampleScores
    from fitmon.engine.training.branch_history import BranchHistory
    from fitmon.engine.values import KnobValue

SURELY_WRONG_MARGIN = -1 + 1e-6
"""A wrong prediction with a margin at or below this has a probability of 1, within the rounding of float32."""


class EpochDiagnosis:
    """What the diagnosis knows of one run."""

    def __init__(self, facts: Facts, *, threshold: float, history: BranchHistory, can_rewind: bool) -> None:
        """Begin before the first epoch, or where `history` ends.

        Args:
            facts: of data and model.
            threshold: in [0, 1], for two classes.
            history: curves and knob changes so far; this object adds each epoch to it.
            can_rewind: whether there are checkpoints to rewind to.
        """
        self.facts, self.history = facts, history
        self._threshold, self._can_rewind = threshold, can_rewind
        self._paired, self._diagnosis = PairedLosses(), Diagnosis()

    def diagnose(
        self,
        epoch: int,
        epochs: int,
        *,
        result: ValidationResult | None,
        metrics: Mapping[str, float],
        knobs: Mapping[str, KnobValue],
    ) -> tuple[Measures, tuple[Finding, ...]]:
        """Measure an epoch that has just ended and return its measures and the findings now.

        Args:
            epoch: one-based.
            epochs: that the run is to have.
            result: of the validation pass; None: nothing is validated.
            metrics: Keras's, of training and validation.
            knobs: the values the epoch was trained with.
        """
        measures = Measures() if result is None else self._measure(epoch, result)
        curves = self.history.curves
        curves.append({**metrics, **dict(measured(measures))})
        return measures, self._diagnosis.update(self._evidence(epoch, epochs, curves.views(), knobs))

    def diagnose_non_finite(
        self, epoch: int, epochs: int, *, loss: float, knobs: Mapping[str, KnobValue]
    ) -> tuple[Finding, ...]:
        """Return the findings inside an epoch whose training loss has become NaN or infinite.

        The epoch is not added to the history: `diagnose` does that at its end, if it comes.
        """
        curves = self.history.curves.copied()
        curves.append({"loss": loss})
        return self._diagnosis.update_rule(NON_FINITE_LOSS, self._evidence(epoch, epochs, curves.views(), knobs))

    def add_non_finite_data(self, found: Mapping[str, int]) -> None:
        """Add NaN and infinite numbers that an epoch's batches held, by part of the data; see `Chunk.non_finite_data`.

        An epoch sees the same data as the one before: of several epochs the largest number counts.
        """
        parts = {**self.facts.non_finite_parts}
        for part, count in found.items():
            parts[part] = max(parts.get(part, 0), count)
        self.facts = msgspec.structs.replace(self.facts, non_finite_parts=parts)

    def _evidence(
        self, epoch: int, epochs: int, curves: Mapping[str, Floats], knobs: Mapping[str, KnobValue]
    ) -> Evidence:
        return Evidence(
            epoch=epoch,
            epochs=epochs,
            curves=curves,
            knobs=knobs,
            facts=self.facts,
            knob_epochs=self.history.knob_epochs,
            can_rewind=self._can_rewind,
        )

    def arrays(self) -> Arrays:
        """Return what neither journal nor progress says, for a checkpoint."""
        return under("diagnosis", under("paired", self._paired.arrays()) | under("standing", self._diagnosis.arrays()))

    def restore(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """Restore what `arrays` returned; raises DataError when it does not fit. The history is not part of it."""
        saved = Saved(arrays, "diagnosis")
        paired, diagnosis = PairedLosses(), Diagnosis()
        if len(saved):
            paired.restore(saved.part("paired"))
            diagnosis.restore(saved.part("standing"))
        self._paired, self._diagnosis = paired, diagnosis

    def _measure(self, epoch: int, result: ValidationResult) -> Measures:
        observation, subset = result.observation, result.train_subset
        scores = None if observation is None else observation.scores
        found: dict[str, float | None] = dict(
            self._paired.update(epoch, _data_losses(scores), None if subset is None else subset.losses)
        )
        if scores is not None and observation is not None:
            found["validation_loss"] = _mean_loss(scores)
            found["validation_accuracy"] = self._accuracy(scores)
            found["penalty"] = observation.penalty
            found["suspected_labels"] = (
                None if observation.dynamics is None else observation.dynamics.count(Kind.SUSPECT)
            )
        if subset is not None:
            found["training_loss"] = _mean_loss(subset.scores)
            found["training_accuracy"] = self._accuracy(subset.scores)
            found["dead_share"] = subset.dead_share
            found["saturated_share"] = _surely_wrong_share(subset.scores, self._threshold)
        return Measures(**{name: _six_digits(value) for name, value in found.items() if value is not None})

    def _accuracy(self, scores: SampleScores) -> float:
        return float(np.count_nonzero(scores.right(self._threshold)) / len(scores))


def _data_losses(scores: SampleScores | None) -> npt.NDArray[np.float32] | None:
    """Return each sample's part of the data loss, (n,); None where there is none."""
    if scores is None or scores.losses is None:
        return None
    return scores.losses if scores.weights is None else scores.losses * scores.weights


def _mean_loss(scores: SampleScores) -> float | None:
    losses = _data_losses(scores)
    return None if losses is None else float(losses.mean(dtype=np.float64))


def _surely_wrong_share(scores: SampleScores, threshold: float) -> float | None:
    wrong = ~scores.right(threshold)
    count = int(np.count_nonzero(wrong))
    return float(np.count_nonzero(scores.margin[wrong] <= SURELY_WRONG_MARGIN) / count) if count else None


def _six_digits(value: float) -> Any:
    """Return a number rounded as it is reported, so that a journal gives the same one back."""
    return value if isinstance(value, int) else float(f"{value:.6g}")
