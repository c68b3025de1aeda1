"""Draws all findings with evidence and remedies, the comparison of losses, and the effect of every change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from fitmon.engine.finding import Finding
from fitmon.engine.record.snapshot import Snapshot
from fitmon.text import finding_words as words
from fitmon.text import format as form
from fitmon.text.outcome_words import outcome_sentences
from fitmon.text.remedies import RemedyChoice, choices_of
from fitmon.text.roles import Role
from fitmon.text.rows import Row, fitted, row
from fitmon.tui.drawing.generalization_gap import draw_gap
from fitmon.tui.frame import Frame

INDENT = "  "
GAP = "   "
TWO_COLUMNS = 130
"""From this width on, losses and changes are beside the findings: longer lines are hard to read."""


def draw_findings(frame: Frame, width: int) -> list[Row]:
    """Return the whole list, of any height, in rows of at most `width` + 1 cells."""
    snapshot = frame.snapshot
    findings_width = width * 3 // 5 if width >= TWO_COLUMNS else width
    choices = choices_of(snapshot, frame.rewind_choices)
    lines = [
        line
        for finding in snapshot.findings
        for line in (*_finding(finding, choices, findings_width, keyed=not frame.read_only), row())
    ]
    if not lines:
        lines = [*_rows(words.no_findings_message(snapshot), findings_width, Role.FAINT, ""), row()]
    if width < TWO_COLUMNS:
        return [*lines, *_comparisons(snapshot, width)][:-1]
    beside = _comparisons(snapshot, width - findings_width - len(GAP))
    return [
        (*fitted(one, findings_width + 1), (GAP, Role.PLAIN), *other)
        for one, other in zip_longest(lines, beside, fillvalue=())
    ]


def _comparisons(snapshot: Snapshot, width: int) -> list[Row]:
    """Return comparable losses and the effects of changes, each with a blank line after it."""
    parts = (draw_gap(snapshot, width), _outcomes(snapshot, width))
    return [line for part in parts if part for line in (*part, row())]


def _finding(finding: Finding, choices: Sequence[RemedyChoice], width: int, *, keyed: bool) -> Iterator[Row]:
    """Yield one finding: its sentence, its evidence, its cause, and its remedies."""
    yield from _rows(words.finding_sentence(finding), width, words.finding_role(finding), "")
    evidence = [words.epoch_range(finding), words.confidence(finding)]
    yield row((f" {INDENT}{' · '.join(filter(None, evidence))}", Role.FAINT))
    yield from _rows(_explanation(finding), width, Role.PLAIN)
    for choice in choices:
        if choice.finding is finding:
            yield from _remedy(choice, width, keyed=keyed)


def _remedy(choice: RemedyChoice, width: int, *, keyed: bool) -> Iterator[Row]:
    key = f"[a {choice.number}]" if keyed and choice.number else ""
    refusal = f" ({form.clean(choice.refusal)})" if choice.refusal else ""
    text = f"{form.unbroken(key)} {words.advice(choice.remedy)}{refusal}".strip()
    first, *more = words.wrapped(text, width, f"{INDENT}  ")
    yield row(f" {INDENT}→ ", (key, Role.MARK), first[len(INDENT) + 2 + len(key) :])
    yield from (row(f" {line}") for line in more)
    yield from _rows(words.remedy_command(choice.remedy), width, Role.PLAIN, f"{INDENT}  ")
    yield from _rows(form.clean(choice.remedy.expect), width, Role.FAINT, f"{INDENT}  ")


def _rows(text: str, width: int, role: Role, indent: str = INDENT) -> list[Row]:
    return [row((f" {line}", role)) for line in words.wrapped(text, width, indent)]


def _explanation(finding: Finding) -> str:
    # The rules load numpy, which the first frame must not wait for.
    from fitmon.engine.diagnosis.rules import explanation_of

    return form.clean(explanation_of(finding.name))


def _outcomes(snapshot: Snapshot, width: int) -> list[Row]:
    outcomes = outcome_sentences(snapshot)
    rows = [line for sentence in outcomes for line in _rows(sentence, width, Role.PLAIN)]
    return [row((" changes and their effect", Role.STRONG)), *rows] if outcomes else []
