"""All runs in a table, on terminals of any width, in pipes, and as JSON."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from rich.cells import cell_len

from fitmon.cli.runs import runs, table
from fitmon.engine import events
from fitmon.engine.errors import FitmonError, UsageError
from fitmon.engine.job import Settings
from fitmon.engine.record.branch import BestEpoch
from fitmon.engine.runs.run_folder import RunFolder
from fitmon.engine.runs.run_status import RunState, RunStatus
from fitmon.engine.runs.runs import Runs
from tests.engine.runs.made_up_journal import ended, started
from tests.engine.training.run_owners import owner_of, write_journal
from tests.pseudo_terminal import Pseudo

SETTINGS = Settings(epochs=10, batch_size=64, learning_rate=1e-3, units=(512,))
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
MAIN = "import sys; from fitmon.cli.runs import runs; sys.exit(runs.main(sys.argv[1:], standalone_mode=False))"
FINISHED = events.RunEnded(reason="all epochs done", epochs_done=2, completed=True)

RUN = RunStatus(
    name="mnist-2026-11-22-1",
    id="0123abcd",
    path=Path("/state/mnist-2026-11-22-1"),
    job="mnist",
    state=RunState.TRAINING,
    epoch=4,
    epochs=10,
    metrics={"loss": 0.03, "accuracy": 0.99, "val_accuracy": 0.9812, "val_loss": 0.0712},
    started=NOON - timedelta(hours=1),
    changed=NOON - timedelta(seconds=11),
    pid=4321,
    host="gpu-box",
)


BEST = BestEpoch(epoch=3, metric="val_loss", value=0.0754, penalty=0.01)


def _folder(root: Path, name: str | None = None, job: str = "mnist") -> RunFolder:
    return Runs(root).create(job=job, settings=SETTINGS, name=name)


def _wrote(folder: RunFolder, seconds_ago: int) -> None:
    for path in (folder.journal_path, folder.description_path):
        os.utime(path, (time.time() - seconds_ago,) * 2)


def _listed(root: Path, *options: str) -> str:
    result = CliRunner().invoke(runs, ["--run-dir", str(root), *options], catch_exceptions=False, standalone_mode=False)
    assert result.return_value == 0
    assert not result.stderr
    return result.stdout


def _row(status: RunStatus, width: int | None = None, best: BestEpoch | None = BEST) -> dict[str, str]:
    """Return the cells of a run's row by their titles."""
    title, row = table([status], width, now=NOON, best={status.path: best})
    starts = [match.start() for match in re.finditer(r"(?:^|(?<=  ))\S", title)]
    cuts = list(zip(starts, [*starts[1:], None], strict=True))
    return {title[begin:end].strip(): row[begin:end].strip() for begin, end in cuts}


def test_all_runs_are_listed_most_recent_first(tmp_path: Path) -> None:
    for name, seconds_ago in {"older": 7200, "oldest": 200_000}.items():
        folder = _folder(tmp_path, name)
        write_journal(folder, started(), ended(1), ended(2), FINISHED)
        _wrote(folder, seconds_ago)
    with owner_of(
        _folder(tmp_path, "now"), [started(), ended(1, val_loss=0.5), events.EpochStarted(epoch=2, epochs=10, steps=1)]
    ):
        title, *rows = _listed(tmp_path).splitlines()
    assert title.split("  ")[0] == "name"
    assert [row.split()[:3] for row in rows] == [
        ["now", "training", "2/10"],
        ["older", "finished", "2/10000"],
        ["oldest", "finished", "2/10000"],
    ]
    assert " 2 h ago " in rows[1]
    assert " 2 d ago " in rows[2]


def test_a_row_shows_name_state_epoch_and_the_last_metrics() -> None:
    assert RUN.started is not None
    local = f"{RUN.started.astimezone():%Y-%m-%d %H:%M}"
    assert _row(RUN) == {
        "name": "mnist-2026-11-22-1",
        "state": "training",
        "epoch": "4/10",
        "best loss": "0.0654 at 3",
        "val loss": "0.0712",
        "val acc": "98.1%",
        "updated": "11 s ago",
        "job": "mnist",
        "started": local,
        "id": "0123abcd",
        "process": "4321 on gpu-box",
    }


