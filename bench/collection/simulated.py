"""Runs whose truth is known because their losses are drawn at random: no model is trained.

The loss of a sample is its own level, distributed as in real classifiers, times a given curve, times noise around 1.
The curve is what an infinite validation set would show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from bench.collection.recording import Answer
from fitmon.engine.diagnosis.curves import EpochCurves
from fitmon.engine.diagnosis.evidence import Evidence
from fitmon.engine.diagnosis.paired import PairedLosses
from fitmon.engine.facts import Facts

Floats = npt.NDArray[np.float64]

PLATEAUS = 200
SHORTEST, LONGEST = 20, 200
CHANCE = float(np.log(10))
CLASSES = 10
LEVEL_SHAPE = 0.5
"""Of the gamma distribution of the samples' levels: most are small, a few are large."""

MUST, MUST_NOT = Answer.MUST, Answer.MUST_NOT


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """A run drawn at random around known curves."""

    name: str
    made: str
    seed: int
    validation: Floats
    """(epochs,) the loss of an infinite validation set."""
    training: Floats
    """(epochs,) likewise of the training set."""
    samples: int = 1_000
    noise: float = 0.3
    """Standard deviation of the logarithm of a sample's noise."""
    memory: float = 0.0
    """Share of an epoch's noise that stays in the next one, in [0, 1)."""
    shared_noise: float = 0.0
    """As `noise`, but shared by all samples: the weights move."""
    planned_epochs: int | None = None
    """None: as many as were drawn."""
    labels: Mapping[str, Answer] = field(default_factory=dict)
    healthy: bool = False

    def answer(self, finding: str) -> Answer:
        """Return whether a finding must be made by the end."""
        return self.labels.get(finding, Answer.EITHER)

    def evidence(self) -> Iterator[Evidence]:
        """Yield what the engine would give the diagnosis, epoch by epoch."""
        paired, curves, epochs = PairedLosses(), EpochCurves(), len(self.validation)
        random = np.random.default_rng(self.seed)
        sides = zip(self._losses(self.validation, random), self._losses(self.training, random), strict=True)
        for epoch, (validation, training) in enumerate(sides, start=1):
            curves.append(_measured(paired, epoch, validation, training))
            yield Evidence(
                epoch=epoch,
                epochs=self.planned_epochs or epochs,
                curves=curves.views(),
                knobs={"learning_rate": 1e-3, "batch_size": 32, "epochs": epochs},
                facts=_facts(self.samples),
            )

    def _losses(self, curve: Floats, random: np.random.Generator) -> Iterator[npt.NDArray[np.float32]]:
        """Yield each sample's loss, (samples,), epoch by epoch."""
        levels = random.standard_gamma(LEVEL_SHAPE, self.samples).astype(np.float32)
        levels /= levels.mean()
        fresh_share = np.sqrt(1 - self.memory**2)
        own = random.standard_normal(self.samples, dtype=np.float32)
        for mean in curve:
            own = self.memory * own + fresh_share * random.standard_normal(self.samples, dtype=np.float32)
            both = self.noise * own - self.noise**2 / 2
            shared = self.shared_noise * random.normal() - self.shared_noise**2 / 2
            yield mean * levels * np.exp((both + shared).astype(np.float32))


def _measured(
    paired: PairedLosses, epoch: int, validation: npt.NDArray[np.float32], training: npt.NDArray[np.float32]
) -> dict[str, float]:
    losses = {"validation": float(validation.mean()), "training": float(training.mean())}
    found: dict[str, float | None] = {f"{side}_loss": loss for side, loss in losses.items()}
    # An accuracy that matches the loss.
    found |= {f"{side}_accuracy": float(np.exp(-loss)) for side, loss in losses.items()}
    found |= paired.update(epoch, validation, training)
    found |= {"loss": losses["training"], "val_loss": losses["validation"], "penalty": 0.0}
    found |= {"accuracy": found["training_accuracy"], "val_accuracy": found["validation_accuracy"]}
    return {name: float(value) for name, value in found.items() if value is not None}


