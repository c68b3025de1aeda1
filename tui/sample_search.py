"""Finds validation samples by what a user types: an index, or the name of a class. Pure but for the browser."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fitmon.text import format as form
from fitmon.tui.drawing.sample_browser import SampleBrowser


def search_samples(browser: SampleBrowser, text: str, names: Sequence[str]) -> str:
    """Choose the sample with an index, or list those of a class; return what was found as a sentence.

    Args:
        browser: whose choice changes if something is found.
        text: an index such as `17`; a class by name or number, such as `class 7` or `virginica`; a part of a name is
            enough if no other class has it.
        names: of the classes; may be empty.
    """
    wanted = text.strip()
    if wanted.isdecimal():
        return f"sample {wanted}" if browser.go_to(int(wanted)) else f"there is no sample {wanted}"
    name = re.sub(r"^class\s+", "", wanted, flags=re.IGNORECASE)
    matching = classes_named(name, names)
    if len(matching) > 1:
        return f"{form.clean(name)} could be {', '.join(form.clean(names[number]) for number in matching[:5])}"
    if not matching or not browser.list_class(matching[0]):
        return f"no sample has the class {form.clean(name)}; an index or a class was expected"
    label = names[matching[0]] if matching[0] < len(names) else str(matching[0])
    return f"samples of class {form.clean(label)} · c shows the next class"


def classes_named(name: str, names: Sequence[str]) -> list[int]:
    """Return the numbers of the classes that a name means: the one with that name, else all that contain it."""
    folded = [known.casefold() for known in names]
    if name.casefold() in folded:
        return [folded.index(name.casefold())]
    if name.isdecimal() and not names:
        return [int(name)]
    return [number for number, known in enumerate(folded) if name and name.casefold() in known]
