"""Writes the model of a run, with its best or its last weights, into a file that plain Keras loads.

Used by the training thread, between two chunks or after the end; the run could continue afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from fitmon.engine import events
from fitmon.engine.errors import FitmonError, TrainingError
from fitmon.engine.training.model_file import write_model

if TYPE_CHECKING:
    import keras

    from fitmon.engine.commands import Export
    from fitmon.engine.progress import Progress
    from fitmon.engine.training.best_weights import BestWeights


class Exporter:
    """Writes the model files of a run."""

    def __init__(
        self,
        model: keras.Model,
        *,
        plain: Callable[[], AbstractContextManager[None]],
        best_weights: BestWeights,
        progress: Callable[[], Progress],
    ) -> None:
        """Write nothing yet.

        Args:
            model: built and compiled.
            plain: while it is open, the model holds its knobs' values as plain Keras saves them.
            best_weights: those of the best epoch.
            progress: returns how far the run is now.
        """
        self._model, self._plain = model, plain
        self._best_weights, self._progress = best_weights, progress
        self._written: set[str] = set()

    def write(self, request: Export) -> events.ModelExported | events.ExportFailed:
        """Write the file and return the outcome; the model is left as it was, and nothing is raised."""
        try:
            epoch, weights = self._weights_for(request)
            with weights, self._plain():
                write_model(self._model, Path(request.path), replace=request.replace or request.path in self._written)
        except FitmonError as error:
            return events.ExportFailed(path=request.path, reason=str(error))
        except Exception as error:  # noqa: BLE001 - whatever a user's layer raises, it does not end the run
            reason = f"Keras could not save this model ({type(error).__name__}: {error})."
            return events.ExportFailed(path=request.path, reason=reason)
        # A run may replace its own file when it was rewound and has ended once more.
        self._written.add(request.path)
        return events.ModelExported(path=request.path, keep=request.keep, epoch=epoch)

    def _weights_for(self, request: Export) -> tuple[int, AbstractContextManager[None]]:
        best, epochs_done = self._progress().best, self._progress().epochs_done
        if not epochs_done:
            raise TrainingError("No epoch has ended yet, so there is no model to write.")
        if request.keep == "last":
            return epochs_done, nullcontext()
        if best is None:
            raise TrainingError("No epoch had a finite loss, so there is no best one.")
        return best.epoch, self._best_weights.in_place(best)
