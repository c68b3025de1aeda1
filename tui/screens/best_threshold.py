"""The dialog that finds the best threshold for a goal."""

import math
from typing import ClassVar

import numpy as np
from textual.binding import BindingType
from textual.widgets import Input

from fitmon.engine.errors import UsageError
from fitmon.engine.insight.observer import Observation
from fitmon.engine.insight.scores import SampleScores
from fitmon.engine.insight.threshold_choice import Goal, ThresholdChoice, best_threshold, counts_at
from fitmon.engine.knobs.catalogue import Knob
from fitmon.text import format as form
from fitmon.tui.drawing.key_effects import NO_THRESHOLD
from fitmon.tui.screens.number_dialog import NumberDialog

COST_RATIO = Knob(
    name="the cost ratio", label="cost", minimum=0, minimum_included=False, maximum=1_000_000_000, example="5"
)
"""The cost of a false negative, in false positives. Beyond the maximum only false negatives count."""

ROOMY_HEIGHT, ROOMY_WIDTH = 16, 64
"""On a smaller terminal optional lines are left out, so that every key is visible."""

GOALS: tuple[tuple[str, Goal, str], ...] = (
    ("a", "accuracy", "accuracy"),
    ("f", "f1", "F1"),
    ("b", "balanced_accuracy", "balanced accuracy"),
)
"""The goals without a parameter: key, goal, name."""


def why_no_best(scores: SampleScores) -> str:
    """Return why these samples have no best threshold, in words for the user; empty if they have one."""
    if scores.probability is None:
        return NO_THRESHOLD
    if not len(scores):
        return "no best threshold: there are no validation samples"
    if not np.isfinite(scores.probability).all():
        return "no best threshold while predictions are NaN"
    if len(np.unique(scores.true_class)) == 1:
        return "no best threshold: all validation samples are of one class"
    return ""


class BestThresholdDialog(NumberDialog[float]):
    """Lists goals with the best threshold for each; its result is the chosen threshold.

    While a cost ratio is typed, its threshold is shown at once, so that Enter applies what is visible.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *((key, f"take({goal!r})", name) for key, goal, name in GOALS),
        ("c", "ask_cost_ratio", "cost ratio"),
    ]

    def __init__(self, observation: Observation, threshold: float) -> None:
        """Compute the best thresholds.

        Args:
            observation: of samples for which `why_no_best` is empty; later observations are ignored.
            threshold: in [0, 1], the current one.
        """
        super().__init__()
        self._scores = scores = observation.scores
        self._epoch = observation.epoch
        self._threshold = threshold
        self._counts = counts_at(scores, threshold)
        self._best = {goal: best_threshold(scores, goal) for _, goal, _ in GOALS}
        self._ratio_step = False

    def heading(self) -> list[str]:
        return self._ratio_lines() if self._ratio_step else self._goal_lines()

    def _goal_lines(self) -> list[str]:
        blank = [""] if self.app.size.height >= ROOMY_HEIGHT else []
        return [
            "best threshold",
            f"now {form.setting(self._threshold)}; which goal?",
            *blank,
            *(f"{key}  {name:17}  {self._comparison(self._best[goal])}" for key, goal, name in GOALS),
            f"c  {'cost ratio':17}  enter the cost of a false negative",
            *blank,
            f"chosen on the samples of epoch {self._epoch}, so slightly optimistic",
        ]

    def _comparison(self, choice: ThresholdChoice | None) -> str:
        now = None if self._counts is None or choice is None else getattr(self._counts, choice.goal)
        if choice is None or now is None:
            return form.ABSENT
        best = f"{form.measured(choice.value)} at {form.setting(choice.threshold)}"
        if self.app.size.width < ROOMY_WIDTH:
            return best
        return f"{best:16}  now {form.measured(now)} at {form.setting(self._threshold)}"

    def _ratio_lines(self) -> list[str]:
        expected = f"{COST_RATIO.interval()}, such as {COST_RATIO.example}"
        return [
            "cost ratio",
            "a false negative costs as much as … false positives",
            *([expected] if self.app.size.height >= ROOMY_HEIGHT else []),
            self._cost_line(self.query_one(Input).value),
        ]

    def _cost_line(self, text: str) -> str:
        try:
            ratio = COST_RATIO.parse(text)
        except UsageError:
            return "the best threshold is shown here"
        choice = self._cheapest(ratio)
        now = "" if self._counts is None else f"   now {_cost(self._counts.cost(ratio))}"
        return f"cost {_cost(choice.value)} at {form.setting(choice.threshold)}{now} at {form.setting(self._threshold)}"

    def _cheapest(self, ratio: float) -> ThresholdChoice:
        choice = best_threshold(self._scores, "cost", ratio)
        if choice is None:
            raise UsageError(why_no_best(self._scores))
        return choice

    def parse(self, text: str) -> float:
        return self._cheapest(COST_RATIO.parse(text)).threshold

    def step(self, text: str, up: bool) -> str:
        try:
            ratio = COST_RATIO.parse(text)
        except UsageError:
            return COST_RATIO.example
        return form.setting(min(ratio * 2 if up else ratio / 2, COST_RATIO.maximum))

    def keys_hint(self) -> str:
        return "enter apply   ↑ ↓ double, halve   esc goals" if self._ratio_step else "a f b c select   esc back"

    def describe(self) -> None:
        super().describe()
        field = self.query_one(Input)
        field.display = self._ratio_step
        # A field that is only hidden would still receive the keys of the goals.
        field.disabled = not self._ratio_step

    def on_input_changed(self, _event: Input.Changed) -> None:
        self.describe()

    def action_take(self, goal: Goal) -> None:
        choice = self._best[goal]
        if choice is not None:
            self.dismiss(choice.threshold)

    def action_ask_cost_ratio(self) -> None:
        self._ratio_step = True
        self.describe()
        self.query_one(Input).focus()

    def action_back(self) -> None:
        if not self._ratio_step:
            self.dismiss(None)
            return
        self._ratio_step = False
        self.describe()


def _cost(value: float) -> str:
    return form.count(int(value)) if value == math.floor(value) else form.measured(value)
