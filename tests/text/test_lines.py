"""A run is printed line by line, as text and as JSON."""

import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import msgspec
import pytest

from fitmon.cli.print_run import OUTPUT_CLOSED, Inbox, LineOutput, listener_into, print_run
from fitmon.engine import events
from fitmon.engine.commands import Command, Stop
from fitmon.engine.events import Phase
from fitmon.engine.finding import Finding
from fitmon.engine.insight.observer import Observer
from fitmon.engine.record.record import RunRecord
from fitmon.engine.record.snapshot import Snapshot
from fitmon.engine.values import KnobOffer, KnobValue
from fitmon.text.lines import PlainLines, epoch_line, json_line
from tests.tui.fake_run import CLASS_MISSING, OVERFITTING, TOO_EARLY, binary_scores

KNOBS: dict[str, KnobValue] = {"learning_rate": 1e-3, "dropout": None}


def started(**changes: Any) -> events.RunStarted:
    facts: dict[str, Any] = {
        "run": "mnist",
        "epochs": 10,
        "steps": 938,
        "training_samples": 60_000,
        "validation_samples": 10_000,
        "class_names": ("0", "1"),
        "knobs": (KnobOffer(name="learning_rate", value=1e-3), KnobOffer(name="dropout", value=None)),
        "seed": 7,
        "device": "CPU (2 threads)",
        "versions": {"keras": "3"},
        "parameters": 407_050,
        "jit": False,
        "majority_share": 0.1,
    }
    return events.RunStarted(**(facts | changes))


def epoch_ended(epoch: int = 1, epochs: int = 10, seconds: float = 1.64, **metrics: float) -> events.EpochEnded:
    return events.EpochEnded(epoch=epoch, epochs=epochs, seconds=seconds, metrics=metrics, knobs=KNOBS)


ENDED = events.RunEnded(reason="all epochs done", epochs_done=2, completed=True)
STOPPED = events.RunEnded(reason="stopped by SIGTERM", epochs_done=1, completed=False)
FAILED = events.RunFailed(kind="training", message="The loss is NaN.", traceback="", epochs_done=1)
APPLIED = events.KnobApplied(knob="learning_rate", requested=1e-4, value=1e-4, previous=1e-3, epoch=4, step=1)
FEWER_EPOCHS = events.KnobApplied(knob="epochs", requested=3, value=3, previous=10, epoch=4, step=1)
REFUSED = events.KnobRefused(knob="dropout", value=0.3, reason="this model has no dropout")
CONTINUED = events.RunResumed(epochs_done=4, exact=True, proof="the same bits")
BRANCH = events.BranchStarted(branch=2, parent=1, epoch=3, knobs={"dropout": 0.5})
NO_REWIND = events.RewindRefused(epoch=9, branch=1, reason="there is none")
EXPORTED = events.ModelExported(path="/models/m.keras", keep="best", epoch=3)
NOT_EXPORTED = events.ExportFailed(path="/models/m.keras", reason="The disk is full.")
NO_ROOM = events.CheckpointFailed(message="The disk is full.")
CHUNK = events.ChunkEnded(epoch=1, step=5, steps=10, chunk_metrics={}, epoch_metrics={}, seconds=0.1)
OFTEN_OR_FOR_SCREENS: list[events.Event] = [
    CHUNK,
    events.PhaseChanged(phase=Phase.LOADING, detail="reading"),
    events.EpochStarted(epoch=1, epochs=10, steps=938),
    events.KnobRequested(knob="dropout", value=0.3, epoch=2),
    events.PauseRequested(at="epoch"),
]


def test_the_first_lines_say_what_runs_on_what_and_how() -> None:
    assert PlainLines()(started()) == (
        "fitmon mnist: 60,000 training samples, 10,000 validation samples, 407,050 parameters, CPU (2 threads)\n"
        "learning_rate 1e-3  seed 7\n"
    )


def test_a_run_without_validation_says_so() -> None:
    assert "60,000 training samples, no validation, 407,050 parameters" in PlainLines()(started(validation_samples=0))


