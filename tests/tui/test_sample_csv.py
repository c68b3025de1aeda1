"""The listed samples are written whole, to a new file, or not at all."""

import csv
import math
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fitmon.engine.insight.observer import Observation
from fitmon.tui.sample_csv import csv_name, text_cell, write_csv
from tests.tui.sample_observations import observed, random_scores, two_classes

NAMES = ("no", "yes")
FIRST = two_classes(0.375, 0.875, 0.6875, labels=(1, 1, 0))
SECOND = two_classes(0.625, 0.75, 0.75, labels=(1, 1, 0))


def written(
    folder: Path, observation: Observation, *indices: int, names: tuple[str, ...] = NAMES, threshold: float = 0.5
) -> list[dict[str, str]]:
    path = write_csv(folder / "samples.csv", observation, threshold, np.array(indices, dtype=np.int64), names)
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_row_has_what_the_table_shows(tmp_path: Path) -> None:
    assert written(tmp_path, observed(FIRST, SECOND), 2, 0) == [
        {
            "index": "2", "true": "no", "predicted": "yes", "probability_true": "0.25", "margin": "-0.5",
            "loss": "1.386294", "change": "-0.0625", "crossings": "0", "kind": "too early",
        },
        {
            "index": "0", "true": "yes", "predicted": "yes", "probability_true": "0.625", "margin": "0.25",
            "loss": "0.4700036", "change": "0.25", "crossings": "1", "kind": "too early",
        },
    ]  # fmt: skip


def test_what_is_not_known_is_left_empty(tmp_path: Path) -> None:
    untrained = observed(two_classes(math.nan, 0.75, labels=(1, 1), losses=False), first_epoch=0)
    first, second = written(tmp_path, untrained, 0, 1)
    assert first == dict.fromkeys(first, "") | {"index": "0", "true": "yes"}
    assert (second["probability_true"], second["loss"], second["change"], second["kind"]) == ("0.75", "", "", "")


def test_several_labels_have_a_column_of_their_own(tmp_path: Path) -> None:
    scores = replace(two_classes(0.1, 0.9, 0.2, 0.8, labels=(1, 1, 0, 0)), labels=2)
    rows = written(tmp_path, observed(scores), 3, 0, names=("cat", "dog"))
    assert [(each["index"], each["label"], each["true"], each["predicted"]) for each in rows] == [
        ("1", "dog", "0", "1"),
        ("0", "cat", "1", "0"),
    ]


def test_the_prediction_is_that_at_the_threshold_of_the_view(tmp_path: Path) -> None:
    assert written(tmp_path, observed(FIRST, SECOND), 0, threshold=0.7)[0]["predicted"] == "no"


def test_many_rows_come_in_the_order_given(tmp_path: Path) -> None:
    samples = 70_000
    rows = written(tmp_path, observed(random_scores(samples, 3)), *range(samples - 1, -1, -1))
    assert [int(each["index"]) for each in rows] == list(range(samples - 1, -1, -1))


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    written(tmp_path, observed(FIRST), 0)
    assert (tmp_path / "samples.csv").stat().st_mode & 0o777 == 0o600


def test_an_existing_file_is_never_changed(tmp_path: Path) -> None:
    (tmp_path / "samples.csv").write_text("mine")
    (tmp_path / "samples-2.csv").symlink_to(tmp_path / "elsewhere")
    path = write_csv(tmp_path / "samples.csv", observed(FIRST), 0.5, np.array([0]), NAMES)
    assert path == tmp_path / "samples-3.csv"
    assert (tmp_path / "samples.csv").read_text() == "mine"
    assert not (tmp_path / "elsewhere").exists()


def test_a_path_that_is_not_a_folder_raises(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_csv(tmp_path / "missing" / "samples.csv", observed(FIRST), 0.5, np.array([0]), NAMES)


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.parametrize("samples", [300, 20_000])
def test_a_file_that_does_not_fit_on_the_disk_is_removed(tmp_path: Path, samples: int) -> None:
    """Few rows fail when the file is closed, many while they are written."""
    observation = observed(random_scores(samples, 3))
    with files_of_at_most(2_000), pytest.raises(OSError, match="File too large"):
        write_csv(tmp_path / "samples.csv", observation, 0.5, np.arange(samples), NAMES)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("cat", "cat"),
        ("=1+1", "'=1+1"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-sum(a)", "'-sum(a)"),
        ("@here", "'@here"),
        (" =1+1", "' =1+1"),
        ("\t=1+1", "'    =1+1"),
        ("-1", "-1"),
        ("+1.5", "+1.5"),
        ("a=b", "a=b"),
        ("\x1b[31mred\r\n", "red "),
    ],
)
def test_a_name_is_never_a_formula_nor_a_command(name: str, cell: str) -> None:
    assert text_cell(name) == cell


def test_names_with_separators_and_halves_of_characters_come_back_whole(tmp_path: Path) -> None:
    rows = written(tmp_path, observed(FIRST), 0, names=("no", 'a,"b";\n\ud800é'))
    assert rows[0]["true"] == 'a,"b"; �é'


@pytest.mark.parametrize(
    ("run", "name"),
    [
        ("mnist", "fitmon-mnist-epoch3-samples.csv"),
        ("../my run\x1b", "fitmon-.._my_run_-epoch3-samples.csv"),
        ("", "fitmon-run-epoch3-samples.csv"),
    ],
)
def test_the_file_is_called_by_run_and_epoch(run: str, name: str) -> None:
    assert csv_name(run, 3) == name


def test_a_long_name_of_a_run_gives_a_valid_file_name() -> None:
    assert len(csv_name("x" * 1_000, 3)) < 255
