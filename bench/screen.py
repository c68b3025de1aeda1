"""Measures the screen: its bytes, its answers over a slow link, and how long a frame of a long run takes."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.jobs import mnist_path
from bench.pseudo_terminal import PseudoTerminal
from bench.row import Row
from bench.slow_terminal import SlowTerminal

FITMON = str(Path(sys.executable).with_name("fitmon"))
IDLE_SECONDS = 10.0
SETTLE_SECONDS = 3.0
LINK_PRESSES = 20
LINK_ROUNDS = 2


def bytes_rows() -> list[Row]:
    """Measure the bytes a second that the screen sends while MNIST trains, and while nothing happens."""
    return [
        *(_training_row(columns, lines, goal) for columns, lines, goal in ((120, 40, 6.0), (80, 24, 3.0))),
        _idle_row(),
    ]


def _training_row(columns: int, lines: int, goal: float) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "seconds.json")
        terminal = PseudoTerminal(_training(path), columns, lines)
        terminal.wait_until(lambda text: "epoch 2" in text)
        since = time.perf_counter()
        terminal.read_to_the_end()
        sent = [(at, count) for at, count in terminal.received if at > since]
    seconds = max((at for at, _ in sent), default=since) - since
    kilobytes = sum(count for _, count in sent) / max(seconds, 1e-9) / 1000
    size = f"{columns}×{lines}"
    return Row(f"bytes while mnist trains, {size}", kilobytes, "KB/s", goal, False, f"{seconds:.0f} s, from epoch 2")


def _idle_row() -> Row:
    terminal = PseudoTerminal([FITMON, "mnist", "--data", str(mnist_path()), "--paused"])
    terminal.wait_until(lambda text: "paused" in text)
    _read_for(terminal, SETTLE_SECONDS)
    before = len(terminal.received)
    _read_for(terminal, IDLE_SECONDS)
    per_second = sum(count for _, count in terminal.received[before:]) / IDLE_SECONDS
    terminal.kill()
    return Row("bytes while the run is paused", per_second, "B/s", 100.0, False, f"{IDLE_SECONDS:.0f} s")


def _read_for(terminal: PseudoTerminal, seconds: float) -> None:
    give_up_at = time.perf_counter() + seconds
    while (left := give_up_at - time.perf_counter()) > 0:
        terminal.read(left)


def link_rows() -> list[Row]:
    """Measure the screen over a link of 2 KB/s with 300 ms of delay: keys, and what it costs training."""
    return [_link_key_row(), _link_training_row()]


def _link_key_row() -> Row:
    """Measure the time from a key press to the sight of its dialog, and back, while MNIST trains."""
    terminal = SlowTerminal([FITMON, "mnist", "--data", str(mnist_path()), "--epochs", "200"])
    terminal.wait_until(lambda text: "epoch 2" in text)
    seconds = []
    for press in range(LINK_PRESSES):
        _read_for(terminal, 1.0 + 0.13 * (press % 7))
        opens = press % 2 == 0
        since = time.perf_counter()
        terminal.press("l" if opens else "\x1b")
        if not terminal.wait_until(lambda text, opens=opens: ("esc back" in text) == opens, 30):  # type: ignore[misc]
            break
        seconds.append(time.perf_counter() - since)
    terminal.kill()
    detail = f"median {statistics.median(seconds):.2f} s, {len(seconds)} presses of l and escape"
    return Row("key to picture, 2 KB/s and 300 ms", max(seconds), "s", 1.5, False, detail)


def _link_training_row() -> Row:
    """Measure, in turns, epochs under the screen on a slow link and on a fast one."""
    fast: list[float] = []
    slow: list[float] = []
    for _ in range(LINK_ROUNDS):
        for terminal_type, taken in ((PseudoTerminal, fast), (SlowTerminal, slow)):
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder, "seconds.json")
                terminal_type(_training(path)).read_to_the_end()
                taken.extend(json.loads(path.read_text()))
    percent = 100 * (statistics.median(slow) / statistics.median(fast) - 1)
    detail = f"an epoch {statistics.median(slow):.4g} s, on a fast link {statistics.median(fast):.4g} s"
    return Row("mnist, slow link against fast", percent, "% slower", 1.0, False, detail)


def redraw_rows() -> list[Row]:
    """Measure how long a frame of a run of 100 000 epochs takes."""
    command = [sys.executable, "-m", "bench.redraw"]
    frames = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
    # The first one loads the modules that draw.
    ordered = sorted(frames[1:])
    percentile = ordered[round(0.95 * (len(ordered) - 1))]
    detail = f"95th percentile, median {statistics.median(ordered):.1f} ms, first {frames[0]:.0f} ms"
    return [Row("redraw at 100 000 epochs", percentile, "ms", 15.0, False, detail)]


def _training(path: Path) -> list[str]:
    return [sys.executable, "-m", "bench.train_with_fitmon", "mnist", "no-jit", "screen", str(path)]
