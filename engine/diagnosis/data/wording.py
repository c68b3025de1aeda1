"""How findings about the data name classes, shares and parts of the data."""

from __future__ import annotations

from collections.abc import Sequence

from fitmon.engine.facts import Facts

OF_THE_DATA = (0, 0)
"""`Finding.epochs` where no epoch changes anything."""
MAX_NAMED = 3
MAX_NAME_LENGTH = 24


def class_name(facts: Facts, number: int) -> str:
    """Return the name of a class in a sentence, or its number."""
    names = facts.class_names
    if number >= len(names):
        return f"class {number}"
    name = names[number]
    return name if len(name) <= MAX_NAME_LENGTH else f"{name[: MAX_NAME_LENGTH - 1]}…"


def class_names(facts: Facts, numbers: Sequence[int]) -> str:
    """Return classes as words, such as `setosa and versicolor`; of many, the first few and how many more."""
    shown = [class_name(facts, number) for number in numbers[:MAX_NAMED]]
    rest = len(numbers) - len(shown)
    if rest:
        return f"{', '.join(shown)} and {rest} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def percent(share: float) -> str:
    """Return a share in percent, small ones with one decimal."""
    return f"{100 * share:.1f}%" if share < 0.1 else f"{100 * share:.0f}%"  # noqa: PLR2004 - a tenth


def samples(count: int) -> str:
    """Return a number of samples, such as `3 samples`."""
    return "1 sample" if count == 1 else f"{count} samples"
