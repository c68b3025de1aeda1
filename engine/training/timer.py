"""Measures the time that an epoch's work takes, pauses excluded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self


@dataclass(slots=True)
class Timer:
    """Adds up the seconds spent inside its `with` blocks."""

    clock: Callable[[], float]
    """Returns seconds since any fixed moment."""
    seconds: float = 0.0
    _since: float = field(default=0.0)

    def __enter__(self) -> Self:
        self._since = self.clock()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds += self.clock() - self._since
