"""Carries a run from its job to its ending event, in a thread of its own or in the caller's. Complete without a screen.

The session owns the order of things: what is loaded, when the run ends, what is reported of it. How an epoch is trained
is the trainer's business. Seeds, policies, building, compiling and training all happen in one thread, because Keras
keeps its global state per thread.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from fitmon.engine import environment, events
from fitmon.engine.errors import DataError, FitmonError, SetupError, StopRequested, TrainingError
from fitmon.engine.events import Phase
from fitmon.engine.training.control import Control
from fitmon.engine.training.options import RunOptions
from fitmon.engine.training.reporter import Reporter

if TYPE_CHECKING:
    import keras

    from fitmon.engine.checkpoints.store import CheckpointStore
    from fitmon.engine.commands import Command, Export
    from fitmon.engine.facts import Facts
    from fitmon.engine.job import Job, TrainingData
    from fitmon.engine.record.record import RunRecord
    from fitmon.engine.record.snapshot import Snapshot
    from fitmon.engine.training.branch_history import BranchHistory
    from fitmon.engine.training.exporter import Exporter
    from fitmon.engine.training.trainer import Trainer

_ERROR_OF_PHASE: dict[Phase, type[FitmonError]] = {
    Phase.WAITING: SetupError,
    Phase.STARTING: SetupError,
    Phase.LOADING: DataError,
}
"""The error that stands for an unexpected one, by the phase it came in; in all later phases the model is at fault."""


class Session:
    """One training of a job. Start it, send it commands, read its snapshots, join it."""

    def __init__(self, job: Job, options: RunOptions | None = None, *, store: CheckpointStore | None = None) -> None:
        """Prepare a run; nothing is loaded yet.

        Args:
            job: what to train.
            options: how; None: the defaults.
            store: keeps the run's checkpoints; None: nothing of it is kept.
        """
        # A script that imports this class need not wait for it.
        from fitmon.engine.record.record import RunRecord

        self._job, self._options, self._store = job, options or RunOptions(), store
        self._on_event = self._options.on_event
        self._control = Control(self._answer_export)
        self._reporter = Reporter(self._emit)
        self._lock = threading.Lock()
        resumed = self._options.resume_point
        self._record = RunRecord() if resumed is None else resumed.replayed.record
        # What the journal says is read once, here: from now on the record is an output only.
        self._history = None if resumed is None else _history_of(self._record)
        self._epochs_done_before = self._record.epochs_done
        self._record.apply(events.PhaseChanged(phase=Phase.WAITING))
        self._trainer: Trainer | None = None
        self._exporter: Exporter | None = None
        self._export_at_end: Export | None = None
        self._ending: events.RunEnded | events.RunFailed | None = None
        self._begun, self._finished = False, threading.Event()
        self.model: keras.Model | None = None
        """The model, as plain Keras knows it, once the run is over; None before it is built."""

    def start(self) -> None:
        """Train in a thread of its own, and return at once."""
        self._begun = True
        threading.Thread(target=self._run, name="fitmon training", daemon=True).start()

    def run(self) -> None:
        """Train in the calling thread, and return when the training has ended.

        Everything else is as after `start`: commands come from other threads, and failures are events. An interrupt
        from the keyboard ends the run as stopped and is raised again.
        """
        self._begun = True
        self._run()

    def send(self, command: Command) -> None:
        """Send a command, from any thread, before or after the start; its effect comes as an event."""
        self._control.send(command)

    def snapshot(self) -> Snapshot:
        """Return what is known of the run now, from any thread."""
        with self._lock:
            return self._record.snapshot()

    def join(self, timeout_seconds: float | None = None) -> bool:
        """Wait until the training has ended, and return whether it has. None waits without a limit."""
        return self._finished.wait(timeout_seconds) if self._begun else True

    @property
    def facts(self) -> Facts | None:
        """What the diagnosis knows of data and model by now; None before training starts."""
        return None if self._trainer is None else self._trainer.facts

    def _emit(self, event: events.Event) -> None:
        with self._lock:
            self._record.apply(event)
        listener = self._on_event
        if listener is not None:
            # A listener that fails is not called again: the failure ends the run, and that end is still reported.
            self._on_event = None
            listener(event)
            self._on_event = listener

    def _run(self) -> None:
        try:
            self._train_to_the_end(self._begin)
            while self._options.wait_after_end and self._trainer and (rewind := self._control.wait_for_rewind()):
                self._train_to_the_end(partial(self._trainer.train_again, rewind))
        finally:
            self._close()

    def _close(self) -> None:
        """Leave the model as plain Keras knows it, also after an interrupt, and let `join` return."""
        try:
            if self._trainer is not None:
                self._trainer.close()
        finally:
            self._finished.set()

    def _train_to_the_end(self, train: Callable[[], bool]) -> None:
        """Train, and report how that ended; nothing where `train` returns that there was nothing to train."""
        interrupt: KeyboardInterrupt | None = None
        try:
            if not train():
                return
            ending = self._ended("all epochs done", completed=True)
        except StopRequested as stop:
            ending = self._ended(stop.reason, completed=False)
        except KeyboardInterrupt as error:
            ending, interrupt = self._ended("interrupted", completed=False), error
        except BaseException as error:  # noqa: BLE001 - whatever a model raises, the run ends with an event
            ending = self._failed(error)
        self._report_ending(ending)
        if interrupt is not None:
            raise interrupt

    def _report_ending(self, ending: events.RunEnded | events.RunFailed) -> None:
        self._export_before(ending)
        phase = Phase.FAILED if isinstance(ending, events.RunFailed) else Phase.STOPPED
        if isinstance(ending, events.RunEnded) and ending.completed:
            phase = Phase.FINISHED
        self._reporter.enter(phase)
        self._ending = ending
        self._emit(ending)

    def _ended(self, reason: str, *, completed: bool) -> events.RunEnded | events.RunFailed:
        return events.RunEnded(reason=reason, epochs_done=self._epochs_done(), completed=completed)

    def _failed(self, error: BaseException) -> events.RunFailed:
        text = "".join(traceback.format_exception(error))
        if not isinstance(error, FitmonError):
            kind = _ERROR_OF_PHASE.get(self._reporter.phase, TrainingError)
            error = kind(f"{type(error).__name__}: {error}".strip())
        return events.RunFailed(kind=error.kind, message=str(error), traceback=text, epochs_done=self._epochs_done())

    def _epochs_done(self) -> int:
        return self._epochs_done_before if self._trainer is None else self._trainer.progress.epochs_done

    def _answer_export(self, request: Export) -> None:
        if request.at_end:
            self._export_at_end = request
        if not request.at_end or self._ending is not None:
            self._emit(self._exported(request))

    def _export_before(self, ending: events.RunEnded | events.RunFailed) -> None:
        """Write the file that was requested for the end; nothing for a run that failed before there was a model."""
        failed, request = isinstance(ending, events.RunFailed), self._export_at_end
        if request is None or (failed and (self._exporter is None or not self._epochs_done())):
            return
        if failed and request.keep == "last":
            reason = "The training failed. Use --keep best to export the best weights."
            self._emit(events.ExportFailed(path=request.path, reason=reason))
            return
        self._reporter.enter(Phase.SAVING, f"writing {request.path}")
        self._emit(self._exported(request))

    def _exported(self, request: Export) -> events.ModelExported | events.ExportFailed:
        if self._exporter is None:
            return events.ExportFailed(path=request.path, reason="There is no model yet.")
        return self._exporter.write(request)

    def _begin(self) -> bool:
        from fitmon.engine.training.branch_history import BranchHistory
        from fitmon.engine.training.exporter import Exporter
        from fitmon.engine.training.trainer import Trainer

        model, data = self._prepare()
        self.model = model
        trainer = Trainer(
            model,
            data,
            self._job,
            control=self._control,
            reporter=self._reporter,
            options=self._options,
            store=self._store,
            history=self._history or BranchHistory(),
        )
        self._trainer = trainer
        self._exporter = Exporter(
            model, plain=trainer.plain, best_weights=trainer.best_weights, progress=lambda: trainer.progress
        )
        trainer.train()
        return True

    def _prepare(self) -> tuple[keras.Model, TrainingData]:
        self._reporter.enter(Phase.STARTING)
        environment.import_tensorflow()
        import keras

        self._control.raise_if_stopped()
        self._reporter.enter(Phase.LOADING)
        keras.utils.set_random_seed(self._job.settings.seed)
        data = self._job.load(self._job.settings, self._loading)
        self._control.raise_if_stopped()
        self._reporter.enter(Phase.BUILDING)
        keras.utils.set_random_seed(self._job.settings.seed)
        model = self._job.build(self._job.settings, data)
        if not getattr(model, "compiled", False):
            raise TrainingError("The model is not compiled. Call compile() before returning it from build.")
        return model, data

    def _loading(self, detail: str) -> None:
        # A download reports its progress again and again, so that a stop need not wait for its end.
        self._control.raise_if_stopped()
        self._reporter.enter(Phase.LOADING, detail)


def _history_of(record: RunRecord) -> BranchHistory:
    # It needs numpy, which a session without a past does not load before it trains.
    from fitmon.engine.training.branch_history import BranchHistory

    return BranchHistory.of(record)
