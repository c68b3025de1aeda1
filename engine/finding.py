"""What a diagnosis says: a finding, what it rests on, and what to do about it."""

from __future__ import annotations

import msgspec


class Remedy(msgspec.Struct, frozen=True, kw_only=True):
    """Something to do about a finding: commands for the run under way, or a command line that would try it anew."""

    advice: str
    """What to do, as a clause with its values, such as `raise dropout from 0.3 to 0.5`."""
    expect: str
    """What to expect of it, as a sentence."""
    changes: dict[str, float] = {}
    """Knobs of the run under way and the values they are to have from the next epoch on."""
    rewind_to: int | None = None
    """The epoch whose end to go back to first; None: the run goes on where it is."""
    stop: bool = False
    """Whether the run is to be stopped here; the best weights are kept."""
    command_line: str = ""
    """What would try it in a new run, where the run under way cannot; empty for one that needs more than a command."""

    @property
    def applicable(self) -> bool:
        """Whether the run under way can be given it."""
        return bool(self.changes) or self.rewind_to is not None or self.stop


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that the diagnosis says of a run."""

    name: str
    """Of the rule, such as `overfitting`; `rules.explanation_of` explains it to a learner."""
    sentence: str
    """What is so, with the numbers it rests on."""
    epochs: tuple[int, int]
    """The first and the last epoch it covers; (0, 0) for one of the data, which no epoch changes."""
    confidence: float
    """How sure it is, in [0, 1]."""
    remedies: tuple[Remedy, ...] = ()
    """The most promising one first."""
