"""The panel of samples draws what is new, follows the keys, and writes what it lists."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from textual.app import App, ComposeResult

from fitmon.engine.insight.observer import Observation
from fitmon.text.rows import text_of, width_of
from fitmon.tui.drawing import sample_browser
from fitmon.tui.drawing.sample_order import Indices, Only, SampleSelection, listed_indices
from fitmon.tui.frame import Frame
from fitmon.tui.widgets.samples_panel import SamplesPanel
from tests.tui.fake_run import FakeRun
from tests.tui.sample_observations import picture, picture_of, random_scores, samples_of, two_classes

SCORES = two_classes(0.4, 0.9, 0.7, labels=(1, 1, 0))


class CountingPanel(SamplesPanel):
    """Counts how often it had to draw itself again."""

    redraws = 0

    def redraw(self) -> None:
        self.redraws += 1


def panel(shown: Frame | None = None) -> CountingPanel:
    made = CountingPanel("samples")
    if shown is not None:
        made.show(shown)
    return made


def text(made: SamplesPanel, width: int = 120, height: int = 36) -> str:
    return "\n".join(text_of(line) for line in made.draw(width, height))


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (picture(), "probabilities are available after the first validation"),
        (
            picture(no_probabilities="not for this loss: mse knows \x1b[31mno probabilities"),
            "not for this loss: mse knows no probabilities",
        ),
        (picture(two_classes(labels=())), "there are no validation samples"),
        (picture_of(FakeRun().begin().ended()), "no epoch was validated"),
        (None, "samples"),
    ],
)
def test_without_samples_the_panel_shows_the_reason(shown: Frame | None, words: str) -> None:
    made = panel(shown)
    assert words in text(made)
    for key in (made.go_first, made.go_last, made.next_order, made.next_filter, made.next_class, made.toggle_detail):
        key()
    made.move(1)
    made.page(1)
    assert made.chosen() is None
    assert words in " ".join(text(made, 40, 7).replace("│", " ").split())


def test_it_draws_again_for_a_new_epoch_or_threshold_and_not_for_a_new_chunk() -> None:
    run = FakeRun().begin(class_names=("no", "yes")).epochs(1, SCORES)
    made = panel(picture_of(run))
    assert made.redraws == 1
    made.show(picture_of(run.chunk(5, epoch=2)))
    assert made.redraws == 1
    made.show(picture_of(run, 0.6))
    assert made.redraws == 2
    made.show(picture_of(run.epoch_ended(2, SCORES), 0.6))
    assert made.redraws == 3


def test_every_key_draws_at_once() -> None:
    made = panel(picture(SCORES, class_names=("no", "yes")))
    keys = (made.go_first, made.go_last, made.next_order, made.next_filter, made.next_class, made.toggle_detail)
    for number, key in enumerate(keys, 2):
        key()
        assert made.redraws == number
    made.move(1)
    made.page(1)
    assert made.redraws == len(keys) + 3


def test_a_wide_panel_has_the_detail_beside_the_table_and_a_narrow_one_below() -> None:
    made = panel(picture(SCORES))
    assert "samples" in text(made, 120, 36).splitlines()[0]
    assert "sample 2" in text(made, 120, 36).splitlines()[0]
    assert "sample 2" in text(made, 80, 20).splitlines()[10]
    assert "sample 2" not in text(made, 80, 12)


def test_the_detail_follows_the_selected_row_and_can_fill_the_panel() -> None:
    samples = samples_of(np.arange(3.0).reshape(3, 1), feature_names=("size",))
    made = panel(picture(SCORES, samples=samples))
    made.move(1)
    assert made.chosen() == 0
    assert "sample 0" in text(made)
    made.toggle_detail()
    assert "sample 0" in text(made, 40, 20).splitlines()[0]
    assert "worst first" not in text(made, 40, 20)
    made.toggle_detail()
    assert "worst first" in text(made, 120, 20)
    assert "sample 0" not in text(made, 120, 20)
    made.toggle_detail()
    assert "worst first" in text(made, 120, 20)
    assert "sample 0" in text(made, 120, 20)


def test_an_empty_list_fills_the_panel_with_its_sentence() -> None:
    made = panel(picture(SCORES, SCORES))
    made.next_filter()
    made.next_filter()
    assert "no sample crossed in this epoch" in text(made)
    assert made.chosen() is None


def test_the_class_names_come_from_the_samples_or_from_the_run() -> None:
    assert "yes" in text(panel(picture(SCORES, class_names=("no", "yes"))))
    named = samples_of(np.zeros((3, 1)), class_names=("nein", "ja"))
    assert "ja" in text(panel(picture(SCORES, samples=named, class_names=("no", "yes"))))


def test_listed_samples_are_written_and_the_sentence_names_the_file(tmp_path: Path) -> None:
    made = panel(picture(SCORES, SCORES, class_names=("no", "yes"), run="mnist"))
    made.next_filter()
    assert made.write_csv(tmp_path) == "2 samples written to fitmon-mnist-epoch2-samples.csv"
    assert made.write_csv(tmp_path) == "2 samples written to fitmon-mnist-epoch2-samples-2.csv"
    lines = (tmp_path / "fitmon-mnist-epoch2-samples.csv").read_text().splitlines()
    assert [line.split(",")[:3] for line in lines[1:]] == [["2", "no", "yes"], ["0", "yes", "no"]]


def test_a_failure_to_write_is_a_sentence(tmp_path: Path) -> None:
    made = panel(picture(SCORES))
    said = made.write_csv(tmp_path / "\x1b[2Jmissing")
    assert said.startswith("could not write the samples to ")
    assert said.endswith(": No such file or directory")
    assert "\x1b" not in said


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_is_read_only_is_a_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert panel(picture(SCORES)).write_csv(tmp_path).endswith(": Permission denied")


def test_with_nothing_to_write_no_file_appears(tmp_path: Path) -> None:
    assert panel().write_csv(tmp_path) == "no samples to write yet"
    made = panel(picture(SCORES, SCORES))
    while made._browser.selection.only is not Only.CROSSED:
        made.next_filter()
    assert made.write_csv(tmp_path) == "the list is empty; nothing was written"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "size", [(40, 7), (40, 10), (79, 16), (80, 20), (99, 17), (100, 10), (120, 36), (200, 50), (1, 1)]
)
@pytest.mark.parametrize("only_detail", [False, True])
def test_the_panel_fills_its_size_exactly(size: tuple[int, int], only_detail: bool) -> None:
    made = panel(
        picture(random_scores(500, 3), random_scores(500, 3, seed=1), samples=samples_of(np.ones((500, 9, 9))))
    )
    if only_detail:
        made.toggle_detail()
    rows = made.draw(*size)
    assert len(rows) == size[1]
    assert {width_of(line) for line in rows} == {size[0]}


async def test_a_hidden_panel_sorts_nothing_and_shows_the_newest_epoch_once_visible(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sorted_epochs = []

    def noting(observation: Observation, threshold: float, selection: SampleSelection) -> Indices:
        sorted_epochs.append(observation.epoch)
        return listed_indices(observation, threshold, selection)

    monkeypatch.setattr(sample_browser, "listed_indices", noting)
    made = SamplesPanel("samples")
    run = FakeRun().begin().epochs(1, SCORES)

    class OnePanel(App[None]):
        def compose(self) -> ComposeResult:
            yield made

    async with OnePanel().run_test(size=(120, 36)) as pilot:
        made.show(picture_of(run))
        made.move(1)
        assert "▸     0" in text_of(made.shown_rows[3])
        made.display = False
        made.show(picture_of(run.epoch_ended(2, SCORES)))
        made.show(picture_of(run.epoch_ended(3, SCORES)))
        assert sorted_epochs == [1]
        made.display = True
        await pilot.pause()
        made.redraw()
        assert sorted_epochs == [1, 3]
        assert "epoch 3" in text_of(made.shown_rows[0])
        assert "▸     0" in text_of(made.shown_rows[3])


def test_the_panel_waits_with_numpy_until_there_is_something_to_draw() -> None:
    code = "import sys, fitmon.tui.widgets.samples_panel; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
