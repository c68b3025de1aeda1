"""The course of a run once data and model are there: epoch after epoch, chunk after chunk.

Between two chunks it looks at what was asked: pause, stop, changes of knobs. A knob turns only between epochs; its
receipt is what the first chunk of the new epoch read back from the compiled step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from fitmon.engine import environment, events
from fitmon.engine.changes import Changes
from fitmon.engine.commands import PauseAt
from fitmon.engine.control import stop_if_asked
from fitmon.engine.errors import TrainingError
from fitmon.engine.evaluate import Evaluator
from fitmon.engine.events import Phase
from fitmon.engine.feed import ResidentFeed, epoch_order, weights_for_classes
from fitmon.engine.knobs.panel import Panel
from fitmon.engine.loop import Chunk, Pacer, TrainingLoop
from fitmon.engine.scoring import scorer_for

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from fitmon.engine.control import Control
    from fitmon.engine.job import Settings, TrainingData


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
    ) -> None:
        """Move the data to the device and make the knobs of the model live; nothing is traced yet."""
        self._model, self._data, self._settings, self._name = model, data, settings, name
        self._control, self._emit, self._clock = control, emit, clock
        self._stop_when_non_finite = stop_when_non_finite
        weights = weights_for_classes(data.y, data.sample_weight, data.class_weight)
        self._feed = ResidentFeed(data.x, data.y, weights)
        environment.build_model(model, self._feed.head())
        self._panel = Panel(model)
        self._loop = TrainingLoop(model, self._feed, self._panel.readings)
        self._scorer = scorer_for(model, data.y_validation)
        self._evaluator = self._make_evaluator()
        self._pacer = Pacer()
        self._changes = Changes(self._panel, epochs=settings.epochs, batch_size=settings.batch_size, emit=emit)
        self._phase: Phase | None = None
        self._known_non_finite = False

    def train(self) -> None:
        """Train all epochs; raises StopRequested when the user stops the run before that."""
        try:
            self._emit(self._started())
            self._look(epoch=0)
            self._hold_if_asked(epoch=0, step=0, at_epoch_end=False)
            epoch = 1
            self._changes.turn_epochs(epoch)
            while epoch <= self._changes.epochs:
                self._train_epoch(epoch)
                self._look(epoch)
                self._hold_if_asked(epoch, self._steps(), at_epoch_end=True)
                epoch += 1
                self._changes.turn_epochs(epoch)
        finally:
            self._changes.close(self._control.take_knob_requests())
            self._panel.restore()

    def _train_epoch(self, epoch: int) -> None:
        if self._changes.turn(epoch):
            self._retrace()
        steps = self._steps()
        self._emit(events.EpochStarted(epoch=epoch, epochs=self._changes.epochs, steps=steps))
        self._enter(Phase.TRAINING if self._loop.traced else Phase.COMPILING)
        self._loop.begin_epoch()
        order = _on_device(epoch_order(len(self._feed), self._settings.seed, epoch))
        timer = _Timer(self._clock)
        metrics: dict[str, float] = {}
        step = 0
        while step < steps:
            chunk = self._run_chunk(order, epoch, step, timer)
            metrics, step = chunk.epoch_metrics, chunk.step
            self._between_chunks(chunk, epoch)
        self._end_epoch(epoch, metrics, timer)

    def _run_chunk(self, order: tf.Tensor, epoch: int, step: int, timer: _Timer) -> Chunk:
        steps, before, traced = self._steps(), timer.seconds, not self._loop.traced
        last = min(steps, step + self._pacer.next_steps())
        with timer:
            chunk = self._loop.run_chunk(
                order, step, last, self._changes.batch_size, stop_at_non_finite=not self._known_non_finite
            )
        seconds = timer.seconds - before
        self._pacer.took(chunk.step - step, seconds)
        self._enter(Phase.TRAINING)
        self._emit(
            events.ChunkEnded(
                epoch=epoch,
                step=chunk.step,
                steps=steps,
                chunk_metrics=chunk.chunk_metrics,
                epoch_metrics=chunk.epoch_metrics,
                seconds=seconds,
                traced=traced,
            )
        )
        self._changes.read_back(chunk.readings, epoch, first_chunk=step == 0)
        return chunk

    def _end_epoch(self, epoch: int, metrics: dict[str, float], timer: _Timer) -> None:
        metrics = metrics | self._validate(epoch, timer)
        self._emit(
            events.EpochEnded(
                epoch=epoch,
                epochs=self._changes.epochs,
                seconds=timer.seconds,
                metrics=metrics,
                knobs=self._changes.values(),
            )
        )
        if not np.isfinite(metrics.get("val_loss", 0.0)):
            self._meet_non_finite("val_loss", metrics["val_loss"], epoch, self._steps())

    def _validate(self, epoch: int, timer: _Timer) -> dict[str, float]:
        """Return the validation metrics under Keras's names, and tell every sample's score."""
        if self._evaluator is None:
            return {}
        self._enter(Phase.VALIDATING)
        with timer:
            evaluation = self._evaluator.evaluate(self._changes.batch_size, lambda: self._look(epoch))
            scores = None if self._scorer is None else self._scorer.score(evaluation.predictions)
            if scores is not None:
                self._emit(events.SamplesScored(epoch=epoch, scores=scores))
        return {f"val_{name}": value for name, value in evaluation.metrics.items()}

    def _between_chunks(self, chunk: Chunk, epoch: int) -> None:
        if chunk.non_finite:
            self._meet_non_finite("loss", chunk.epoch_metrics["loss"], epoch, chunk.step)
        self._look(epoch)
        if chunk.step < self._steps():
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
        if self._evaluator is not None:
            self._evaluator.retrace()

    def _steps(self) -> int:
        return self._feed.steps(self._changes.batch_size)

    def _started(self) -> events.RunStarted:
        validation = self._evaluator
        return events.RunStarted(
            run=self._name,
            epochs=self._changes.epochs,
            steps=self._steps(),
            training_samples=len(self._feed),
            validation_samples=0 if validation is None else validation.samples,
            class_names=self._data.class_names,
            knobs=self._changes.offers(),
            seed=self._settings.seed,
            device=environment.device_name(),
            versions=environment.versions(),
            parameters=int(self._model.count_params()),
            jit=bool(self._model.jit_compile),
            majority_share=None if self._scorer is None else self._scorer.majority_share(),
            notes=self._data.notes,
        )

    def _make_evaluator(self) -> Evaluator | None:
        data = self._data
        if data.x_validation is None:
            return None
        feed = ResidentFeed(data.x_validation, data.y_validation, data.sample_weight_validation)
        return Evaluator(self._model, feed, keep_predictions=self._scorer is not None)

    def _enter(self, phase: Phase) -> None:
        if phase is not self._phase:
            self._phase = phase
            self._emit(events.PhaseChanged(phase=phase))


def _on_device(order: Any) -> tf.Tensor:
    import tensorflow as tf

    return tf.convert_to_tensor(order)
