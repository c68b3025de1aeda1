"""Measures the cost of following every validation sample; prints one line of JSON."""

from __future__ import annotations

import json
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from bench.jobs import measured_job
from bench.losses import cross_entropy
from fitmon.engine import environment
from fitmon.engine.insight.observer import Observer
from fitmon.engine.insight.scores import SampleScores, score_probabilities
from fitmon.engine.insight.summary import summarize
from fitmon.engine.keras_internals import build_model

MILLION = 1_000_000
EPOCHS = 12
PASSES = 15


def mnist_extra_seconds() -> dict[str, float]:
    """Return the seconds of a validation pass over MNIST with and without insight, measured alternately."""
    environment.import_tensorflow()
    from fitmon.engine.data.feed import ResidentFeed
    from fitmon.engine.evaluation.evaluate import Evaluator
    from fitmon.engine.evaluation.probe import Probe

    job = measured_job("mnist", jit=False)
    data = job.load(job.settings, lambda _: None)
    model = job.build(job.settings, data)
    build_model(model, (data.x[:1], data.y[:1]))
    plain = Evaluator(model, ResidentFeed(data.x_validation, data.y_validation), keep_predictions=False)
    probe = Probe(model, data, threshold=0.5)
    epochs = iter(range(1, 10**6))

    def follow() -> None:
        observation = probe.evaluate(next(epochs), job.settings.batch_size, lambda: None).observation
        if observation is not None:
            summarize(observation)

    taken: dict[str, list[float]] = {"with": [], "without": []}
    for _ in range(PASSES):
        taken["with"].append(_seconds(follow))
        taken["without"].append(_seconds(lambda: plain.evaluate(job.settings.batch_size)))
    # The first passes trace.
    return {name: statistics.median(seconds[2:]) for name, seconds in taken.items()}


def million_samples() -> dict[str, float]:
    """Return seconds per epoch, and bytes per sample kept between epochs and at the peak, for a million samples."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, MILLION, dtype=np.int32)
    start = random.random(MILLION, dtype=np.float32)
    scored = [_scores(start, labels, random) for _ in range(3)]
    observer = Observer(MILLION, threshold=0.5)

    def follow(epoch: int) -> None:
        summarize(observer.observe(scored[epoch % 3], epoch))

    seconds = [_seconds(partial(follow, epoch)) for epoch in range(1, EPOCHS + 1)]
    return {"seconds": statistics.median(seconds), **_bytes_per_sample(labels, start, random)}


def _bytes_per_sample(labels: np.ndarray, start: np.ndarray, random: np.random.Generator) -> dict[str, float]:
    tracemalloc.start()
    observer = Observer(MILLION, threshold=0.5)
    for epoch in range(1, EPOCHS + 1):
        # As in a run: the scores are new arrays in each epoch, and a snapshot refers to the last observation.
        kept = observer.observe(_scores(start, labels, random), epoch)
        summarize(kept)
    now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del kept
    return {"kept_bytes": now / MILLION, "peak_bytes": peak / MILLION}


def _scores(start: np.ndarray, labels: np.ndarray, random: np.random.Generator) -> SampleScores:
    moved = np.clip(start + 0.02 * random.standard_normal(MILLION, dtype=np.float32), 0, 1)
    scores = score_probabilities(moved, labels)
    return replace(scores, losses=cross_entropy(scores.probability_true))


def _seconds(work: Callable[[], object]) -> float:
    since = time.perf_counter()
    work()
    return time.perf_counter() - since


if __name__ == "__main__":
    print(json.dumps({"mnist": mnist_extra_seconds, "million": million_samples}[sys.argv[1]]()))
