"""Every key does what the table says, and footer and help say the same."""

import pytest
from rich.cells import cell_len

from fitmon.engine import events
from fitmon.engine.commands import Pause, PauseAt, Resume, SetKnob, Stop
from fitmon.engine.values import KnobOffer
from fitmon.text.format import NO_BREAK
from fitmon.text.rows import text_of
from fitmon.tui.app import MonitorApp
from fitmon.tui.bindings import app_bindings, monitor_bindings
from fitmon.tui.compare_app import CompareApp
from fitmon.tui.drawing.help import draw_help
from fitmon.tui.keys import KEYS, keys_in
from fitmon.tui.layout import View
from fitmon.tui.screens.help import HelpScreen
from fitmon.tui.screens.monitor import MonitorScreen
from tests.tui.fake_run import FakeRun, binary_scores, shown


def test_every_action_of_the_table_exists() -> None:
    for binding in monitor_bindings():
        assert hasattr(MonitorScreen, f"action_{binding.action.partition('(')[0]}"), binding
    for binding in app_bindings():
        assert all(hasattr(app, f"action_{binding.action}") for app in (MonitorApp, CompareApp)), binding


@pytest.mark.parametrize("view", View)
def test_no_key_has_two_actions_in_one_view(view: View) -> None:
    keys = [key for entry in keys_in(view) for key in entry.keys]
    assert len(keys) == len(set(keys))
    assert len({entry.id for entry in KEYS}) == len(KEYS)


def test_every_key_survives_terminals_that_eat_function_and_alt_keys() -> None:
    # The command palette offers to draw again.
    entries = [entry for entry in KEYS if entry.id not in {"interrupt", "draw_again"}]
    eaten = ("f1", "alt+", "ctrl+", "shift+")
    assert not [entry.id for entry in entries if all(key.startswith(eaten) for key in entry.keys)]
    assert not [key for entry in KEYS for key in entry.keys if key in {"ctrl+s", "ctrl+q", "ctrl+b", "ctrl+a"}]


@pytest.mark.parametrize("width", [40, 60, 80, 120, 240])
@pytest.mark.parametrize("view", View)
def test_help_has_every_key_at_every_width(view: View, width: int) -> None:
    rows = [text_of(line) for line in draw_help(view, width)]
    assert {cell_len(line) for line in rows} == {width}
    words = " ".join(rows).replace(NO_BREAK, " ")
    assert not [key for key in KEYS if key.shown not in words and key.id != "views"]
    assert all(f"{int(other)} {other.name.lower()}" in words for other in View)


@pytest.mark.parametrize("view", View)
def test_help_fits_the_smallest_usual_terminal_and_begins_with_the_keys_of_the_view(view: View) -> None:
    rows = [text_of(line) for line in draw_help(view, 80)]
    assert len(rows) <= 24
    own = [key for key in KEYS if view in key.views]
    heading = f" this view: {int(view)} {view.name.lower()}" if own else " run"
    assert rows[1].startswith(heading)


async def test_help_opens_at_the_keys_of_the_view_scrolls_and_closes() -> None:
    async with shown(FakeRun(), size=(40, 10)) as screen:
        await screen.press("5", "question_mark")
        await screen.sees("this view: 5 samples")
        assert isinstance(screen.app.screen, HelpScreen)
        await screen.press("end")
        await screen.sees("ctrl+c")
        await screen.press("home", "down")
        await screen.sees("this view: 5 samples")
        await screen.press("escape")
        assert isinstance(screen.app.screen, MonitorScreen)


async def test_space_pauses_after_the_epoch_then_at_once_then_resumes() -> None:
    run = FakeRun().begin().chunk(10)
    async with shown(run) as screen:
        await screen.press("space")
        assert run.sent.pop() == Pause(at=PauseAt.EPOCH)
        run.tell(events.PauseRequested(at="epoch"))
        await screen.sees("pausing after epoch 1", "space pause now")
        await screen.press("space")
        assert run.sent.pop() == Pause(at=PauseAt.CHUNK)
        run.tell(events.PauseRequested(at="chunk"))
        await screen.sees("pausing… · space cancels")
        run.tell(events.RunPaused(epoch=1, step=20, reason=""))
        await screen.sees("paused at epoch 1, step 20", "space resume")
        await screen.press("space")
        assert run.sent.pop() == Resume()
        run.tell(events.PauseEnded())
        await screen.sees("space pause")


