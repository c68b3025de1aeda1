"""Measures fitmon side by side with `model.fit` in one go; prints a table and, as the last line, JSON.

All groups are measured, or those that are named: `python -m bench views insight`.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.jobs import mnist_path
from bench.pseudo_terminal import PseudoTerminal
from bench.row import Row
from bench.screen import bytes_rows, link_rows, redraw_rows

FITMON = str(Path(sys.executable).with_name("fitmon"))
REPETITIONS = 7
KEY_PRESSES = 60
ROUNDS = 2
VIEW_VISITS = 12


def epochs_of_fit(preset: str, jit: str) -> list[float]:
    """Return the seconds of the epochs of `model.fit(verbose=0)`, the first left out."""
    process = subprocess.run(
        [sys.executable, "-m", "bench.train_with_fit", preset, jit], check=True, capture_output=True, text=True
    )
    return list(json.loads(process.stdout.splitlines()[-1]))


def epochs_without_screen(preset: str, jit: str) -> list[float]:
    """Return the seconds of the epochs of fitmon's engine alone, the first left out."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "seconds.json")
        command = [sys.executable, "-m", "bench.train_with_fitmon", preset, jit, "no-screen", str(path)]
        subprocess.run(command, check=True, capture_output=True)
        return list(json.loads(path.read_text()))


