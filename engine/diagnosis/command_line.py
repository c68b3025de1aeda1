"""The command line that begins a run like the one under way, with some options changed."""

from __future__ import annotations

import shlex

from fitmon.engine.facts import Facts


def command_line(facts: Facts, *, without: str = "", **changed: str) -> str:
    """Return what begins such a run anew; empty where no command line names its job.

    Args:
        facts: of the run under way.
        without: an option that is left out.
        changed: options with their new values, by name with `_` in place of `-`.
    """
    if facts.options is None:
        return ""
    options = facts.options | {name.replace("_", "-"): value for name, value in changed.items()}
    words = [(f"--{name}", value) if value else (f"--{name}",) for name, value in options.items() if name != without]
    return shlex.join(["fitmon", facts.job, *(word for option in words for word in option)])
