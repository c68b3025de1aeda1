"""The keys of single views, pressed on a made-up run."""

from pathlib import Path

import numpy as np
import pytest

from fitmon.engine import events
from fitmon.tui.drawing.threshold import picture_columns
from fitmon.tui.layout import View
from fitmon.tui.screens.best_threshold import BestThresholdDialog
from fitmon.tui.widgets.threshold_panel import ThresholdPanel
from tests.tui.fake_run import FakeRun, binary_scores, several_class_scores, shown
from tests.tui.sample_observations import samples_of

pytestmark = pytest.mark.slow

SCORES = binary_scores(0.6, 0.8, 0.3, 0.7, 0.45, labels=(1, 1, 0, 0, 1))
NO_YES = ("no", "yes")


def two_class_run() -> FakeRun:
    run = FakeRun().begin(class_names=NO_YES).observe(0, binary_scores(0.4, 0.6, 0.6, 0.6, 0.4, labels=(1, 1, 0, 0, 1)))
    return run.epochs(2, SCORES)


async def test_the_arrows_move_the_threshold_and_the_counts_and_send_no_command() -> None:
    run = two_class_run()
    async with shown(run) as screen:
        await screen.press("4")
        await screen.sees("against threshold 0.5", "accuracy           0.6000")
        await screen.press(*["left"] * 10)
        await screen.sees("against threshold 0.4", "accuracy           0.8000  at threshold 0.4")
        await screen.press("right")
        await screen.sees("against threshold 0.41")
        assert not run.sent


async def test_the_threshold_stays_between_0_and_1() -> None:
    async with shown(two_class_run(), threshold=0.995) as screen:
        await screen.press("4", "right", "right")
        await screen.sees("against threshold 1 ")


async def test_the_arrows_do_not_move_the_threshold_in_other_views() -> None:
    async with shown(two_class_run()) as screen:
        await screen.press("6", "left", "4")
        await screen.sees("against threshold 0.5 ")


async def test_m_applies_the_best_threshold_for_a_goal() -> None:
    async with shown(two_class_run()) as screen:
        await screen.press("4", "m")
        await screen.until(lambda: isinstance(screen.app.screen, BestThresholdDialog))
        await screen.press("a")
        await screen.sees("against threshold 0.4", "accuracy           0.8000")


async def test_several_classes_have_no_threshold_to_move() -> None:
    async with shown(FakeRun().begin().epochs(2, several_class_scores())) as screen:
        await screen.press("4")
        for key in ("m", "left"):
            assert "no decision threshold" not in screen.text
            await screen.press(key)
            await screen.sees("no decision threshold with more than two classes")
            screen.app.say("")


async def test_keys_move_through_sort_and_filter_the_samples() -> None:
    async with shown(two_class_run()) as screen:
        await screen.press("5")
        await screen.sees("worst first", "sample 3")
        await screen.press("down")
        await screen.sees("sample 4")
        await screen.press("end")
        await screen.sees("sample 1")
        await screen.press("s")
        await screen.sees("nearest to the threshold first")
        await screen.press("n")
        await screen.sees("wrong only", "2 of 5")
        await screen.press("c")
        await screen.sees("no", "1 of 5")


async def test_enter_fills_the_view_with_the_selected_sample() -> None:
    async with shown(two_class_run()) as screen:
        await screen.press("5")
        await screen.sees("worst first")
        await screen.press("enter")
        await screen.misses("worst first")
        await screen.sees("sample 3")


async def test_w_writes_the_listed_samples_and_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with shown(two_class_run().ended()) as screen:
        await screen.press("5", "n", "w")
        await screen.sees("2 samples written to fitmon-mnist-epoch2-samples.csv")
    written = tmp_path / "fitmon-mnist-epoch2-samples.csv"
    assert [line.split(",")[0] for line in written.read_text().splitlines()] == ["index", "3", "4"]


async def test_a_frozen_view_keeps_its_samples_when_an_epoch_ends_and_can_still_be_browsed() -> None:
    run = two_class_run()
    async with shown(run) as screen:
        await screen.press("5", "h")
        await screen.sees("epoch 2", "sample 3")
        run.epoch_ended(3, binary_scores(0.9, 0.9, 0.1, 0.1, 0.9, labels=(1, 1, 0, 0, 1)))
        await screen.press("down")
        await screen.sees("sample 4")
        assert "epoch 3 " not in screen.rows[3]
        await screen.press("h")
        await screen.until(lambda: "epoch 3" in screen.rows[3])


async def test_moving_the_threshold_of_a_frozen_view_keeps_its_epoch() -> None:
    run = two_class_run()
    async with shown(run) as screen:
        await screen.press("4", "h")
        await screen.sees("epoch 2", "against threshold 0.5 ")
        run.epoch_ended(3, binary_scores(0.9, 0.9, 0.1, 0.1, 0.9, labels=(1, 1, 0, 0, 1)))
        await screen.press(*["left"] * 10)
        await screen.sees("against threshold 0.4", "accuracy           0.8000  at threshold 0.4")
        assert "epoch 2 " in screen.rows[3]
        await screen.press("m")
        await screen.sees("samples of epoch 2")


