"""The diagnosis's findings in words: sentence, heading, remedy. Pure; control characters are removed."""

from __future__ import annotations

from collections.abc import Sequence

from fitmon.engine.finding import Finding, Remedy
from fitmon.engine.record.snapshot import Snapshot
from fitmon.text.format import clean, clip, settings, signs, wrap
from fitmon.text.roles import Role

GOOD_FINDINGS = frozenset({"good_fit", "learning_well"})
INCONCLUSIVE = frozenset({"too_early", "undecided"})
CERTAIN = frozenset({"checks_not_run"})
"""Facts that need no confidence."""
INFORMATIONAL = INCONCLUSIVE | CERTAIN | {"validation_looks_better", "weighted_loss"}
"""Findings that need no action."""

NOT_YET = "findings about the data appear once it is loaded, those about training after the first epoch"
WAITING = "nothing found in the data; findings about training appear after the first epoch"
NO_FINDINGS = "no findings"


def no_findings_message(snapshot: Snapshot) -> str:
    """Return that there are no findings, and as of when."""
    if not snapshot.epochs_done:
        waiting = NOT_YET if snapshot.started is None else WAITING
        return NO_FINDINGS if snapshot.over else waiting
    return f"{NO_FINDINGS} as of epoch {snapshot.epochs_done}"


def finding_name(finding: Finding) -> str:
    """Return the name of a finding, such as `learning rate too high`."""
    return clean(finding.name.replace("_", " "))


def finding_sentence(finding: Finding) -> str:
    """Return the sentence of a finding, with its name in front unless the sentence starts with it."""
    sentence, name = signs(clean(finding.sentence)), finding_name(finding)
    return sentence if sentence.lower().startswith(name.lower()) else f"{name}: {sentence}"


def confidence(finding: Finding) -> str:
    """Return the confidence in a finding, such as `95% sure`; empty for a fact, or while it is inconclusive."""
    return "" if finding.name in INCONCLUSIVE | CERTAIN else f"{finding.confidence * 100:.0f}% sure"


def epoch_range(finding: Finding) -> str:
    """Return the epochs of a finding, such as `epochs 2 to 9`."""
    first, last = finding.epochs
    if not last:
        return "in the data"
    return f"epoch {last}" if first == last else f"epochs {first} to {last}"


def finding_role(finding: Finding) -> Role:
    """Return how a finding is drawn: good, inconclusive, or something to act on."""
    if finding.name in GOOD_FINDINGS:
        return Role.GOOD
    return Role.PLAIN if finding.name in INFORMATIONAL else Role.STRONG


def advice(remedy: Remedy) -> str:
    """Return what to do, with the values as the screen shows settings, such as `5e-4`."""
    return settings(clean(remedy.advice))


def remedy_text(remedy: Remedy) -> str:
    """Return the advice, and the command line that tries it in a new run if this run cannot."""
    trying = f"; try it with: {clean(remedy.command_line)}" if remedy.command_line else ""
    return advice(remedy) + trying


def remedy_command(remedy: Remedy) -> str:
    """Return that command line with a prompt in front; empty if there is none."""
    return f"$ {clean(remedy.command_line)}" if remedy.command_line else ""


def wrapped(text: str, width: int, indent: str = "") -> list[str]:
    """Break text into lines of at most `width` cells that all begin with `indent`."""
    return [indent + line for line in wrap(text, width - len(indent), indent="")] if text else []


def truncated(lines: Sequence[str], max_lines: int, width: int) -> list[str]:
    """Return at most `max_lines` lines; if some are missing, the last one ends in `…`."""
    if len(lines) <= max_lines or max_lines < 1:
        return list(lines[: max(0, max_lines)])
    rest = " ".join(line.strip() for line in lines[max_lines:])
    return [*lines[: max_lines - 1], clip(f"{lines[max_lines - 1]} {rest}", width)]
