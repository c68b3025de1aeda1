"""A run that trains nothing: made-up events are applied to its record, and its commands are kept with their sender."""

from __future__ import annotations

import queue
import threading
from typing import Any

import numpy as np

from fitmon.engine import events
from fitmon.engine.commands import Command
from fitmon.engine.events import Phase
from fitmon.engine.insight.observer import Observer
from fitmon.engine.insight.scores import score_probabilities
from fitmon.engine.record.record import RunRecord
from fitmon.engine.record.snapshot import Snapshot
from fitmon.engine.samples import ValidationSamples
from fitmon.engine.values import KnobOffer

OFFERS = (
    KnobOffer(name="learning_rate", value=1e-3),
    KnobOffer(name="dropout", value=(0.25, 0.5)),
    KnobOffer(name="l1", value=None, unavailable="this model has no kernels"),
    KnobOffer(name="batch_size", value=64),
    KnobOffer(name="epochs", value=10),
)
STEPS = 100


class ServedRun:
    """Satisfies `fitmon.engine.attach.server.ServedRun`."""

    def __init__(self) -> None:
        self.requests: queue.SimpleQueue[tuple[Command, str]] = queue.SimpleQueue()
        self._record = RunRecord()
        self._lock = threading.Lock()

    def snapshot(self) -> Snapshot:
        with self._lock:
            return self._record.snapshot()

    def send(self, command: Command, *, by: str) -> None:
        self.requests.put((command, by))

    def tell(self, *told: events.Event) -> ServedRun:
        for event in told:
            with self._lock:
                self._record.apply(event)
        return self

    def epochs(self, first: int, last: int, factor: float = 1.0) -> ServedRun:
        """Several whole epochs."""
        for epoch in range(first, last + 1):
            self.tell(*epoch_events(epoch, factor=factor))
        return self


def started(**changes: Any) -> events.RunStarted:
    facts: dict[str, Any] = {
        "run": "mnist",
        "epochs": 10,
        "steps": STEPS,
        "training_samples": 54_000,
        "validation_samples": 6_000,
        "class_names": ("cat", "dog"),
        "knobs": OFFERS,
        "seed": 7,
        "device": "CPU (2 threads)",
        "versions": {"keras": "3.12.0"},
        "parameters": 101_770,
        "jit": False,
        "majority_share": 0.1135,
        "notes": ("The data is sorted by class.",),
    }
    return events.RunStarted(**(facts | changes))


def epoch_events(epoch: int, *scored: events.SamplesScored, factor: float = 1.0) -> list[events.Event]:
    """An epoch of two chunks, with its loss times a factor; its validation loss is sometimes NaN."""
    validation_loss = float("nan") if epoch % 3 == 0 else 1.2 / epoch
    metrics = {"loss": factor / epoch, "accuracy": 1 - 0.5 / epoch, "val_loss": validation_loss, "val_accuracy": 0.5}
    return [
        events.EpochStarted(epoch=epoch, epochs=10, steps=STEPS),
        *(chunk(epoch, step, traced=epoch == 1) for step in (STEPS // 2, STEPS)),
        *scored,
        events.EpochEnded(epoch=epoch, epochs=10, seconds=1.6, metrics=metrics, knobs={"learning_rate": 1e-3}),
    ]


def chunk(epoch: int, step: int, **changes: Any) -> events.ChunkEnded:
    metrics = {"loss": 2.0 - step / STEPS, "accuracy": step / STEPS}
    facts: dict[str, Any] = {"steps": STEPS, "chunk_metrics": metrics, "epoch_metrics": metrics, "seconds": 0.1}
    return events.ChunkEnded(epoch=epoch, step=step, **(facts | changes))


class Scorer:
    """Scores made-up predictions of the same samples epoch after epoch."""

    def __init__(self, classes: int, samples: int = 12) -> None:
        self._classes, self._samples = classes, samples
        self.observer = Observer(samples, 0.5)
        self._random = np.random.default_rng(classes)
        self._labels = self._random.integers(0, classes, samples).astype(np.int32)

    def scored(self, epoch: int) -> events.SamplesScored:
        shares = self._random.random((self._samples, self._classes), dtype=np.float32)
        shares /= shares.sum(axis=1, keepdims=True)
        two = self._classes == 2
        scores = score_probabilities(shares[:, 1] if two else shares, self._labels)
        if not two:
            losses = -np.log(scores.probability_true)
            scores = _replaced(scores, losses=losses, weights=np.ones_like(losses))
        probabilities = None if two else _frozen(shares)
        return events.SamplesScored(
            observation=self.observer.observe(scores, epoch, penalty=0.25, probabilities=probabilities)
        )


def samples_loaded(count: int = 12) -> events.SamplesLoaded:
    """Gray images, and the same before scaling."""
    original = np.arange(count * 4, dtype=np.uint8).reshape(count, 2, 2)
    return events.SamplesLoaded(
        samples=ValidationSamples(
            inputs=_frozen((original / 255).astype(np.float32)),
            original=_frozen(original),
            feature_names=(),
            class_names=("cat", "dog"),
        )
    )


def story(classes: int) -> list[events.Event]:
    """A run with everything that can happen: changes, refusals, pauses, branches, disk errors, and two ends."""
    scorer = Scorer(classes)
    return [
        events.PhaseChanged(phase=Phase.LOADING, detail="3 of 11 MB"),
        started(),
        samples_loaded(),
        events.PhaseChanged(phase=Phase.TRAINING),
        scorer.scored(0),
        *epoch_events(1, scorer.scored(1)),
        events.KnobRequested(knob="learning_rate", value=5e-4, epoch=2),
        events.KnobRequested(knob="dropout", value=0.5, epoch=4),
        events.KnobRefused(knob="l1", value=1.0, reason="this model has no kernels"),
        events.EpochStarted(epoch=2, epochs=10, steps=STEPS),
        events.KnobApplied(knob="learning_rate", requested=5e-4, value=5e-4, previous=1e-3, epoch=2, step=1),
        *epoch_events(2, scorer.scored(2))[1:],
        events.CheckpointFailed(message="The disk is full."),
        *epoch_events(3, scorer.scored(3)),
        events.PauseRequested(at="chunk"),
        events.RunPaused(epoch=3, step=STEPS, reason="requested"),
        events.RewindRefused(epoch=9, branch=1, reason="Epoch 9 of branch 1 has no checkpoint."),
        events.BranchStarted(branch=2, parent=1, epoch=1, knobs={"learning_rate": 1e-3, "dropout": (0.25, 0.5)}),
        events.PauseEnded(),
        *epoch_events(2, scorer.scored(2), factor=2),
        events.CheckpointsResumed(),
        events.RunDetached(reason="the terminal was closed"),
        *epoch_events(3, scorer.scored(3), factor=2),
        events.BranchStarted(branch=3, parent=2, epoch=0, knobs={}),
        *epoch_events(1, scorer.scored(1), factor=3),
        events.LossBecameNonFinite(metric="loss", epoch=2, step=5, value="nan"),
        events.RunEnded(reason="stopped by the user", epochs_done=1, completed=False),
        events.RunResumed(epochs_done=0, exact=False, reasons=("Another device.",), proof="12 arrays were compared."),
        *epoch_events(1, scorer.scored(1), factor=4),
        events.RunFailed(kind="training", message="train_step raised \udc80.", traceback="Traceback …", epochs_done=1),
    ]


def _replaced(scores: Any, **arrays: Any) -> Any:
    from dataclasses import replace

    return replace(scores, **{name: _frozen(array) for name, array in arrays.items()})


def _frozen(array: Any) -> Any:
    array.flags.writeable = False
    return array
