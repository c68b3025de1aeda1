"""What is written to a journal, how much, and what happens when the disk or the process fails."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from fitmon.engine import events
from fitmon.engine.commands import Command, Pause, PauseAt, Resume, SetKnob, Stop
from fitmon.engine.errors import DiskError
from fitmon.engine.events import Phase
from fitmon.engine.finding import Finding
from fitmon.engine.measures import ClassInsight, Insight
from fitmon.engine.runs import fsync_thread
from fitmon.engine.runs.journal import JournalWriter
from fitmon.engine.runs.journal_line import CommandReceived, JournalOpened
from tests.engine.runs.made_up_journal import (
    MEASURES,
    OVERFITTING,
    ended,
    entries,
    journaled,
    lines,
    messages,
    problems,
    record_of,
    started,
)

ROOT = Path(__file__).parents[3]
PATIENCE_SECONDS = 60
EIGHT_O_CLOCK = datetime(2026, 11, 22, 8, 0, 0, 123456, tzinfo=UTC)

INSIGHT = Insight(
    samples=10000,
    stayed_right=9603,
    stayed_wrong=197,
    crossed_up=149,
    crossed_down=51,
    loss_change={
        "stayed_right": -0.019310455414994526,
        "stayed_wrong": -0.006315588968992233,
        "crossed_up": -0.01668752406598069,
        "crossed_down": 0.004141295782104135,
    },
    data_loss=0.07772396857165317,
    penalty=0.0,
    threshold=None,
    near_threshold=51,
    sentence="val loss fell 0.038; 67% of that came from samples that did not cross; accuracy rose from 96.5% to "
    "97.5% (149 up, 51 down)",
    accuracy=0.9752,
    accuracy_interval=(0.961635401714528, 0.9688071726020463),
    per_class=tuple(ClassInsight(support=980, precision=0.961635401714528) for _ in range(10)),
    confusion=((980,) * 10,) * 10,
)


def _phase(phase: Phase, detail: str = "") -> events.PhaseChanged:
    return events.PhaseChanged(phase=phase, detail=detail)


def _chunk(step: int, *, traced: bool = False) -> events.ChunkEnded:
    means = {"loss": 0.5}
    return events.ChunkEnded(
        epoch=1, step=step, steps=938, chunk_metrics=means, epoch_metrics=means, seconds=0.1, traced=traced
    )


def _begun(epoch: int) -> events.EpochStarted:
    return events.EpochStarted(epoch=epoch, epochs=10000, steps=938)


def _write(path: Path, *told: events.Event) -> None:
    journal = JournalWriter(path)
    for event in told:
        journal.event(event)
    journal.close()


RUN: list[events.Event] = [
    _phase(Phase.STARTING),
    _phase(Phase.BUILDING),
    started(notes=("a\nb\u202e\x1b[2J",)),
    _begun(1),
    _phase(Phase.TRAINING),
    _chunk(500, traced=True),
    events.KnobRequested(knob="dropout", value=0.3, epoch=2),
    events.KnobRequested(knob="l2", value=0.1, epoch=3),
    ended(1, loss=0.1 + 0.2, val_loss=1e-310),
    _begun(2),
    events.KnobApplied(knob="dropout", requested=0.3, value=(0.3, 0.3), previous=(0.25, 0.5), epoch=2, step=1),
    events.KnobRefused(knob="l2", value=0.1, reason="no kernels", epoch=3),
    events.PauseRequested(at="chunk"),
    events.RunPaused(epoch=2, step=3, reason="requested"),
    _phase(Phase.PAUSED),
    events.PauseEnded(),
    _phase(Phase.TRAINING),
    events.LossBecameNonFinite(metric="loss", epoch=2, step=9, value="nan"),
    ended(2, loss=math.nan, val_loss=math.inf, other=-math.inf),
    _phase(Phase.FAILED),
    events.RunFailed(kind="training", message="half a character: \ud83d", traceback="…", epochs_done=2),
]


def test_a_record_can_be_rebuilt_from_its_journal(tmp_path: Path) -> None:
    _write(tmp_path / "journal", *RUN)
    live, again = (record_of(told).snapshot() for told in (RUN, journaled(tmp_path / "journal")))
    assert again.metrics.keys() == live.metrics.keys()
    for name, curve in live.metrics.items():
        assert again.metrics[name].values.tobytes() == curve.values.tobytes()
        assert again.metrics[name].epochs.tobytes() == curve.epochs.tobytes()
    for fact in ("started", "best", "knobs", "receipts", "refusal", "non_finite", "phase", "seconds_per_epoch"):
        assert getattr(again, fact) == getattr(live, fact)
    assert isinstance(again.ending, events.RunFailed)
    assert again.ending.message == "half a character: \\ud83d"
    assert not problems(tmp_path / "journal")


def test_renamed_events_and_fields_keep_their_names_on_disk(tmp_path: Path) -> None:
    _write(tmp_path / "journal", *RUN)
    journal = JournalWriter(tmp_path / "journal")
    journal.command(Pause(), by="")
    journal.close()
    written = (tmp_path / "journal").read_text(encoding="utf-8")
    for name in (
        '"event":"knob_asked"',
        '"event":"pause_asked"',
        '"knob":"dropout","asked":0.3',
        '"asked":{"command":',
    ):
        assert name in written
    assert "requested" not in written.replace('"reason":"requested"', "")


def test_frequent_and_long_events_are_left_out(tmp_path: Path) -> None:
    downloads: list[events.Event] = [_phase(Phase.LOADING, f"downloading {percent}%") for percent in range(100)]
    within: list[events.Event] = [_phase(Phase.TRAINING), _chunk(1), _phase(Phase.VALIDATING), _phase(Phase.TRAINING)]
    _write(tmp_path / "journal", *downloads, *within, ended(1, insight=INSIGHT))
    phases, (epoch,) = journaled(tmp_path / "journal")[:-1], journaled(tmp_path / "journal")[-1:]
    assert phases == [downloads[0], _phase(Phase.TRAINING)]
    assert epoch.insight is msgspec.UNSET
    assert (epoch.metrics, epoch.measures) == (ended(1).metrics, MEASURES)


def test_findings_are_kept_when_others_appear_and_at_the_end(tmp_path: Path) -> None:
    at = replace(OVERFITTING, sentence="other numbers")
    none: tuple[Finding, ...] = ()
    told = [none, none, (OVERFITTING,), (at,), (at, replace(at, name="plateau")), (), (), (), (), ()]
    ends = [replace(ended(epoch), epochs=10, findings=found) for epoch, found in enumerate(told, 1)]
    _write(tmp_path / "journal", *ends)
    kept = {end.epoch: end.findings for end in journaled(tmp_path / "journal") if end.findings is not msgspec.UNSET}
    assert kept == {1: (), 3: told[2], 5: told[4], 6: (), 10: ()}
    record = record_of(journaled(tmp_path / "journal")[:4])
    assert [finding.name for finding in record.findings] == ["overfitting"]


def test_a_note_for_the_user_about_an_epoch_is_kept(tmp_path: Path) -> None:
    short: list[events.Event] = [
        _phase(Phase.TRAINING),
        _phase(Phase.TRAINING, "epoch 1: received only 3 of 10 batches"),
    ]
    _write(tmp_path / "journal", *short)
    assert journaled(tmp_path / "journal") == short


def test_an_epoch_takes_at_most_one_kilobyte(tmp_path: Path) -> None:
    """With the events of the second epoch of a real run of MNIST, and the numbers of late epochs."""
    epochs = range(9900, 10000)
    every_epoch: list[list[events.Event]] = [
        [_begun(epoch), _phase(Phase.TRAINING), _chunk(9), _phase(Phase.VALIDATING), ended(epoch, insight=INSIGHT)]
        for epoch in epochs
    ]
    _write(tmp_path / "journal")
    empty = (tmp_path / "journal").stat().st_size
    _write(tmp_path / "journal", *[event for told in every_epoch for event in told])
    assert (tmp_path / "journal").stat().st_size - empty <= 1024 * len(epochs)


def test_entries_have_numbers_and_times(tmp_path: Path) -> None:
    seconds = map(float, count(5))
    journal = JournalWriter(tmp_path / "journal", clock=lambda: next(seconds), now=lambda: EIGHT_O_CLOCK)
    journal.event(_begun(1))
    journal.event(ended(1))
    journal.close()
    written = lines(tmp_path / "journal")
    assert [line.sequence for line in written] == [1, 2, 3]
    assert [line.monotonic for line in written] == [5.0, 6.0, 7.0]
    assert {line.wall for line in written} == {EIGHT_O_CLOCK.replace(microsecond=123000)}


COMMANDS: list[Command] = [
    Pause(at=PauseAt.CHUNK),
    Resume(),
    Stop(reason="enough\x1b"),
    SetKnob(knob="l2", value=1e-4, epoch=7),
]


def test_commands_are_kept_with_their_sender(tmp_path: Path) -> None:
    journal = JournalWriter(tmp_path / "journal")
    for number, command in enumerate(COMMANDS):
        journal.command(command, by=f"terminal {number}")
    journal.close()
    _, *received = entries(tmp_path / "journal")
    assert received == [
        CommandReceived(command=command, by=f"terminal {number}") for number, command in enumerate(COMMANDS)
    ]


def test_a_line_can_be_read_as_soon_as_it_is_written(tmp_path: Path) -> None:
    journal = JournalWriter(tmp_path / "journal", flush_seconds=1000)
    journal.event(_begun(1))
    assert journaled(tmp_path / "journal") == [_begun(1)]
    journal.close()


def test_lines_of_many_threads_stay_whole_and_in_order(tmp_path: Path) -> None:
    journal = JournalWriter(tmp_path / "journal")

    def write() -> None:
        for _ in range(50):
            journal.command(Stop(reason="x" * 5000))

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    journal.close()
    assert not problems(tmp_path / "journal")
    assert [line.sequence for line in lines(tmp_path / "journal")] == list(range(1, 202))


@pytest.mark.slow
def test_reopening_removes_an_unfinished_line_and_records_it(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    _write(path, _begun(1), ended(1))
    whole = path.read_bytes()
    last = whole.splitlines(keepends=True)[-1]
    for left in range(1, len(last)):
        path.write_bytes(whole[: len(whole) - len(last) + left])
        _write(path, _begun(2))
        opened = [entry for entry in entries(path) if isinstance(entry, JournalOpened)]
        assert [each.torn_bytes for each in opened] == [0, left]
        assert journaled(path) == [_begun(1), _begun(2)]
        assert not problems(path)


ENDS = [
    pytest.param(b"\x00" * 100_000, [], id="zeros after a loss of power"),
    pytest.param(b'{"sequence":3}\n', [("damaged", 3)], id="a damaged line"),
    pytest.param(b"\n\n{", [("damaged", 3), ("damaged", 4)], id="damaged lines and a torn one"),
]


@pytest.mark.parametrize(("end", "told"), ENDS)
def test_a_journal_with_a_damaged_end_is_appended_to(tmp_path: Path, end: bytes, told: list[tuple[str, int]]) -> None:
    path = tmp_path / "journal"
    _write(path, _begun(1))
    with path.open("ab") as file:
        file.write(end)
    _write(path, _begun(2))
    assert journaled(path) == [_begun(1), _begun(2)]
    assert lines(path)[-1].sequence == len(path.read_bytes().splitlines())
    assert problems(path) == told


FULL = """
import json, resource, sys
from pathlib import Path
from fitmon.engine.runs.journal import JournalWriter
from fitmon.engine.events import EpochStarted
path = Path(sys.argv[1])
journal, told = JournalWriter(path), []
def write(epoch):
    journal.event(EpochStarted(epoch=epoch, epochs=9, steps=1))
    told.append([epoch, None if journal.error is None else journal.error.strerror, journal.flush()])
