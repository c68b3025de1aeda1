"""What is read of a damaged journal, or of one that another fitmon wrote."""

from __future__ import annotations

import re
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fitmon.engine import events
from fitmon.engine.errors import DataError
from fitmon.engine.runs.journal import JournalWriter
from fitmon.engine.runs.journal_line import decode_line, encode_line
from fitmon.engine.runs.journal_reader import last_ending, read_journal
from tests.engine.runs.made_up_journal import ended, entries, journaled, messages, problems

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal of five lines."""
    journal = JournalWriter(tmp_path / "journal")
    for epoch in (1, 2, 3, 4):
        journal.event(ended(epoch))
    journal.close()
    return tmp_path / "journal"


def _line(sequence: int, epoch: int = 0) -> bytes:
    return encode_line(ended(epoch), sequence=sequence, wall=NOON, monotonic=0.0)


def _foreign(text: str) -> bytes:
    checked = text.encode()
    return checked + b',"crc32":%d}\n' % zlib.crc32(checked)


def _epochs(path: Path) -> list[int]:
    """Return the epochs whose ends are read; entry 1 is no event, and entry n is the end of epoch n - 1."""
    return [event.epoch for event in journaled(path)]


def test_a_last_line_cut_off_anywhere_is_reported_and_costs_only_itself(path: Path) -> None:
    whole, told = path.read_bytes(), entries(path)
    last = len(whole.splitlines(keepends=True)[-1])
    for length in range(len(whole) - last + 1, len(whole)):
        path.write_bytes(whole[:length])
        assert problems(path) == [("cut off", 5)]
        assert entries(path) == told[:4]


def test_any_changed_byte_is_noticed_with_its_line_and_costs_no_other_line(path: Path) -> None:
    whole, told = path.read_bytes(), entries(path)
    lines = whole.splitlines(keepends=True)
    # Every byte of one line in the middle, in three ways: one bit, a zero, a line break.
    begin = len(b"".join(lines[:2]))
    for place in range(begin, begin + len(lines[2]) - 1):
        for other in (whole[place] ^ 1, 0, 10):
            path.write_bytes(whole[:place] + bytes([other]) + whole[place + 1 :])
            assert ("damaged", 3) in problems(path)
            assert entries(path) == [*told[:2], *told[3:]]


def test_a_lost_line_break_costs_both_lines_and_both_are_reported(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:2]) + lines[2].rstrip() + b"".join(lines[3:]))
    assert _epochs(path) == [1, 4]
    assert problems(path) == [("damaged", 3), ("missing", 4)]


def test_lines_that_were_cut_out_are_reported_as_missing(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], *lines[3:]]))
    assert messages(path) == ["Before line 2, entries 2 to 3 are missing."]
    assert _epochs(path) == [3, 4]


def test_a_beginning_that_was_cut_off_is_reported_as_missing(path: Path) -> None:
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[2:]))
    assert messages(path) == ["Before line 1, entries 1 to 2 are missing."]


def test_a_line_that_is_there_twice_counts_once(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:3], lines[1], *lines[3:]]))
    assert _epochs(path) == [1, 2, 3, 4]
    assert messages(path) == ["Line 4 repeats entry 2."]


HEAD = '{"sequence":6,"wall":"2026-11-22T12:00:00Z","monotonic":1.0'
FOREIGN = [
    pytest.param(HEAD + ',"event":{"event":"epoch_dreamt","epoch":1}', id="another event"),
    pytest.param(HEAD + ',"event":{"event":"epoch_started","epoch":1}', id="an event without what it needs"),
    pytest.param(HEAD + ',"event":{"event":"epoch_started","epoch":"one","epochs":1,"steps":1}', id="other values"),
    pytest.param(HEAD + ',"event":{"event":"samples_loaded","samples":[]}', id="an event that no journal contains"),
    pytest.param(HEAD + ',"asked":{"command":{"command":"dance"},"by":""}', id="another command"),
    pytest.param(HEAD + ',"dream":{}', id="another kind of entry"),
    pytest.param('{"number":6', id="another form of line"),
    pytest.param(HEAD + ',"event":' + "[" * 100_000 + "]" * 100_000, id="nested without end"),
]


@pytest.mark.parametrize("text", FOREIGN)
def test_what_only_a_newer_fitmon_knows_is_reported_and_skipped(path: Path, text: str) -> None:
    told = entries(path)
    with path.open("ab") as file:
        file.write(_foreign(text) + _line(7))
    assert problems(path) == [("unknown", 6)]
    assert entries(path) == [*told, ended(0)]


def test_unknown_fields_of_an_event_are_ignored(path: Path) -> None:
    known = '"event":"epoch_started","epoch":1,"epochs":2,"steps":3'
    with path.open("ab") as file:
        file.write(_foreign(f'{HEAD},"event":{{{known},"dream":4}}'))
    assert journaled(path)[-1] == events.EpochStarted(epoch=1, epochs=2, steps=3)
    assert not problems(path)


GARBAGE = [b"", b"\n", b"\x00" * 300_000 + b"\n", b"{}\n", b"[]\n" * 10, b"\xff\n", b"cposix\nsystem\n(S'true'\ntR.\n"]


@pytest.mark.parametrize("garbage", GARBAGE)
def test_a_file_that_is_not_a_journal_has_no_entries_and_each_line_is_reported(tmp_path: Path, garbage: bytes) -> None:
    path = tmp_path / "journal"
    path.write_bytes(garbage)
    assert not entries(path)
    assert problems(path) == [("damaged", line) for line in range(1, garbage.count(b"\n") + 1)]
    assert last_ending(path) is None


def test_a_missing_journal_is_reported(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No such file"):
        list(read_journal(tmp_path / "journal"))
    assert last_ending(tmp_path / "journal") is None


def test_a_journal_of_any_length_has_its_ending_read_from_its_end(tmp_path: Path) -> None:
    """Lines end where the blocks of the file do, and everywhere else."""
    path = tmp_path / "journal"
    ending = events.RunFailed(kind="training", message="", traceback="x" * 150_000, epochs_done=1)
    last = encode_line(ending, sequence=2, wall=NOON, monotonic=0.0)
    for length in [*range(3), *range(65536 - len(last) % 65536 - 2, 65536 - len(last) % 65536 + 3)]:
        path.write_bytes(b"x" * length + b"\n" + last)
        assert last_ending(path) == ending


@pytest.mark.parametrize("value", [0.1 + 0.2, 1e-310, 1.7976931348623157e308, 5e-324, -0.0])
def test_numbers_come_back_to_the_last_bit(value: float) -> None:
    content = decode_line(encode_line(ended(1, loss=value), sequence=1, wall=NOON, monotonic=0.0)).content()
    assert isinstance(content, events.EpochEnded)
    assert content.metrics["loss"].hex() == value.hex()


def test_a_line_is_plain_json_that_any_tool_can_read() -> None:
    line = _line(1).decode()
    assert re.fullmatch(
        r'\{"sequence":1,"wall":"2026-11-22T12:00:00\.000Z","monotonic":0\.0,"event":\{.*\},"crc32":\d+\}\n', line
    )
