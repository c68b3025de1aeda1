"""Trains a run: epoch after epoch, chunk after chunk.

Between two chunks commands are carried out. A knob changes only between epochs; its receipt is what the first chunk of
the new epoch read back from the compiled step.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import msgspec

from fitmon.engine import events
from fitmon.engine.checkpoints.resume_report import resume_event
from fitmon.engine.commands import Rewind, SetKnob
from fitmon.engine.data.data_errors import data_errors
from fitmon.engine.data.validation_samples import validation_samples
from fitmon.engine.errors import DataError, FitmonError, StopRequested, TrainingError
from fitmon.engine.events import Phase
from fitmon.engine.graph import Pacer
from fitmon.engine.knobs.catalogue import EPOCHS
from fitmon.engine.progress import Progress, storable
from fitmon.engine.record.branch import better_of
from fitmon.engine.training.checkpointing import CheckpointManager
from fitmon.engine.training.chunk_report import ChunkReport
from fitmon.engine.training.command_processor import CommandProcessor
from fitmon.engine.training.epoch_report import TrainedEpoch
from fitmon.engine.training.rewinding import RewindTarget, StateRestorer
from fitmon.engine.training.run_parts import build_run_parts
from fitmon.engine.training.run_started import run_started
from fitmon.engine.training.timer import Timer

if TYPE_CHECKING:
    import keras

    from fitmon.engine.checkpoints.resume_point import ResumePoint
    from fitmon.engine.checkpoints.store import CheckpointStore
    from fitmon.engine.facts import Facts
    from fitmon.engine.finding import Finding
    from fitmon.engine.job import Job, TrainingData
    from fitmon.engine.training.best_weights import BestWeights
    from fitmon.engine.training.branch_history import BranchHistory
    from fitmon.engine.training.control import Control
    from fitmon.engine.training.loop import Chunk
    from fitmon.engine.training.options import RunOptions
    from fitmon.engine.training.reporter import Reporter


class Trainer:
    """Trains a model on its data until all epochs are done."""

    def __init__(
        self,
        model: keras.Model,
        data: TrainingData,
        job: Job,
        *,
        control: Control,
        reporter: Reporter,
        options: RunOptions,
        store: CheckpointStore | None,
        history: BranchHistory,
    ) -> None:
        """Move the data to the device and make the knobs of the model live; nothing is traced yet.

        Args:
            model: compiled.
            data: as the job loaded it.
            job: what is trained.
            control: where commands arrive.
            reporter: where events go.
            options: of the run.
            store: of its checkpoints; None: nothing is written.
            history: of the epochs trained before.
        """
        self._reporter, self._options, self._store, self._control = reporter, options, store, control
        check = control.raise_if_stopped
        self._parts = build_run_parts(
            model, data, job, reporter, options=options, store=store, history=history, between_batches=check
        )
        self._checkpoints = CheckpointManager(self._parts, store, reporter.emit)
        self._restorer = StateRestorer(self._parts, self._checkpoints, store)
        self._commands = CommandProcessor(
            control,
            reporter,
            self._parts.pending,
            commit=lambda: self._checkpoints.commit(self.progress),
            target_of=self._target_of,
        )
        self._pacer = Pacer()
        self._chunks = ChunkReport(self._parts, reporter)
        self.progress = Progress()
        """How far the run is now."""

    @property
    def best_weights(self) -> BestWeights:
        """The weights of the best epoch so far."""
        return self._parts.best_weights

    @property
    def facts(self) -> Facts:
        """What the diagnosis knows of data and model by now."""
        return self._parts.report.diagnosis.facts

    def train(self) -> None:
        """Train all epochs, from the beginning or the resume point; raises StopRequested when the user stops it."""
        resumed = self._options.resume_point
        self._train(self._begin if resumed is None else partial(self._resume, resumed))

    def train_again(self, rewind: Rewind) -> bool:
        """Rewind a run that has ended and train on, as `train`; return False where the rewind was refused."""
        target = self._target_of(rewind)
        if target is not None:
            self._train(partial(self._rewind, target))
        return target is not None

    def plain(self) -> AbstractContextManager[None]:
        """Put the knobs' values into the model as plain numbers while it is saved; it can be trained afterwards."""
        return self._parts.model_knobs.plain()

    def close(self) -> None:
        """Release the data and leave the model as plain Keras knows it."""
        self._parts.close()

    def _train(self, begin: Callable[[], None]) -> None:
        """Train from where `begin` leaves the run, and again from where the user rewinds to."""
        try:
            while True:
                try:
                    begin()
                    return self._train_epochs()
                except RewindTarget as target:
                    begin = partial(self._rewind, target)
        except StopRequested:
            self._checkpoints.commit(self.progress)
            raise
        finally:
            self._parts.pending.close(self._control.take_knob_requests())
            if self._store is not None:
                self._reporter.enter(Phase.SAVING)
            self._checkpoints.flush()

    def _begin(self) -> None:
        self._report_start()
        self._commands.process(epoch=0)
        self._parts.report.score_untrained(self._parts.pending.batch_size, partial(self._commands.process, 0))
        self._checkpoints.end_epoch(self.progress)
        self._commands.pause_if_requested(0, 0, at_epoch_end=False)

    def _report_start(self) -> events.RunStarted:
        started = run_started(self._parts, self._options.name or self._parts.job.name)
        self._reporter.emit(started)
        self._reporter.emit(events.SamplesLoaded(samples=validation_samples(self._parts.data)))
        return started

    def _train_epochs(self) -> None:
        pending, epoch = self._parts.pending, self.progress.epochs_done + 1
        pending.turn_epochs(epoch)
        while epoch <= pending.epochs:
            self._train_epoch(epoch)
            self._commands.process(epoch)
            self._commands.pause_if_requested(epoch, self._chunks.steps_of_last_epoch, at_epoch_end=True)
            epoch += 1
            pending.turn_epochs(epoch)

    def _train_epoch(self, epoch: int) -> None:
        """Train and validate an epoch, from the step on that the progress says."""
        first_step, feed, pending = self.progress.step, self._parts.feed, self._parts.pending
        self._chunks.begin_epoch()
        if not first_step:
            self._turn_knobs(epoch)
        steps = self._chunks.known_steps
        self._reporter.emit(events.EpochStarted(epoch=epoch, epochs=pending.epochs, steps=steps))
        self._reporter.enter(Phase.TRAINING if self._parts.loop.traced else Phase.COMPILING)
        if not first_step:
            self._parts.loop.begin_epoch()
        seed = self._parts.job.settings.seed
        source = feed.begin_epoch(epoch, seed=seed, batch_size=pending.batch_size, first_step=first_step)
        timer = Timer(self._options.clock, self.progress.epoch_seconds)
        over, exhausted = first_step > 0 and first_step == self._chunks.steps, False
        while not over:
            chunk = self._run_chunk(source, epoch, timer)
            self._between_chunks(chunk, epoch)
            over, exhausted = self._chunks.ends_epoch(chunk), chunk.exhausted
        steps_done = self.progress.step
        if steps_done < (self._chunks.steps or 0):
            self._reporter.enter(Phase.TRAINING, f"epoch {epoch}: received only {steps_done} of {steps} batches")
        feed.end_epoch(steps_done, exhausted=exhausted)
        self._chunks.steps_of_last_epoch = steps_done
        self._end_epoch(epoch, timer)

    def _turn_knobs(self, epoch: int) -> None:
        if self._parts.pending.turn(epoch):
            self._parts.retrace()
        if self._parts.pending.turned:
            self._checkpoints.forget()

    def _run_chunk(self, source: Any, epoch: int, timer: Timer) -> Chunk:
        loop, pending, step = self._parts.loop, self._parts.pending, self.progress.step
        steps, before, traced = self._chunks.steps, timer.seconds, not loop.traced
        last = step + self._pacer.next_steps()
        self._checkpoints.begin_chunk(self.progress, ends_epoch=steps is not None and last >= steps, traced=traced)
        with timer, data_errors(training=True):
            chunk = loop.run_chunk(
                source,
                step,
                last if steps is None else min(steps, last),
                pending.batch_size,
                stop_at_non_finite=not self.progress.non_finite_reported,
            )
        if not chunk.step:
            raise DataError(
                f"No batches for epoch {epoch}. A generator must yield enough for all epochs and needs "
                "steps_per_epoch; a dataset must not be empty."
            )
        if traced:
            self._checkpoints.forget()
        self.progress = msgspec.structs.replace(
            self.progress,
            step=chunk.step,
            epoch_metrics=storable(chunk.epoch_metrics),
            epoch_seconds=timer.seconds,
        )
        self._checkpoints.end_chunk(self.progress, ends_epoch=self._chunks.ends_epoch(chunk))
        seconds = timer.seconds - before
        self._pacer.took(chunk.step - step, seconds)
        self._chunks.report(chunk, epoch, step, seconds=seconds, traced=traced)
        return chunk

    def _between_chunks(self, chunk: Chunk, epoch: int) -> None:
        if chunk.non_finite:
            loss = chunk.epoch_metrics["loss"]
            findings = self._parts.report.diagnosis.diagnose_non_finite(
                epoch, self._parts.pending.epochs, loss=loss, knobs=self._parts.pending.values()
            )
            self._stop_for_non_finite("loss", loss, epoch, findings)
        self._commands.process(epoch)
        self._commands.commit_if_due()
        if not self._chunks.ends_epoch(chunk):
            self._commands.pause_if_requested(epoch, chunk.step, at_epoch_end=False)

    def _end_epoch(self, epoch: int, timer: Timer) -> None:
        report, pending = self._parts.report, self._parts.pending
        may_stop = report.takes_long
        if may_stop:
            with timer:
                self._checkpoints.end_training_of_epoch(self.progress)
        trained = TrainedEpoch(
            epoch=epoch,
            epochs=pending.epochs,
            seconds=timer.seconds,
            metrics=self.progress.metrics,
            knobs=pending.values(),
            batch_size=pending.batch_size,
        )
        ended = report.end_epoch(trained, partial(self._commands.process, epoch, may_stop=may_stop))
        best = better_of(self.progress.best, ended)
        if best is not None and best.epoch == epoch:
            self.best_weights.copy(best)
        self.progress = Progress(epochs_done=epoch, best=best, non_finite_reported=self.progress.non_finite_reported)
        self._checkpoints.end_epoch(self.progress, ended.seconds)
        self._checkpoints.report_trouble()
        val_loss = ended.metrics.get("val_loss", 0.0)
        if not math.isfinite(val_loss):
            self._stop_for_non_finite("val_loss", val_loss, epoch)

    def _stop_for_non_finite(
        self, metric: str, value: float, epoch: int, findings: tuple[Finding, ...] | msgspec.UnsetType = msgspec.UNSET
    ) -> None:
        """Report a NaN or infinite loss, and pause or fail; only the first time, until the run is over."""
        if self.progress.non_finite_reported:
            return
        step = self.progress.step or self._chunks.steps_of_last_epoch
        # A resume that was sent before the loss became NaN must not end a pause that the user has not seen yet.
        self._commands.process(epoch)
        self.progress = msgspec.structs.replace(self.progress, non_finite_reported=True)
        self._reporter.emit(
            events.LossBecameNonFinite(metric=metric, epoch=epoch, step=step, value=str(value), findings=findings)
        )
        reason = f"{metric} became {value} at epoch {epoch}, step {step}"
        if self._options.stop_when_non_finite:
            raise TrainingError(
                f"The {reason}. A lower learning rate, or inputs on a smaller scale, often helps."
            ) from None
        self._commands.pause(epoch, step, reason)

    def _resume(self, resumed: ResumePoint) -> None:
        """Go to where another process left the run, and prove that it trains as it would have trained."""
        self._reporter.enter(Phase.COMPILING, "verifying the checkpoint")
        state, pending, history = resumed.state, self._parts.pending, self._parts.report.diagnosis.history
        equal = None if resumed.replay is None else self._restorer.compare(*resumed.replay)
        observation = None if state is None else self._restorer.restore(state)
        if state is not None:
            self.progress = state.facts.progress
        epochs_done, step = self.progress.epochs_done, self.progress.step
        history.resume(epochs_done, step)
        self._reporter.emit(resume_event(resumed, self._report_start(), equal))
        if state is None:
            self._parts.report.score_untrained(pending.batch_size, partial(self._commands.process, 0))
            self._checkpoints.end_epoch(self.progress)
        elif observation is not None:
            self._reporter.emit(events.SamplesScored(observation=observation))
        pending.report_waiting()
        for request in resumed.requested:
            pending.answer(request, self.progress.epoch)
        if resumed.rewind is not None:
            raise self._restorer.target_of(resumed.rewind)
        self._commands.process(self.progress.epoch)
        self._commands.pause_if_requested(epochs_done, step, at_epoch_end=False)

    def _target_of(self, rewind: Rewind) -> RewindTarget | None:
        """Return what a rewind leads to; None where it is refused, which is reported."""
        try:
            return self._restorer.target_of(rewind)
        except FitmonError as error:
            branch = rewind.branch or (self._store.branch if self._store else 1)
            self._reporter.emit(events.RewindRefused(epoch=rewind.epoch, branch=branch, reason=str(error)))
            return None

    def _rewind(self, target: RewindTarget) -> None:
        store, epoch, because = cast("CheckpointStore", self._store), target.rewind.epoch, target.rewind.because
        pending = self._parts.pending
        observation = self._restorer.restore(target.state)
        self.progress = target.state.facts.progress
        self._control.pause_at = None
        branch = store.begin_branch(target.parent, epoch)
        self._parts.report.diagnosis.history.rewind(parent=target.parent, epoch=epoch, branch=branch)
        self._reporter.emit(
            events.BranchStarted(
                branch=branch, parent=target.parent, epoch=epoch, knobs=pending.values(), because=because
            )
        )
        self._reporter.enter(Phase.TRAINING)
        if observation is not None:
            self._reporter.emit(events.SamplesScored(observation=observation))
        # Changes that were pending then belong to the other branch.
        pending.forget_waiting()
        for knob, value in sorted(target.rewind.changes.items(), key=lambda change: change[0] != EPOCHS.name):
            pending.answer(SetKnob(knob=knob, value=value, epoch=epoch + 1, because=because), epoch)
        self._checkpoints.end_epoch(self.progress)
        self._checkpoints.commit(self.progress)
