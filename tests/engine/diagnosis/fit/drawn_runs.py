"""Runs with known truth, because their losses are drawn at random: the evidence for the rules, epoch by epoch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from fitmon.engine.diagnosis.curves import EpochCurves
from fitmon.engine.diagnosis.diagnosis import Diagnosis
from fitmon.engine.diagnosis.evidence import Evidence, KnobChange, Rule
from fitmon.engine.diagnosis.fit.rules import FIT_RULES
from fitmon.engine.diagnosis.paired import PairedLosses
from fitmon.engine.facts import Facts
from fitmon.engine.finding import Finding
from fitmon.engine.values import KnobValue

Floats = npt.NDArray[np.float64]

CHANCE = float(np.log(10))
FACTS = Facts(
    job="mnist",
    options={},
    training_samples=4_000,
    validation_samples=1_000,
    train_subset=1_000,
    classes=10,
    training_counts=(400,) * 10,
    output_units=10,
    output_activation="softmax",
    loss="categorical_crossentropy",
    hidden_units=(64,),
    optimizer="adam",
    baseline_loss=CHANCE,
)
KNOBS: Mapping[str, KnobValue] = {
    "learning_rate": 1e-3,
    "dropout": 0.0,
    "l1": 0.0,
    "l2": 0.0,
    "batch_size": 32,
    "epochs": 60,
}


def evidence_of(
    curves: Mapping[str, Floats | list[float]],
    *,
    facts: Facts = FACTS,
    knobs: Mapping[str, KnobValue] = KNOBS,
    epochs: int | None = None,
    changed_at: tuple[int, ...] = (),
    can_rewind: bool = True,
) -> Evidence:
    """Return the evidence of a run with these curves; by default all planned epochs are done."""
    told = {name: np.asarray(values, dtype=np.float64) for name, values in curves.items()}
    done = len(next(iter(told.values())))
    return Evidence(
        epoch=done,
        epochs=epochs or done,
        curves=told,
        knobs=knobs,
        facts=facts,
        changes=tuple(KnobChange(epoch=epoch, knob="batch_size", previous=16, value=32) for epoch in changed_at),
        can_rewind=can_rewind,
    )


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A run whose samples' losses are drawn around known curves."""

    validation: Floats
    training: Floats
    samples: int = 1_000
    noise: float = 0.3
    """Standard deviation of the logarithm of each sample's loss, drawn again in each epoch."""
    jitter: float = 0.0
    """The same for all samples together: the weights move."""
    seed: int = 0
    planned: int | None = None
    facts: Facts = FACTS
    knobs: Mapping[str, KnobValue] = field(default_factory=lambda: KNOBS)

    def evidence(self) -> Iterator[Evidence]:
        """Yield the evidence at the end of each epoch."""
        random, paired, curves = np.random.default_rng(self.seed), PairedLosses(), EpochCurves()
        levels = random.gamma(0.5, 2.0, (2, self.samples)).astype(np.float32)
        levels /= levels.mean(axis=1, keepdims=True)
        for epoch, means in enumerate(zip(self.validation, self.training, strict=True), start=1):
            each = np.exp(self.noise * random.standard_normal((2, self.samples), dtype=np.float32))
            each /= np.exp(self.noise**2 / 2)
            common = np.exp(self.jitter * random.normal(size=(2, 1)))
            losses = (levels * each * common * np.array(means)[:, None]).astype(np.float32)
            validation, training = (float(each.mean()) for each in losses)
            told = {"validation_loss": validation, "val_loss": validation, "training_loss": training, "loss": training}
            curves.append(told | paired.update(epoch, losses[0], losses[1]))
            yield Evidence(
                epoch=epoch,
                epochs=self.planned or len(self.validation),
                curves=curves.views(),
                knobs=self.knobs,
                facts=self.facts,
                can_rewind=True,
            )

    def found(self, rules: tuple[Rule, ...] = FIT_RULES) -> list[tuple[Finding, ...]]:
        """Return the findings after each epoch; a rule that fails raises."""
        diagnosis = Diagnosis(rules, strict=True)
        return [diagnosis.update(evidence) for evidence in self.evidence()]

    def names(self) -> set[str]:
        """Return the findings at the end."""
        return {finding.name for finding in self.found()[-1]}


def falling(epochs: int, to: float, pace: float) -> Floats:
    """Return a loss that falls from chance to a value; after `pace` epochs a third of the way is left."""
    done: Floats = np.arange(1, epochs + 1, dtype=np.float64)
    return to + (CHANCE - to) * np.exp(-done / pace)


def rising(epochs: int, since: int, share: float) -> Floats:
    """Return factors that are 1 until an epoch, and rise by a share until the last."""
    done: Floats = np.arange(1, epochs + 1, dtype=np.float64)
    return 1 + share * np.maximum(0, done - since) / (epochs - since)