def test_an_unknown_number_of_training_samples_is_shown_as_such() -> None:
    lines = PlainLines()(started(training_samples=0))
    assert "mnist: an unknown number of training samples, 10,000 validation samples" in lines


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (
            epoch_ended(epoch=3, loss=0.0512, accuracy=0.9843, val_loss=0.0671, val_accuracy=0.9791),
            "epoch  3/10   1.6 s  loss 0.0512  accuracy 0.9843  val_loss 0.0671  val_accuracy 0.9791",
        ),
        (epoch_ended(epoch=10, seconds=0.0123, loss=12.345), "epoch 10/10   12 ms  loss 12.35"),
        (epoch_ended(epochs=200, seconds=3700, loss=math.nan), "epoch   1/200  1:01:40  loss nan"),
    ],
)
def test_an_epoch_is_one_line(event: events.EpochEnded, line: str) -> None:
    assert epoch_line(event) == line


def test_columns_stay_in_place_from_epoch_to_epoch() -> None:
    lines = [epoch_line(epoch_ended(epoch=epoch, loss=1 / epoch**2, accuracy=0.5)) for epoch in (1, 2, 10)]
    assert len({line.index("accuracy") for line in lines}) == 1


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (APPLIED, "epoch 4: learning_rate 1e-3 → 1e-4 (confirmed)\n"),
        (FEWER_EPOCHS, "end of epoch 3: epochs 10 → 3 (confirmed)\n"),
        (REFUSED, "dropout 0.3 refused: this model has no dropout\n"),
        (events.RunPaused(epoch=2, step=0, reason="requested"), "paused in epoch 2: requested\n"),
        (events.PauseEnded(), "resumed\n"),
        (CONTINUED, "resumed at epoch 4: exact, the same bits\n"),
        (
            events.RunResumed(epochs_done=3, step=50, exact=False, reasons=("keras 1 → 2", "XLA is on now")),
            "resumed at epoch 4, step 50: not bit-exact, because: keras 1 → 2; XLA is on now\n",
        ),
        (
            events.RunResumed(epochs_done=0, exact=True, proof="it begins anew"),
            "resumed at the start: exact, it begins anew\n",
        ),
        (BRANCH, "branch 2 from the end of epoch 3 of branch 1\n"),
        (events.BranchStarted(branch=3, parent=1, epoch=0, knobs={}), "branch 3 from the model before training\n"),
        (events.BranchStarted(branch=5, parent=4, epoch=2, knobs={}), "branch 5 from the end of epoch 2 of branch 4\n"),
        (NO_REWIND, "rewind to epoch 9 refused: there is none\n"),
        (NO_ROOM, "disk trouble, training continues: The disk is full.\n"),
        (events.CheckpointsResumed(), "checkpoints are saved again\n"),
        (events.RunDetached(reason="the terminal hung up"), "detached: the terminal hung up\n"),
        (EXPORTED, "exported best weights (epoch 3) to /models/m.keras\n"),
        (NOT_EXPORTED, "export to /models/m.keras failed: The disk is full.\n"),
        (FAILED, "failed after 1 epoch\n"),
        (STOPPED, "ended after 1 epoch: stopped by SIGTERM\n"),
    ],
)
def test_what_happens_to_the_run_is_one_line(event: events.Event, line: str) -> None:
    assert PlainLines()(event) == line


@pytest.mark.parametrize("event", OFTEN_OR_FOR_SCREENS, ids=lambda event: type(event).__name__)
def test_frequent_events_are_not_printed(event: events.Event) -> None:
    assert (PlainLines()(event), json_line(event)) == ("", "")


def test_the_last_line_names_the_best_epoch() -> None:
    render = PlainLines()
    render(epoch_ended(epoch=1, loss=0.4, val_loss=0.25))
    render(epoch_ended(epoch=2, loss=0.2, val_loss=0.5))
    assert render(ENDED) == "finished: 2 epochs; best val_loss 0.2500 in epoch 1\n"


def meant(epoch: int, *findings: Finding) -> events.EpochEnded:
    return msgspec.structs.replace(epoch_ended(epoch=epoch, loss=0.5), findings=findings)