write(1)
limits = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + int(sys.argv[2]), limits[1]))
write(2)
write(3)
resource.setrlimit(resource.RLIMIT_FSIZE, limits)
write(4)
write(5)
journal.close()
print(json.dumps(told))
"""


@pytest.mark.parametrize("room_bytes", [0, 1, 60])
def test_a_full_disk_stops_nothing_and_leaves_a_gap(tmp_path: Path, room_bytes: int) -> None:
    """If part of a line was written, it is removed."""
    path = tmp_path / "journal"
    program = [sys.executable, "-c", FULL, str(path), str(room_bytes)]
    told = subprocess.run(program, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert told.strip() == (
        '[[1, null, true], [2, "File too large", false], [3, "File too large", false], [4, null, true], '
        "[5, null, true]]"
    )
    assert [event.epoch for event in journaled(path)] == [1, 4, 5]
    (missing,) = messages(path)
    assert missing.startswith("Before line 3, entries 3 to 4 are missing.")
    assert "File too large" in missing


def test_a_part_of_a_line_that_cannot_be_removed_costs_no_other_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, journal = tmp_path / "journal", JournalWriter(tmp_path / "journal")
    write = os.write

    def take_a_part(descriptor: int, data: bytes) -> int:
        if len(data) < 50:
            raise OSError(5, "Input/output error")
        return write(descriptor, data[:-10])

    def refuse(*_: object) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr(os, "write", take_a_part)
        broken.setattr(os, "ftruncate", refuse)
        journal.event(_begun(1))
        assert journal.error is not None
    with monkeypatch.context() as full:
        full.setattr(os, "write", refuse)
        journal.event(_begun(2))
    journal.event(_begun(3))
    assert journal.error is None
    journal.close()
    assert journaled(path) == [_begun(3)]
    assert messages(path) == [
        "Line 2 is damaged: its checksum does not match.",
        "Before line 3, entry 3 is missing. It could not be written: Input/output error.",
    ]


@pytest.mark.parametrize("place", ["folder", "missing"])
def test_a_journal_that_cannot_be_written_is_reported_before_training(tmp_path: Path, place: str) -> None:
    (tmp_path / "folder").mkdir()
    path = tmp_path / "folder" if place == "folder" else tmp_path / "missing" / "journal"
    with pytest.raises(DiskError, match=r"--run-dir.*--ephemeral"):
        JournalWriter(path)


def test_a_journal_on_a_full_disk_is_reported_before_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(DiskError, match="No space left"):
        JournalWriter(tmp_path / "journal")


def test_nothing_is_written_after_the_end(tmp_path: Path) -> None:
    journal = JournalWriter(tmp_path / "journal")
    journal.close()
    journal.event(_begun(1))
    journal.command(Pause())
    journal.close()
    assert journal.error is None
    assert not journaled(tmp_path / "journal")


class SlowDisk:
    """A slow disk: each flush waits for a signal."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.began = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)
        self.flushes = 0
        monkeypatch.setattr(fsync_thread, "_sync", self._flush)

    def _flush(self, _: int) -> None:
        self.flushes += 1
        self.began.release()
        assert self.go_on.acquire(timeout=PATIENCE_SECONDS)

    def must_begin(self) -> None:
        assert self.began.acquire(timeout=PATIENCE_SECONDS), "nothing was flushed"


