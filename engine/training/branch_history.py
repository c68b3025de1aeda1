"""The curves and knob changes of every branch of a run, as the diagnosis needs them while it trains."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from fitmon.engine.diagnosis.curves import EpochCurves
from fitmon.engine.diagnosis.evidence import KnobChange

if TYPE_CHECKING:
    from fitmon.engine.events import KnobApplied
    from fitmon.engine.record.branch import Branch
    from fitmon.engine.record.record import RunRecord


@dataclass(slots=True)
class _Branch:
    curves: EpochCurves = field(default_factory=EpochCurves)
    changes: tuple[KnobChange, ...] = ()

    def until(self, epochs_done: int, step: int = 0) -> _Branch:
        kept = tuple(change for change in self.changes if change.epoch <= epochs_done + (step > 0))
        return _Branch(self.curves.until(epochs_done), kept)


class BranchHistory:
    """Grows by an epoch at a time, and returns to an earlier one when the run rewinds."""

    def __init__(self) -> None:
        """Begin before the first epoch of the first branch."""
        self._number = 1
        self._branches = {1: _Branch()}

    @classmethod
    def of(cls, record: RunRecord) -> Self:
        """Return the history of a run that a replayed journal has."""
        history = cls()
        branches = [*record.other_branches.values(), record.current_branch()]
        history._branches = {branch.number: _replayed(branch) for branch in branches}
        history._number = record.branch
        return history

    @property
    def curves(self) -> EpochCurves:
        """The curves of the branch under way, those of the epochs that led to it included."""
        return self._branches[self._number].curves

    @property
    def changes(self) -> tuple[KnobChange, ...]:
        """Changes of knobs, other than the number of epochs, in the branch under way, oldest first."""
        return self._branches[self._number].changes

    def add_knob_change(self, receipt: KnobApplied) -> None:
        """Add a change that has taken effect."""
        branch = self._branches[self._number]
        branch.changes = (*branch.changes, _change_of(receipt))

    def resume(self, epochs_done: int, step: int) -> None:
        """Drop what the branch under way had after a checkpoint: it is trained again."""
        self._branches[self._number] = self._branches[self._number].until(epochs_done, step)

    def rewind(self, *, parent: int, epoch: int, branch: int) -> None:
        """Begin a branch from the end of an epoch of another one."""
        # A damaged journal may lack the parent.
        known = self._branches.get(parent, self._branches[self._number])
        self._number, self._branches[branch] = branch, known.until(epoch)


def _replayed(branch: Branch) -> _Branch:
    curves = EpochCurves.of({**branch.metrics, **branch.measures}, branch.epochs_done)
    return _Branch(curves, tuple(_change_of(receipt) for receipt in branch.receipts if receipt.knob != "epochs"))


def _change_of(receipt: KnobApplied) -> KnobChange:
    return KnobChange(
        epoch=receipt.epoch,
        knob=receipt.knob,
        previous=receipt.previous,
        value=receipt.value,
        because=receipt.because,
    )