async def test_the_worst_sample_stays_selected_until_the_user_selects_another() -> None:
    run = two_class_run()
    async with shown(run) as screen:
        await screen.press("5")
        await screen.sees("sample 3")
        run.epoch_ended(3, binary_scores(0.9, 0.9, 0.1, 0.1, 0.2, labels=(1, 1, 0, 0, 1)))
        await screen.sees("epoch 3", "sample 4")
        await screen.press("down")
        await screen.sees("sample 0")
        run.epoch_ended(4, binary_scores(0.9, 0.1, 0.1, 0.1, 0.9, labels=(1, 1, 0, 0, 1)))
        await screen.sees("epoch 4", "sample 0")


async def test_keys_of_other_views_have_no_effect() -> None:
    run = two_class_run()
    of_samples = {"s", "n", "c", "w", "enter", "up"}
    own_keys: dict[View, set[str]] = {View.THRESHOLD: {"m"}, View.SAMPLES: of_samples, View.CLASSES: set()}
    async with shown(run) as screen:
        for view, own in own_keys.items():
            await screen.press(str(int(view)))
            await screen.pilot.pause()
            for key in sorted(({"m"} | of_samples) - own):
                before = screen.rows[3:-1]
                await screen.press(key)
                await screen.pilot.pause()
                assert screen.rows[3:-1] == before, (view, key)
        assert not run.sent


async def test_page_keys_move_the_threshold_by_a_tenth() -> None:
    async with shown(two_class_run()) as screen:
        await screen.press("4", "pageup", "pageup", "pagedown", "right")
        await screen.sees("against threshold 0.61")


async def test_the_mouse_drags_the_threshold_line_and_lets_it_go() -> None:
    run = two_class_run()
    async with shown(run) as screen:
        await screen.press("4")
        await screen.sees("against threshold 0.5 ")
        panel = screen.app.screen.query_one(ThresholdPanel)
        columns = picture_columns(*panel.size)
        line = next(row for row in screen.rows if "┊" in row)
        await screen.pilot.mouse_down(panel, offset=(line.index("┊"), 10))
        for x, threshold in ((columns[0], "0 "), (columns[-1], "1 "), (columns[len(columns) // 4], "0.2")):
            await screen.pilot.hover(panel, offset=(x, 12))
            await screen.sees(f"against threshold {threshold}")
        await screen.pilot.hover(panel, offset=(110, 12))
        await screen.sees("against threshold 1 ")
        await screen.pilot.mouse_up(panel, offset=(columns[-1], 10))
        await screen.pilot.hover(panel, offset=(columns[0], 10))
        await screen.pilot.pause()
        assert "against threshold 1 " in screen.text
        assert not run.sent


async def test_a_click_elsewhere_or_on_several_classes_moves_no_threshold() -> None:
    async with shown(two_class_run()) as screen:
        await screen.press("4")
        await screen.pilot.mouse_down(ThresholdPanel, offset=(110, 20))
        await screen.pilot.mouse_up(ThresholdPanel, offset=(110, 20))
        await screen.pilot.pause()
        assert "against threshold 0.5 " in screen.text
    async with shown(FakeRun().begin().epochs(1, several_class_scores())) as screen:
        await screen.press("4")
        await screen.pilot.mouse_down(ThresholdPanel, offset=(20, 10))
        await screen.pilot.mouse_up(ThresholdPanel, offset=(20, 10))
        assert screen.app.threshold == 0.5


async def test_j_shows_the_other_picture_of_two_classes_and_says_why_not_of_several() -> None:
    async with shown(two_class_run()) as screen:
        await screen.press("4")
        await screen.sees("by true class")
        await screen.press("j")
        await screen.misses("by true class")
        await screen.sees("p(true class)")
        await screen.press("j")
        await screen.sees("by true class")
    async with shown(FakeRun().begin().epochs(1, several_class_scores())) as screen:
        await screen.press("4", "j")
        await screen.sees("no decision threshold with more than two classes")


async def test_g_makes_the_counts_of_the_histogram_logarithmic() -> None:
    async with shown(two_class_run()) as screen:
        await screen.press("4", "g")
        await screen.sees("log counts")
        await screen.press("g")
        await screen.misses("log counts")


async def test_left_and_right_scroll_the_features_of_a_sample() -> None:
    table = np.random.default_rng(0).standard_normal((5, 4_000)).astype(np.float32)
    run = two_class_run().tell(events.SamplesLoaded(samples=samples_of(table)))
    async with shown(run) as screen:
        await screen.press("5")
        await screen.sees("of 4,000")
        first = next(row for row in screen.rows if "of 4,000" in row)
        await screen.press("right")
        await screen.until(lambda: first not in screen.rows)
        await screen.press("left")
        await screen.until(lambda: first in screen.rows)
        assert screen.app.threshold == 0.5


async def test_the_dialog_of_the_threshold_calls_class_1_by_its_name() -> None:
    for names, said in ((NO_YES, "yes is predicted if p is larger"), (("0", "1"), "class 1 is predicted if p is")):
        run = FakeRun().begin(class_names=names).epochs(1, SCORES)
        async with shown(run) as screen:
            await screen.press("t")
            await screen.sees(said)
