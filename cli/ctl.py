"""`fitmon ctl`: steer a run from a script."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import click
import msgspec

from fitmon.cli.run_command import find_run, run_command
from fitmon.engine.errors import UsageError

if TYPE_CHECKING:
    from fitmon.engine.attach.steering import Status
    from fitmon.engine.record.snapshot import Snapshot
    from fitmon.engine.runs.run_folder import RunFolder

_ACTIONS = "pause, resume, stop, status or set KNOB VALUE"


def _ctl(**given: Any) -> int:
    folder, action, words = find_run(given), given["action"], given["words"]
    if len(words) != (2 if action == "set" else 0):
        raise UsageError(f"Expected {_ACTIONS}; received {' '.join([action, *words])!r}.")
    if action == "status":
        facts, line = _status(folder)
    elif action == "set":
        facts, line = _set(folder, *words)
    else:
        facts, line = _ask(folder, action)
    click.echo(json.dumps(facts, allow_nan=False) if given["json"] else line)
    return 0


def _ask(folder: RunFolder, action: str) -> tuple[dict[str, Any], str]:
    from fitmon.engine.attach.steering import ask
    from fitmon.engine.commands import Command, Pause, Resume, Stop

    commands: dict[str, Command] = {"pause": Pause(), "resume": Resume(), "stop": Stop(reason="stopped by fitmon ctl")}
    if action not in commands:
        raise UsageError(f"Expected {_ACTIONS}; received {action!r}.")
    ask(folder, commands[action])
    when = " when its epoch has ended" if action == "pause" else ""
    return {"run": folder.name, "asked": action}, f"asked {folder.name} to {action}{when}"


def _set(folder: RunFolder, knob: str, text: str) -> tuple[dict[str, Any], str]:
    from fitmon.engine.attach.steering import set_knob
    from fitmon.engine.knobs.catalogue import knob_named

    value = knob_named(knob).parse(text)
    epoch = set_knob(folder, knob, value).epoch
    facts = {"run": folder.name, "knob": knob, "value": value, "epoch": epoch}
    return facts, f"{folder.name}: {knob} {value:g} from epoch {epoch}"


def _status(folder: RunFolder) -> tuple[dict[str, Any], str]:
    from fitmon.engine.attach.steering import status

    found = status(folder)
    return status_facts(folder, found), status_line(folder, found)


def state_of(folder: RunFolder, status: Status) -> str:
    """Return in a word or two what a run does, such as `training`, `paused`, `finished` or `crashed`."""
    from fitmon.engine.events import RunEnded, RunFailed
    from fitmon.engine.runs.journal_reader import last_ending

    seen = status.snapshot
    match seen.ending:
        case RunEnded(completed=completed):
            return "finished" if completed else "stopped"
        case RunFailed():
            return "failed" if status.alive or last_ending(folder.journal_path) else "crashed"
    return str(seen.phase) if seen.paused is None else "paused"


def status_facts(folder: RunFolder, status: Status) -> dict[str, Any]:
    """Return how a run stands as plain data; a number that JSON does not have is None."""
    seen = status.snapshot
    return {
        "run": folder.name,
        "state": state_of(folder, status),
        "alive": status.alive,
        "detached": bool(seen.detached),
        "epoch": seen.epoch,
        "epochs": seen.epochs,
        "epochs_done": seen.epochs_done,
        "step": seen.step,
        "steps": seen.steps,
        "branch": seen.branch.number,
        "seconds_per_epoch": seen.seconds_per_epoch,
        "seconds_left": seen.seconds_left,
        "metrics": {name: value if math.isfinite(value) else None for name, value in _last_metrics(seen)},
        "best_epoch": None if seen.best is None else seen.best.epoch,
        "knobs": {knob.name: knob.value for knob in seen.knobs},
        "pending": {
            knob.name: {"value": knob.pending, "epoch": knob.pending_epoch}
            for knob in seen.knobs
            if knob.pending is not None
        },
        "findings": msgspec.to_builtins(seen.findings),
        "disk_trouble": seen.disk_trouble,
        "message": _message(seen),
    }


def status_line(folder: RunFolder, status: Status) -> str:
    """Return how a run stands, in a line for people."""
    from fitmon.text.format import clean, duration, measured, pace

    seen = status.snapshot
    words = [folder.name, state_of(folder, status)]
    if seen.epochs:
        words.append(f"epoch {seen.epoch}/{seen.epochs}")
    if not seen.over and seen.steps:
        words.append(f"step {seen.step}/{seen.steps}")
    words += [f"{name} {measured(value)}" for name, value in _last_metrics(seen)]
    if not seen.over and seen.seconds_per_epoch is not None:
        words += [pace(seen.seconds_per_epoch), f"left {duration(seen.seconds_left)}"]
    strongest = seen.findings[0].sentence if seen.findings else ""
    return clean("  ".join([*words, *(word for word in (strongest, seen.disk_trouble, _message(seen)) if word)]))


def _last_metrics(snapshot: Snapshot) -> list[tuple[str, float]]:
    return [(name, float(curve.values[-1])) for name, curve in snapshot.metrics.items() if len(curve)]


def _message(snapshot: Snapshot) -> str:
    from fitmon.engine.events import RunEnded, RunFailed

    match snapshot.ending:
        case RunFailed(message=message):
            return message
        case RunEnded(reason=reason, completed=False):
            return reason
    return ""


ctl = run_command(
    "ctl",
    [
        click.Argument(["run"]),
        click.Argument(["action"]),
        click.Argument(["words"], nargs=-1, metavar="[KNOB VALUE]"),
        click.Option(["--json"], is_flag=True, help="Answer with a JSON object."),
    ],
    _ctl,
    f"Steer RUN from a script: {_ACTIONS}. A change of a knob is answered when the run has taken it.",
    # A number below zero is no option.
    ignore_unknown_options=True,
)