def lines_about_findings(render: PlainLines, event: events.Event) -> list[str]:
    return render(event).splitlines()[1:]


def test_a_finding_is_printed_when_it_appears_and_when_it_disappears() -> None:
    render = PlainLines()
    came = (
        "  overfitting since epoch 2: val loss +18% while train −61%"
        "  (suggested fix: rewind to epoch 2 with dropout 0.3)"
    )
    assert lines_about_findings(render, meant(1, TOO_EARLY)) == [f"  {TOO_EARLY.sentence}"]
    assert lines_about_findings(render, meant(2, OVERFITTING)) == [came]
    still = msgspec.structs.replace(OVERFITTING, sentence="overfitting since epoch 2: worse", confidence=0.99)
    assert lines_about_findings(render, meant(3, still)) == []
    assert lines_about_findings(render, epoch_ended(epoch=4, loss=0.5)) == []
    assert lines_about_findings(render, meant(5)) == ["  resolved: overfitting"]


def test_the_effect_of_a_change_is_printed_once_after_three_epochs() -> None:
    render = PlainLines()
    render(epoch_ended(epoch=1, loss=0.5))
    render(events.KnobApplied(knob="dropout", requested=0.5, value=0.5, previous=0.3, epoch=2, step=1))
    told = [lines_about_findings(render, epoch_ended(epoch=epoch, loss=1 / epoch)) for epoch in range(2, 7)]
    did = "  effect of dropout 0.3 → 0.5 from epoch 2: loss 0.5000 → 0.2500 (−50%) by epoch 4"
    assert told == [[], [], [did], [], []]


def test_a_knob_changed_every_epoch_has_no_separate_effect() -> None:
    render = PlainLines()
    for epoch in range(1, 9):
        rate = 1 / epoch
        render(events.KnobApplied(knob="learning_rate", requested=rate, value=rate, previous=1.0, epoch=epoch, step=1))
        assert lines_about_findings(render, epoch_ended(epoch=epoch, loss=rate)) == []


def test_advice_comes_with_the_command_line_that_would_try_it() -> None:
    (line,) = lines_about_findings(PlainLines(), meant(1, CLASS_MISSING))
    advice = "train a smaller model; try it with: fitmon mnist --units 128"
    assert line == f"  class missing: {CLASS_MISSING.sentence}  (suggested fix: {advice})"


def test_the_last_lines_show_findings_and_the_effects_of_changes() -> None:
    render = PlainLines()
    render(meant(1, OVERFITTING))
    render(
        events.KnobApplied(
            knob="dropout", requested=0.5, value=0.5, previous=0.3, epoch=2, step=1, because="overfitting"
        )
    )
    render(epoch_ended(epoch=2, loss=0.25))
    did = (
        "dropout 0.3 → 0.5 from epoch 2 against overfitting: loss 0.5000 → 0.2500 (−50%) by epoch 2, too early to judge"
    )
    assert render(ENDED).splitlines()[1:] == [
        "Finding: overfitting since epoch 2: val loss +18% while train −61% (97% sure).",
        f"Effect of {did}.",
    ]


def test_the_json_of_an_epoch_has_its_findings() -> None:
    (found,) = json.loads(json_line(meant(1, OVERFITTING)))["findings"]
    assert (found["name"], found["epochs"], found["confidence"]) == ("overfitting", [2, 9], 0.97)
    assert found["sentence"] == OVERFITTING.sentence
    assert found["remedies"][0]["advice"] == "rewind to epoch 2 with dropout 0.3"
    assert json.loads(json_line(meant(1)))["findings"] == []


