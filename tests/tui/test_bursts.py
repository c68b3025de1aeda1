"""Keys that arrive in one packet, as over a slow link, act as if they were typed slowly."""

from __future__ import annotations

import asyncio
import random
import sys
from pathlib import Path

import pytest
from textual.events import Key
from textual.keys import _character_to_key

from fitmon.engine.commands import Command, Rewind, SetKnob, Stop
from fitmon.tui.escape_keys import ESCAPE, split_escapes
from fitmon.tui.screens.monitor import MonitorScreen
from tests.pseudo_terminal import Pseudo
from tests.tui.demo_talk import told, until_told
from tests.tui.fake_run import FakeRun, Shown, shown

NAMES = {"\r": "enter", "\t": "tab", "\x7f": "backspace", ESCAPE: "escape", " ": "space"}

PACKETS: list[tuple[str, list[Command], float]] = [
    ("l5e-4\r", [SetKnob(knob="learning_rate", value=5e-4)], 0.5),
    ("t0.3\r", [], 0.3),
    ("z\rlr=7e-4\r", [Rewind(epoch=4, branch=1, changes={"learning_rate": 7e-4})], 0.5),
    ("z\r7e-4\t\t1e-3\r", [Rewind(epoch=4, branch=1, changes={"learning_rate": 7e-4, "l1": 1e-3})], 0.5),
    ("b12\x7f28\re2\x7f15\r", [SetKnob(knob="batch_size", value=128), SetKnob(knob="epochs", value=15)], 0.5),
    ("l9" + ESCAPE + "xy", [Stop()], 0.5),
    ("?" + ESCAPE + "l1e-4\tx\x7f1\r", [SetKnob(knob="learning_rate", value=1e-4), SetKnob(knob="l2", value=1)], 0.5),
]
"""What is typed, and the commands and the threshold that it means."""


def key_event(character: str) -> Key:
    name = NAMES.get(character) or (character if character.isalnum() else _character_to_key(character))
    return Key(name, character)


async def settled(screen: Shown) -> None:
    await screen.pilot.pause(0)
    await screen.until(lambda: not screen.app.ordered_keys.busy)


def two_classes() -> FakeRun:
    return FakeRun().begin(class_names=("no", "yes")).epochs(4)


@pytest.mark.slow
@pytest.mark.parametrize(("packet", "commands", "threshold"), PACKETS, ids=[repr(packet) for packet, _, _ in PACKETS])
async def test_a_packet_does_what_its_keys_say_however_it_is_split(
    packet: str, commands: list[Command], threshold: float
) -> None:
    """The pauses are zero or as long as a dialog takes to open, at random places."""
    run, dice = two_classes(), random.Random(packet)  # noqa: S311 - no secret
    async with shown(run) as screen:
        for _ in range(20):
            run.sent.clear()
            screen.app.threshold = 0.5
            for character in packet:
                screen.app.post_message(key_event(character))
                if dice.random() < 0.3:
                    await asyncio.sleep(dice.choice((0.0, 0.0, 0.001, 0.01)))
            await settled(screen)
            assert (run.sent, screen.app.threshold) == (commands, threshold)
            assert isinstance(screen.app.screen, MonitorScreen)


async def test_ctrl_c_behind_unfinished_text_still_stops_at_once() -> None:
    run = two_classes()
    async with shown(run) as screen:
        for event in (*map(key_event, "l5e"), Key("ctrl+c", "\x03")):
            screen.app.post_message(event)
        await screen.until(lambda: screen.app.return_value == 130)
    assert run.sent == [Stop()]


@pytest.mark.parametrize(
    ("received", "pieces", "rest"),
    [
        ("abc", ["abc"], ""),
        (ESCAPE, [], ESCAPE),
        (ESCAPE + "q", [ESCAPE, "q"], ""),
        ("5" + ESCAPE + "z\r", ["5", ESCAPE, "z\r"], ""),
        (ESCAPE * 2, [ESCAPE], ESCAPE),
        (ESCAPE + "\r", [ESCAPE, "\r"], ""),
        (ESCAPE + "[A" + ESCAPE + "OP", [ESCAPE + "[A" + ESCAPE + "OP"], ""),
        (ESCAPE + "]11;rgb:0/0/0" + ESCAPE + "\\x", [ESCAPE + "]11;rgb:0/0/0" + ESCAPE + "\\x"], ""),
    ],
)
def test_an_escape_key_is_told_from_the_start_of_a_code(received: str, pieces: list[str], rest: str) -> None:
    assert split_escapes(received) == (pieces, rest)


@pytest.mark.slow
def test_whole_packets_written_to_a_real_terminal_do_what_they_say(tmp_path: Path) -> None:
    log = tmp_path / "run" / "output.log"
    demo = Path(__file__).with_name("demo.py")
    with Pseudo([sys.executable, str(demo), "steers", str(log)]) as terminal:
        terminal.until("epoch 2/10")
        terminal.type("l5e-4\r")
        until_told(log, "SetKnob(knob='learning_rate', value=0.0005")
        terminal.type("t0.3\r")
        terminal.until("threshold 0.3")
        terminal.type("z\rlr=7e-4\r")
        until_told(log, "Rewind(epoch=1, branch=1, changes={'learning_rate': 0.0007}")
        terminal.type("l123" + ESCAPE + "b32\r")
        until_told(log, "SetKnob(knob='batch_size', value=32.0")
        assert len(told(log)) == 3
        terminal.type("l5e-4" + ESCAPE + "qs")
        assert terminal.exit_code() == 130
        assert told(log)[3].startswith("Stop(")
