"""Carries a run from its job to its ending event, in one worker thread of its own. Complete without a screen.

The session owns the order of things: what is loaded, when a command takes hold, which event is told. How a step is
compiled is the loop's business, how a knob reaches it the panel's. Seeds, policies, building, compiling and training
all happen in the worker thread, because Keras keeps its global state per thread.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from fitmon.engine import environment, events
from fitmon.engine.errors import DataError, FitmonError, SetupError, StopRequested, TrainingError
from fitmon.engine.events import Phase
from fitmon.engine.record.record import RunRecord
from fitmon.engine.record.snapshot import Snapshot
from fitmon.engine.training.control import Control, stop_if_asked

if TYPE_CHECKING:
    import keras

    from fitmon.engine.checkpoints.resume_point import ResumePoint
    from fitmon.engine.checkpoints.store import CheckpointStore
    from fitmon.engine.commands import Command, Export
    from fitmon.engine.job import Job, TrainingData
    from fitmon.engine.training.exporter import Exporter
    from fitmon.engine.training.trainer import Trainer

Listener = Callable[[events.Event], None]

_ERROR_OF_PHASE: dict[Phase, type[FitmonError]] = {
    Phase.WAITING: SetupError,
    Phase.STARTING: SetupError,
    Phase.LOADING: DataError,
}
"""What an error that nobody foresaw is called, by the phase it came in; in all later phases the model is at fault."""


class Session:
    """One training of a job. Start it, send it commands, look at its snapshots, join it."""

    def __init__(
        self,
        job: Job,
        *,
        name: str | None = None,
        on_event: Listener | None = None,
        stop_when_non_finite: bool = False,
        summarize_epochs: bool = True,
        store: CheckpointStore | None = None,
        resume_point: ResumePoint | None = None,
        wait_after_end: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare a run; nothing is loaded yet.

        Args:
            job: what to train.
            name: what the run is called; None: as the job.
            on_event: called with every event, in the training thread; it must not wait.
            stop_when_non_finite: end the run as failed when the loss becomes NaN or infinite, instead of pausing it
                until somebody resumes; for runs that nobody watches.
            summarize_epochs: put an `insight` into every `EpochEnded`. A screen finds more in the snapshots, and spares
                small models, whose epochs take milliseconds, the time that it costs.
            keeper: keeps the run's checkpoints; None: nothing of it is kept.
            origin: where another process left the run; None: it begins.
            lingers: stay in the thread when the run is over, ready to go back to an epoch, until a `Stop` comes; the
                model belongs to plain Keras only then.
            clock: seconds, from any starting point.
        """
        self._job = job
        self._name = name or job.name
        self._on_event = on_event
        self._stop_when_non_finite = stop_when_non_finite
        self._summarize_epochs = summarize_epochs
        self._clock = clock
        self._control = Control(self._answer_export)
        self._lock = threading.Lock()
        self._record = RunRecord() if resume_point is None else resume_point.replayed.record
        self._record.apply(events.PhaseChanged(phase=Phase.WAITING))
        self._store, self._resume_point, self._wait_after_end = store, resume_point, wait_after_end
        self._course: Trainer | None = None
        self._exporter: Exporter | None = None
        self._export_at_end: Export | None = None
        self._thread = threading.Thread(target=self._run, name="fitmon training", daemon=True)
        self.model: keras.Model | None = None
        """The model, as plain Keras knows it, once the run is over; None before it is built."""

    def start(self) -> None:
        """Start the training thread."""
        self._thread.start()

    def send(self, command: Command) -> None:
        """Ask for something, from any thread, before or after `start`; the answer comes as an event."""
        self._control.send(command)

    def snapshot(self) -> Snapshot:
        """Return a frozen picture of the run, from any thread."""
        with self._lock:
            return self._record.snapshot()

    def join(self, timeout_seconds: float | None = None) -> bool:
        """Wait until the training thread has ended; return whether it has. None waits for ever."""
        if self._thread.ident is None:
            return True
        self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    def _emit(self, event: events.Event) -> None:
        with self._lock:
            self._record.apply(event)
        if self._exporter is not None:
            self._exporter.note(event)
        listener = self._on_event
        if listener is not None:
            # One that fails is not called again: the failure ends the run, and that end must still be told.
            self._on_event = None
            listener(event)
            self._on_event = listener

    def _enter(self, phase: Phase, detail: str = "") -> None:
        self._emit(events.PhaseChanged(phase=phase, detail=detail))

    def _run(self) -> None:
        self._end(self._begin)
        while self._wait_after_end and self._course is not None and (rewind := self._control.wait_for_rewind()):
            self._end(partial(self._course.train_again, rewind), was=self._record.ending)
        if self._course is not None:
            self._course.close()

    def _end(self, train: Callable[[], None], was: events.RunEnded | events.RunFailed | None = None) -> None:
        """Train, and tell how that ended; nothing, where the run is still over as it was."""
        ending: events.RunEnded | events.RunFailed
        try:
            ending = self._ending(train)
        except BaseException as error:  # noqa: BLE001 - whatever a model raises, the run ends with an event
            ending = self._failure(error)
        if was is not None and self._record.ending is was:
            return
        self._export_before(ending)
        phase = Phase.FAILED if isinstance(ending, events.RunFailed) else Phase.STOPPED
        if isinstance(ending, events.RunEnded) and ending.completed:
            phase = Phase.FINISHED
        self._enter(phase)
        self._emit(ending)

    def _ending(self, train: Callable[[], None]) -> events.RunEnded:
        try:
            train()
        except StopRequested as stop:
            return events.RunEnded(reason=stop.reason, epochs_done=self._record.epochs_done, completed=False)
        return events.RunEnded(reason="all epochs done", epochs_done=self._record.epochs_done, completed=True)

    def _answer_export(self, wish: Export) -> None:
        if wish.at_end:
            self._export_at_end = wish
        if not wish.at_end or self._record.ending is not None:
            self._emit(self._exported(wish))

    def _export_before(self, ending: events.RunEnded | events.RunFailed) -> None:
        """Write the file that was asked for at the end; nothing for a run that failed before there was a model."""
        failed, wish = isinstance(ending, events.RunFailed), self._export_at_end
        if wish is None or (failed and (self._exporter is None or not self._record.epochs_done)):
            return
        if failed and wish.keep == "last":
            reason = "The training failed; `--keep best` writes the best weights before that."
            self._emit(events.ExportFailed(path=wish.path, reason=reason))
            return
        self._enter(Phase.SAVING, f"writing {wish.path}")
        self._emit(self._exported(wish))

    def _exported(self, wish: Export) -> events.ModelExported | events.ExportFailed:
        if self._exporter is None:
            return events.ExportFailed(path=wish.path, reason="There is no model yet.")
        return self._exporter.write(wish)

    def _begin(self) -> None:
        from fitmon.engine.training.exporter import Exporter
        from fitmon.engine.training.trainer import Trainer

        model, data = self._prepare()
        self.model = model
        self._course = Trainer(
            model=model,
            data=data,
            job=self._job,
            name=self._name,
            control=self._control,
            emit=self._emit,
            clock=self._clock,
            stop_when_non_finite=self._stop_when_non_finite,
            summarize_epochs=self._summarize_epochs,
            store=self._store,
            resume_point=self._resume_point,
            branch=self._record.current_branch,
        )
        self._exporter = Exporter(
            model, plain=self._course.plain, weights=self._course.best_weights, record=self._record
        )
        self._course.train()

    def _prepare(self) -> tuple[keras.Model, TrainingData]:
        self._enter(Phase.STARTING)
        environment.import_tensorflow()
        import keras

        stop_if_asked(self._control)
        self._enter(Phase.LOADING)
        keras.utils.set_random_seed(self._job.settings.seed)
        data = self._job.load(self._job.settings, self._loading)
        stop_if_asked(self._control)
        self._enter(Phase.BUILDING)
        keras.utils.set_random_seed(self._job.settings.seed)
        model = self._job.build(self._job.settings, data)
        if not getattr(model, "compiled", False):
            raise TrainingError("Expected a compiled model from the job, received one that was not; call compile().")
        return model, data

    def _loading(self, detail: str) -> None:
        # A download tells its progress again and again, so that a stop need not wait for its end.
        stop_if_asked(self._control)
        self._enter(Phase.LOADING, detail)

    def _failure(self, error: BaseException) -> events.RunFailed:
        text = "".join(traceback.format_exception(error))
        if not isinstance(error, FitmonError):
            named = _ERROR_OF_PHASE.get(self._record.phase, TrainingError)
            error = named(f"{type(error).__name__}: {error}".strip())
        return events.RunFailed(
            kind=error.kind, message=str(error), traceback=text, epochs_done=self._record.epochs_done
        )
