"""Measures what scoring a fixed subset of the training set adds to a validation pass; prints one line of JSON.

`python -m bench.train_subset mnist`
"""

from __future__ import annotations

import json
import statistics
import sys
import time

from bench.jobs import measured_job
from fitmon.engine import environment
from fitmon.engine.keras_internals import build_model

PASSES = 60
UNTIMED_PASSES = 4
"""The first passes trace, and find the length of their chunks."""


def pass_seconds(preset: str) -> dict[str, float]:
    """Return the median seconds of a validation pass with the subset and without it, in turns, and its size."""
    environment.import_tensorflow()
    import keras

    from fitmon.engine.data.choose_feed import feed_for
    from fitmon.engine.evaluation.probe import Probe
    from fitmon.engine.evaluation.train_subset import train_subset_of

    job = measured_job(preset, jit=False)
    settings, data = job.settings, job.load(job.settings, lambda _: None)
    model, feed = job.build(settings, data), feed_for(data)
    build_model(model, feed.head())
    samples = len(keras.tree.flatten(data.x_validation)[0])
    subset = train_subset_of(model, feed, settings, validation_samples=samples)
    probes = {"with": Probe(model, data, settings.threshold, subset), "without": Probe(model, data, settings.threshold)}
    taken: dict[str, list[float]] = {"with": [], "without": []}
    for number in range(PASSES):
        for name, probe in probes.items():
            since = time.perf_counter()
            probe.evaluate(number, settings.batch_size, lambda: None)
            taken[name].append(time.perf_counter() - since)
    medians = {name: statistics.median(seconds[UNTIMED_PASSES:]) for name, seconds in taken.items()}
    return {**medians, "samples": 0 if subset is None else len(subset)}


if __name__ == "__main__":
    print(json.dumps(pass_seconds(sys.argv[1])))
