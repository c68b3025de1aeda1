"""What a diagnosis finds, its evidence, and what to do about it."""

from __future__ import annotations

import msgspec


class Remedy(msgspec.Struct, frozen=True, kw_only=True):
    """Something to do about a finding: commands for the current run, or a command line for a new one."""

    advice: str
    """What to do, as a clause with its values, such as `raise dropout from 0.3 to 0.5`."""
    expect: str
    """What to expect from it, as a sentence."""
    changes: dict[str, float] = {}
    """Knobs of the current run and their new values from the next epoch on."""
    rewind_to: int | None = None
    """The epoch whose end to rewind to first; None: the run continues from here."""
    stop: bool = False
    """Whether to stop the run here; the best weights are kept."""
    command_line: str = ""
    """What tries it in a new run, where the current run cannot; empty where it needs more than a command."""

    raises: tuple[str, ...] = ()
    """What the advice makes larger besides knobs, such as `model size`; no weaker finding's remedy makes it smaller."""
    lowers: tuple[str, ...] = ()
    """What it makes smaller."""

    @property
    def applicable(self) -> bool:
        """Whether it can be applied to the current run."""
        return bool(self.changes) or self.rewind_to is not None or self.stop


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing the diagnosis says about a run."""

    name: str
    """Name of the rule, such as `overfitting`; `rules.explanation_of` explains it to a learner."""
    sentence: str
    """What was found, with the numbers behind it."""
    epochs: tuple[int, int]
    """The first and the last epoch it covers; (0, 0) for a finding about the data, which no epoch changes."""
    confidence: float
    """How sure it is, in [0, 1]."""
    remedies: tuple[Remedy, ...] = ()
    """Most promising first."""
