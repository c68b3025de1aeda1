"""The key / jumps to a sample or a class, finds a text in the findings, and filters the output."""

from __future__ import annotations

from pathlib import Path

import pytest

from fitmon.tui.drawing.sample_browser import SampleBrowser
from fitmon.tui.drawing.sample_order import Only
from fitmon.tui.sample_search import classes_named, search_samples
from tests.tui.fake_run import CLASS_MISSING, OVERFITTING, RATE_TOO_HIGH, FakeRun, several_class_scores, shown

NAMES = ("setosa", "versicolor", "virginica")


def browser() -> SampleBrowser:
    found = SampleBrowser()
    found.show(FakeRun().begin().observe(1, several_class_scores()).snapshot().observation, 0.5)
    return found


def test_an_index_is_chosen_wherever_it_is_in_the_list() -> None:
    samples = browser()
    assert search_samples(samples, " 17 ", NAMES) == "sample 17"
    assert samples.chosen() == 17


def test_an_index_that_a_filter_hides_is_shown_without_the_filter() -> None:
    samples = browser()
    samples.next_filter()
    hidden = next(index for index in range(200) if index not in samples.indices())
    search_samples(samples, str(hidden), NAMES)
    assert samples.chosen() == hidden
    assert samples.selection.only is Only.ALL


@pytest.mark.parametrize("typed", ["virginica", "VIRGINICA", "class virginica", "virg"])
def test_a_class_is_listed_by_its_name_or_a_part_of_it(typed: str) -> None:
    samples = browser()
    assert search_samples(samples, typed, NAMES) == "samples of class virginica · c shows the next class"
    assert samples.selection.class_number == 2
    assert 0 < len(samples.indices()) < 200


def test_digits_as_class_names_need_the_word_class() -> None:
    samples = browser()
    assert search_samples(samples, "2", ("0", "1", "2")) == "sample 2"
    assert search_samples(samples, "class 2", ("0", "1", "2")).startswith("samples of class 2")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("200", "there is no sample 200"),
        ("v", "v could be versicolor, virginica"),
        ("rose", "no sample has the class rose; an index or a class was expected"),
        ("", "no sample has the class ; an index or a class was expected"),
    ],
)
def test_what_is_not_found_is_said_and_changes_nothing(typed: str, said: str) -> None:
    samples = browser()
    before = samples.chosen(), samples.selection
    assert search_samples(samples, typed, NAMES) == said
    assert (samples.chosen(), samples.selection) == before


def test_a_whole_name_wins_over_names_that_contain_it() -> None:
    assert classes_named("a", ("ba", "a", "ab")) == [1]


async def test_in_the_samples_view_the_key_jumps_to_a_sample() -> None:
    run = FakeRun().begin(class_names=NAMES).epochs(1, several_class_scores())
    async with shown(run) as screen:
        await screen.press("5", "slash", *"123", "enter")
        await screen.sees("sample 123")


@pytest.mark.slow
async def test_in_the_findings_view_each_search_goes_to_the_next_match() -> None:
    run = FakeRun().begin().found(9, OVERFITTING, CLASS_MISSING, RATE_TOO_HIGH)
    async with shown(run, size=(80, 12)) as screen:
        await screen.press("9", "slash", *"HALVE", "enter")
        await screen.sees("HALVE: match 1 of 1", "halve the learning rate")
        await screen.press("slash", *"train", "enter", "slash", "enter")
        await screen.sees("train: match")
        await screen.press("slash", *"nowhere", "enter")
        await screen.sees("no finding contains nowhere")


async def test_in_the_output_only_lines_with_the_text_are_shown_until_it_is_cleared(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_text("one\nTWO twos\nthree\ntwo more\n")
    async with shown(FakeRun().begin(), size=(80, 24), log_path=log) as screen:
        await screen.press("8")
        await screen.sees("three")
        await screen.press("slash", *"two", "enter")
        await screen.sees("TWO twos", "two more", "2 lines contain two", "lines with two")
        assert "three" not in screen.text
        await screen.press("slash", "backspace", "enter")
        await screen.sees("three", "all lines")


async def test_in_other_views_the_key_says_where_it_searches() -> None:
    async with shown(FakeRun().begin()) as screen:
        await screen.press("slash")
        await screen.sees("/ search: only in view 5 (samples) and 8 (output) and 9 (findings)")
