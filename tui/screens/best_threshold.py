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
from fitmon.tui.screens.number_dialog import NumberDialog

COST_RATIO = Knob(
    name="the cost ratio", label="cost", minimum=0, minimum_included=False, maximum=1_000_000_000, example="5"
)
"""What one missed positive costs, in false alarms. Beyond the maximum a missed positive is all that counts."""

ROOMY_HEIGHT, WHOLE_WIDTH = 16, 64
"""On a smaller terminal what can be done without is left out, so that every key is seen."""

GOALS: tuple[tuple[str, Goal, str], ...] = (
    ("a", "accuracy", "accuracy"),
    ("f", "f1", "F1"),
    ("b", "balanced_accuracy", "balanced accuracy"),
)
"""The goals that need nothing more: key, goal, name."""


def why_no_best(scores: SampleScores) -> str:
    """Return why these samples have no best threshold, for the user to read; empty when they have one."""
    if scores.probability is None:
        return "a threshold has no meaning for several classes: the largest probability wins"
    if not len(scores):
        return "no threshold is best: there are no validation samples"
    if not np.isfinite(scores.probability).all():
        return "no threshold is best while predictions are not numbers"
    if len(np.unique(scores.true_class)) == 1:
        return "no threshold is best: all validation samples are of one class"
    return ""


class BestThresholdDialog(NumberDialog[float]):
    """Lists goals with the best threshold for each; its answer is the threshold chosen.

    While a cost ratio is asked for, what has been typed so far is worked out at once, so that Enter takes what is seen.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *((key, f"take({goal!r})", name) for key, goal, name in GOALS),
        ("c", "ask_cost_ratio", "cost ratio"),
    ]

    def __init__(self, observation: Observation, threshold: float) -> None:
        """Work out the best thresholds.

        Args:
            observation: of samples for which `why_no_best` finds nothing; what comes later is not looked at.
            threshold: in [0, 1], the one that holds now.
        """
        super().__init__()
        self._scores = scores = observation.scores
        self._epoch = observation.epoch
        self._threshold = threshold
        self._counts = counts_at(scores, threshold)
        self._best = {goal: best_threshold(scores, goal) for _, goal, _ in GOALS}
        self._asks_ratio = False

    def wanted(self) -> list[str]:
        return self._ratio_lines() if self._asks_ratio else self._goal_lines()

    def _goal_lines(self) -> list[str]:
        apart = [""] if self.app.size.height >= ROOMY_HEIGHT else []
        return [
            "best threshold",
            f"now {form.setting(self._threshold)}; what matters most?",
            *apart,
            *(f"{key}  {name:17}  {self._comparison(self._best[goal])}" for key, goal, name in GOALS),
            f"c  {'cost ratio':17}  asks what a missed positive costs",
            *apart,
            f"best on the samples of epoch {self._epoch} itself, so a bit optimistic",
        ]

    def _comparison(self, choice: ThresholdChoice | None) -> str:
        now = None if self._counts is None or choice is None else getattr(self._counts, choice.goal)
        if choice is None or now is None:
            return form.ABSENT
        best = f"{form.measured(choice.value)} at {form.setting(choice.threshold)}"
        if self.app.size.width < WHOLE_WIDTH:
            return best
        return f"{best:16}  now {form.measured(now)} at {form.setting(self._threshold)}"

    def _ratio_lines(self) -> list[str]:
        wanted = f"wanted: {COST_RATIO.wanted()}, such as {COST_RATIO.example}"
        return [
            "cost ratio",
            "one missed positive costs as much as … false alarms",
            *([wanted] if self.app.size.height >= ROOMY_HEIGHT else []),
            self._cost_line(self.query_one(Input).value),
        ]

    def _cost_line(self, text: str) -> str:
        try:
            ratio = COST_RATIO.parse(text)
        except UsageError:
            return "the best threshold shows here"
        choice = self._cheapest(ratio)
        now = "" if self._counts is None else f"   now {_cost(self._counts.cost(ratio))}"
        return f"cost {_cost(choice.value)} at {form.setting(choice.threshold)}{now} at {form.setting(self._threshold)}"

    def _cheapest(self, ratio: float) -> ThresholdChoice:
        choice = best_threshold(self._scores, "cost", ratio)
        if choice is None:
            raise UsageError(why_no_best(self._scores))
        return choice

    def read(self, text: str) -> float:
        return self._cheapest(COST_RATIO.parse(text)).threshold

    def keys_hint(self) -> str:
        return "enter apply   esc the goals" if self._asks_ratio else "a f b c choose   esc back"

    def describe(self) -> None:
        super().describe()
        field = self.query_one(Input)
        field.display = self._asks_ratio
        # A field that is only out of sight would still take the keys of the goals.
        field.disabled = not self._asks_ratio

    def on_input_changed(self, _event: Input.Changed) -> None:
        self.describe()

    def action_take(self, goal: Goal) -> None:
        choice = self._best[goal]
        if choice is not None:
            self.dismiss(choice.threshold)

    def action_ask_cost_ratio(self) -> None:
        self._asks_ratio = True
        self.describe()
        self.query_one(Input).focus()

    def action_back(self) -> None:
        if not self._asks_ratio:
            self.dismiss(None)
            return
        self._asks_ratio = False
        self.describe()


def _cost(value: float) -> str:
    return form.count(int(value)) if value == math.floor(value) else form.measured(value)
