"""Trains a preset with `model.fit(verbose=0)` and prints the seconds between the ends of its epochs as JSON."""

import json
import sys
import time
from itertools import pairwise
from typing import Any

from bench.jobs import measured_job
from fitmon.engine import environment


def main() -> None:
    """Read preset and `jit` or `no-jit` from the command line."""
    preset, jit = sys.argv[1], sys.argv[2] == "jit"
    environment.import_tensorflow()
    import keras

    job = measured_job(preset, jit)
    keras.utils.set_random_seed(job.settings.seed)
    data = job.load(job.settings, lambda _: None)
    model: Any = job.build(job.settings, data)
    ends: list[float] = []
    model.fit(
        data.x,
        data.y,
        validation_data=(data.x_validation, data.y_validation),
        batch_size=job.settings.batch_size,
        epochs=job.settings.epochs,
        verbose=0,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: ends.append(time.perf_counter()))],
    )
    print(json.dumps([later - earlier for earlier, later in pairwise(ends)]))


main()
