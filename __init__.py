"""Watch, understand and steer a Keras training run from the terminal.

The names below are what a script of your own needs. They are imported when they are first used, so that
`import fitmon` costs nothing and loads neither TensorFlow nor Textual.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fitmon.engine.job import Job, Settings, TrainingData
    from fitmon.engine.training.options import RunOptions
    from fitmon.engine.training.session import Session
    from fitmon.tui.launch import run_screen

__all__ = ["Job", "RunOptions", "Session", "Settings", "TrainingData", "run_screen"]

_MODULES = {
    "Job": "fitmon.engine.job",
    "RunOptions": "fitmon.engine.training.options",
    "Session": "fitmon.engine.training.session",
    "Settings": "fitmon.engine.job",
    "TrainingData": "fitmon.engine.job",
    "run_screen": "fitmon.tui.launch",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'fitmon' has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
