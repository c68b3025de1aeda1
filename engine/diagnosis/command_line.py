"""The command line that starts a run like the current one, with some options changed."""

from __future__ import annotations

import shlex

from fitmon.engine.facts import Facts


def command_line(facts: Facts, *, without: str = "", **changed: str) -> str:
    """Return the command line of such a run; empty where none names its job.

    Args:
        facts: of the current run.
        without: an option to leave out.
        changed: options and their new values, by name with `_` instead of `-`.
    """
    if facts.options is None:
        return ""
    options = facts.options | {name.replace("_", "-"): value for name, value in changed.items()}
    words = [(f"--{name}", value) if value else (f"--{name}",) for name, value in options.items() if name != without]
    return shlex.join(["fitmon", facts.job, *(word for option in words for word in option)])
