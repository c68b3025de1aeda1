"""Measures each epoch for the diagnosis and asks it what the run's curves mean. Used by the training thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from fitmon.engine.arrays import Arrays, Saved, under
from fitmon.engine.diagnosis.curves import EpochCurves
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
    from fitmon.engine.record.branch import Branch
    from fitmon.engine.values import KnobValue

SURELY_WRONG_MARGIN = -1 + 1e-6
"""A wrong answer with a margin at or below this was given with a probability of 1, within the rounding of float32."""


class EpochDiagnosis:
    """What the diagnosis knows of one run."""

    def __init__(self, facts: Facts, *, threshold: float, branch: Callable[[], Branch], can_rewind: bool) -> None:
        """Begin before the first epoch.

        Args:
            facts: of data and model.
            threshold: in [0, 1], for two classes.
            branch: returns the branch under way as the record has it, from which the curves are taken where the run
                was put to another state.
            can_rewind: whether there are checkpoints to go back to.
        """
        self.facts = facts
        self._threshold, self._branch, self._can_rewind = threshold, branch, can_rewind
        self._paired, self._diagnosis = PairedLosses(), Diagnosis()
        self._curves: EpochCurves | None = EpochCurves()

    def look(
        self,
        epoch: int,
        epochs: int,
        *,
        look: ValidationResult | None,
        metrics: Mapping[str, float],
        knobs: Mapping[str, KnobValue],
    ) -> tuple[Measures, tuple[Finding, ...]]:
        """Measure an epoch that has just ended and return what was measured, and what the diagnosis says now.

        Args:
            epoch: one-based.
            epochs: that the run is to have.
            look: what the validation pass found; None: nothing is validated.
            metrics: Keras's, of training and validation.
            knobs: the values the epoch was trained with.
        """
        measures = Measures() if look is None else self._measure(epoch, look)
        curves = self._curves_before(epoch)
        curves.append({**metrics, **dict(measured(measures))})
        return measures, self._diagnosis.update(self._evidence(epoch, epochs, curves.views(), knobs))

    def diagnose_non_finite(
        self, epoch: int, epochs: int, *, loss: float, knobs: Mapping[str, KnobValue]
    ) -> tuple[Finding, ...]:
        """Return what the diagnosis says inside an epoch, when the training loss is no number any more.

        The epoch is not taken into account otherwise: `look` does that at its end, if it comes.
        """
        before = self._curves_before(epoch).copied()
        before.append({"loss": loss})
        return self._diagnosis.update_rule(NON_FINITE_LOSS, self._evidence(epoch, epochs, before.views(), knobs))

    def _evidence(
        self, epoch: int, epochs: int, curves: Mapping[str, Floats], knobs: Mapping[str, KnobValue]
    ) -> Evidence:
        return Evidence(
            epoch=epoch,
            epochs=epochs,
            curves=curves,
            knobs=knobs,
            facts=self.facts,
            knob_epochs=self._knob_epochs(),
            can_rewind=self._can_rewind,
        )

    def arrays(self) -> Arrays:
        """Return what the record does not tell, for a checkpoint."""
        return under("diagnosis", under("paired", self._paired.arrays()) | under("standing", self._diagnosis.arrays()))

    def restore(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """Put back what `arrays` returned; raises DataError when it does not fit."""
        saved = Saved(arrays, "diagnosis")
        paired, diagnosis = PairedLosses(), Diagnosis()
        if len(saved):
            paired.restore(saved.part("paired"))
            diagnosis.restore(saved.part("standing"))
        # The record is put back later than the model: its curves are asked for at the next look.
        self._paired, self._diagnosis, self._curves = paired, diagnosis, None

    def _curves_before(self, epoch: int) -> EpochCurves:
        if self._curves is None:
            branch = self._branch()
            self._curves = EpochCurves.of({**branch.metrics, **branch.measures}, epoch - 1)
        return self._curves

    def _knob_epochs(self) -> tuple[int, ...]:
        return tuple(sorted({receipt.epoch for receipt in self._branch().receipts if receipt.knob != "epochs"}))

    def _measure(self, epoch: int, look: ValidationResult) -> Measures:
        seen, part = look.observation, look.train_subset
        scores = None if seen is None else seen.scores
        found: dict[str, float | None] = dict(
            self._paired.update(epoch, _data_losses(scores), None if part is None else part.losses)
        )
        if scores is not None and seen is not None:
            found["validation_loss"] = _mean_loss(scores)
            found["validation_accuracy"] = self._accuracy(scores)
            found["penalty"] = seen.penalty
            found["suspected_labels"] = None if seen.dynamics is None else seen.dynamics.count(Kind.SUSPECT)
        if part is not None:
            found["training_loss"] = _mean_loss(part.scores)
            found["training_accuracy"] = self._accuracy(part.scores)
            found["dead_share"] = part.dead_share
            found["saturated_share"] = _surely_wrong_share(part.scores, self._threshold)
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
    """Return a number as it is told: a journal gives the same one back."""
    return value if isinstance(value, int) else float(f"{value:.6g}")