async def test_space_cancels_a_pending_pause() -> None:
    run = FakeRun().begin().tell(events.PauseRequested(at="chunk"))
    async with shown(run) as screen:
        await screen.press("space")
        assert run.sent == [Resume()]


async def test_a_key_changes_the_frame_before_the_run_answers() -> None:
    async with shown(FakeRun().begin()) as screen:
        await screen.press("space")
        await screen.pilot.pause()
        assert "pausing after this epoch" in screen.text


async def test_l_changes_the_factor_if_the_learning_rate_follows_a_schedule() -> None:
    offers = (
        KnobOffer(name="learning_rate", value=1e-3, unavailable="it follows a schedule"),
        KnobOffer(name="learning_rate_factor", value=1.0),
    )
    run = FakeRun().begin(knobs=offers)
    async with shown(run) as screen:
        await screen.press("l", *"0.5", "enter")
        assert run.sent == [SetKnob(knob="learning_rate_factor", value=0.5)]


async def test_t_changes_the_threshold_of_the_view_and_sends_no_command() -> None:
    scores = binary_scores(0.6, 0.8, 0.3, 0.7, labels=(1, 1, 0, 0))
    run = FakeRun().begin(class_names=("no", "yes")).epochs(2, scores)
    async with shown(run) as screen:
        await screen.sees("against threshold 0.5", "right 3")
        await screen.press("t", *"0.75", "enter")
        await screen.sees("against threshold 0.75", "wrong 1", "threshold 0.75")
        assert not run.sent


async def test_g_makes_the_axes_logarithmic_and_linear_again() -> None:
    async with shown(FakeRun().begin().epochs(3)) as screen:
        await screen.press("g")
        await screen.until(lambda: "log" in screen.rows[3])
        await screen.press("g")
        await screen.until(lambda: "log" not in screen.rows[3])


async def test_tab_cycles_through_the_views() -> None:
    async with shown(FakeRun().begin().epochs(2), size=(80, 24)) as screen:
        seen = []
        for _ in View:
            seen.append([panel.id for panel in screen.app.screen.children if panel.display])
            await screen.press("tab")
            await screen.pilot.pause()
        middle = [view[1:-1] for view in seen]
        assert middle == [
            ["loss", "accuracy", "meaning"],
            ["loss"],
            ["accuracy"],
            ["threshold"],
            ["samples"],
            ["classes"],
            ["changes"],
            ["log"],
            ["findings"],
        ]
        assert [panel.id for panel in screen.app.screen.children if panel.display] == seen[0]


async def test_a_digit_chooses_its_view() -> None:
    titles = ("loss", "loss", "accuracy", "threshold", "samples", "classes", "what changed", "output", "findings")
    async with shown(FakeRun().begin(), size=(80, 24)) as screen:
        for digit, title in enumerate(titles, 1):
            await screen.press(str(digit))
            await screen.until(lambda title=title: screen.rows[3].startswith(f"╭ {title}"))  # type: ignore[misc]


async def test_o_shows_the_output_and_then_the_previous_view() -> None:
    async with shown(FakeRun().begin(), size=(80, 24)) as screen:
        await screen.press("4", "o")
        await screen.sees("nothing printed yet")
        await screen.press("o")
        await screen.sees("probabilities are available")


async def test_freeze_stops_the_panels_while_training_and_header_continue() -> None:
    run = FakeRun().begin().epochs(2)
    async with shown(run) as screen:
        await screen.press("h")
        await screen.sees("view frozen", "val 0.6000")
        run.epoch_ended(3)
        run.tell(events.EpochStarted(epoch=4, epochs=10, steps=100))
        await screen.sees("epoch 4/10")
        assert "val 0.6000" in screen.text
        assert "val 0.4000" not in screen.text
        assert not run.sent
        await screen.press("h")
        await screen.sees("val 0.4000")
        assert "view frozen" not in screen.text


async def test_x_stops_only_after_the_question() -> None:
    run = FakeRun().begin()
    async with shown(run) as screen:
        await screen.press("x")
        await screen.sees("Stop training?")
        await screen.press("n")
        assert not run.sent
        await screen.press("x", "y")
        assert run.sent == [Stop()]
        run.ended(completed=False, reason="stopped by the user")
        await screen.sees("stopped by the user after 0 epochs", "summary")
