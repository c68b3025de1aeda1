"""The log's end is followed in bounded memory."""

from pathlib import Path

from fitmon.tui.log_tail import MAX_BYTES, MAX_LINES, LogTail


def test_a_missing_file_is_an_empty_one(tmp_path: Path) -> None:
    tail = LogTail(tmp_path / "none.log")
    assert not tail.read()
    assert tail.last(80, 5) == []


def test_only_what_was_added_is_read(tmp_path: Path) -> None:
    path = tmp_path / "output.log"
    path.write_text("one\ntw")
    tail = LogTail(path)
    assert tail.read()
    assert tail.last(80, 5) == ["one", "tw"]
    assert not tail.read()
    with path.open("a") as log:
        log.write("o\nthree\n")
    assert tail.read()
    assert tail.last(80, 5) == ["one", "two", "three"]


def test_a_flood_costs_only_its_end(tmp_path: Path) -> None:
    path = tmp_path / "output.log"
    path.write_text("".join(f"line {number}\n" for number in range(100_000)))
    tail = LogTail(path)
    tail.read()
    assert len(tail.lines) <= MAX_LINES
    assert tail.last(80, 3)[-1] == "line 99999"


def test_a_line_without_an_end_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "output.log"
    tail = LogTail(path)
    for _ in range(5):
        with path.open("a") as log:
            log.write("x" * MAX_BYTES)
        tail.read()
    assert len(tail._unfinished) <= MAX_BYTES
    assert tail.last(80, 4)


def test_a_truncated_file_is_read_from_its_start(tmp_path: Path) -> None:
    path = tmp_path / "output.log"
    path.write_text("a long first line\n")
    tail = LogTail(path)
    tail.read()
    path.write_text("new\n")
    tail.read()
    assert tail.last(80, 1) == ["new"]


def test_a_long_line_is_wrapped_and_its_end_is_visible(tmp_path: Path) -> None:
    path = tmp_path / "output.log"
    path.write_text("word " * 30 + "last\n")
    tail = LogTail(path)
    tail.read()
    rows = tail.last(20, 3)
    assert len(rows) == 3
    assert rows[-1].endswith("last")
