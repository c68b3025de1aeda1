"""The key k writes the model of a run that is over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from fitmon.engine import events
from fitmon.engine.commands import Export
from fitmon.tui.options import RewindOptions
from fitmon.tui.screens.export_dialog import ExportDialog, default_file
from tests.tui.fake_run import FakeRun, shown


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def over() -> FakeRun:
    run = FakeRun().begin()
    for epoch, val_loss in enumerate((0.9, 0.5, 0.6), 1):
        run.epoch_ended(epoch, None, loss=1 / epoch, val_loss=val_loss)
    return run.ended()


async def test_enter_writes_the_best_weights_into_a_file_called_after_the_run_at_every_size(folder: Path) -> None:
    run = over()
    async with shown(run) as screen:
        for size in ((120, 40), (80, 24), (40, 10)):
            await screen.pilot.resize_terminal(*size)
            await screen.press("k")
            await screen.sees("▸ best weights, of epoch 2", "last weights, of epoch 3", "mnist.keras", "enter export")
            await screen.press("enter")
            assert run.sent.pop() == Export(path=str(folder / "mnist.keras"))
        assert not run.sent


async def test_tab_selects_the_last_weights_and_another_name_can_be_typed(folder: Path) -> None:
    run = over()
    async with shown(run) as screen:
        await screen.press("k", "tab")
        await screen.sees("▸ last weights, of epoch 3")
        await screen.press("home", "a", "enter")
        assert run.sent == [Export(path=str(folder / "amnist.keras"), keep="last")]


async def test_an_existing_file_is_replaced_only_after_a_second_enter(folder: Path) -> None:
    (folder / "mnist.keras").write_text("mine")
    run = over()
    async with shown(run) as screen:
        await screen.press("k", "enter")
        await screen.sees("mnist.keras exists. Press enter again to replace it.")
        assert not run.sent
        await screen.press("enter")
        assert run.sent == [Export(path=str(folder / "mnist.keras"), replace=True)]


async def test_a_file_that_could_not_be_written_is_refused_at_once() -> None:
    run = over()
    async with shown(run) as screen:
        for typed, said in (
            ("model", "model does not end in .keras"),
            ("no/x.keras", "does not exist. Create it first."),
        ):
            await screen.press("k")
            screen.app.screen.query_one(Input).value = typed
            await screen.press("enter")
            await screen.sees(said)
            await screen.press("escape")
        assert not run.sent


async def test_the_result_is_shown_in_the_header() -> None:
    run = over()
    async with shown(run) as screen:
        run.tell(events.ModelExported(path="/here/m.keras", keep="best", epoch=2))
        await screen.sees("best weights (epoch 2) exported to /here/m.keras")
        run.tell(events.ExportFailed(path="/here/m.keras", reason="The disk is full."))
        await screen.sees("export to /here/m.keras failed: The disk is full.")


@pytest.mark.parametrize(
    ("run", "options", "said"),
    [
        pytest.param(FakeRun().begin().epoch_ended(1), {}, "after the run has ended", id="it continues"),
        pytest.param(FakeRun().begin().ended(), {}, "no epoch was completed", id="no epoch"),
        pytest.param(over(), {"read_only": True, "viewer": True}, "export it with: fitmon resume", id="recorded"),
        pytest.param(
            over(),
            {"rewind": RewindOptions(why_not=lambda: "this run is not kept")},
            "start it with --export FILE.keras",
            id="no process to write it",
        ),
    ],
)
async def test_if_nothing_can_be_written_the_key_shows_the_reason(
    run: FakeRun, options: dict[str, Any], said: str
) -> None:
    async with shown(run, **options) as screen:
        await screen.press("k")
        await screen.sees(said)
        assert not isinstance(screen.app.screen, ExportDialog)


@pytest.mark.parametrize(
    ("name", "file"), [("a/b c", "a-b-c.keras"), ("..", "model.keras"), ("mnist-1", "mnist-1.keras")]
)
def test_the_name_offered_is_a_plain_one(name: str, file: str) -> None:
    assert default_file(name) == file
