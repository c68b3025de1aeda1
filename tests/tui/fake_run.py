"""A run that trains nothing: its record is fed made-up events, and it remembers the commands it receives."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
from textual.pilot import Pilot

from fitmon.engine import events
from fitmon.engine.commands import Command
from fitmon.engine.events import Phase
from fitmon.engine.finding import Finding, Remedy
from fitmon.engine.insight.observer import Observer
from fitmon.engine.insight.scores import SampleScores, score_probabilities
from fitmon.engine.measures import Measures
from fitmon.engine.record.record import RunRecord
from fitmon.engine.record.snapshot import Snapshot
from fitmon.engine.values import KnobOffer, KnobValue
from fitmon.tui.app import MonitorApp
from fitmon.tui.options import RewindOptions, ScreenOptions

OFFERS = (
    KnobOffer(name="learning_rate", value=1e-3),
    KnobOffer(name="learning_rate_factor", value=None, unavailable="the learning rate follows no schedule"),
    KnobOffer(name="dropout", value=None, unavailable="this model has no dropout layer"),
    KnobOffer(name="l1", value=0.0),
    KnobOffer(name="l2", value=1e-4),
    KnobOffer(name="batch_size", value=64),
    KnobOffer(name="epochs", value=10),
)
STEPS = 100
TOO_EARLY = Finding(
    name="too_early", sentence="too early to say: 1 epoch done, 3 are needed", epochs=(1, 1), confidence=1.0
)
REWIND_TO_2 = Remedy(
    advice="rewind to epoch 2 with dropout 0.3",
    expect="Validation loss falls for some epochs more, and training loss falls slower.",
    changes={"dropout": 0.3},
    rewind_to=2,
)
HALVE_RATE = Remedy(
    advice="halve the learning rate, from 1e-3 to 5e-4, and train 5 epochs more",
    expect="Both losses fall in smaller steps.",
    changes={"learning_rate": 5e-4, "epochs": 15},
)
STOP_HERE = Remedy(advice="stop here and keep the best weights", expect="The model of epoch 2 remains.", stop=True)
FEWER_UNITS = Remedy(
    advice="train a smaller model",
    expect="It can memorise fewer samples.",
    command_line="fitmon mnist --units 128",
)
OVERFITTING = Finding(
    name="overfitting",
    sentence="overfitting since epoch 2: val loss +18% while train −61%",
    epochs=(2, 9),
    confidence=0.97,
    remedies=(REWIND_TO_2, STOP_HERE, FEWER_UNITS),
)
CLASS_MISSING = Finding(
    name="class_missing",
    sentence="The validation set has no class 2, of which 20 samples are trained on.",
    epochs=(0, 0),
    confidence=0.95,
    remedies=(FEWER_UNITS,),
)
RATE_TOO_HIGH = Finding(
    name="learning_rate_too_high",
    sentence="learning rate too high: the loss went up in 4 of the last 6 epochs",
    epochs=(4, 8),
    confidence=0.7,
    remedies=(HALVE_RATE,),
)
MEASURES = Measures(
    training_loss=0.0123,
    training_accuracy=0.998,
    validation_loss=0.0712,
    validation_accuracy=0.981,
    penalty=0.0031,
)
PATIENCE_SECONDS = 20
"""How long a test waits for a condition before it fails; never how long it takes."""


class FakeRun:
    """Satisfies `fitmon.tui.run.Run`."""

    def __init__(self) -> None:
        self.record = RunRecord()
        self.sent: list[Command] = []
        self.starts = 0
        self._observer: Observer | None = None
        self._observed = 0

    def start(self) -> None:
        self.starts += 1

    def send(self, command: Command) -> None:
        self.sent.append(command)

    def snapshot(self) -> Snapshot:
        return self.record.snapshot()

    def join(self, timeout_seconds: float) -> bool:
        return timeout_seconds > 0

    def tell(self, *told: events.Event) -> FakeRun:
        for event in told:
            self.record.apply(event)
        return self

    def begin(self, **changes: Any) -> FakeRun:
        """Data and model are ready and the first epoch is under way."""
        return self.tell(
            started(**changes),
            events.PhaseChanged(phase=Phase.TRAINING),
            events.EpochStarted(epoch=1, epochs=10, steps=STEPS),
        )

    def chunk(self, step: int, epoch: int = 1, **metrics: float) -> FakeRun:
        values = metrics or {"loss": 2.0 - step / STEPS, "accuracy": 0.2 + step / STEPS / 2}
        return self.tell(
            events.ChunkEnded(
                epoch=epoch, step=step, steps=STEPS, chunk_metrics=values, epoch_metrics=values, seconds=0.1
            )
        )

    def epoch_ended(self, epoch: int, scores: SampleScores | None = None, **metrics: float) -> FakeRun:
        """An epoch is over and validated, the next has not begun."""
        values = metrics or {
            "loss": 1 / epoch,
            "accuracy": 1 - 0.5 / epoch,
            "val_loss": 1.2 / epoch,
            "val_accuracy": 1 - 0.6 / epoch,
        }
        if scores is not None:
            self.observe(epoch, scores)
        return self.tell(events.EpochEnded(epoch=epoch, epochs=10, seconds=1.6, metrics=values, knobs={}))

    def found(self, epoch: int, *findings: Finding, measures: Measures | None = None, **metrics: float) -> FakeRun:
        """An epoch is over, and this is what it means."""
        values = metrics or {"loss": 1 / epoch, "accuracy": 0.9, "val_loss": 0.5 + epoch / 50, "val_accuracy": 0.8}
        return self.tell(
            events.EpochStarted(epoch=epoch, epochs=10, steps=STEPS),
            events.EpochEnded(
                epoch=epoch,
                epochs=10,
                seconds=1.6,
                metrics=values,
                knobs={},
                measures=MEASURES if measures is None else measures,
                findings=findings,
            ),
        )

    def observe(self, epoch: int, scores: SampleScores, threshold: float = 0.5) -> FakeRun:
        """The validation samples were scored, as the engine does it."""
        if self._observer is None or self._observed != len(scores):
            self._observer, self._observed = Observer(len(scores), threshold), len(scores)
        return self.tell(events.SamplesScored(observation=self._observer.observe(scores, epoch)))

    def epochs(self, number: int, scores: SampleScores | None = None) -> FakeRun:
        """Several whole epochs, and the next one has begun."""
        for epoch in range(1, number + 1):
            self.tell(events.EpochStarted(epoch=epoch, epochs=10, steps=STEPS))
            self.epoch_ended(epoch, scores)
        return self.tell(events.EpochStarted(epoch=number + 1, epochs=10, steps=STEPS))

    def branch(self, number: int, parent: int, epoch: int, **knobs: KnobValue) -> FakeRun:
        """The run went back to the end of an epoch, whose knobs were those it has now but for the given ones."""
        values = {knob.name: knob.value for knob in self.snapshot().knobs} | knobs
        return self.tell(
            events.BranchStarted(branch=number, parent=parent, epoch=epoch, knobs=values),
            events.PhaseChanged(phase=Phase.TRAINING),
        )

    def train(self, first: int, last: int, val_loss: float = 1.2, knobs: dict[str, KnobValue] | None = None) -> FakeRun:
        """Several whole epochs, whose validation loss falls from `val_loss` / `first`."""
        for epoch in range(first, last + 1):
            self.tell(events.EpochStarted(epoch=epoch, epochs=10, steps=STEPS))
            metrics = {"loss": 1 / epoch, "accuracy": 0.5, "val_loss": val_loss / epoch, "val_accuracy": 0.4}
            self.tell(events.EpochEnded(epoch=epoch, epochs=10, seconds=1.6, metrics=metrics, knobs=knobs or {}))
        return self

    def ended(self, completed: bool = True, reason: str = "all epochs done") -> FakeRun:
        done = self.record.epochs_done
        return self.tell(events.RunEnded(reason=reason, epochs_done=done, completed=completed))

    def failed(self, message: str = "train_step raised ValueError.", traceback: str = "Traceback …") -> FakeRun:
        return self.tell(events.RunFailed(kind="training", message=message, traceback=traceback, epochs_done=0))

    def applied(self, knob: str, value: float, previous: KnobValue, epoch: int) -> FakeRun:
        return self.tell(
            events.KnobApplied(knob=knob, requested=value, value=value, previous=previous, epoch=epoch, step=1)
        )


def started(**changes: Any) -> events.RunStarted:
    facts: dict[str, Any] = {
        "run": "mnist",
        "epochs": 10,
        "steps": STEPS,
        "training_samples": 54_000,
        "validation_samples": 6_000,
        "class_names": tuple("0123456789"),
        "knobs": OFFERS,
        "seed": 7,
        "device": "CPU (2 threads)",
        "versions": {"keras": "3.12.0"},
        "parameters": 101_770,
        "jit": False,
        "majority_share": 0.1135,
    }
    return events.RunStarted(**(facts | changes))


def binary_scores(*probabilities: float, labels: tuple[int, ...]) -> SampleScores:
    return score_probabilities(np.array(probabilities, dtype=np.float32), np.array(labels))


def several_class_scores(samples: int = 200) -> SampleScores:
    random = np.random.default_rng(0)
    powers = np.exp(random.standard_normal((samples, 3)))
    return score_probabilities(powers / powers.sum(axis=1, keepdims=True), random.integers(0, 3, samples))


Wait = Callable[[Callable[[], bool]], Any]


class Shown:
    """An application under test."""

    def __init__(self, app: MonitorApp, pilot: Pilot[int]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def rows(self) -> list[str]:
        """Every line of the screen as it would stand on the terminal, from top to bottom."""
        return [strip.text for strip in self.app.screen._compositor.render_strips()]

    @property
    def text(self) -> str:
        return "\n".join(self.rows)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.until(lambda: not self.app.ordered_keys.busy)

    async def press_once(self, key: str) -> None:
        """Press a key that types nothing, and wait once until the application is idle; `press` waits several times."""
        self.app.simulate_key(key)
        await self.pilot.pause()
        await self.until(lambda: not self.app.ordered_keys.busy)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until the condition is true; fail with the screen if it does not become true."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not condition():
                    await self.pilot.pause(0.01)
        except TimeoutError:
            raise AssertionError(f"The condition did not become true. The screen:\n{self.text}") from None

    async def sees(self, *words: str) -> None:
        """Wait until all the words stand on the screen."""
        await self.until(lambda: all(word in self.text for word in words))

    async def misses(self, words: str) -> None:
        """Wait until the words no longer stand on the screen."""
        await self.until(lambda: words not in self.text)


@asynccontextmanager
async def shown(run: FakeRun, size: tuple[int, int] = (120, 40), **options: Any) -> AsyncIterator[Shown]:
    """Show a run on a terminal of that size, one that can rewind to any epoch unless the options say otherwise.

    Options are the name, `exit_request`, `clock`, and those of `ScreenOptions`.
    """
    name, exit_request = options.pop("name", "mnist"), options.pop("exit_request", lambda: None)
    clock = options.pop("clock", time.monotonic)
    screen_options = ScreenOptions(**{"rewind": RewindOptions(), **options})
    app = MonitorApp(run, name, screen_options, exit_request=exit_request, clock=clock)
    async with app.run_test(size=size) as pilot:
        screen = Shown(app, pilot)
        await screen.until(lambda: run.starts == 1)
        app.tick()
        await pilot.pause()
        yield screen
