"""What the diagnosis found, in words: one line, a heading, what a remedy does. Pure, and free of control characters."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fitmon.engine.finding import Finding, Remedy
from fitmon.engine.record.snapshot import Snapshot
from fitmon.text.format import NO_BREAK, clean, clip, wrap
from fitmon.text.roles import Role

GOOD_NEWS = frozenset({"good_fit", "learning_well"})
NOTHING_YET = frozenset({"too_early", "undecided"})
TO_KNOW = NOTHING_YET | {"validation_looks_better"}
"""What asks for nothing to be done."""

WAITING = "nothing to say before the first epoch has ended"
NOTHING_FOUND = "nothing stands out"


def nothing_found(snapshot: Snapshot) -> str:
    """Say that there is no finding, and why."""
    if not snapshot.epochs_done:
        return NOTHING_FOUND if snapshot.over else WAITING
    return f"{NOTHING_FOUND} as of epoch {snapshot.epochs_done}"


def name_of(finding: Finding) -> str:
    """Return what a finding is called, such as `learning rate too high`."""
    return clean(finding.name.replace("_", " "))


def said(finding: Finding) -> str:
    """Return its sentence, its name before it unless the sentence begins with that."""
    sentence, name = clean(finding.sentence), name_of(finding)
    return sentence if sentence.lower().startswith(name.lower()) else f"{name}: {sentence}"


def sureness(finding: Finding) -> str:
    """Return how sure it is, such as `95 % sure`; empty where nothing is claimed yet."""
    return "" if finding.name in NOTHING_YET else f"{finding.confidence * 100:.0f} % sure"


def covered(finding: Finding) -> str:
    """Return which epochs it covers, such as `epochs 2 to 9`."""
    first, last = finding.epochs
    if not last:
        return "of the data"
    return f"epoch {last}" if first == last else f"epochs {first} to {last}"


def role_of(finding: Finding) -> Role:
    """Return how its sentence looks: good news, nothing yet, or something to act on."""
    if finding.name in GOOD_NEWS:
        return Role.GOOD
    return Role.PLAIN if finding.name in TO_KNOW else Role.STRONG


def remedy_words(remedy: Remedy) -> str:
    """Return what to do, and the command line that would try it in a new run where the run under way cannot."""
    trying = f"; try it with: {clean(remedy.command_line)}" if remedy.command_line else ""
    return clean(remedy.advice) + trying


def command_words(remedy: Remedy) -> str:
    """Return that command line as it would stand at a prompt; empty where there is none."""
    return f"$ {clean(remedy.command_line)}" if remedy.command_line else ""


def by_newest_evidence(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings with the newest evidence first; of equally new ones the strongest."""
    return sorted(findings, key=lambda finding: finding.epochs[::-1], reverse=True)


def wrapped(text: str, width: int, indent: str = "") -> list[str]:
    """Break text into lines of at most `width` cells that all begin with `indent`; a number keeps its per cent sign."""
    together = re.sub(r"(?<=\d) (?=%)", NO_BREAK, text)
    return [indent + line for line in wrap(together, width - len(indent), indent="")] if text else []


def shortened(lines: Sequence[str], most: int, width: int) -> list[str]:
    """Return at most so many of the lines; where some are missing, the last one shown ends in `…`."""
    if len(lines) <= most or most < 1:
        return list(lines[: max(0, most)])
    rest = " ".join(line.strip() for line in lines[most:])
    return [*lines[: most - 1], clip(f"{lines[most - 1]} {rest}", width)]
