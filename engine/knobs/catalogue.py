"""The knobs by name, with their ranges. Pure: the screen and the command line validate a number here before sending it.

The other modules of this package bring a value into the compiled step.
"""

import math
from dataclasses import dataclass

from fitmon.engine.errors import UsageError


@dataclass(frozen=True, slots=True)
class Knob:
    """One knob's name and range."""

    name: str
    """The name in commands, events and on the command line, such as `learning_rate`."""
    label: str
    """The short name on the screen."""
    minimum: float
    maximum: float
    minimum_included: bool = True
    maximum_included: bool = True
    whole: bool = False
    """Whether the value must be a whole number."""
    example: str = ""
    """A typical value, as a user would type it."""
    short_names: tuple[str, ...] = ()
    """Other names that a user may type, in lower case."""

    def wanted(self) -> str:
        """Return in words what a value must be, such as `a number above 0 and at most 10`."""
        number = "a whole number" if self.whole else "a number"
        low = f"{'at least' if self.minimum_included else 'above'} {self.minimum:.15g}"
        high = f"{'at most' if self.maximum_included else 'below'} {self.maximum:.15g}"
        return f"{number} {low} and {high}"

    def interval(self) -> str:
        """Return the same as an interval, such as `0 < lr ≤ 1000`."""
        low = f"{self.minimum:.15g} {'≤' if self.minimum_included else '<'}"
        high = f"{'≤' if self.maximum_included else '<'} {self.maximum:.15g}"
        return f"{low} {self.label} {high}"

    def check(self, value: float) -> float:
        """Return the value unchanged, or raise UsageError saying what is expected."""
        if not math.isfinite(value) or not self._in_range(value):
            raise UsageError(f"Expected {self.name} to be {self.wanted()}, received {value:g}.")
        if self.whole and value != int(value):
            raise UsageError(f"Expected {self.name} to be {self.wanted()}, received {value:g}.")
        return value

    def parse(self, text: str) -> float:
        """Parse a value typed by a user, or raise UsageError saying what is expected.

        Accepts `1e-4`, `0.3` and `128`; rejects a decimal comma, an incomplete exponent, `nan`, `inf` and digits
        grouped by `_`.
        """
        stripped = text.strip()
        try:
            if "_" in stripped:
                raise ValueError(stripped)
            value = float(stripped)
        except ValueError:
            raise UsageError(
                f"Expected {self.name} to be {self.wanted()}, such as {self.example}; received {text!r}."
            ) from None
        return self.check(value)

    def _in_range(self, value: float) -> bool:
        above = value > self.minimum or (self.minimum_included and value == self.minimum)
        below = value < self.maximum or (self.maximum_included and value == self.maximum)
        return above and below


LEARNING_RATE = Knob(
    name="learning_rate",
    label="lr",
    minimum=0,
    minimum_included=False,
    maximum=1000,
    example="5e-4",
    short_names=("lr",),
)
LEARNING_RATE_FACTOR = Knob(
    name="learning_rate_factor",
    label="lr ×",
    minimum=0,
    minimum_included=False,
    maximum=1000,
    example="0.5",
    short_names=("lr_factor", "lr_×"),
)
"""Replaces `learning_rate` when the optimizer follows a schedule: schedule × factor."""
DROPOUT = Knob(name="dropout", label="dropout", minimum=0, maximum=1, maximum_included=False, example="0.3")
L1 = Knob(name="l1", label="L1", minimum=0, maximum=1000, example="1e-5")
L2 = Knob(name="l2", label="L2", minimum=0, maximum=1000, example="1e-4")
BATCH_SIZE = Knob(
    name="batch_size",
    label="batch",
    minimum=1,
    maximum=2**31 - 1,
    whole=True,
    example="128",
    short_names=("bs", "batch"),
)
EPOCHS = Knob(name="epochs", label="epochs", minimum=1, maximum=10_000_000, whole=True, example="20")
THRESHOLD = Knob(name="threshold", label="threshold", minimum=0, maximum=1, example="0.5")
"""Used by the view and the metric, not by training, so it is not in `KNOBS`."""

KNOBS: dict[str, Knob] = {
    knob.name: knob for knob in (LEARNING_RATE, LEARNING_RATE_FACTOR, DROPOUT, L1, L2, BATCH_SIZE, EPOCHS)
}
"""Every knob by name, in the order the screen shows them."""


def knob_named(name: str) -> Knob:
    """Return the knob of that name, or raise UsageError listing all names."""
    if name not in KNOBS:
        raise UsageError(f"Unknown knob {name!r}. Choose from {', '.join(KNOBS)}.")
    return KNOBS[name]


def typed_knob(text: str) -> Knob:
    """Return the knob that a user means by its name, in any case and with hyphens, or by a short name such as `lr`.

    Raises UsageError listing all names if there is none.
    """
    name = text.strip().lower().replace("-", "_")
    return next((knob for knob in KNOBS.values() if name in knob.short_names), None) or knob_named(name)
