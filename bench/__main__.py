"""Measures fitmon side by side with `model.fit` in one go; prints a table and, as the last line, JSON."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.jobs import mnist_path
from bench.pseudo_terminal import PseudoTerminal

FITMON = str(Path(sys.executable).with_name("fitmon"))
REPETITIONS = 7
KEY_PRESSES = 60


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    measured: float
    unit: str
    goal: float
    more_is_better: bool
    detail: str

    @property
    def reached(self) -> bool:
        """Whether the goal was reached."""
        return self.measured >= self.goal if self.more_is_better else self.measured <= self.goal


def epochs_of_fit(preset: str, jit: str) -> float:
    """Return the median seconds of an epoch of `model.fit(verbose=0)`, the first left out."""
    told = subprocess.run(
        [sys.executable, "-m", "bench.train_with_fit", preset, jit], check=True, capture_output=True, text=True
    )
    return float(statistics.median(json.loads(told.stdout.splitlines()[-1])))


def epochs_of_fitmon(preset: str, jit: str, face: str) -> tuple[float, float]:
    """Return the median seconds of an epoch of fitmon, and the bytes a second it sent to the terminal meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "seconds.json")
        command = [sys.executable, "-m", "bench.train_with_fitmon", preset, jit, face, str(path)]
        if face != "screen":
            subprocess.run(command, check=True, capture_output=True)
            return statistics.median(json.loads(path.read_text())), 0.0
        terminal = PseudoTerminal(command)
        terminal.wait_until(lambda text: "epoch 2" in text)
        since = time.perf_counter()
        terminal.wait_until(lambda text: "epoch 5" in text)
        until = time.perf_counter()
        terminal.read_to_the_end()
        sent = sum(count for at, count in terminal.received if since < at <= until)
        return statistics.median(json.loads(path.read_text())), sent / (until - since)


def speed_rows() -> list[Row]:
    """Measure epochs with the screen on against `fit`, and MNIST with the screen on against off."""
    rows = []
    goals = [("mnist", "no-jit", 2.0), ("mnist", "jit", 2.5), ("iris", "no-jit", 15.0), ("binary", "no-jit", 5.0)]
    for preset, jit, goal in goals:
        fit = epochs_of_fit(preset, jit)
        ours, bytes_per_second = epochs_of_fitmon(preset, jit, "screen")
        xla = "with XLA" if jit == "jit" else "without XLA"
        detail = f"fit {fit:.4g} s, fitmon {ours:.4g} s an epoch"
        rows.append(Row(f"{preset} epoch against fit, {xla}", fit / ours, "times faster", goal, True, detail))
        if (preset, jit) == ("mnist", "no-jit"):
            off, _ = epochs_of_fitmon(preset, jit, "no-screen")
            detail = f"on {ours:.4g} s, off {off:.4g} s an epoch"
            rows.append(Row("mnist, screen on against off", 100 * (ours / off - 1), "% slower", 5.0, False, detail))
            detail = "epochs 2 to 4, 120×40"
            rows.append(Row("bytes to the terminal", bytes_per_second / 1000, "KB/s", 8.0, False, detail))
    return rows


def first_picture_row() -> Row:
    """Measure the time from the start of `fitmon mnist` to the whole monitor on the screen."""
    seconds, first_lines = [], []
    for _ in range(REPETITIONS):
        terminal = PseudoTerminal([FITMON, "mnist", "--data", str(mnist_path())])
        terminal.wait_until(lambda text: "fitmon · mnist" in text)
        first_lines.append(time.perf_counter() - terminal.started_at)
        terminal.wait_until(lambda text: "quit" in text and "loss" in text)
        seconds.append(time.perf_counter() - terminal.started_at)
        terminal.kill()
    detail = f"the whole monitor; its first line after {statistics.median(first_lines):.2f} s"
    return Row("first picture", statistics.median(seconds), "s", 0.5, False, detail)


def help_row() -> Row:
    """Measure `fitmon --help`."""
    seconds = []
    for _ in range(REPETITIONS):
        since = time.perf_counter()
        subprocess.run([FITMON, "--help"], check=True, capture_output=True)
        seconds.append(time.perf_counter() - since)
    return Row("fitmon --help", statistics.median(seconds), "s", 0.15, False, f"median of {REPETITIONS}")


def key_row() -> Row:
    """Measure, while MNIST trains, the time from a key press to the changed picture: help on, help off."""
    terminal = PseudoTerminal([FITMON, "mnist", "--data", str(mnist_path()), "--epochs", "200"])
    terminal.wait_until(lambda text: "epoch 2" in text)
    shown: Callable[[str], bool] = lambda text: "Keys" in text or "keys" in text  # noqa: E731
    milliseconds = []
    for press in range(KEY_PRESSES):
        on = press % 2 == 0
        # Presses that fall at different moments of the timer and of the chunks are what a user makes.
        give_up_at = time.perf_counter() + 0.2 + 0.013 * (press % 10)
        while time.perf_counter() < give_up_at:
            terminal.read(0.01)
        since = time.perf_counter()
        terminal.press("?" if on else "\x1b")
        terminal.wait_until(lambda text, on=on: shown(text) == on, 5)  # type: ignore[misc]
        milliseconds.append(1000 * (time.perf_counter() - since))
    terminal.kill()
    ordered = sorted(milliseconds)
    detail = f"median {statistics.median(ordered):.0f} ms, {KEY_PRESSES} presses of ? and escape"
    percentile = ordered[round(0.95 * (len(ordered) - 1))]
    return Row("key press to changed picture, 95th percentile", percentile, "ms", 150.0, False, detail)


def table(rows: list[Row]) -> str:
    """Return the rows as a table for people."""
    lines = [f"{'':2}{'what':48}{'measured':>10}  {'goal':>8}  unit"]
    for row in rows:
        sign, relation = ("✓" if row.reached else "✗"), ("≥" if row.more_is_better else "≤")
        lines.append(f"{sign} {row.what:48}{row.measured:10.3g}  {relation}{row.goal:7g}  {row.unit:14}{row.detail}")
    return "\n".join(lines)


def main() -> None:
    """Measure everything."""
    rows = [help_row(), first_picture_row(), key_row(), *speed_rows()]
    print(table(rows))
    print(json.dumps([asdict(row) | {"reached": row.reached} for row in rows]))


main()
