"""One validation sample with everything known about it."""

from dataclasses import dataclass

import numpy as np

from fitmon.engine.insight.history import SampleCurve
from fitmon.engine.insight.observer import Observation
from fitmon.engine.insight.scores import Floats
from fitmon.engine.samples import ValidationSamples
from fitmon.tui.drawing.sample_facts import SampleFacts, facts_of
from fitmon.tui.drawing.sample_input import FeatureScroll


@dataclass(frozen=True, slots=True, eq=False)
class ChosenSample:
    """One validation sample with everything known about it."""

    observation: Observation
    """Of n entries."""
    threshold: float
    """In [0, 1]; ignored for more than two classes."""
    entry: int
    """The index of the entry, in 0..n-1."""
    samples: ValidationSamples | None
    """The samples themselves; None if they are unavailable."""
    names: tuple[str, ...]
    """Of the classes, or of the labels if a sample has several, unchanged."""
    paints: bool = False
    """Whether pictures may have colors of their own."""
    scroll: FeatureScroll | None = None
    """How far the features of a table row are scrolled; None: not at all."""

    @property
    def number(self) -> int:
        """The number of the sample in the validation set, from 0."""
        return self.entry // self.observation.scores.labels

    @property
    def facts(self) -> SampleFacts:
        """Its current facts; every array is (1,)."""
        return facts_of(self.observation, self.threshold, np.array([self.entry]))

    @property
    def curve(self) -> SampleCurve:
        """Its history, which is in half precision; the last value is exact, as it is shown elsewhere."""
        scores, kept = self.observation.scores, self.observation.history.of(self.entry)
        if not kept.epochs:
            return kept
        loss = kept.losses[-1] if scores.losses is None else float(scores.losses[self.entry])
        return SampleCurve(
            epochs=kept.epochs,
            probability_true=(*kept.probability_true[:-1], float(scores.probability_true[self.entry])),
            losses=(*kept.losses[:-1], loss),
        )

    @property
    def true_threshold(self) -> float | None:
        """The p(true) above which the prediction is right; None for more than two classes."""
        if self.observation.scores.task != "binary":
            return None
        return self.threshold if self.observation.scores.true_class[self.entry] == 1 else 1.0 - self.threshold

    @property
    def probabilities(self) -> Floats | None:
        """The probabilities of all classes, or of all labels if a sample has several: (C,) float32.

        None if the model gives them for the true class only.
        """
        scores, matrix = self.observation.scores, self.observation.probabilities
        if scores.probability is None:
            return None if matrix is None else matrix[self.entry].astype(np.float32)
        if scores.labels > 1:
            first = self.number * scores.labels
            return scores.probability[first : first + scores.labels]
        probability = scores.probability[self.entry]
        return np.array([1 - probability, probability], dtype=np.float32)