@pytest.mark.parametrize(
    ("metrics", "loss", "accuracy"),
    [
        pytest.param({}, "–", "–", id="no epoch has ended"),
        pytest.param({"loss": 0.5, "accuracy": 0.75}, "0.5000 (train)", "75.0% (train)", id="nothing is validated"),
        pytest.param({"loss": 0.5, "val_loss": 0.25, "mae": 1.0, "val_mae": 2.0}, "0.2500", "–", id="no accuracy"),
        pytest.param({"loss": float("nan"), "val_loss": float("inf")}, "inf", "–", id="no numbers"),
        pytest.param({"val_binary_accuracy": 0.5}, "–", "50.0%", id="another accuracy"),
        pytest.param(
            {"val_left_loss": 1.0, "val_left_acc": 0.25, "val_loss": 3.0, "val_acc": 0.5},
            "3.0000",
            "50.0%",
            id="outputs",
        ),
    ],
)
def test_validation_metrics_are_shown_else_training_metrics_marked_as_such(
    metrics: dict[str, float], loss: str, accuracy: str
) -> None:
    row = _row(replace(RUN, metrics=metrics))
    assert (row["val loss"], row["val acc"]) == (loss, accuracy)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (86399, "23 h"),
        (86400, "1 d"),
        (9e6, "104 d"),
    ],
)
def test_the_last_update_is_shown_in_its_largest_unit(seconds: float, shown: str) -> None:
    assert _row(replace(RUN, changed=NOON - timedelta(seconds=seconds)))["updated"] == f"{shown} ago"


LONG = replace(RUN, name="an-experiment-with-a-name-that-says-everything-about-it", state=RunState.NOT_STARTED)
WIDE = replace(RUN, name="実験" * 20)


@pytest.mark.parametrize("width", [20, 40, 60, 80, 100, 120, 200])
@pytest.mark.parametrize("found", [[RUN], [RUN, LONG], [WIDE, RUN]])
def test_no_line_is_longer_than_the_terminal(found: list[RunStatus], width: int) -> None:
    assert all(cell_len(line) <= width for line in table(found, width, now=NOON, best={RUN.path: BEST}))


def test_eighty_columns_show_what_matters_and_wider_terminals_more() -> None:
    always = ["name", "state", "epoch", "best loss", "val loss", "val acc", "updated"]
    assert list(_row(RUN, 80)) == always
    assert list(_row(RUN, 90)) == [*always, "job"]
    assert list(_row(RUN, 140)) == list(_row(RUN))
    assert _row(LONG, 80)["name"].startswith("an-experiment-")
    assert _row(LONG, 80)["name"].endswith("…")
    assert list(_row(LONG, 80)) == always, "a long name is cut before a column goes"


