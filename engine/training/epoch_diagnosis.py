"""Measures each epoch and diagnoses the curves of the run so far. Used by the training thread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from fitmon.engine.arrays import ANY_LENGTH, Arrays, Saved, under
from fitmon.engine.diagnosis.diagnosis import Diagnosis
from fitmon.engine.diagnosis.evidence import Evidence, Floats
from fitmon.engine.diagnosis.fit.non_finite_loss import RULE as NON_FINITE_LOSS
from fitmon.engine.diagnosis.paired import PairedLosses
from fitmon.engine.errors import DataError
from fitmon.engine.insight.dynamics import Kind
from fitmon.engine.measures import Measures, measured

if TYPE_CHECKING:
    import numpy.typing as npt

    from fitmon.engine.data.label_order import LabelCounts
    from fitmon.engine.evaluation.gradients import GradientSizes
    from fitmon.engine.evaluation.probe import ValidationResult
    from fitmon.engine.evaluation.train_subset import SubsetScores
    from fitmon.engine.facts import Facts
    from fitmon.engine.finding import Finding
    from fitmon.engine.insight.scores import SampleScores
    from fitmon.engine.training.branch_history import BranchHistory
    from fitmon.engine.values import KnobValue

SEEN_IN_PASSING = (
    "outputs_are",
    "outputs",
    "batch_label_agreement",
    "epoch_label_agreement",
    "training_counts",
    "non_finite_parts",
)
"""Facts that epochs add: a resumed process would not see them again."""

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

    def begin(self, epochs: int, knobs: Mapping[str, KnobValue]) -> tuple[Finding, ...]:
        """Return what is found in the data alone, before the first of `epochs`."""
        return self._diagnosis.begin(self._evidence(0, epochs, {}, knobs))

    def diagnose(
        self,
        epoch: int,
        epochs: int,
        *,
        result: ValidationResult | None,
        metrics: Mapping[str, float],
        knobs: Mapping[str, KnobValue],
        gradients: GradientSizes | None = None,
    ) -> tuple[Measures, tuple[Finding, ...]]:
        """Measure an epoch that has just ended and return its measures and the findings now.

        Args:
            epoch: one-based.
            epochs: that the run is to have.
            result: of the validation pass; None: nothing is validated.
            metrics: Keras's, of training and validation.
            knobs: the values the epoch was trained with.
            gradients: of the first and the last layer; None: not measured.
        """
        measures = Measures() if result is None else self._measure(epoch, result, gradients)
        if result is not None:
            self._add_kinds_of_outputs(result.outputs_are)
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

    def add_failed_check(self, failure: str) -> None:
        """Add a check that raised, as `name (reason)`."""
        self.facts = msgspec.structs.replace(self.facts, failed_checks=(*self.facts.failed_checks, failure))

    def add_label_counts(self, counts: LabelCounts) -> None:
        """Add the labels of a whole epoch's batches."""
        agreement = counts.agreement
        if agreement is None:
            return
        in_batch, in_epoch = (_six_digits(share) for share in agreement)
        self.facts = msgspec.structs.replace(
            self.facts,
            batch_label_agreement=in_batch,
            epoch_label_agreement=in_epoch,
            training_counts=tuple(map(int, counts.samples)),
        )

    def _add_kinds_of_outputs(self, kinds: Mapping[str, str]) -> None:
        for name, kind in kinds.items():
            if not name and kind:
                # Outputs that were outside once are no probabilities, wherever they are later.
                seen = "logits" if self.facts.outputs_are == "logits" else kind
                self.facts = msgspec.structs.replace(self.facts, outputs_are=seen)
            elif kind:
                outputs = (
                    msgspec.structs.replace(output, outputs_are=kind) if output.name == name else output
                    for output in self.facts.outputs
                )
                self.facts = msgspec.structs.replace(self.facts, outputs=tuple(outputs))

    def _evidence(
        self, epoch: int, epochs: int, curves: Mapping[str, Floats], knobs: Mapping[str, KnobValue]
    ) -> Evidence:
        return Evidence(
            epoch=epoch,
            epochs=epochs,
            curves=curves,
            knobs=knobs,
            facts=self.facts,
            changes=self.history.changes,
            can_rewind=self._can_rewind,
        )

    def arrays(self) -> Arrays:
        """Return what neither journal nor progress says, for a checkpoint."""
        seen = {name: getattr(self.facts, name) for name in SEEN_IN_PASSING}
        encoded = {"facts": np.frombuffer(msgspec.json.encode(seen), dtype=np.uint8)}
        kept = under("paired", self._paired.arrays()) | under("standing", self._diagnosis.arrays()) | encoded
        return under("diagnosis", kept)

    def restore(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """Restore what `arrays` returned; raises DataError when it does not fit. The history is not part of it."""
        saved = Saved(arrays, "diagnosis")
        paired, diagnosis = PairedLosses(), Diagnosis()
        if len(saved):
            paired.restore(saved.part("paired"))
            diagnosis.restore(saved.part("standing"))
            self.facts = _with_seen(self.facts, saved)
        self._paired, self._diagnosis = paired, diagnosis

    def _measure(self, epoch: int, result: ValidationResult, gradients: GradientSizes | None) -> Measures:
        observation, subset = result.observation, result.train_subset
        scores = None if observation is None else observation.scores
        losses = None if subset is None else subset.losses
        found: dict[str, float | None] = dict(self._paired.update(epoch, result.data_losses, losses))
        found["validation_loss"], found["penalty"] = _mean(result.data_losses), result.penalty
        if scores is not None and observation is not None:
            found["validation_accuracy"] = self._accuracy(scores)
            found["suspected_labels"] = (
                None if observation.dynamics is None else observation.dynamics.count(Kind.SUSPECT)
            )
        if subset is not None:
            found |= self._measured_of_subset(subset)
        if gradients is not None:
            found |= {"first_gradient": gradients.first, "last_gradient": gradients.last}
        return Measures(**{name: _six_digits(value) for name, value in found.items() if value is not None})

    def _measured_of_subset(self, subset: SubsetScores) -> dict[str, float | None]:
        scores = subset.scores
        found: dict[str, float | None] = {"training_loss": _mean(subset.losses), "dead_share": subset.dead_share}
        if scores is not None:
            found["training_accuracy"] = self._accuracy(scores)
            found["saturated_share"] = _surely_wrong_share(scores, self._threshold)
        found["training_mode_loss"] = _mean(subset.training_mode_losses)
        found["inference_mode_loss"] = _mean(subset.inference_mode_losses)
        return found

    def _accuracy(self, scores: SampleScores) -> float:
        return float(np.count_nonzero(scores.right(self._threshold)) / len(scores))


def _with_seen(facts: Facts, saved: Saved) -> Facts:
    """Return facts with what earlier epochs have shown; as they are in a checkpoint that an earlier fitmon wrote."""
    if "facts" not in saved:
        return facts
    encoded = saved.array("facts", np.uint8, ANY_LENGTH).tobytes()
    try:
        seen = msgspec.json.decode(encoded, type=dict[str, Any])
        known = {**msgspec.to_builtins(facts), **_renamed(seen)}
        return msgspec.convert(known, type(facts))
    except msgspec.MsgspecError as error:
        raise DataError(f"Expected what earlier epochs have shown as JSON: {error}.") from None


def _renamed(seen: dict[str, Any]) -> dict[str, Any]:
    """Return values by the names that fields have in JSON."""
    from fitmon.engine.facts import Facts

    encoded = {field.name: field.encode_name for field in msgspec.structs.fields(Facts)}
    return {encoded[name]: value for name, value in seen.items() if name in encoded}


def _mean(losses: npt.NDArray[np.float32] | None) -> float | None:
    return None if losses is None else float(losses.mean(dtype=np.float64))


def _surely_wrong_share(scores: SampleScores, threshold: float) -> float | None:
    wrong = ~scores.right(threshold)
    count = int(np.count_nonzero(wrong))
    return float(np.count_nonzero(scores.margin[wrong] <= SURELY_WRONG_MARGIN) / count) if count else None


def _six_digits(value: float) -> Any:
    """Return a number rounded as it is reported, so that a journal gives the same one back."""
    return value if isinstance(value, int) else float(f"{value:.6g}")
