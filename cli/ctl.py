"""`fitmon ctl`: control a run from a script."""

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
        facts, line = _send(folder, action)
    click.echo(json.dumps(facts, allow_nan=False) if given["json"] else line)
    return 0


def _send(folder: RunFolder, action: str) -> tuple[dict[str, Any], str]:
    from fitmon.engine.attach.steering import send_command
    from fitmon.engine.commands import Command, Pause, Resume, Stop

    commands: dict[str, Command] = {"pause": Pause(), "resume": Resume(), "stop": Stop(reason="stopped by fitmon ctl")}
    if action not in commands:
        raise UsageError(f"Expected {_ACTIONS}; received {action!r}.")
    send_command(folder, commands[action])
    when = ", takes effect at the end of the epoch" if action == "pause" else ""
    return {"run": folder.name, "requested": action}, f"{folder.name}: {action} requested{when}"


def _set(folder: RunFolder, knob: str, text: str) -> tuple[dict[str, Any], str]:
    from fitmon.engine.attach.steering import set_knob
    from fitmon.engine.knobs.catalogue import typed_knob

    named = typed_knob(knob)
    value = named.parse(text)
    epoch = set_knob(folder, named.name, value).epoch
    facts = {"run": folder.name, "knob": named.name, "value": value, "epoch": epoch}
    return facts, f"{folder.name}: {named.name} {value:g} from epoch {epoch}"


def _status(folder: RunFolder) -> tuple[dict[str, Any], str]:
    from fitmon.engine.attach.steering import status

    current = status(folder)
    return status_facts(folder, current), status_line(folder, current)


def state_of(folder: RunFolder, status: Status) -> str:
    """Return the state of a run in a word or two, such as `training`, `paused`, `finished` or `crashed`."""
    from fitmon.engine.events import RunEnded, RunFailed
    from fitmon.engine.runs.journal_reader import last_ending

    snapshot = status.snapshot
    match snapshot.ending:
        case RunEnded(completed=completed):
            return "finished" if completed else "stopped"
        case RunFailed():
            return "failed" if status.alive or last_ending(folder.journal_path) else "crashed"
    return str(snapshot.phase) if snapshot.paused is None else "paused"


def status_facts(folder: RunFolder, status: Status) -> dict[str, Any]:
    """Return the status of a run as plain data; NaN and infinity, which JSON does not have, become None."""
    snapshot = status.snapshot
    return {
        "run": folder.name,
        "state": state_of(folder, status),
        "alive": status.alive,
        "detached": bool(snapshot.detached),
        "epoch": snapshot.epoch,
        "epochs": snapshot.epochs,
        "epochs_done": snapshot.epochs_done,
        "step": snapshot.step,
        "steps": snapshot.steps,
        "branch": snapshot.branch.number,
        "seconds_per_epoch": snapshot.seconds_per_epoch,
        "seconds_left": snapshot.seconds_left,
        "metrics": {name: value if math.isfinite(value) else None for name, value in _last_metrics(snapshot)},
        "best_epoch": None if snapshot.best is None else snapshot.best.epoch,
        "knobs": {knob.name: knob.value for knob in snapshot.knobs},
        "pending": {
            knob.name: {"value": knob.pending, "epoch": knob.pending_epoch}
            for knob in snapshot.knobs
            if knob.pending is not None
        },
        "findings": msgspec.to_builtins(snapshot.findings),
        "disk_trouble": snapshot.disk_trouble,
        "message": _message(snapshot),
    }


def status_line(folder: RunFolder, status: Status) -> str:
    """Return the status of a run as a line of text."""
    from fitmon.text.format import clean, duration, measured, pace

    snapshot = status.snapshot
    words = [folder.name, state_of(folder, status)]
    if snapshot.epochs:
        words.append(f"epoch {snapshot.epochs_done if snapshot.over else snapshot.epoch}/{snapshot.epochs}")
    if not snapshot.over and snapshot.steps:
        words.append(f"step {snapshot.step}/{snapshot.steps}")
    words += [f"{name} {measured(value)}" for name, value in _last_metrics(snapshot)]
    if not snapshot.over and snapshot.seconds_per_epoch is not None:
        words += [pace(snapshot.seconds_per_epoch), f"{duration(snapshot.seconds_left)} left"]
    strongest = snapshot.findings[0].sentence if snapshot.findings else ""
    return clean(
        "  ".join([*words, *(word for word in (strongest, snapshot.disk_trouble, _message(snapshot)) if word)])
    )


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
        click.Option(["--json"], is_flag=True, help="Print a JSON object."),
    ],
    _ctl,
    f"Control RUN from a script. ACTION is {_ACTIONS}; set waits until the run accepts or refuses the change.",
    # A negative number is not an option.
    ignore_unknown_options=True,
)
