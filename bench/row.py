"""One line of the table that `bench` prints."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A measurement and its goal."""

    what: str
    measured: float
    unit: str
    goal: float
    more_is_better: bool
    detail: str

    @property
    def reached(self) -> bool:
        """Whether the goal was reached."""
        return self.measured >= self.goal if self.more_is_better else self.measured <= self.goal
