"""Shows a made-up run with 100,000 validation samples on the terminal, for `bench` to press keys on."""

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from bench.losses import cross_entropy
from fitmon.engine import events
from fitmon.engine.commands import Command
from fitmon.engine.insight.observer import Observer
from fitmon.engine.insight.scores import score_probabilities
from fitmon.engine.record.record import RunRecord
from fitmon.engine.record.snapshot import Snapshot
from fitmon.tui.launch import run_screen
from fitmon.tui.options import ScreenOptions

SAMPLES = 100_000
EPOCHS = 5


class RecordedRun:
    """A run that has reached its last epoch and no longer changes."""

    def __init__(self) -> None:
        """Score the samples for some epochs."""
        self._record = RunRecord()
        random = np.random.default_rng(0)
        labels = random.integers(0, 2, SAMPLES, dtype=np.int32)
        logits = 1.2 * (2 * labels - 1) + random.standard_normal(SAMPLES)
        observer = Observer(SAMPLES, threshold=0.5)
        self._record.apply(started_run(EPOCHS))
        for epoch in range(EPOCHS + 1):
            noise = 0.3 * random.standard_normal(SAMPLES)
            probability = 1 / (1 + np.exp(-logits * epoch / EPOCHS - noise))
            scores = score_probabilities(probability, labels)
            scores = replace(scores, losses=cross_entropy(scores.probability_true))
            self._record.apply(events.SamplesScored(observation=observer.observe(scores, epoch)))

    def start(self) -> None:
        """Train nothing."""

    def send(self, command: Command) -> None:
        """Ignore the command."""

    def snapshot(self) -> Snapshot:
        """Return the state of the run."""
        return self._record.snapshot()

    def join(self, timeout_seconds: float) -> bool:  # noqa: ARG002 - the signature of every run
        """Return at once: there is nothing to wait for."""
        return True


def started_run(epochs: int) -> events.RunStarted:
    """Return the start of a made-up run."""
    return events.RunStarted(
        run="views",
        epochs=epochs,
        steps=1,
        training_samples=SAMPLES,
        validation_samples=SAMPLES,
        class_names=("no", "yes"),
        knobs=(),
        seed=0,
        device="none",
        versions={},
        parameters=0,
        jit=False,
        majority_share=0.5,
    )


if __name__ == "__main__":
    with tempfile.NamedTemporaryFile(suffix=".log") as log:
        sys.exit(run_screen(RecordedRun(), name="views", options=ScreenOptions(log_path=Path(log.name))))
