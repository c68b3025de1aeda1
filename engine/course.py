"""The course of a run once data and model are there: epoch after epoch, chunk after chunk.

Between two chunks it looks at what was asked: pause, stop, changes of knobs. A knob turns only between epochs; its
receipt is what the first chunk of the new epoch read back from the compiled step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import msgspec
import numpy as np

from fitmon.engine import environment, events
from fitmon.engine.changes import Changes
from fitmon.engine.commands import PauseAt
from fitmon.engine.control import stop_if_asked
from fitmon.engine.errors import DataError, TrainingError
from fitmon.engine.events import Phase
from fitmon.engine.feeds import feed_for
from fitmon.engine.insight.summary import summarize
from fitmon.engine.knobs.panel import Panel
from fitmon.engine.loop import Chunk, Pacer, TrainingLoop
from fitmon.engine.notes import notes_on, refuse_text_labels
from fitmon.engine.probe import Probe
from fitmon.engine.reading import reading
from fitmon.engine.samples import validation_samples
from fitmon.engine.validation_arrays import with_validation_arrays

if TYPE_CHECKING:
    import keras

    from fitmon.engine.control import Control
    from fitmon.engine.insight.observer import Observation
    from fitmon.engine.job import Settings, TrainingData


STEPS_STILL_EXPECTED = 100
"""So many more steps are expected of an epoch of unknown length."""


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


class Course:
    """Trains a model on its data until all epochs are done."""

    def __init__(
        self,
        *,
        model: keras.Model,
        data: TrainingData,
        settings: Settings,
        name: str,
        control: Control,
        emit: Callable[[events.Event], None],
        clock: Callable[[], float],
        stop_when_non_finite: bool,
        summarize_epochs: bool,
    ) -> None:
        """Move the data to the device and make the knobs of the model live; nothing is traced yet."""
        data = with_validation_arrays(data, lambda: stop_if_asked(control))
        self._model, self._data, self._settings, self._name = model, data, settings, name
        self._control, self._emit, self._clock = control, emit, clock
        self._stop_when_non_finite, self._summarize_epochs = stop_when_non_finite, summarize_epochs
        refuse_text_labels(data)
        self._feed = feed_for(data)
        environment.build_model(model, self._feed.head())
        self._panel = Panel(model)
        self._loop = TrainingLoop(model, self._feed, self._panel.readings)
        self._probe = None if _is_empty(data.x_validation) else Probe(model, data, settings.threshold)
        self._pacer = Pacer()
        self._changes = Changes(
            self._panel,
            epochs=settings.epochs,
            batch_size=settings.batch_size,
            emit=emit,
            batch_size_fixed=self._feed.batch_size_fixed,
        )
        self._steps_done = 0
        self._steps_of_last_epoch = 0
        self._phase: tuple[Phase, str] | None = None
        self._known_non_finite = False

    def train(self) -> None:
        """Train all epochs; raises StopRequested when the user stops the run before that."""
        try:
            self._emit(self._started())
            self._emit(events.SamplesLoaded(samples=validation_samples(self._data)))
            self._look(epoch=0)
            self._look_before_training()
            self._hold_if_asked(epoch=0, step=0, at_epoch_end=False)
            epoch = 1
            self._changes.turn_epochs(epoch)
            while epoch <= self._changes.epochs:
                self._train_epoch(epoch)
                self._look(epoch)
                self._hold_if_asked(epoch, self._steps_done, at_epoch_end=True)
                epoch += 1
                self._changes.turn_epochs(epoch)
        finally:
            self._changes.close(self._control.take_knob_requests())
            self._feed.close()
            self._panel.restore()

    def _train_epoch(self, epoch: int) -> None:
        if self._changes.turn(epoch):
            self._retrace()
        steps = self._steps() or self._steps_of_last_epoch
        self._emit(events.EpochStarted(epoch=epoch, epochs=self._changes.epochs, steps=steps))
        self._enter(Phase.TRAINING if self._loop.traced else Phase.COMPILING)
        self._loop.begin_epoch()
        source = self._feed.begin_epoch(epoch, seed=self._settings.seed, batch_size=self._changes.batch_size)
        timer = _Timer(self._clock)
        self._steps_done, chunk = 0, None
        while chunk is None or not self._over(chunk):
            chunk = self._run_chunk(source, epoch, self._steps_done, timer)
            self._between_chunks(chunk, epoch)
        if chunk.step < (self._steps() or 0):
            self._enter(Phase.TRAINING, f"epoch {epoch}: only {chunk.step} of {steps} batches came")
        self._feed.end_epoch(chunk.step, exhausted=chunk.exhausted)
        self._steps_of_last_epoch = chunk.step
        self._end_epoch(epoch, chunk.epoch_metrics, timer)

    def _run_chunk(self, source: Any, epoch: int, step: int, timer: _Timer) -> Chunk:
        steps, before, traced = self._steps(), timer.seconds, not self._loop.traced
        last = step + self._pacer.next_steps()
        with timer, reading(training=True):
            chunk = self._loop.run_chunk(
                source,
                step,
                last if steps is None else min(steps, last),
                self._changes.batch_size,
                stop_at_non_finite=not self._known_non_finite,
            )
        if not chunk.step:
            raise DataError(
                f"The data gave no batch for epoch {epoch}. A generator must go on for all epochs, and needs "
                "steps_per_epoch to tell them apart; a dataset must not be empty."
            )
        self._steps_done = chunk.step
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
        self._changes.read_back(chunk.readings, epoch, first_chunk=step == 0)
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
        observation = self._probe.look_before_training(self._changes.batch_size, lambda: self._look(0))
        if observation is not None:
            self._emit(events.SamplesScored(observation=observation))

    def _end_epoch(self, epoch: int, metrics: dict[str, float], timer: _Timer) -> None:
        with timer:
            found, observation = self._validate(epoch)
            insight = summarize(observation) if observation is not None and self._summarize_epochs else None
        metrics = metrics | found
        if observation is not None:
            self._emit(events.SamplesScored(observation=observation))
        self._emit(
            events.EpochEnded(
                epoch=epoch,
                epochs=self._changes.epochs,
                seconds=timer.seconds,
                metrics=metrics,
                knobs=self._changes.values(),
                insight=insight or msgspec.UNSET,
            )
        )
        if not np.isfinite(metrics.get("val_loss", 0.0)):
            self._meet_non_finite("val_loss", metrics["val_loss"], epoch, self._steps_done)

    def _validate(self, epoch: int) -> tuple[dict[str, float], Observation | None]:
        """Return the validation metrics under Keras's names, and what is known of the samples now."""
        if self._probe is None:
            return {}, None
        self._enter(Phase.VALIDATING)
        metrics, observation = self._probe.evaluate(epoch, self._changes.batch_size, lambda: self._look(epoch))
        return {f"val_{name}": value for name, value in metrics.items()}, observation

    def _between_chunks(self, chunk: Chunk, epoch: int) -> None:
        if chunk.non_finite:
            self._meet_non_finite("loss", chunk.epoch_metrics["loss"], epoch, chunk.step)
        self._look(epoch)
        if not self._over(chunk):
            self._hold_if_asked(epoch, chunk.step, at_epoch_end=False)

    def _look(self, epoch: int) -> None:
        """Take in what was asked meanwhile."""
        pause_before = self._control.pause_at
        stop_if_asked(self._control)
        self._tell_pause(pause_before)
        for request in self._control.take_knob_requests():
            self._changes.answer(request, epoch)

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
        while self._control.pause_at is not None:
            self._control.wait()
            stop_if_asked(self._control)
            for request in self._control.take_knob_requests():
                self._changes.answer(request, epoch)
        self._emit(events.RunResumed())
        self._enter(Phase.TRAINING)

    def _meet_non_finite(self, metric: str, value: float, epoch: int, step: int) -> None:
        """Tell of a loss that is no number, and pause or fail; the first time only, until the run is over."""
        if self._known_non_finite:
            return
        # What was asked before the loss went wrong must not end the pause that nobody has seen yet.
        self._look(epoch)
        self._known_non_finite = True
        self._emit(events.LossBecameNonFinite(metric=metric, epoch=epoch, step=step, value=str(value)))
        reason = f"{metric} became {value} at epoch {epoch}, step {step}"
        if self._stop_when_non_finite:
            raise TrainingError(
                f"The {reason}. A lower learning rate, or inputs on a smaller scale, often helps."
            ) from None
        self._hold(epoch, step, reason)

    def _retrace(self) -> None:
        self._loop.retrace()
        if self._probe is not None:
            self._probe.retrace()

    def _steps(self) -> int | None:
        """Return the number of steps in an epoch; None: as many as there are batches."""
        return self._feed.steps(self._changes.batch_size)

    def _started(self) -> events.RunStarted:
        probe = self._probe
        return events.RunStarted(
            run=self._name,
            epochs=self._changes.epochs,
            steps=self._steps() or 0,
            training_samples=self._feed.samples,
            validation_samples=0 if probe is None else probe.samples,
            class_names=self._data.class_names,
            knobs=self._changes.offers(),
            seed=self._settings.seed,
            device=environment.device_name(),
            versions=environment.versions(),
            parameters=int(self._model.count_params()),
            jit=bool(self._model.jit_compile),
            majority_share=None if probe is None else probe.majority_share(),
            no_probabilities="nothing is validated" if probe is None else probe.no_probabilities,
            notes=(*notes_on(self._model, self._data, probe), *self._feed.notes),
        )

    def _enter(self, phase: Phase, detail: str = "") -> None:
        if (phase, detail) != self._phase:
            self._phase = phase, detail
            self._emit(events.PhaseChanged(phase=phase, detail=detail))


def _is_empty(samples: Any) -> bool:
    import keras

    return samples is None or not any(len(array) for array in keras.tree.flatten(samples))
