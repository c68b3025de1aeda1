"""Made-up observations of validation samples, for the tests of what is drawn of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from fitmon.engine import events
from fitmon.engine.insight.observer import Observation, Observer
from fitmon.engine.insight.scores import SampleScores, score_probabilities
from fitmon.engine.samples import ValidationSamples
from fitmon.tui.drawing.sample_browser import SampleBrowser
from fitmon.tui.frame import Frame
from tests.tui.fake_run import FakeRun


def two_classes(*probabilities: float, labels: tuple[int, ...], losses: bool = True) -> SampleScores:
    """Return the scores of samples whose probability of class 1 is given, with the cross-entropy of each."""
    scores = score_probabilities(np.array(probabilities, dtype=np.float32), np.array(labels))
    return with_losses(scores) if losses else scores


def with_losses(scores: SampleScores) -> SampleScores:
    with np.errstate(divide="ignore"):
        return replace(scores, losses=-np.log(scores.probability_true))


def random_scores(samples: int, classes: int, seed: int = 0) -> SampleScores:
    random = np.random.default_rng(seed)
    powers = np.exp(random.standard_normal((samples, classes)))
    shares = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    # The same samples each time: only what is predicted differs between seeds.
    labels = np.random.default_rng(0).integers(0, classes, samples)
    return with_losses(score_probabilities(shares if classes > 2 else shares[:, 1], labels))


def observed(*epochs: SampleScores, threshold: float = 0.5, first_epoch: int = 1) -> Observation:
    """Return what is known after these epochs."""
    observer = Observer(len(epochs[0]), threshold)
    return [observer.observe(scores, first_epoch + number) for number, scores in enumerate(epochs)][-1]


def browsing(observation: Observation, threshold: float = 0.5) -> SampleBrowser:
    browser = SampleBrowser()
    browser.show(observation, threshold)
    return browser


def samples_of(inputs: Any, **facts: Any) -> ValidationSamples:
    """Return validation samples as the engine hands them over."""
    defaults = {"original": None, "feature_names": (), "class_names": ()}
    return ValidationSamples(inputs=inputs, **(defaults | facts))


def picture(
    *epochs: SampleScores, samples: ValidationSamples | None = None, threshold: float = 0.5, **started: Any
) -> Frame:
    """Return what the screen has to draw after these epochs."""
    run = FakeRun().begin(**started)
    if samples is not None:
        run.tell(events.SamplesLoaded(samples=samples))
    for number, scores in enumerate(epochs, 1):
        run.epoch_ended(number, scores)
    return picture_of(run, threshold)


def picture_of(run: FakeRun, threshold: float = 0.5) -> Frame:
    return Frame(
        snapshot=run.snapshot(),
        name="mnist",
        threshold=threshold,
        log_scale=False,
        frozen=False,
        notice="",
        phase_seconds=0,
    )
