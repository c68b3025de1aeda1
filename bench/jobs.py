"""The presets as they are measured: shortened, with XLA on or off, on the real MNIST."""

import os
from dataclasses import replace
from pathlib import Path

from fitmon.engine.job import Job
from fitmon.presets import preset_named

EPOCHS = {"mnist": 5, "iris": 100, "binary": 15}
"""Epochs measured of each preset; the first is left out of every median."""


def mnist_path() -> Path:
    """Return the real MNIST: `$FITMON_DATA`, else `../shared/data/mnist.npz` beside the project."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data" / "mnist.npz"
    return Path(os.environ.get("FITMON_DATA") or beside)


def measured_job(preset_name: str, jit: bool, epochs: int | None = None) -> Job:
    """Return a preset's job with its own defaults but for the number of epochs and XLA."""
    preset = preset_named(preset_name)
    settings = replace(preset.settings, epochs=epochs or EPOCHS[preset_name], jit=jit)
    return preset.job(settings, file=mnist_path() if preset_name == "mnist" else None)