def test_the_last_lines_compare_the_branches_where_there_are_several() -> None:
    render = PlainLines()
    for event in (started(), epoch_ended(epoch=1, val_loss=0.5), epoch_ended(epoch=2, val_loss=0.75)):
        render(event)
    render(events.BranchStarted(branch=2, parent=1, epoch=1, knobs={}))
    render(epoch_ended(epoch=2, val_loss=0.25))
    reached = "val_loss 0.2500 at epoch 2, compared with 0.7500 in branch 1 (−67%)"
    did = f"rewind to the end of epoch 1 as branch 2: {reached}"
    assert render(ENDED).split("\n") == [
        "finished: 2 epochs; best val_loss 0.2500 in epoch 2",
        f"Effect of {did}, too early to judge.",
        "  branch  from    epochs  best val_loss  last",
        "  1       start   2       0.5000 at 1    0.7500",
        "▸ 2       1 of 1  2       0.2500 at 2 ◆  0.2500",
        "",
    ]


def test_the_end_of_a_resumed_run_is_summarized_from_all_of_its_epochs() -> None:
    known = RunRecord()
    render = PlainLines(known.snapshot)
    known.apply(epoch_ended(epoch=1, val_loss=0.25))
    for event in (CONTINUED, epoch_ended(epoch=5, val_loss=0.5), ENDED):
        known.apply(event)
        last = render(event)
    assert last == "finished: 2 epochs; best val_loss 0.2500 in epoch 1\n"


def test_control_characters_in_names_reach_no_terminal() -> None:
    assert "\x1b" not in PlainLines()(started(run="a\x1b]0;owned\x07b\n"))
    assert PlainLines()(started(run="a\nb")).count("\n") == 2


def test_json_lines_carry_the_event_first_and_keep_its_fields() -> None:
    line = json_line(epoch_ended(loss=0.5, val_loss=0.25))
    assert line.startswith('{"event":"epoch_ended"')
    assert line.endswith("\n")
    assert json.loads(line) == {
        "event": "epoch_ended",
        "epoch": 1,
        "epochs": 10,
        "seconds": 1.64,
        "metrics": {"loss": 0.5, "val_loss": 0.25},
        "knobs": {"learning_rate": 1e-3, "dropout": None},
    }


def test_numbers_that_json_lacks_become_null() -> None:
    line = json_line(epoch_ended(loss=math.nan, val_loss=math.inf, other=-math.inf))
    assert json.loads(line, parse_constant=pytest.fail)["metrics"] == {"loss": None, "val_loss": None, "other": None}


@pytest.mark.parametrize(
    "event",
    [
        events.RunFailed(kind="data", message="no file \udcff", traceback="\ud800 ü", epochs_done=0),
        started(run="\udcff", class_names=("\ud800", "ü"), notes=("\udfff",), versions={"\ud800": "\ud800"}),
        events.EpochEnded(epoch=1, epochs=2, seconds=1.0, metrics={"loss": math.nan, "\ud800": 1.0}, knobs={}),
    ],
    ids=lambda event: type(event).__name__,
)
def test_lone_surrogates_become_escapes_and_the_line_is_still_printed(event: events.Event) -> None:
    line = json_line(event)
    told = json.loads(line.encode("utf-8"), parse_constant=pytest.fail)
    assert line.startswith('{"event":"')
    assert line.endswith("}\n")
    given = {name for name in event.__struct_fields__ if getattr(event, name) is not msgspec.UNSET}
    assert {"event", *given} == set(told)
    assert any(escape in str(told) for escape in (r"\udcff", r"\ud800"))
    assert "ü" in line or isinstance(event, events.EpochEnded)


@pytest.mark.parametrize(
    ("event", "name"),
    [
        (started(), "run_started"),
        (APPLIED, "knob_applied"),
        (REFUSED, "knob_refused"),
        (CONTINUED, "run_continued"),
        (BRANCH, "branch_started"),
        (NO_REWIND, "rewind_refused"),
        (NO_ROOM, "checkpoint_failed"),
        (events.CheckpointsResumed(), "checkpoints_resumed"),
        (EXPORTED, "model_exported"),
        (NOT_EXPORTED, "export_failed"),
        (ENDED, "run_ended"),
        (FAILED, "run_failed"),
    ],
)
def test_json_names_its_events(event: events.Event, name: str) -> None:
    assert json.loads(json_line(event))["event"] == name


