"""Selects and sorts the rows of a comparison by what the user types and chooses."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from fitmon.engine.runs import comparison
from fitmon.engine.runs.comparison import ComparedBranch
from fitmon.text.comparison import EPOCHS, branch_name, setting_fields, setting_name, setting_text
from fitmon.text.pattern import matches

GIVEN, BEST, NAME = "as given", "best loss", "name"
"""The orders that every comparison has; the settings that differ come after them."""


def orders(settings: Sequence[str]) -> list[str]:
    """Return the names of all orders: settings are sorted by in the order in which they are shown."""
    return [GIVEN, BEST, NAME, *(setting_name(name) for name in settings if name != EPOCHS)]


def in_order(branches: Sequence[ComparedBranch], order: str, settings: Sequence[str]) -> list[ComparedBranch]:
    """Return branches sorted by one of `orders`; those without a value come last."""
    if order == BEST:
        data_loss = comparison.without_penalty(branches)
        losses = {branch.key: comparison.best_loss(branch.branch.best, data_loss=data_loss) for branch in branches}
        return sorted(branches, key=lambda branch: _nan_last(losses[branch.key]))
    if order == NAME:
        return sorted(branches, key=lambda branch: _natural(branch_name(branch)))
    name = next((name for name in settings if setting_name(name) == order), None)
    return list(branches) if name is None else sorted(branches, key=lambda branch: _setting_key(branch, name))


def matching(branches: Sequence[ComparedBranch], text: str, settings: Sequence[str]) -> list[ComparedBranch]:
    """Return the branches that match every word of a text, which may be regular expressions; empty text matches all.

    A word with `=` is looked for in the settings that differ, such as `lr=1e-3`, any other in names, states, and the
    values of settings.
    """
    return [branch for branch in branches if all(_matches(branch, word, settings) for word in text.split())]


def _matches(branch: ComparedBranch, word: str, settings: Sequence[str]) -> bool:
    if "=" in word:
        return matches("\n".join(setting_fields(branch, settings)), word)
    values = [setting_text(branch, name) for name in settings]
    return matches("\n".join([branch_name(branch), str(branch.run.state), *values]), word)


def _nan_last(value: float) -> tuple[bool, float]:
    return math.isnan(value), value


def _natural(text: str) -> list[tuple[bool, int, str]]:
    """Return a key by which `run-2` comes before `run-10`."""
    return [(part.isdigit(), int(part) if part.isdigit() else 0, part) for part in re.split(r"([0-9]+)", text)]


def _setting_key(branch: ComparedBranch, name: str) -> tuple[int, float, str]:
    """Return a key: numbers by size, then texts, then nothing; of a changed setting the last value counts."""
    match branch.setting(name)[-1:]:
        case (int() | float() as number,):
            return 0, float(number), ""
        case (str() as text,):
            return 1, 0.0, text
        case (tuple() as numbers,):
            return 0, float(sum(numbers)), str(numbers)
    return 2, 0.0, ""
