"""The panel of the classes draws what is new, and what takes long to measure when it has been measured."""

import threading

import pytest

from fitmon.engine.insight.context import Context
from fitmon.engine.insight.observer import Observation
from fitmon.text.rows import Row, text_of
from fitmon.tui.drawing import class_data
from fitmon.tui.frame import Frame
from fitmon.tui.widgets.classes_panel import ClassesPanel
from tests.tui.drawing.test_classes import seen, several_classes
from tests.tui.fake_run import FakeRun, binary_scores

PATIENCE_SECONDS = 20


class CountingPanel(ClassesPanel):
    """A panel without a terminal: it draws into rows and counts how often."""

    def __init__(self) -> None:
        super().__init__("classes")
        self.rows: list[Row] = []
        self.times = 0

    def redraw(self) -> None:
        self.rows = self.draw(120, 36)
        self.times += 1

    @property
    def text(self) -> str:
        return "\n".join(map(text_of, self.rows))


class Gate:
    """Measures only when it is opened, so that a test decides when the thread is done."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.open = threading.Event()
        self.measured: list[Observation] = []
        self._measure = class_data.measure_context
        monkeypatch.setattr(class_data, "takes_long", lambda observation: observation.probabilities is not None)
        monkeypatch.setattr(class_data, "measure_context", self)

    def __call__(self, observation: Observation) -> Context:
        assert self.open.wait(PATIENCE_SECONDS)
        self.measured.append(observation)
        return self._measure(observation)


def finished(panel: ClassesPanel) -> None:
    """Wait until what is being measured has been."""
    assert panel._measuring is not None
    panel._measuring.join(PATIENCE_SECONDS)
    assert not panel._measuring.is_alive()


def shown(panel: ClassesPanel, *pictures: Frame) -> None:
    for picture in pictures:
        panel.show(picture)


def test_the_same_scores_and_threshold_are_drawn_once() -> None:
    run = FakeRun().begin(class_names=("no", "yes")).epochs(1, binary_scores(0.6, 0.4, labels=(1, 0)))
    panel = CountingPanel()
    shown(panel, seen(run), seen(run), seen(run.chunk(1, epoch=2)))
    assert panel.times == 1
    panel.show(seen(run, 0.7))
    assert panel.times == 2
    assert "at threshold 0.7" in panel.text
    panel.show(seen(run.epoch_ended(2, binary_scores(0.9, 0.1, labels=(1, 0))), 0.7))
    assert panel.times == 3


def test_before_the_first_frame_the_panel_is_empty() -> None:
    assert "classes" in text_of(ClassesPanel("classes").draw(40, 5)[0])


def test_slow_measurements_are_drawn_once_they_are_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    gate, panel, run = Gate(monkeypatch), CountingPanel(), several_classes(50, 3)
    shown(panel, seen(run), seen(run))
    assert "measuring more" in panel.text
    assert panel.times == 1
    gate.open.set()
    finished(panel)
    shown(panel, seen(run), seen(run))
    assert "ROC AUC" in panel.text
    assert panel.times == 2
    assert len(gate.measured) == 1


def test_an_epoch_that_comes_while_another_is_measured_is_measured_next(monkeypatch: pytest.MonkeyPatch) -> None:
    gate, panel = Gate(monkeypatch), CountingPanel()
    first, second = several_classes(50, 3), several_classes(60, 3)
    shown(panel, seen(first), seen(second))
    assert "of 60 samples" in panel.text
    gate.open.set()
    finished(panel)
    panel.show(seen(second))
    finished(panel)
    panel.show(seen(second))
    assert [len(observation) for observation in gate.measured] == [50, 60]
    assert "ROC AUC" in panel.text


def test_a_failed_measurement_is_not_repeated_forever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    gate, panel, run = Gate(monkeypatch), CountingPanel(), several_classes(50, 3)
    monkeypatch.setattr(gate, "_measure", lambda _: 1 // 0)
    gate.open.set()
    panel.show(seen(run))
    finished(panel)
    shown(panel, *[seen(run)] * 5)
    assert panel.times <= 2
    assert len(gate.measured) == 1
