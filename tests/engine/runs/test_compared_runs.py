"""Runs in progress are followed: only what is new of a journal is read, by a thread of its own."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from fitmon.engine.runs.compared_runs import ComparedFolder, ComparedRuns
from fitmon.engine.runs.followed_run import FollowedRun
from fitmon.engine.runs.journal import JournalWriter
from fitmon.engine.runs.lock import RunLock
from fitmon.engine.runs.replay import replay_journal
from fitmon.engine.runs.run_status import RunState
from tests.engine.runs.made_up_runs import FINISHED, begun, create, epoch, rewound, settings, trained
from tests.engine.training.run_owners import write_journal

PATIENCE_SECONDS = 20


def _wait(condition: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < give_up_at
        time.sleep(0.01)


def test_a_journal_read_in_pieces_of_any_length_says_the_same_as_read_at_once(tmp_path: Path) -> None:
    folder = rewound(tmp_path, "run")
    whole, journal = folder.journal_path.read_bytes(), tmp_path / "pieces.jsonl"
    journal.write_bytes(b"")
    followed = FollowedRun(journal)
    assert not followed.read()
    for start in range(0, len(whole), 333):
        with journal.open("ab") as file:
            file.write(whole[start : start + 333])
        followed.read()
    assert not followed.read()
    expected, found = replay_journal(folder).record.snapshot(), followed.record.snapshot()
    assert found.version == expected.version
    assert found.metrics["val_loss"].values.tolist() == expected.metrics["val_loss"].values.tolist()
    assert found.other_branches[0].receipts == expected.other_branches[0].receipts


def test_a_damaged_line_is_skipped_and_another_file_is_read_from_its_beginning(tmp_path: Path) -> None:
    folder = trained(tmp_path, "run", [0.5, 0.4, 0.3])
    lines = folder.journal_path.read_bytes().splitlines(keepends=True)
    damaged = [line.replace(b"0.4,", b"0.1,") if b"0.4," in line else line for line in lines]
    folder.journal_path.write_bytes(b"".join(damaged))
    followed = FollowedRun(folder.journal_path)
    assert followed.read()
    assert followed.record.current_branch().metrics["val_loss"].values.tolist() == [0.5, 0.3]
    folder.journal_path.unlink()
    assert not followed.read()
    write_journal(folder, begun(settings()), epoch(1, 0.7))
    assert followed.read()
    assert followed.record.current_branch().metrics["val_loss"].values.tolist() == [0.7]


def test_a_run_is_followed_from_its_start_to_its_end_and_not_read_again_while_nothing_is_new(tmp_path: Path) -> None:
    folder = create(tmp_path, "run")
    reader = ComparedFolder(folder)
    assert reader.read().state is RunState.NOT_STARTED
    with RunLock(folder):
        journal = JournalWriter(folder.journal_path)
        journal.event(begun(settings()))
        journal.event(epoch(1, 0.5))
        training = reader.read()
        assert training.state is RunState.TRAINING
        assert reader.read() is training
        journal.event(epoch(2, 0.4))
        assert reader.read().snapshot.epochs_done == 2
    # Its process is gone, and has written nothing more.
    assert reader.read().state is RunState.CRASHED
    journal.event(FINISHED)
    journal.close()
    finished = reader.read()
    assert finished.state is RunState.FINISHED
    assert reader.read() is finished


def test_runs_are_read_in_a_thread_and_more_can_be_added(tmp_path: Path) -> None:
    first, second = trained(tmp_path, "first", [0.5]), trained(tmp_path, "second", [0.4])
    reader = ComparedRuns([first], follow_seconds=0.01)
    assert reader.runs() is None
    reader.start()
    _wait(lambda: reader.runs() is not None)
    before = reader.runs()
    reader.add([first, second])
    _wait(lambda: reader.runs() is not before)
    runs = reader.runs()
    assert runs is not None
    assert [run.name for run in runs] == ["first", "second"]
    assert [folder.name for folder in reader.folders] == ["first", "second"]
    reader.close()
