"""Writes the model of a run, with its best weights or its last ones, into a file that plain Keras loads.

Used by the training thread, between two chunks or when the run is over; the run could train on behind it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from fitmon.engine import events
from fitmon.engine.errors import FitmonError, TrainingError
from fitmon.engine.training.best_weights import BestWeights
from fitmon.engine.training.model_file import write_model

if TYPE_CHECKING:
    import keras

    from fitmon.engine.commands import Export
    from fitmon.engine.record.record import RunRecord


class Exporter:
    """Keeps the best weights of a run under way and writes model files."""

    def __init__(
        self,
        model: keras.Model,
        *,
        plain: Callable[[], AbstractContextManager[None]],
        weights: BestWeights,
        record: RunRecord,
    ) -> None:
        """Copy and write nothing yet.

        Args:
            model: built and compiled.
            plain: has the values of the model's knobs in it, as plain Keras saves them, as long as it is open.
            weights: those of the best epoch; they are told here when to take them.
            record: of the run, every event applied before `note` hears it.
        """
        self._model, self._plain, self._record = model, plain, record
        self._weights = weights
        self._written: set[str] = set()

    def note(self, event: events.Event) -> None:
        """Copy the weights at the end of an epoch that is the best so far; cheap for every other event."""
        match event:
            case events.KnobApplied():
                self._weights.forget_reading()
            case events.EpochEnded():
                best = self._record.best
                if best is not None and best.epoch == event.epoch:
                    self._weights.take(best)

    def write(self, wish: Export) -> events.ModelExported | events.ExportFailed:
        """Write the file and return what became of it; the model is as before, and nothing is raised."""
        try:
            epoch, weights = self._weights_for(wish)
            with weights, self._plain():
                write_model(self._model, Path(wish.path), replace=wish.replace or wish.path in self._written)
        except FitmonError as error:
            return events.ExportFailed(path=wish.path, reason=str(error))
        except Exception as error:  # noqa: BLE001 - whatever a layer of the user's raises, the run is not at an end
            reason = f"Keras could not save this model ({type(error).__name__}: {error})."
            return events.ExportFailed(path=wish.path, reason=reason)
        # What this run wrote itself it may write anew, when it has gone back to an epoch and is over once more.
        self._written.add(wish.path)
        return events.ModelExported(path=wish.path, keep=wish.keep, epoch=epoch)

    def _weights_for(self, wish: Export) -> tuple[int, AbstractContextManager[None]]:
        best, epochs_done = self._record.best, self._record.epochs_done
        if not epochs_done:
            raise TrainingError("No epoch was trained to its end, so that there is nothing to write.")
        if wish.keep == "last":
            return epochs_done, nullcontext()
        if best is None:
            raise TrainingError("No epoch had a loss that is a number, so that there is no best one.")
        return best.epoch, self._weights.in_place(best)
