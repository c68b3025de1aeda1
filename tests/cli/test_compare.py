"""`fitmon compare` in pipes and on a terminal, with the exit codes of the design."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fitmon.cli.main import main
from fitmon.engine.runs.run_folder import RunFolder
from tests.engine.runs.made_up_runs import begun, create, epoch, rewound, settings, trained
from tests.pseudo_terminal import Pseudo, assert_given_back

FITMON = [sys.executable, "-m", "fitmon"]


@pytest.fixture
def folders(tmp_path: Path) -> list[RunFolder]:
    return [
        trained(tmp_path, "plain", [0.5, 0.25]),
        trained(tmp_path, "other", [0.6, 0.2, float("nan")], optimizer="sgd"),
        rewound(tmp_path, "rewound"),
    ]


def _compare(root: Path, *words: str) -> int:
    return main(["compare", "--run-dir", str(root), *words])


def test_a_pipe_gets_a_table_with_all_columns_and_a_conclusion(
    tmp_path: Path, folders: list[RunFolder], capsys: pytest.CaptureFixture[str]
) -> None:
    assert _compare(tmp_path, *(folder.name for folder in folders), "plain") == 0
    heading, *rows, conclusion = capsys.readouterr().out.splitlines()
    columns = "run branch state epochs best val_loss val_accuracy per epoch lr optimizer dropout"
    assert " ".join(heading.split()) == columns
    assert [row.split()[1] for row in rows] == ["plain", "other", "rewound", "rewound"]
    assert conclusion == "Lowest val_loss: other, 0.2000 at epoch 2."


def test_json_has_settings_changes_results_and_curves_and_is_json(
    tmp_path: Path, folders: list[RunFolder], capsys: pytest.CaptureFixture[str]
) -> None:
    assert _compare(tmp_path, "other", "rewound", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["differing"] == ["learning_rate", "optimizer", "dropout"]
    assert (told["incomparable"], told["lowest"]) == ([], {"run": "other", "branch": 1})
    other, current, left = told["branches"]
    assert other["id"] == folders[1].description().id
    assert other["settings"]["optimizer"] == "sgd"
    assert other["best"] == {
        "epoch": 2,
        "data_loss": 0.2,
        "penalty": None,
        "metrics": {"loss": 0.1, "accuracy": 0.9, "val_loss": 0.2, "val_accuracy": 0.95},
    }
    assert other["curves"]["val_loss"] == {"epochs": [1, 2, 3], "values": [0.6, 0.2, None]}
    assert (current["branch"], current["parent"], current["from_epoch"], current["current"]) == (2, 1, 2, True)
    assert left["changes"] == [{"epoch": 3, "knob": "learning_rate", "from": 1e-3, "to": 5e-4}]


def test_the_csv_file_has_every_epoch_of_every_branch_unrounded(
    tmp_path: Path, folders: list[RunFolder], capsys: pytest.CaptureFixture[str]
) -> None:
    assert folders
    measured = create(tmp_path, "measured", begun(settings()), epoch(1, 1 / 3, penalty=0.125))
    path = tmp_path / "curves.csv"
    assert _compare(tmp_path, "rewound", measured.name, "--csv", str(path)) == 0
    rows = list(csv.DictReader(io.StringIO(path.read_text())))
    assert [(row["run"], row["branch"], row["epoch"]) for row in rows] == [
        *(("rewound", "2", str(number)) for number in (1, 2, 3)),
        *(("rewound", "1", str(number)) for number in (1, 2, 3)),
        ("measured", "1", "1"),
    ]
    assert float(rows[-1]["val_loss"]) == 1 / 3
    assert (rows[-1]["penalty"], rows[0]["penalty"]) == ("0.125", "")
    assert [row["learning_rate"] for row in rows[3:6]] == ["0.001", "0.001", "0.0005"]
    assert _compare(tmp_path, "rewound", measured.name, "--csv", "-") == 0
    assert list(csv.DictReader(io.StringIO(capsys.readouterr().out))) == rows


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        ([], (2, "Expected at least one RUN where no screen is shown; `fitmon runs` lists them.")),
        (["nothing"], (2, "There is no run 'nothing' in ")),
        (["plain", "--json", "--plain"], (2, "Use one of --plain, --json, not several.")),
        (["plain", "--csv", "/nowhere/curves.csv"], (7, "/nowhere/curves.csv could not be written (No such file")),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence(
    tmp_path: Path,
    folders: list[RunFolder],
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    refusal: tuple[int, str],
) -> None:
    assert folders
    code, message = refusal
    assert _compare(tmp_path, *words) == code
    assert message in capsys.readouterr().err


def test_comparing_loads_no_tensorflow_and_a_closed_pipe_ends_it_quietly(
    tmp_path: Path, folders: list[RunFolder]
) -> None:
    assert folders
    program = (
        "import sys; from fitmon.cli.main import main;"
        f"code = main(['compare', '--run-dir', {str(tmp_path)!r}, 'plain', 'rewound', *sys.argv[1:]]);"
        "print([name for name in ('tensorflow', 'keras', 'sklearn', 'textual') if name in sys.modules], code)"
    )
    done = subprocess.run([sys.executable, "-c", program, "--json"], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[] 0"
    reader, writer = os.pipe()
    os.close(reader)
    command = [*FITMON, "compare", "--run-dir", str(tmp_path), "plain", "--csv", "-"]
    closed = subprocess.run(command, check=False, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (closed.returncode, closed.stderr) == (141, b"")


def test_on_a_terminal_runs_are_chosen_from_the_list_compared_and_the_terminal_is_given_back(
    tmp_path: Path, folders: list[RunFolder]
) -> None:
    assert folders
    with Pseudo([*FITMON, "compare", "--run-dir", str(tmp_path)]) as terminal:
        terminal.until("choose runs to compare")
        terminal.until("rewound")
        # One packet: the list, its filter, and the comparison take their keys in order.
        terminal.type("plain\t\x15other\t\r/sgd\r")
        terminal.until("1 of 2 runs")
        terminal.until("✓ 2  other")
        terminal.type("\x1bv")
        terminal.until("loss  ◆ best epoch")
        terminal.type("q")
        assert terminal.exit_code() == 0
        assert_given_back(terminal)


def test_a_signal_ends_the_comparison_with_its_exit_code(tmp_path: Path, folders: list[RunFolder]) -> None:
    with Pseudo([*FITMON, "compare", "--run-dir", str(tmp_path), folders[0].name]) as terminal:
        terminal.until("✓ 1  plain")
        terminal.process.terminate()
        assert terminal.exit_code() == 143
        assert_given_back(terminal)


def test_the_theme_follows_the_background_that_the_terminal_answers(tmp_path: Path, folders: list[RunFolder]) -> None:
    with Pseudo([*FITMON, "compare", "--run-dir", str(tmp_path), folders[0].name], {"COLORTERM": ""}) as terminal:
        terminal.until_true(lambda: b"\x1b]11;?" in terminal.received, "the question for the background")
        terminal.type("\x1b]11;rgb:ffff/ffff/ffff\x1b\\")
        terminal.until("✓ 1  plain")
        terminal.until_true(lambda: "005faf" in _colors(terminal), "the light theme's color of the first curve")
        terminal.type("q")
        assert terminal.exit_code() == 0


def test_options_and_environment_choose_ascii_and_no_colors(tmp_path: Path, folders: list[RunFolder]) -> None:
    command = [*FITMON, "compare", "--run-dir", str(tmp_path), folders[0].name, "--ascii", "--theme", "light"]
    with Pseudo(command, {"NO_COLOR": "1"}) as terminal:
        terminal.until("+ 1  plain")
        assert terminal.received.isascii()
        assert _colors(terminal) == {"default"}
        terminal.type("q")
        assert terminal.exit_code() == 0


def _colors(terminal: Pseudo) -> set[str]:
    return {cell.fg for line in terminal.screen.buffer.values() for cell in line.values()}


def test_a_terminal_that_has_no_screen_says_what_to_use(tmp_path: Path, folders: list[RunFolder]) -> None:
    command = [*FITMON, "compare", "--run-dir", str(tmp_path), folders[0].name]
    with Pseudo(command, {"TERM": "dumb"}) as terminal:
        assert terminal.exit_code() == 2
        assert "Use --plain for a table." in " ".join("".join(terminal.screen.display).split())
    with Pseudo([*command, "--plain"], {"TERM": "dumb"}) as terminal:
        terminal.until("0.2500 at 2")
        assert terminal.exit_code() == 0


@pytest.mark.slow
def test_a_run_that_trains_is_compared_from_its_own_screen_and_goes_on_meanwhile(tmp_path: Path) -> None:
    trained(tmp_path, "earlier", [0.9, 0.8])
    command = [*FITMON, "iris", "--epochs", "100000", "--name", "now", "--run-dir", str(tmp_path)]
    with Pseudo(command) as terminal:
        terminal.until("best epoch so far")
        terminal.type("Rearl\r")
        terminal.until("fitmon · compare")
        terminal.until("✓ 2 earlier")
        terminal.until("different jobs")
        first = _epochs_of("now", terminal)
        while _epochs_of("now", terminal) <= first:
            terminal.read()
        terminal.type("q")
        terminal.until("fitmon · now")
        terminal.process.terminate()
        assert terminal.exit_code() == 143
        assert_given_back(terminal)


def _epochs_of(name: str, terminal: Pseudo) -> int:
    """Return how many epochs of a run the table shows."""
    row = next(line for line in terminal.screen.display if f" {name} " in line and "✓" in line)
    return int(row.split("/")[0].split()[-1].replace(",", ""))
