"""The dialog that changes the decision threshold of the view."""

from fitmon.engine.errors import UsageError
from fitmon.engine.knobs.catalogue import THRESHOLD
from fitmon.text import format as form
from fitmon.tui.screens.number_dialog import NumberDialog

STEP = 0.01
"""How far an arrow key moves the threshold."""


class ThresholdDialog(NumberDialog[float]):
    """Asks for the threshold that the probability of class 1 must exceed for class 1 to be predicted."""

    def __init__(self, threshold: float, positive: str = "class 1") -> None:
        """Show the current threshold, in [0, 1]; `positive` is what class 1 is called, free of control characters."""
        super().__init__()
        self._threshold = threshold
        self._positive = positive

    def heading(self) -> list[str]:
        return [
            "threshold",
            f"now {form.setting(self._threshold)}: {self._positive} is predicted if p is larger",
            "this changes the view, not training",
            THRESHOLD.interval(),
        ]

    def present(self) -> str:
        return form.setting(self._threshold)

    def step(self, text: str, up: bool) -> str:
        try:
            value = THRESHOLD.parse(text)
        except UsageError:
            return text
        return form.setting(round(min(max(value + (STEP if up else -STEP), 0.0), 1.0), 6))

    def parse(self, text: str) -> float:
        return THRESHOLD.parse(text)