FLUSHED_AT_ONCE: list[Callable[[JournalWriter], Any]] = [
    lambda journal: journal.event(ended(1)),
    lambda journal: journal.event(RUN[-1]),
    lambda journal: journal.event(events.RunEnded(reason="", epochs_done=1, completed=True)),
]


@pytest.mark.parametrize("write", FLUSHED_AT_ONCE)
def test_the_end_of_an_epoch_is_flushed_at_once_without_waiting_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[JournalWriter], Any]
) -> None:
    disk, journal = SlowDisk(monkeypatch), JournalWriter(tmp_path / "journal", flush_seconds=10 * PATIENCE_SECONDS)
    write(journal)
    disk.must_begin()
    for epoch in range(100):
        journal.event(ended(epoch))
    disk.go_on.release()
    disk.must_begin()
    disk.go_on.release()
    assert journal.flush(PATIENCE_SECONDS)
    journal.close()
    assert disk.flushes == 2


def test_any_other_line_is_flushed_even_if_none_follows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk, journal = SlowDisk(monkeypatch), JournalWriter(tmp_path / "journal", flush_seconds=0.01)
    journal.command(Pause())
    disk.must_begin()
    assert not journal.flush(0)
    disk.go_on.release()
    journal.close()


def test_a_line_waits_for_others_before_it_is_flushed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk, journal = SlowDisk(monkeypatch), JournalWriter(tmp_path / "journal", flush_seconds=10 * PATIENCE_SECONDS)
    disk.go_on.release()
    for epoch in range(100):
        journal.event(_begun(epoch))
    assert disk.flushes == 0
    assert journal.flush(PATIENCE_SECONDS)
    assert disk.flushes == 1
    journal.close()
    assert disk.flushes == 1


def test_a_disk_that_loses_lines_is_reported_until_it_accepts_them_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    journal = JournalWriter(tmp_path / "journal")
    with monkeypatch.context() as broken:
        broken.setattr(fsync_thread, "_sync", fail)
        journal.event(ended(1))
        assert not journal.flush(PATIENCE_SECONDS)
        assert journal.error is not None
    journal.event(ended(2))
    assert journal.flush(PATIENCE_SECONDS)
    assert journal.error is None
    journal.close()
