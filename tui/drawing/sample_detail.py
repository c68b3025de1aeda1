"""Draws the chosen validation sample: its facts, its curves over the epochs, and the sample itself."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from fitmon.engine.insight.dynamics import DynamicsSnapshot, Kind
from fitmon.engine.insight.history import SampleCurve
from fitmon.text import format as form
from fitmon.text.roles import Role
from fitmon.text.rows import Row, filled, framed, row, width_of
from fitmon.tui.drawing.chosen_sample import ChosenSample
from fitmon.tui.drawing.sample_curve import draw_curve, gutter_of
from fitmon.tui.drawing.sample_facts import SampleFacts, class_names_of, name_of, shown_names
from fitmon.tui.drawing.sample_input import InputRoom, can_be_shown, draw_input, shows_image
from fitmon.tui.drawing.sample_probabilities import draw_probabilities
from fitmon.tui.drawing.sample_table import RIGHT, WRONG, change_words, loss_words, number_words, predicted_names

MIN_WIDTH = 20
"""Below this width only the title is drawn."""
WIDE = 64
"""From this width on, the sample is beside its facts and curves."""
LOW = 13
"""Below this height, a wide panel has the curves beside the facts as well."""
LOW_FACTS_WIDTH = 28
LOW_SAMPLE_WIDTH = 28
LEFT_WIDTH = 34
"""Cells left of an image, for the facts, probabilities and curves."""
MIN_CURVE, USUAL_CURVE, MAX_CURVE = 3, 5, 8
"""Rows of a curve: with fewer than the minimum there is none; more than the maximum show no more."""
AROUND_CURVE = 2
"""Rows of its heading and its epochs."""
MIN_CURVE_WIDTH = 16
MAX_NAME = 40
"""Cells of a class name; a longer one is clipped."""
GAP = 2

KIND_SENTENCES = {
    Kind.TOO_EARLY: "too early to classify",
    Kind.EASY: "easy: p(true) is high and stable",
    Kind.AMBIGUOUS: "ambiguous: p(true) varies, or is medium",
    Kind.HARD: "hard: p(true) is low and stable",
    Kind.UNSTABLE: "unstable: it keeps crossing the threshold",
    Kind.SUSPECT: "suspect: confident and wrong, maybe mislabeled",
}

Sentence = tuple[str, Role]


@dataclass(frozen=True, slots=True, eq=False)
class SampleParts:
    """What is drawn of a sample: sentences, curves, probabilities, and the sample itself."""

    chosen: ChosenSample
    sentences: list[Sentence]
    curve: SampleCurve
    threshold: float | None
    """The p(true) above which the prediction is right; None for no line."""

    def draw_curves(self, width: int, height: int) -> list[Row]:
        return draw_curves(self.curve, self.threshold, width, height)

    def draw_probabilities(self, width: int, height: int) -> list[Row]:
        return draw_probabilities(self.chosen, width, height)

    def draw_input(self, width: int, height: int) -> list[Row]:
        chosen = self.chosen
        room = InputRoom(width, height, paints=chosen.paints, scroll=chosen.scroll)
        return draw_input(chosen.samples, chosen.number, room)

    @property
    def is_image(self) -> bool:
        """Whether the sample itself is drawn as an image."""
        return shows_image(self.chosen.samples, self.chosen.number)


def draw_detail(chosen: ChosenSample, width: int, height: int) -> list[Row]:
    """Return the chosen sample in a frame of that outer size: facts, curves, and the sample itself."""
    facts = chosen.facts
    title = _title(facts, shown_names(chosen.names, MAX_NAME))
    if width < MIN_WIDTH:
        return framed(title, [], width, height)
    parts = SampleParts(chosen, fact_sentences(chosen, facts), chosen.curve, chosen.true_threshold)
    inside, room = width - 4, height - 2
    arrange = _stacked if inside < WIDE else _in_three if room < LOW else _in_two
    return framed(title, [row(" ", *line) for line in arrange(parts, inside, room)], width, height)


def _title(facts: SampleFacts, names: tuple[str, ...]) -> Row:
    label = f" · label {name_of(names, int(facts.labels[0]))}" if facts.labels is not None else ""
    return row((f"sample {facts.samples[0]}{label}", Role.STRONG))


def _in_two(parts: SampleParts, width: int, height: int) -> list[Row]:
    """Return facts above probabilities and curves, and the sample beside them, an image as large as possible."""
    drawn = parts.draw_input(width - GAP - LEFT_WIDTH if parts.is_image else width // 2, height)
    left = width - GAP - max(map(width_of, drawn), default=0)
    sentences = _wrapped(parts.sentences, left)
    room = height - len(sentences) - 1
    if left >= 2 * LEFT_WIDTH + GAP:
        half = (left - GAP) // 2
        below = beside(parts.draw_probabilities(half, room), half, parts.draw_curves(left - GAP - half, room))
    else:
        bars = _spaced(parts.draw_probabilities(left, room))
        below = [*bars, *parts.draw_curves(left, room - len(bars))]
    return beside([*sentences, row(), *below], left, drawn)


def _in_three(parts: SampleParts, width: int, height: int) -> list[Row]:
    """Return facts, probabilities (curves if they are unknown) and the sample side by side."""
    drawn = parts.draw_input(LOW_SAMPLE_WIDTH, height)
    left = width - GAP - max(map(width_of, drawn), default=0)
    room = left - LOW_FACTS_WIDTH - GAP
    few = parts.draw_probabilities(room, height) if parts.is_image else []
    between = few or parts.draw_curves(room, height)
    facts_width = LOW_FACTS_WIDTH if between else left
    return beside(beside(_wrapped(parts.sentences, facts_width), facts_width, between), left, drawn)


def _stacked(parts: SampleParts, width: int, height: int) -> list[Row]:
    """Return all parts stacked, the probabilities beside an image if they fit there.

    The curves are drawn in what the sample leaves, and the sample only if the curves keep their usual height.
    """
    # Sentences may use the margin at the right: the usual ones just fit then.
    sentences = _wrapped(parts.sentences, width + 1)
    room = height - len(sentences) - 1
    for_curves = (USUAL_CURVE + AROUND_CURVE) * (1 if _fits_beside(width) else 2) + 1
    drawn = _input_and_probabilities(parts, width, room - for_curves) if room > for_curves else []
    if not drawn:
        drawn = parts.draw_probabilities(width, room)
    curves = _spaced(parts.draw_curves(width, room - len(drawn) - bool(drawn)))
    return [*sentences, row(), *curves, *drawn]


def _input_and_probabilities(parts: SampleParts, width: int, height: int) -> list[Row]:
    """Return the sample with the probabilities beside it, else above it; empty without room for the sample."""
    drawn = parts.draw_input(width, height)
    taken = max(map(width_of, drawn), default=0)
    bars = parts.draw_probabilities(width - taken - GAP, height)
    if bars:
        return beside(drawn, taken, bars)
    above = _spaced(parts.draw_probabilities(width, height // 2))
    below = parts.draw_input(width, height - len(above)) if above else drawn
    return [*above, *below] if len(below) == len(drawn) or not parts.is_image else drawn


def _spaced(lines: list[Row]) -> list[Row]:
    return [*lines, row()] if lines else []


def beside(left: Sequence[Row], left_width: int, right: Sequence[Row]) -> list[Row]:
    """Return two blocks side by side, `GAP` cells between them."""
    height = max(len(left), len(right))
    padded = filled(left, left_width, height)
    return [
        (*line, (" " * GAP, Role.PLAIN), *(right[place] if place < len(right) else ()))
        for place, line in enumerate(padded)
    ]


def _wrapped(said: list[Sentence], width: int) -> list[Row]:
    return [row((line, role)) for text, role in said for line in form.wrap(text, width)]


def fact_sentences(chosen: ChosenSample, facts: SampleFacts) -> list[Sentence]:
    """Return the facts of one sample, the most important first."""
    observation = chosen.observation
    said = [_verdict(facts, class_names_of(observation, shown_names(chosen.names, MAX_NAME))), _numbers(facts)]
    if facts.kinds is not None:
        said.append((KIND_SENTENCES[Kind(int(facts.kinds[0]))], Role.PLAIN))
    if facts.changes is not None and facts.crossed is not None:
        before = "the last epoch" if observation.epoch > 1 else "the untrained model"
        crossed = f", crossed to {'right' if facts.right[0] else 'wrong'}" if facts.crossed[0] else ""
        said.append((f"p(true) {_moved(float(facts.changes[0]), before)}{crossed}", Role.PLAIN))
    if observation.dynamics is not None:
        said += _history(observation.dynamics, chosen.entry)
        if observation.scores.task == "binary" and chosen.threshold != observation.threshold:
            said.append((f"its history is at the run's threshold {form.setting(observation.threshold)}", Role.FAINT))
    if not can_be_shown(chosen.samples, chosen.number):
        said.append(("the input of the model cannot be shown", Role.FAINT))
    return said


def _verdict(facts: SampleFacts, names: tuple[str, ...]) -> Sentence:
    true = name_of(names, int(facts.true_class[0]))
    if not facts.is_number[0]:
        return f"{WRONG} wrong: true {true}, the prediction is NaN", Role.BAD
    predicted = predicted_names(facts, names)[0]
    if facts.right[0]:
        return f"{RIGHT} right: {true}", Role.GOOD
    return f"{WRONG} wrong: true {true}, predicted {predicted}", Role.BAD


def _numbers(facts: SampleFacts) -> Sentence:
    said = [
        f"p(true) {number_words(float(facts.probability_true[0]))}",
        f"margin {number_words(float(facts.margin[0]), '+')}",
    ]
    if facts.losses is not None:
        said.append(f"loss {loss_words(float(facts.losses[0]))}")
    return "  ".join(map(form.unbroken, said)), Role.PLAIN


def _moved(change: float, before: str) -> str:
    if not math.isfinite(change):
        return f"cannot be compared with {before}"
    return f"{change_words(change) if change else 'unchanged'} since {before}"


def _history(dynamics: DynamicsSnapshot, chosen: int) -> list[Sentence]:
    learned_epoch, epochs_scored = int(dynamics.learnt_epoch[chosen]), int(dynamics.seen[chosen])
    now = f"right since epoch {learned_epoch}" if learned_epoch else "wrong now"
    crossings = times(int(dynamics.crossings[chosen]), "never", "crossed")
    said = [f"{now} · {crossings} · {times(int(dynamics.forgotten[chosen]), 'never', 'forgotten')}"]
    if epochs_scored:
        epochs = "1 epoch" if epochs_scored == 1 else f"{form.count(epochs_scored)} epochs"
        mean, spread = float(dynamics.mean[chosen]), float(dynamics.spread[chosen])
        said.append(f"mean p(true) {mean:.3f}, spread {spread:.3f} ({epochs})")
    return [(text, Role.PLAIN) for text in said]


def times(number: int, none: str, verb: str) -> str:
    """Return how often something happened: `never crossed`, `crossed once`, `crossed 3 times`."""
    if not number:
        return f"{none} {verb}"
    return f"{verb} once" if number == 1 else f"{verb} {form.count(number)} times"


def draw_curves(curve: SampleCurve, threshold: float | None, width: int, height: int) -> list[Row]:
    """Return p(true) over the epochs, and the loss beside or below it if there is a loss per sample.

    With room for one curve only, it is p(true); with less, no rows. `threshold` is the p(true) above which the
    prediction is right, None for no line.
    """
    losses = [loss for loss in curve.losses if math.isfinite(loss)]
    if not curve.epochs or width < MIN_CURVE_WIDTH or height < MIN_CURVE + AROUND_CURVE:
        return []
    if not losses:
        return _probability_curve(curve, threshold, width, height)
    highest = max(losses) if max(losses) > 0 else 1.0
    if _fits_beside(width):
        # The heading of p(true) needs one more cell.
        left = (width - GAP) // 2 + 1
        probability = _probability_curve(curve, threshold, left, height)
        return beside(probability, left, _loss_curve(curve, highest, width - GAP - left, height))
    if height < 2 * (MIN_CURVE + AROUND_CURVE):
        return _probability_curve(curve, threshold, width, height)
    upper = _probability_curve(curve, threshold, width, height // 2)
    return [*upper, *_loss_curve(curve, highest, width, height - height // 2)]


def _fits_beside(width: int) -> bool:
    return width >= 2 * MIN_CURVE_WIDTH + GAP


def _probability_curve(curve: SampleCurve, threshold: float | None, width: int, height: int) -> list[Row]:
    labels = {0.0: "0", 1.0: "1"}
    if threshold is not None:
        labels[threshold] = form.setting(threshold)
    rows = min(MAX_CURVE, height - AROUND_CURVE)
    drawn = draw_curve(curve.epochs, curve.probability_true, width, rows, labels=labels, threshold=threshold)
    heading = _heading("p(true)", [_three_decimals(value) for value in curve.probability_true], width)
    return [heading, *drawn, _epochs_row(curve.epochs, gutter_of(labels), width)]


def _loss_curve(curve: SampleCurve, highest: float, width: int, height: int) -> list[Row]:
    labels = {0.0: "0", highest: _three_digits(highest)}
    drawn = draw_curve(curve.epochs, curve.losses, width, min(MAX_CURVE, height - AROUND_CURVE), labels=labels)
    heading = _heading("loss", [_three_digits(value) for value in curve.losses], width)
    return [heading, *drawn, _epochs_row(curve.epochs, gutter_of(labels), width)]


def _heading(title: str, values: list[str], width: int) -> Row:
    """Return the title with the first and the last value if both fit."""
    whole = f"{title} {values[0]} → {values[-1]}"
    short = len(values) == 1 or cell_len(whole) > width
    return row((form.clip(f"{title} {values[-1]}" if short else whole, width), Role.STRONG))


# A history in half precision has three digits.
def _three_decimals(value: float) -> str:
    return f"{value:.3f}" if math.isfinite(value) else form.ABSENT


def _three_digits(value: float) -> str:
    return form.ABSENT if math.isnan(value) else form.setting(float(f"{value:.3g}"))


def _epochs_row(epochs: tuple[int, ...], gutter: int, width: int) -> Row:
    first, last = f"epoch {epochs[0]}", str(epochs[-1])
    blank = max(1, width - gutter - len(first) - len(last))
    return row((" " * gutter + first + (" " * blank + last if len(epochs) > 1 else ""), Role.FAINT))