def epochs_under_screen(preset: str, jit: str) -> tuple[list[float], float]:
    """Return the seconds of the epochs under the screen, and the bytes a second it sent from the second epoch on."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "seconds.json")
        terminal = PseudoTerminal([sys.executable, "-m", "bench.train_with_fitmon", preset, jit, "screen", str(path)])
        terminal.wait_until(lambda text: "epoch 2" in text)
        since = time.perf_counter()
        terminal.read_to_the_end()
        sent = [(at, count) for at, count in terminal.received if at > since]
        seconds = max((at for at, _ in sent), default=since) - since
        return list(json.loads(path.read_text())), sum(count for _, count in sent) / max(seconds, 1e-9)


@dataclass
class Measured:
    """Seconds an epoch of one preset in all three ways, taken in turns."""

    fit: list[float] = field(default_factory=list)
    with_screen: list[float] = field(default_factory=list)
    without_screen: list[float] = field(default_factory=list)
    bytes_per_second: list[float] = field(default_factory=list)

    def medians(self) -> str:
        """Return the medians so far, so that an interrupted measurement has a result too."""
        ways = {"fit": self.fit, "screen on": self.with_screen, "screen off": self.without_screen}
        return ", ".join(f"{way} {statistics.median(taken):.4g} s" for way, taken in ways.items() if taken)


def measure(preset: str, jit: str) -> Measured:
    """Train in all three ways, several rounds in turns, so that a machine that slows down slows all of them."""
    measured = Measured()
    for number in range(1, ROUNDS + 1):
        print(f"{preset}, {jit}: round {number} of {ROUNDS}", file=sys.stderr)
        measured.fit += epochs_of_fit(preset, jit)
        seconds, sent = epochs_under_screen(preset, jit)
        measured.with_screen += seconds
        measured.bytes_per_second.append(sent)
        if preset == "mnist":
            measured.without_screen += epochs_without_screen(preset, jit)
        print(f"  {measured.medians()}", file=sys.stderr)
    return measured


def speed_rows() -> list[Row]:
    """Measure epochs with the screen on against `fit`, and MNIST with the screen on against off."""
    rows = []
    goals = [("mnist", "no-jit", 2.0), ("mnist", "jit", 2.5), ("iris", "no-jit", 15.0), ("binary", "no-jit", 5.0)]
    for preset, jit, goal in goals:
        measured = measure(preset, jit)
        fit, ours = statistics.median(measured.fit), statistics.median(measured.with_screen)
        xla = "both with XLA" if jit == "jit" else "without XLA"
        detail = f"fit {fit:.4g} s, fitmon {ours:.4g} s an epoch"
        rows.append(Row(f"{preset} epoch against fit, {xla}", fit / ours, "times faster", goal, True, detail))
        if (preset, jit) == ("mnist", "no-jit"):
            rows += [_screen_row(measured), _bytes_row(measured)]
    return rows


def _screen_row(measured: Measured) -> Row:
    on, off = statistics.median(measured.with_screen), statistics.median(measured.without_screen)
    detail = f"on {on:.4g} s, off {off:.4g} s an epoch"
    return Row("mnist, screen on against off", 100 * (on / off - 1), "% slower", 5.0, False, detail)


def _bytes_row(measured: Measured) -> Row:
    sent = statistics.median(measured.bytes_per_second) / 1000
    return Row("bytes to the terminal", sent, "KB/s", 6.0, False, "from the second epoch to the end, 120×40")


def first_frame_row() -> Row:
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
    return Row("first frame", statistics.median(seconds), "s", 0.5, False, detail)


def help_row() -> Row:
    """Measure `fitmon --help`."""
    seconds = []
    for _ in range(REPETITIONS):
        since = time.perf_counter()
        subprocess.run([FITMON, "--help"], check=True, capture_output=True)
        seconds.append(time.perf_counter() - since)
    return Row("fitmon --help", statistics.median(seconds), "s", 0.15, False, f"median of {REPETITIONS}")


def key_row() -> Row:
    """Measure, while MNIST trains, the time from a key press to the changed frame: help on, help off."""
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
    return Row("key press to changed frame, 95th percentile", percentile, "ms", 100.0, False, detail)


def view_rows() -> list[Row]:
    """Measure, with 100 000 validation samples, the time from a digit to the sight of its view."""
    words = {"4": "stayed right", "5": "worst first", "6": "each class"}
    first: list[float] = []
    later: list[float] = []
    terminal = PseudoTerminal([sys.executable, "-m", "bench.views"])
    terminal.wait_until(lambda text: "stayed right" in text)
    for visit in range(VIEW_VISITS):
        for digit, word in words.items():
            terminal.press("2")
            terminal.wait_until(lambda text: not any(each in text for each in words.values()), 5)
            since = time.perf_counter()
            terminal.press(digit)
            terminal.wait_until(lambda text, word=word: word in text, 10)  # type: ignore[misc]
            (later if visit else first).append(1000 * (time.perf_counter() - since))
    terminal.kill()
    detail = f"threshold, samples, classes; the first sight {', '.join(f'{each:.0f}' for each in first)} ms"
    return [Row("view switch, 100 000 samples, slowest", max(later), "ms", 100.0, False, detail)]


def chart_rows() -> list[Row]:
    """Measure how long it takes to draw a chart of a long run."""
    process = subprocess.run([sys.executable, "-m", "bench.charts"], check=True, capture_output=True, text=True)
    measured = dict(json.loads(process.stdout.splitlines()[-1]))
    slowest = max(measured, key=lambda name: measured[name])
    return [Row("chart of 100 000 epochs, slowest redraw", measured[slowest], "ms", 15.0, False, slowest)]


def insight_rows() -> list[Row]:
    """Measure what following every validation sample costs."""
    mnist, million = _measured_insight("mnist"), _measured_insight("million")
    epoch = statistics.median(epochs_without_screen("mnist", "no-jit"))
    extra = 100 * (mnist["with"] - mnist["without"]) / epoch
    passes = f"a pass with it {mnist['with']:.3f} s, without {mnist['without']:.3f} s, an epoch {epoch:.3g} s"
    memory = f"at the peak, in the middle of an epoch's end, {million['peak_bytes']:.0f}"
    return [
        Row("following 10 000 samples, part of an mnist epoch", extra, "%", 5.0, False, passes),
        Row("a million samples in two classes, an epoch", million["seconds"], "s", 1.0, False, ""),
        Row("a million samples, kept between epochs", million["kept_bytes"], "bytes/sample", 200.0, False, memory),
        *(_train_subset_row(preset) for preset in ("mnist", "iris", "binary")),
    ]


def _train_subset_row(preset: str) -> Row:
    """Measure what it costs to score a subset of the training set like the validation set."""
    command = [sys.executable, "-m", "bench.train_subset", preset]
    measured = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    epoch = statistics.median(epochs_without_screen(preset, "no-jit"))
    added = 1000 * (measured["with"] - measured["without"])
    detail = f"{measured['samples']} samples, {added:.2f} ms of {1000 * epoch:.1f} ms"
    return Row(f"scoring a subset of the training set, {preset}", 0.1 * added / epoch, "%", 3.0, False, detail)


def _measured_insight(what: str) -> dict[str, float]:
    process = subprocess.run([sys.executable, "-m", "bench.insight", what], check=True, capture_output=True, text=True)
    return dict(json.loads(process.stdout.splitlines()[-1]))


def keeping_rows() -> list[Row]:
    """Measure what it costs to keep a run on the disk, and how soon a viewer sees it."""
    cost, journal, memory = (_measured_keeping(what) for what in ("cost", "journal", "memory"))
    # As if the threads that write took their time from the training: with two cores they mostly do not.
    extra = 100 * (cost["waited_seconds"] + cost["worked_seconds"]) / cost["epoch_seconds"]
    parts = (
        f"waiting {1000 * cost['waited_seconds']:.0f} ms, writing threads {1000 * cost['worked_seconds']:.0f} ms of "
        f"{cost['epoch_seconds']:.3g} s; {cost['checkpoint_bytes'] / 1e6:.1f} MB a checkpoint"
    )
    return [
        Row("keeping checkpoints and journal, mnist", extra, "% of epoch", 3.0, False, parts),
        Row("journal, iris with insight", journal["bytes_per_epoch"], "bytes/epoch", 1024.0, False, ""),
        Row("record of 100 000 epochs over one of 1 000", memory["megabytes"], "MB", 50.0, False, ""),
        _attach_row(),
    ]


def _measured_keeping(what: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "bench.keeping", what, folder]
        process = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(process.stdout.splitlines()[-1]))


def _attach_row() -> Row:
    seconds = []
    with tempfile.TemporaryDirectory() as root:
        command = [sys.executable, "-m", "bench.keeping", "serve", root]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
            folder = server.stdout.readline().strip() if server.stdout else ""
            for _ in range(REPETITIONS):
                terminal = PseudoTerminal([FITMON, "attach", folder])
                terminal.wait_until(lambda text: "epoch 10000/" in text and "loss" in text)
                seconds.append(time.perf_counter() - terminal.started_at)
                terminal.kill()
            server.communicate("")
    return Row("attach to a run of 10 000 epochs", statistics.median(seconds), "s", 1.0, False, "a complete frame")


def diagnosis_rows() -> list[Row]:
    """Measure how often the diagnosis is right about runs whose truth is known, and what it costs."""
    command = [sys.executable, "-m", "bench.diagnosis"]
    measured = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
    measuring, looking = measured["milliseconds"]
    cost = f"measuring 2 × 10 000 samples {measuring:.2g} ms, looking {looking:.2g} ms"
    return [
        *(_finding_row(name, *numbers) for name, numbers in measured["findings"].items()),
        _healthy_row(measured["healthy"]),
        Row("plateaus of 200 called overfitting", len(measured["overfitting"]), "runs", 0, False, "20 to 200 epochs"),
        Row("diagnosis after an epoch, 10 000 epochs", measuring + looking, "ms", 10.0, False, cost),
    ]


def _healthy_row(healthy: dict[str, Any]) -> Row:
    low, high = healthy["interval"]
    detail = f"{healthy['quiet']} of {healthy['runs']}, 95 % interval {low:.2f} to {high:.2f}"
    return Row("healthy runs without an alarm", healthy["quiet"] / healthy["runs"], "share", 0.95, True, detail)


def _finding_row(name: str, precision: float, recall: float, detail: str) -> Row:
    return Row(f"{name}, precision and recall", min(precision, recall), "the lower", 0.95, True, detail)


def table(rows: list[Row]) -> str:
    """Return the rows as a table for people."""
    lines = [f"{'':2}{'what':48}{'measured':>10}  {'goal':>8}  unit"]
    for row in rows:
        sign, relation = ("✓" if row.reached else "✗"), ("≥" if row.more_is_better else "≤")
        lines.append(f"{sign} {row.what:48}{row.measured:10.3g}  {relation}{row.goal:7g}  {row.unit:14}{row.detail}")
    return "\n".join(lines)


GROUPS: dict[str, Callable[[], list[Row]]] = {
    "start": lambda: [help_row(), first_frame_row()],
    "keys": lambda: [key_row()],
    "views": view_rows,
    "charts": chart_rows,
    "bytes": bytes_rows,
    "link": link_rows,
    "redraw": redraw_rows,
    "insight": insight_rows,
    "keeping": keeping_rows,
    "diagnosis": diagnosis_rows,
    "speed": speed_rows,
}


def main() -> None:
    """Measure what is named on the command line, or everything."""
    with tempfile.TemporaryDirectory() as folder:
        # What is measured is no run of the user's.
        os.environ["XDG_STATE_HOME"] = folder
        # Nor is it what users wait for that Python compiles the program anew at each start.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        rows = [row for name in sys.argv[1:] or GROUPS for row in GROUPS[name]()]
    print(table(rows))
    print(json.dumps([asdict(row) | {"reached": row.reached} for row in rows]))


if __name__ == "__main__":
    main()