def _facts(samples: int) -> Facts:
    each = tuple([samples // CLASSES] * CLASSES)
    return Facts(
        job="simulated",
        training_samples=samples,
        validation_samples=samples,
        train_subset=samples,
        classes=CLASSES,
        training_counts=each,
        validation_counts=each,
        features=20,
        constant_features=0,
        largest_scale=1.0,
        smallest_scale=1.0,
        largest_value=5.0,
        non_finite_values=0,
        duplicates=0,
        labels_sorted=False,
        label_columns=CLASSES,
        one_hot=True,
        output_units=CLASSES,
        output_activation="softmax",
        loss="categorical_crossentropy",
        parameters=10_000,
        hidden_units=(64,),
        optimizer="adam",
        baseline_loss=CHANCE,
    )


def plateaus(count: int = PLATEAUS) -> Iterator[Simulation]:
    """Yield runs whose validation loss stays constant: none of them overfits, whatever noise and training loss do."""
    random = np.random.default_rng(200)
    for number in range(count):
        epochs = int(random.integers(SHORTEST, LONGEST + 1))
        level = float(random.uniform(0.05, 1.5))
        falls = bool(random.integers(2))
        yield Simulation(
            name=f"plateau {number}",
            made="a validation loss that stays, with noise",
            seed=number,
            validation=np.full(epochs, level),
            training=level * (np.exp(-np.arange(epochs) / epochs) if falls else np.ones(epochs)),
            samples=int(np.exp(random.uniform(np.log(100), np.log(3_000)))),
            noise=float(random.uniform(0.05, 0.6)),
            memory=float(random.choice([0.0, 0.5, 0.9])),
            shared_noise=float(random.choice([0.0, 0.01])),
            labels={"overfitting": MUST_NOT, "memorizing": MUST_NOT},
        )


def known_curves() -> Iterator[Simulation]:
    """Yield runs with known findings."""
    for seed, (name, made, make, labels) in enumerate(_CURVES):
        validation, training = make(np.arange(1, 61, dtype=np.float64))
        yield Simulation(
            name=name, made=made, seed=seed, validation=validation, training=training, samples=2_000, labels=labels
        )


def _falling(epochs: Floats, to: float, pace: float) -> Floats:
    return to + (CHANCE - to) * np.exp(-epochs / pace)


def _rising(epochs: Floats, since: int, share: float) -> Floats:
    return 1 + share * np.maximum(0, epochs - since) / (len(epochs) - since)


_ONLY_THIS = dict.fromkeys(
    ("overfitting", "memorizing", "underfitting", "not_learning", "good_fit", "learning_well"), MUST_NOT
) | {"worse_than_guessing": MUST_NOT}
_OVERFITS = _ONLY_THIS | {"overfitting": MUST, "memorizing": Answer.EITHER}
_MEMORIZES = _ONLY_THIS | {"memorizing": MUST, "overfitting": Answer.EITHER}

_CURVES: tuple[tuple[str, str, Callable[[Floats], tuple[Floats, Floats]], dict[str, Answer]], ...] = (
    (
        "curve, overfitting by 60 %",
        "falls to 0.3 until epoch 15, then rises by 60 % while training falls to nothing",
        lambda t: (_falling(t, 0.3, 4) * _rising(t, 15, 0.6), _falling(t, 0.01, 6)),
        _OVERFITS,
    ),
    (
        "curve, overfitting by 15 %",
        "falls to 0.5 until epoch 20, then rises by 15 % while training falls to 0.1",
        lambda t: (_falling(t, 0.5, 4) * _rising(t, 20, 0.15), _falling(t, 0.1, 10)),
        _OVERFITS,
    ),
    (
        "curve, overfitting from the start",
        "stays at chance and rises by 80 % while training falls",
        lambda t: (CHANCE * _rising(t, 2, 0.8), _falling(t, 0.2, 15)),
        _OVERFITS | {"not_learning": Answer.EITHER, "worse_than_guessing": MUST},
    ),
    (
        "curve, memorizing",
        "validation falls to 0.3 until epoch 20 and stays while training falls to nothing",
        lambda t: (_falling(t, 0.3, 4), _falling(t, 0.0, 10)),
        _MEMORIZES,
    ),
    (
        "curve, memorizing slowly",
        "validation falls to 0.6 until epoch 20 and stays while training falls by a tenth every second epoch",
        lambda t: (_falling(t, 0.6, 4), _falling(t, 0.0, 19)),
        _MEMORIZES,
    ),
    (
        "curve, worse than guessing",
        "validation rises to twice the loss of guessing from the start while training falls",
        lambda t: (CHANCE * _rising(t, 1, 1.0), _falling(t, 0.1, 10)),
        {"worse_than_guessing": MUST, "good_fit": MUST_NOT, "learning_well": MUST_NOT},
    ),
    (
        "curve, both rise",
        "training and validation loss rise together: something is wrong, but nothing is learnt by heart",
        lambda t: (_falling(t, 0.5, 4) * _rising(t, 20, 0.5), _falling(t, 0.45, 4) * _rising(t, 20, 0.5)),
        {"overfitting": MUST_NOT, "good_fit": MUST_NOT, "learning_well": MUST_NOT},
    ),
    (
        "curve, good fit",
        "both fall to 0.1 until epoch 30 and stay there together",
        lambda t: (_falling(t, 0.1, 4), _falling(t, 0.095, 4)),
        _ONLY_THIS | {"good_fit": MUST},
    ),
    (
        "curve, good fit, a little gap",
        "both fall, validation to 0.2, training to 0.18, and stay",
        lambda t: (_falling(t, 0.2, 5), _falling(t, 0.18, 5)),
        _ONLY_THIS | {"good_fit": MUST},
    ),
    (
        "curve, still falling",
        "both fall steadily and are far from done",
        lambda t: (_falling(t, 0.05, 30), _falling(t, 0.04, 30)),
        _ONLY_THIS | {"learning_well": MUST},
    ),
    (
        "curve, falling slowly behind training",
        "validation falls more slowly than training, but falls",
        lambda t: (_falling(t, 0.3, 35), _falling(t, 0.05, 28)),
        _ONLY_THIS | {"learning_well": MUST},
    ),
    (
        "curve, underfitting",
        "both fall a little, to 1.7 of 2.3, and stay: training does badly too",
        lambda t: (_falling(t, 1.7, 4), _falling(t, 1.68, 4)),
        _ONLY_THIS | {"underfitting": MUST},
    ),
    (
        "curve, at chance",
        "both stay at the entropy of the class frequencies",
        lambda t: (np.full(len(t), CHANCE), np.full(len(t), CHANCE)),
        _ONLY_THIS | {"not_learning": MUST},
    ),
    (
        "curve, hardly below chance",
        "both end 1 % below chance",
        lambda t: (_falling(t, 0.99 * CHANCE, 5), _falling(t, 0.985 * CHANCE, 5)),
        _ONLY_THIS | {"not_learning": MUST},
    ),
    (
        "curve, no evidence of a rise",
        "stays at 1.0 from epoch 20 on while training, at 0.6, still falls: nothing can be said of validation",
        lambda t: (_falling(t, 1.0, 4), _falling(t, 0.4, 25)),
        _ONLY_THIS | {"undecided": MUST, "plateau": MUST_NOT},
    ),
    (
        "curve, a rise of a hundredth",
        "rises by 1 % from epoch 25 on while training falls to 0.6: it matters to nobody",
        lambda t: (_falling(t, 1.0, 4) * _rising(t, 25, 0.01), _falling(t, 0.4, 25)),
        _ONLY_THIS | {"undecided": MUST, "plateau": MUST_NOT},
    ),
    (
        "curve, a gap that stays",
        "stays at 0.9 while training falls from 0.8 to 0.5 and flattens",
        lambda t: (_falling(t, 0.9, 4), _falling(t, 0.5, 18)),
        _ONLY_THIS | {"undecided": MUST},
    ),
    (
        "curve, a rise too small to tell",
        "rises by 0.3 % with 2 000 samples: the noise is larger",
        lambda t: (_falling(t, 0.5, 4) * _rising(t, 25, 0.003), _falling(t, 0.45, 5)),
        {"overfitting": MUST_NOT},
    ),
)
