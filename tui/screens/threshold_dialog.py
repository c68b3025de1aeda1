"""The dialog that changes the threshold of the view."""

from fitmon.engine.knobs.catalogue import THRESHOLD
from fitmon.text import format as form
from fitmon.tui.screens.number_dialog import NumberDialog


class ThresholdDialog(NumberDialog[float]):
    """Asks for the probability that must be exceeded to answer class 1."""

    def __init__(self, threshold: float) -> None:
        super().__init__()
        self._threshold = threshold

    def wanted(self) -> list[str]:
        return [
            "threshold",
            f"now {form.setting(self._threshold)}: the answer is class 1 only if p is larger",
            "this changes what the screen counts, not the training",
            f"wanted: {THRESHOLD.wanted()}, such as {THRESHOLD.example}",
        ]

    def read(self, text: str) -> float:
        return THRESHOLD.parse(text)
