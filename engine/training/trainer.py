"""The course of a run once data and model are there: epoch after epoch, chunk after chunk.

Between two chunks it looks at what was asked: pause, stop, changes of knobs. A knob turns only between epochs; its
receipt is what the first chunk of the new epoch read back from the compiled step.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Self, cast

import msgspec
import numpy as np

from fitmon.engine import environment, events
from fitmon.engine.checkpoints.resume_report import continued
from fitmon.engine.commands import PauseAt, Rewind, SetKnob
from fitmon.engine.data.choose_feed import feed_for
from fitmon.engine.data.data_errors import reading
from fitmon.engine.data.data_notes import notes_on, refuse_text_labels
from fitmon.engine.data.validation_arrays import with_validation_arrays
from fitmon.engine.data.validation_samples import validation_samples
from fitmon.engine.errors import DataError, FitmonError, StopRequested, TrainingError
from fitmon.engine.evaluation.probe import Probe, ValidationResult
from fitmon.engine.evaluation.train_subset import TrainSubset, train_subset_of
from fitmon.engine.events import Phase
from fitmon.engine.graph import Pacer
from fitmon.engine.insight.summary import summarize
from fitmon.engine.keras_internals import build_model
from fitmon.engine.knobs.catalogue import EPOCHS
from fitmon.engine.knobs.model_knobs import ModelKnobs
from fitmon.engine.knobs.pending_knobs import PendingKnobs
from fitmon.engine.training.best_weights import BestWeights
from fitmon.engine.training.checkpointing import CheckpointManager
from fitmon.engine.training.control import stop_if_asked
from fitmon.engine.training.epoch_diagnosis import EpochDiagnosis
from fitmon.engine.training.loop import Chunk, TrainingLoop
from fitmon.engine.training.model_facts import facts_of
from fitmon.engine.training.rewinding import RewindTarget, StateRestorer

if TYPE_CHECKING:
    import keras

    from fitmon.engine.checkpoints.resume_point import ResumePoint
    from fitmon.engine.checkpoints.store import CheckpointStore
    from fitmon.engine.finding import Finding
    from fitmon.engine.job import Job, TrainingData
    from fitmon.engine.record.branch import Branch
    from fitmon.engine.training.control import Control


STEPS_STILL_EXPECTED = 100
"""So many more steps are expected of an epoch of unknown length."""


SHORT_VALIDATION_SECONDS = 1.0
"""A stop waits so long for the end of a validation."""


@dataclass(slots=True)
class _Timer:
    """Adds up the seconds of an epoch that were spent working."""

    clock: Callable[[], float]
    seconds: float = 0.0
    _since: float = field(default=0.0)

    def __enter__(self) -> Self:
        self._since = self.clock()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds += self.clock() - self._since


class Trainer:
    """Trains a model on its data until all epochs are done."""

    def __init__(
        self,
        *,
        model: keras.Model,
        data: TrainingData,
        job: Job,
        name: str,
        control: Control,
        emit: Callable[[events.Event], None],
        clock: Callable[[], float],
        stop_when_non_finite: bool,
        summarize_epochs: bool,
        store: CheckpointStore | None,
        resume_point: ResumePoint | None,
        branch: Callable[[], Branch],
    ) -> None:
        """Move the data to the device and make the knobs of the model live; nothing is traced yet.

        Args not told by `Session`: `branch` returns the branch under way, as the record has it.
        """
        data, settings = with_validation_arrays(data, lambda: stop_if_asked(control)), job.settings
        self._model, self._data, self._settings, self._name = model, data, settings, name
        self._control, self._emit, self._clock = control, emit, clock
        self._stop_when_non_finite, self._summarize_epochs = stop_when_non_finite, summarize_epochs
        refuse_text_labels(data)
        self._feed = feed_for(data)
        build_model(model, self._feed.head())
        self._model_knobs = ModelKnobs(model)
        self._loop = TrainingLoop(model, self._feed, self._model_knobs.readings)
        part = self._make_part()
        self._probe = None if _is_empty(data.x_validation) else Probe(model, data, settings.threshold, part)
        facts = facts_of(
            model, data, job=job, training_samples=self._feed.samples, train_subset=0 if part is None else len(part)
        )
        self._epoch_diagnosis = EpochDiagnosis(
            facts, threshold=settings.threshold, branch=branch, can_rewind=store is not None
        )
        self._pacer = Pacer()
        self._pending = PendingKnobs(
            self._model_knobs,
            epochs=settings.epochs,
            batch_size=settings.batch_size,
            emit=emit,
            batch_size_fixed=self._feed.batch_size_fixed,
        )
        self.best_weights = BestWeights(model, store)
        self._checkpoints = CheckpointManager(
            store,
            model=model,
            model_knobs=self._model_knobs,
            changes=self._pending,
            probe=self._probe,
            epoch_diagnosis=self._epoch_diagnosis,
            seed=settings.seed,
            best=lambda: branch().best,
            best_weights=self.best_weights,
            emit=emit,
        )
        self._restorer = StateRestorer(
            model=model,
            model_knobs=self._model_knobs,
            loop=self._loop,
            feed=self._feed,
            changes=self._pending,
            checkpoints=self._checkpoints,
            store=store,
            retrace=self._retrace,
        )
        self._store, self._resume_point = store, resume_point
        self._steps_done = 0
        self._steps_of_last_epoch = 0
        self._phase: tuple[Phase, str] | None = None
        self._commit_wanted = False
        self._validation_seconds: float | None = None

    def _make_part(self) -> TrainSubset | None:
        if _is_empty(self._data.x_validation):
            return None
        samples = len(_arrays(self._data.x_validation)[0])
        return train_subset_of(self._model, self._feed, self._settings, validation_samples=samples)

    def train(self) -> None:
        """Train all epochs, from the start or where the run goes on; raises StopRequested when the user stops it."""
        self._train(self._begin if self._resume_point is None else partial(self._take_up, self._resume_point))

    def train_again(self, rewind: Rewind) -> None:
        """Go back to an epoch of a run that was over, and train on; as `train`. A refusal is told, not raised."""
        target = self._rewind_options(rewind)
        if target is not None:
            self._train(partial(self._go_back, target))

    def plain(self) -> AbstractContextManager[None]:
        """Have the knobs' values in the model as plain numbers, for whoever saves it meanwhile; it trains on after."""
        return self._model_knobs.plain()

    def close(self) -> None:
        """Let go of the data and leave the model as plain Keras knows it."""
        self._feed.close()
        self._model_knobs.restore()

    def _train(self, begin: Callable[[], tuple[int, int]]) -> None:
        """Train on from the epochs and steps done that `begin` returns, and again from where the user goes back to."""
        try:
            while True:
                try:
                    return self._train_on(*begin())
                except RewindTarget as way:
                    begin = partial(self._go_back, way)
        except StopRequested:
            self._checkpoints.commit()
            raise
        finally:
            self._pending.close(self._control.take_knob_requests())
            self._enter_saving()
            self._checkpoints.flush()

    def _enter_saving(self) -> None:
        if self._store is not None:
            self._enter(Phase.SAVING)

    def _begin(self) -> tuple[int, int]:
        self._emit(self._started())
        self._emit(events.SamplesLoaded(samples=validation_samples(self._data)))
        self._look(epoch=0)
        self._look_before_training()
        self._checkpoints.end_epoch(0)
        self._hold_if_asked(epoch=0, step=0, at_epoch_end=False)
        return 0, 0

    def _train_on(self, epochs_done: int, step: int) -> None:
        epoch = epochs_done + 1
        self._pending.turn_epochs(epoch)
        while epoch <= self._pending.epochs:
            self._train_epoch(epoch, step)
            self._look(epoch)
            self._hold_if_asked(epoch, self._steps_done, at_epoch_end=True)
            epoch, step = epoch + 1, 0
            self._pending.turn_epochs(epoch)

    def _train_epoch(self, epoch: int, first_step: int = 0) -> None:
        """Train and validate an epoch; its knobs and metrics stand as they are where it goes on at a later step."""
        if not first_step:
            self._turn_knobs(epoch)
        steps = self._steps() or self._steps_of_last_epoch
        self._emit(events.EpochStarted(epoch=epoch, epochs=self._pending.epochs, steps=steps))
        self._enter(Phase.TRAINING if self._loop.traced else Phase.COMPILING)
        if not first_step:
            self._loop.begin_epoch()
        source = self._source(epoch, first_step)
        timer = _Timer(self._clock, self._checkpoints.epoch_seconds)
        self._steps_done, exhausted = first_step, False
        over = first_step > 0 and first_step == self._steps()
        while not over:
            chunk = self._run_chunk(source, epoch, self._steps_done, timer)
            self._between_chunks(chunk, epoch)
            over, exhausted = self._over(chunk), chunk.exhausted
        if self._steps_done < (self._steps() or 0):
            self._enter(Phase.TRAINING, f"epoch {epoch}: only {self._steps_done} of {steps} batches came")
        self._feed.end_epoch(self._steps_done, exhausted=exhausted)
        self._steps_of_last_epoch = self._steps_done
        self._end_epoch(epoch, dict(self._checkpoints.epoch_metrics), timer)

    def _turn_knobs(self, epoch: int) -> None:
        if self._pending.turn(epoch):
            self._retrace()
        if self._pending.turned:
            self._checkpoints.forget()

    def _source(self, epoch: int, first_step: int) -> Any:
        return self._feed.begin_epoch(
            epoch, seed=self._settings.seed, batch_size=self._pending.batch_size, first_step=first_step
        )

    def _run_chunk(self, source: Any, epoch: int, step: int, timer: _Timer) -> Chunk:
        steps, before, traced = self._steps(), timer.seconds, not self._loop.traced
        last = step + self._pacer.next_steps()
        self._checkpoints.begin_chunk(epoch, step, ends_epoch=steps is not None and last >= steps, traced=traced)
        with timer, reading(training=True):
            chunk = self._loop.run_chunk(
                source,
                step,
                last if steps is None else min(steps, last),
                self._pending.batch_size,
                stop_at_non_finite=not self._checkpoints.non_finite_told,
            )
        if not chunk.step:
            raise DataError(
                f"The data gave no batch for epoch {epoch}. A generator must go on for all epochs, and needs "
                "steps_per_epoch to tell them apart; a dataset must not be empty."
            )
        self._steps_done = chunk.step
        if traced:
            self._checkpoints.forget()
        self._checkpoints.end_chunk(epoch, chunk.step, chunk.epoch_metrics, timer.seconds, ends_epoch=self._over(chunk))
        seconds = timer.seconds - before
        self._pacer.took(chunk.step - step, seconds)
        self._enter(Phase.TRAINING)
        self._emit(
            events.ChunkEnded(
                epoch=epoch,
                step=chunk.step,
                steps=self._steps_to_show(chunk),
                chunk_metrics=chunk.chunk_metrics if chunk.step > step else {},
                epoch_metrics=chunk.epoch_metrics,
                seconds=seconds,
                traced=traced,
            )
        )
        self._pending.read_back(chunk.readings, epoch, first_chunk=step == 0)
        return chunk

    def _over(self, chunk: Chunk) -> bool:
        return chunk.exhausted or chunk.step == self._steps()

    def _steps_to_show(self, chunk: Chunk) -> int:
        """Return the epoch's number of steps; while nobody knows it, one that the steps done never reach.

        Before the first epoch's end of such data this is the steps done and a hundred more: what is shown of the epoch
        then moves forward all the time, more slowly the longer it takes.
        """
        if self._over(chunk):
            return chunk.step
        known = self._steps() or self._steps_of_last_epoch
        return max(known, chunk.step) if known else chunk.step + STEPS_STILL_EXPECTED

    def _look_before_training(self) -> None:
        if self._probe is None or self._probe.no_probabilities:
            return
        self._enter(Phase.VALIDATING)
        observation = self._probe.look_before_training(self._pending.batch_size, lambda: self._look(0))
        if observation is not None:
            self._emit(events.SamplesScored(observation=observation))

    def _end_epoch(self, epoch: int, metrics: dict[str, float], timer: _Timer) -> None:
        with timer:
            if self._may_stop_validation():
                self._checkpoints.end_training_of_epoch()
            look = self._validate(epoch)
            observation = None if look is None else look.observation
            insight = summarize(observation) if observation is not None and self._summarize_epochs else None
            metrics |= {} if look is None else {f"val_{name}": value for name, value in look.metrics.items()}
            measures, findings = self._epoch_diagnosis.look(
                epoch, self._pending.epochs, look=look, metrics=metrics, knobs=self._pending.values()
            )
        if observation is not None:
            self._emit(events.SamplesScored(observation=observation))
        self._emit(
            events.EpochEnded(
                epoch=epoch,
                epochs=self._pending.epochs,
                seconds=round(timer.seconds, 6),
                metrics=metrics,
                knobs=self._pending.values(),
                insight=insight or msgspec.UNSET,
                measures=measures,
                findings=findings,
            )
        )
        self._checkpoints.end_epoch(epoch, timer.seconds)
        self._checkpoints.tell_trouble()
        if not np.isfinite(metrics.get("val_loss", 0.0)):
            self._meet_non_finite("val_loss", metrics["val_loss"], epoch, self._steps_done)

    def _validate(self, epoch: int) -> ValidationResult | None:
        """Return what the validation pass found; None where nothing is validated."""
        if self._probe is None:
            return None
        self._enter(Phase.VALIDATING)
        look = partial(self._look, epoch, may_stop=self._may_stop_validation())
        timer = _Timer(self._clock)
        with timer:
            found = self._probe.evaluate(epoch, self._pending.batch_size, look)
        self._validation_seconds = timer.seconds
        return found

    def _between_chunks(self, chunk: Chunk, epoch: int) -> None:
        if chunk.non_finite:
            loss = chunk.epoch_metrics["loss"]
            findings = self._epoch_diagnosis.diagnose_non_finite(
                epoch, self._pending.epochs, loss=loss, knobs=self._pending.values()
            )
            self._meet_non_finite("loss", loss, epoch, chunk.step, findings)
        self._look(epoch)
        if self._commit_wanted:
            self._commit_wanted = False
            self._checkpoints.commit()
        if not self._over(chunk):
            self._hold_if_asked(epoch, chunk.step, at_epoch_end=False)

    def _may_stop_validation(self) -> bool:
        """Return whether a stop ends a validation; a short one is carried to its end, so that the epoch counts."""
        return self._validation_seconds is None or self._validation_seconds > SHORT_VALIDATION_SECONDS

    def _look(self, epoch: int, *, may_stop: bool = True) -> None:
        """Take in what was asked meanwhile."""
        pause_before = self._control.pause_at
        if may_stop:
            stop_if_asked(self._control)
        self._control.take_in()
        self._tell_pause(pause_before)
        self._answer(epoch)

    def _answer(self, epoch: int) -> None:
        for request in self._control.take_knob_requests():
            self._pending.answer(request, epoch)
        if reason := self._control.take_detach_reason():
            self._emit(events.RunDetached(reason=reason))
            self._commit_wanted = True
        rewind = self._control.take_rewind()
        way = None if rewind is None else self._rewind_options(rewind)
        if way is not None:
            raise way

    def _tell_pause(self, before: PauseAt | None) -> None:
        now = self._control.pause_at
        if now is not None and now != before:
            self._emit(events.PauseAsked(at=now))
        elif now is None and before is not None:
            self._emit(events.RunResumed())

    def _hold_if_asked(self, epoch: int, step: int, *, at_epoch_end: bool) -> None:
        wanted = self._control.pause_at
        if wanted is PauseAt.CHUNK or (wanted is PauseAt.EPOCH and at_epoch_end):
            self._hold(epoch, step, "asked for")

    def _hold(self, epoch: int, step: int, reason: str) -> None:
        self._control.pause_at = PauseAt.CHUNK
        self._emit(events.RunPaused(epoch=epoch, step=step, reason=reason))
        self._enter(Phase.PAUSED)
        self._checkpoints.commit()
        while self._control.pause_at is not None:
            self._control.wait()
            stop_if_asked(self._control)
            self._answer(epoch)
        self._emit(events.RunResumed())
        self._enter(Phase.TRAINING)

    def _meet_non_finite(
        self,
        metric: str,
        value: float,
        epoch: int,
        step: int,
        findings: tuple[Finding, ...] | msgspec.UnsetType = msgspec.UNSET,
    ) -> None:
        """Tell of a loss that is no number, and pause or fail; the first time only, until the run is over."""
        if self._checkpoints.non_finite_told:
            return
        # What was asked before the loss went wrong must not end the pause that nobody has seen yet.
        self._look(epoch)
        self._checkpoints.non_finite_told = True
        self._emit(
            events.LossBecameNonFinite(metric=metric, epoch=epoch, step=step, value=str(value), findings=findings)
        )
        reason = f"{metric} became {value} at epoch {epoch}, step {step}"
        if self._stop_when_non_finite:
            raise TrainingError(
                f"The {reason}. A lower learning rate, or inputs on a smaller scale, often helps."
            ) from None
        self._hold(epoch, step, reason)

    def _take_up(self, resume_point: ResumePoint) -> tuple[int, int]:
        """Go on where another process left the run, and prove that it goes on as it would have gone."""
        self._enter(Phase.COMPILING, "comparing a chunk with what it was")
        equal = None if resume_point.replay is None else self._restorer.compare(*resume_point.replay)
        observation = None if resume_point.state is None else self._restorer.restore(resume_point.state)
        started = self._started()
        self._emit(started)
        self._emit(events.SamplesLoaded(samples=validation_samples(self._data)))
        self._emit(continued(resume_point, started, equal))
        if resume_point.state is None:
            self._look_before_training()
            self._checkpoints.end_epoch(0)
        elif observation is not None:
            self._emit(events.SamplesScored(observation=observation))
        facts = None if resume_point.state is None else resume_point.state.facts
        epochs_done, step = (0, 0) if facts is None else (facts.epochs_done, facts.step)
        self._pending.tell_waiting()
        for request in resume_point.asked:
            self._pending.answer(request, epochs_done + (step > 0))
        if resume_point.rewind is not None:
            raise self._restorer.rewind_options(resume_point.rewind)
        self._look(epochs_done + (step > 0))
        self._hold_if_asked(epochs_done, step, at_epoch_end=False)
        return epochs_done, step

    def _rewind_options(self, rewind: Rewind) -> RewindTarget | None:
        try:
            return self._restorer.rewind_options(rewind)
        except FitmonError as error:
            branch = rewind.branch or (self._store.branch if self._store else 1)
            self._emit(events.RewindRefused(epoch=rewind.epoch, branch=branch, reason=str(error)))
            return None

    def _go_back(self, way: RewindTarget) -> tuple[int, int]:
        store, epoch, because = cast("CheckpointStore", self._store), way.rewind.epoch, way.rewind.because
        observation = self._restorer.restore(way.state)
        self._control.pause_at = None
        branch = store.begin_branch(way.parent, epoch)
        knobs = self._pending.values()
        self._emit(events.BranchStarted(branch=branch, parent=way.parent, epoch=epoch, knobs=knobs, because=because))
        self._enter(Phase.TRAINING)
        if observation is not None:
            self._emit(events.SamplesScored(observation=observation))
        # What waited then belongs to the branch that was left.
        self._pending.forget_waiting()
        for knob, value in sorted(way.rewind.changes.items(), key=lambda change: change[0] != EPOCHS.name):
            self._pending.answer(SetKnob(knob=knob, value=value, epoch=epoch + 1, because=because), epoch)
        self._checkpoints.end_epoch(epoch)
        self._checkpoints.commit()
        return epoch, 0

    def _retrace(self) -> None:
        self._loop.retrace()
        if self._probe is not None:
            self._probe.retrace()

    def _steps(self) -> int | None:
        """Return the number of steps in an epoch; None: as many as there are batches."""
        return self._feed.steps(self._pending.batch_size)

    def _started(self) -> events.RunStarted:
        probe = self._probe
        return events.RunStarted(
            run=self._name,
            epochs=self._pending.epochs,
            steps=self._steps() or 0,
            training_samples=self._feed.samples,
            validation_samples=0 if probe is None else probe.samples,
            class_names=self._data.class_names,
            knobs=self._pending.offers(),
            seed=self._settings.seed,
            device=environment.device_name(),
            versions=environment.versions(),
            flags=environment.flags(),
            parameters=int(self._model.count_params()),
            jit=bool(self._model.jit_compile),
            majority_share=None if probe is None else probe.majority_share(),
            no_probabilities="nothing is validated" if probe is None else probe.no_probabilities,
            notes=(*notes_on(self._model, self._data, probe), *self._feed.notes),
            facts=self._epoch_diagnosis.facts,
        )

    def _enter(self, phase: Phase, detail: str = "") -> None:
        if (phase, detail) != self._phase:
            self._phase = phase, detail
            self._emit(events.PhaseChanged(phase=phase, detail=detail))


def _is_empty(samples: Any) -> bool:
    return samples is None or not any(map(len, _arrays(samples)))


def _arrays(samples: Any) -> list[Any]:
    import keras

    return list(keras.tree.flatten(samples))
