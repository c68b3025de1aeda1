"""Draws the probabilities of one sample as bars: those of all classes, or of all its labels."""

import math
from dataclasses import dataclass

import numpy as np
from rich.cells import cell_len

from fitmon.text import format as form
from fitmon.text.roles import Role
from fitmon.text.rows import Row, row
from fitmon.tui.drawing.chosen_sample import ChosenSample
from fitmon.tui.drawing.sample_facts import name_of, shown_names
from fitmon.tui.drawing.thin_bar import thin_bar

RIGHT, WRONG = "✓", "✗"
MIN_WIDTH = 13
"""Below this width nothing is drawn."""
USUAL_WIDTH = 24
"""From this width on, probabilities have four decimals, not two."""
MAX_WIDTH = 44
"""Longer bars are no easier to read."""
MAX_NAME = 16
MIN_BAR = 4


@dataclass(frozen=True, slots=True)
class ClassProbability:
    """One class, or one label."""

    number: int
    probability: float
    """In [0, 1]; NaN if the prediction is NaN."""
    mark: str
    """Empty for a class that is neither true nor predicted."""

    @property
    def role(self) -> Role:
        return {RIGHT: Role.GOOD, WRONG: Role.BAD}.get(self.mark, Role.PLAIN)


def class_probabilities(chosen: ChosenSample) -> list[ClassProbability]:
    """Return the probabilities by class: the true one has `RIGHT`, a wrongly predicted one `WRONG`.

    Of several labels, those that apply have `RIGHT`, and those predicted wrongly `WRONG`. Empty if they are unknown.
    """
    values, scores = chosen.probabilities, chosen.observation.scores
    if values is None:
        return []
    if scores.labels > 1:
        entries = np.arange(len(values)) + chosen.number * scores.labels
        true = scores.true_class[entries] == 1
        wrong = (values > np.float32(chosen.threshold)) != true
    else:
        classes = np.arange(len(values))
        true = classes == scores.true_class[chosen.entry]
        predicted = classes == scores.answers(chosen.threshold)[chosen.entry]
        wrong = predicted & ~true & np.isfinite(scores.margin[chosen.entry])
    marks = [WRONG if is_wrong else RIGHT if is_true else "" for is_wrong, is_true in zip(wrong, true, strict=True)]
    numbered = enumerate(zip(values.tolist(), marks, strict=True))
    return [ClassProbability(number, value, mark) for number, (value, mark) in numbered]


def draw_probabilities(chosen: ChosenSample, width: int, height: int) -> list[Row]:
    """Return a heading and a bar for each class in class order; of many classes, the marked and most probable ones.

    Empty if the probabilities are unknown or there is no room.
    """
    classes = class_probabilities(chosen)
    room, width = height - 1, min(width, MAX_WIDTH)
    if not classes or room < min(len(classes), 3) or width < MIN_WIDTH:
        return []
    shown, rest = _shown(classes, room)
    lines = [_heading(chosen, width), *_bars(chosen, shown, width)]
    if rest:
        most = max((each.probability for each in rest if not math.isnan(each.probability)), default=math.nan)
        more = f"and {form.count(len(rest))} more" + ("" if math.isnan(most) else f", at most {most:.4f}")
        lines.append(row((form.clip(more, width), Role.FAINT)))
    return lines


def _shown(classes: list[ClassProbability], room: int) -> tuple[list[ClassProbability], list[ClassProbability]]:
    """Return the classes that are shown, in class order, and the others."""
    if len(classes) <= room:
        return classes, []
    by_importance = sorted(classes, key=lambda each: (not each.mark, -np.nan_to_num(each.probability)))
    shown = sorted(by_importance[: room - 1], key=lambda each: each.number)
    return shown, by_importance[room - 1 :]


def _heading(chosen: ChosenSample, width: int) -> Row:
    if chosen.observation.scores.labels > 1:
        title, legends = "labels", (f"{RIGHT} applies {WRONG} wrong", f"{RIGHT} yes {WRONG} wrong")
    elif chosen.facts.right[0]:
        title, legends = "probabilities", (f"{RIGHT} true, predicted", f"{RIGHT} true")
    else:
        title, legends = "probabilities", (f"{RIGHT} true {WRONG} predicted", f"{RIGHT} true {WRONG} pred.")
    for name, legend in ((title, legends[0]), ("p", legends[0])):
        if cell_len(f"{name}  {legend}") <= width:
            return row((name, Role.STRONG), (f"  {legend}", Role.FAINT))
    return row((form.clip(legends[1], width), Role.FAINT))


def _bars(chosen: ChosenSample, shown: list[ClassProbability], width: int) -> list[Row]:
    decimals = 4 if width >= USUAL_WIDTH else 2
    names = shown_names(chosen.names, MAX_NAME)
    texts = [name_of(names, each.number) for each in shown]
    room = max(1, width - 2 - 1 - MIN_BAR - 1 - (decimals + 2))
    name_width = min(room, max(map(cell_len, texts)))
    bar = width - 2 - name_width - 1 - 1 - (decimals + 2)
    rows = []
    for each, text in zip(shown, texts, strict=True):
        name = form.clip(text, name_width) or str(each.number)[:name_width]
        known = not math.isnan(each.probability)
        number = f"{each.probability:.{decimals}f}" if known else form.ABSENT
        drawn = thin_bar(each.probability if known else 0.0, bar)
        strong = Role.STRONG if each.mark else Role.PLAIN
        rows.append(
            row(
                (f"{each.mark:1} ", each.role),
                (name + " " * (name_width - cell_len(name)) + " ", strong),
                (drawn, each.role if each.mark else Role.FAINT),
                (f" {number:>{decimals + 2}}", strong),
            )
        )
    return rows