def test_a_pipe_gets_all_columns_as_plain_text(tmp_path: Path) -> None:
    name = "a" * 80
    write_journal(_folder(tmp_path, name), started(), ended(1))
    command = [sys.executable, "-c", MAIN, "--run-dir", str(tmp_path)]
    environment = {**os.environ, "COLUMNS": "40", "FORCE_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
    output = subprocess.run(command, check=True, capture_output=True, env=environment).stdout
    assert name.encode() in output
    assert b" on " in output
    assert b"\x1b" not in output


def test_a_terminal_of_a_hundred_columns_is_filled_and_not_beyond(tmp_path: Path) -> None:
    write_journal(_folder(tmp_path, "digits"), started(), ended(1), FINISHED)
    with Pseudo([sys.executable, "-c", MAIN, "--run-dir", str(tmp_path)]) as terminal:
        assert terminal.exit_code() == 0
        terminal.until("digits  finished  2/10000  0.1036 at 1")
    lines = terminal.received.decode().splitlines()
    assert len(lines) == 2
    assert all(len(line) <= 100 for line in lines)


def test_runs_are_filtered_sorted_by_their_best_loss_and_limited(tmp_path: Path) -> None:
    for name, loss in {"good": 0.2, "better": 0.1, "bad": 0.9}.items():
        write_journal(_folder(tmp_path, name), started(), _validated(1, loss), _validated(2, loss + 0.05))
    write_journal(_folder(tmp_path, "other", job="iris"), started(), _validated(1, 0.01))

    def names(*options: str) -> list[str]:
        return [run["name"] for run in json.loads(_listed(tmp_path, "--json", *options))]

    assert names("--filter", "MNIST crashed", "--sort", "best") == ["better", "good", "bad"]
    assert names("--sort", "best", "--limit", "2") == ["other", "better"]
    assert names("--sort", "name", "--filter", "^b") == ["bad", "better"]
    assert names("--filter", "b(") == []
    assert " 0.1000 at 1 " in _listed(tmp_path, "--filter", "better")
    assert _listed(tmp_path, "--filter", "nothing") == "None of 4 runs matches nothing.\n"
    with pytest.raises(UsageError, match=r"Expected --sort best, updated, started, name; received 'size'"):
        _listed(tmp_path, "--sort", "size")


def _validated(epoch: int, loss: float) -> events.EpochEnded:
    return msgspec.structs.replace(ended(epoch, val_loss=loss), measures=msgspec.UNSET)


def test_a_closed_pipe_ends_the_list_quietly(tmp_path: Path) -> None:
    write_journal(_folder(tmp_path, "digits"), started())
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-c", MAIN, "--run-dir", str(tmp_path)]
    result = subprocess.run(command, check=False, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (result.returncode, result.stderr) == (141, b"")


def test_an_ascii_output_gets_ascii_only(tmp_path: Path) -> None:
    write_journal(_folder(tmp_path, "zahlen–ü"), started())
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-c", MAIN, "--run-dir", str(tmp_path)]
    output = subprocess.run(command, check=True, capture_output=True, env=environment).stdout
    assert b"zahlen-?" in output


def test_terminal_sequences_are_removed(tmp_path: Path) -> None:
    folder = _folder(tmp_path, "plain", job="mnist\x1b]0;title\x07\x1b[2J\nnext\u202e")
    folder.path.rename(tmp_path / "na\x1b[31mme\n")
    output = _listed(tmp_path)
    assert len(output.splitlines()) == 2
    assert not set(output) & {"\x1b", "\x07", "\u202e"}
    (run,) = json.loads(_listed(tmp_path, "--json"))
    assert run["name"] == "na\x1b[31mme\n", "JSON escapes it, so that scripts find the folder"
    assert "\x1b" not in _listed(tmp_path, "--json")


def test_json_is_a_list_of_objects(tmp_path: Path) -> None:
    folder = _folder(tmp_path, "digits")
    description = folder.description()
    with owner_of(folder, [started(), ended(1, val_loss=float("nan"), loss=0.5)]) as owner:
        (run,) = json.loads(_listed(tmp_path, "--json"))
    assert datetime.fromisoformat(run.pop("changed")) <= datetime.now(UTC)
    expected: dict[str, Any] = {
        "name": "digits",
        "id": description.id,
        "path": str(folder.path),
        "job": "mnist",
        "state": "training",
        "epoch": 1,
        "epochs": 10000,
        "metrics": {"val_loss": None, "loss": 0.5},
        "best": None,
        "started": description.started.isoformat(),
        "pid": owner.pid,
        "host": description.host,
    }
    assert run == expected


def test_a_damaged_run_is_listed_with_the_others(tmp_path: Path) -> None:
    write_journal(_folder(tmp_path, "whole"), started(), ended(1), FINISHED)
    _folder(tmp_path, "broken").description_path.write_text("{}")
    (tmp_path / "no run").mkdir()
    (tmp_path / "a file").touch()
    rows = {row.split()[0]: row.split()[1] for row in _listed(tmp_path).splitlines()[1:]}
    assert rows == {"whole": "finished", "broken": "damaged"}
    broken = next(run for run in json.loads(_listed(tmp_path, "--json")) if run["name"] == "broken")
    assert (broken["id"], broken["job"], broken["epochs"], broken["pid"]) == (None, None, None, None)


@pytest.mark.parametrize("root", ["empty", "not/there"])
def test_without_runs_a_sentence_says_how_to_start_one(tmp_path: Path, root: str) -> None:
    (tmp_path / "empty").mkdir()
    output = _listed(tmp_path / root)
    assert output == f"No runs in {tmp_path / root}. Start one with `fitmon mnist`.\n"
    assert json.loads(_listed(tmp_path / root, "--json")) == []


def test_an_unreadable_folder_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(FitmonError, match="Permission denied"):
        runs.main(["--run-dir", str(tmp_path)], standalone_mode=False)


def test_no_tensorflow_is_loaded_for_a_list(tmp_path: Path) -> None:
    write_journal(_folder(tmp_path), started())
    seen = (
        f"{MAIN.replace('sys.exit(', '(')}; assert not {{'tensorflow', 'keras', 'textual', 'numpy'}} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", seen, "--run-dir", str(tmp_path)], check=True, capture_output=True)