class FakeRun:
    """Notes the commands it gets, and may answer them."""

    def __init__(self, answer: Callable[[Command], None] = lambda _command: None) -> None:
        self.commands: list[Command] = []
        self._answer = answer

    def start(self) -> None:
        pass

    def send(self, command: Command) -> None:
        self.commands.append(command)
        self._answer(command)

    def snapshot(self) -> Snapshot:
        return RunRecord().snapshot()

    def join(self, timeout_seconds: float) -> bool:  # noqa: ARG002 - part of the protocol
        return True


def inbox_with(*items: events.Event | Stop) -> Inbox:
    inbox: Inbox = SimpleQueue()
    for item in items:
        inbox.put(item)
    return inbox


def test_only_what_is_printed_is_queued_and_one_chunk_at_most() -> None:
    inbox = inbox_with()
    listen = listener_into(inbox)
    scored = events.SamplesScored(observation=Observer(1, 0.5).observe(binary_scores(0.5, labels=(1,)), 1))
    loading = events.PhaseChanged(phase=Phase.LOADING, detail="downloading MNIST 45%")
    printed: list[events.Event] = [
        loading,
        started(),
        CONTINUED,
        epoch_ended(loss=0.5),
        APPLIED,
        REFUSED,
        BRANCH,
        NO_REWIND,
        NO_ROOM,
        ENDED,
    ]
    silent: list[events.Event] = [
        CHUNK,
        CHUNK,
        scored,
        events.PhaseChanged(phase=Phase.TRAINING),
        *OFTEN_OR_FOR_SCREENS[2:],
    ]
    for event in silent:
        listen(event)
    for event in printed:
        listen(event)
        listen(CHUNK)
    assert [inbox.get() for _ in range(inbox.qsize())] == [CHUNK, *printed]


def test_a_run_is_printed_to_stdout_and_messages_to_stderr() -> None:
    reading, writing = os.pipe()
    talk: list[str] = []
    loading = events.PhaseChanged(phase=Phase.LOADING, detail="downloading MNIST 45%")
    inbox = inbox_with(loading, loading, started(notes=("This is not MNIST.",)), CHUNK, epoch_ended(loss=0.5), ENDED)
    with os.fdopen(reading) as lines, os.fdopen(writing, "w"):
        ending = print_run(FakeRun(), inbox, json_line, LineOutput(writing), talk.append)
        written = [json.loads(lines.readline())["event"] for _ in range(3)]
    assert (ending, written) == (ENDED, ["run_started", "epoch_ended", "run_ended"])
    assert talk == ["downloading MNIST 45%", "This is not MNIST."]


def test_a_stop_reaches_the_run_and_its_end_is_still_printed() -> None:
    inbox = inbox_with(Stop(reason="stopped by SIGTERM"))
    run = FakeRun(answer=lambda _command: inbox.put(STOPPED))
    with Path(os.devnull).open("w") as output:
        assert print_run(run, inbox, json_line, LineOutput(output.fileno()), lambda _text: None) == STOPPED
    assert run.commands == [Stop(reason="stopped by SIGTERM")]


def test_a_closed_pipe_stops_the_run_once_before_the_next_line_is_due() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    inbox = inbox_with(CHUNK, CHUNK)
    run = FakeRun(answer=lambda _command: inbox.put(STOPPED))
    with os.fdopen(writing, "w") as output:
        lines = LineOutput(output.fileno())
        print_run(run, inbox, json_line, lines, lambda _text: None)
    assert run.commands == [Stop(reason=OUTPUT_CLOSED)]
    assert isinstance(lines.error, BrokenPipeError)


def test_a_full_disk_is_reported_as_the_error() -> None:
    with Path("/dev/full").open("w") as output:
        lines = LineOutput(output.fileno())
        lines.write("epoch\n")
        assert lines.gone()
    assert lines.error is not None
    assert lines.error.strerror == "No space left on device"


def test_what_an_encoding_lacks_is_escaped() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as lines, os.fdopen(writing, "w"):
        LineOutput(writing, "ascii").write("1 → 2\n")
        assert lines.readline() == b"1 \\u2192 2\n"
