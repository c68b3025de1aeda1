"""Where a run is resumed: its last checkpoint, and what to report and request before the first step."""

from __future__ import annotations

from dataclasses import dataclass

from fitmon.engine.checkpoints.checkpoint import read_checkpoint, read_replay
from fitmon.engine.checkpoints.find import kept_epochs, latest_state
from fitmon.engine.checkpoints.state import ReplayTarget, TrainingState, digest_of_trained
from fitmon.engine.commands import Rewind, SetKnob
from fitmon.engine.errors import DataError
from fitmon.engine.events import RunStarted
from fitmon.engine.record.record import RunRecord
from fitmon.engine.runs.replay import ReplayedJournal, replay_journal
from fitmon.engine.runs.run_folder import RunFolder

MAX_REPLAYED_EPOCH_SECONDS = 30.0
"""An epoch up to this long is replayed as a whole if no shorter stretch can be compared."""


@dataclass(frozen=True, slots=True)
class ResumePoint:
    """Everything known of a run that another process started."""

    state: TrainingState | None
    """The state to resume from; None: it has no checkpoint and starts from the beginning."""
    replay: tuple[TrainingState, ReplayTarget] | None
    """A stretch to replay and compare; None when none was kept."""
    started: RunStarted | None
    """The versions and device of the last process; None when it did not get that far."""
    replayed: ReplayedJournal
    requested: tuple[SetKnob, ...]
    """Changes that were accepted after the checkpoint, which must be requested again."""
    damaged: tuple[str, ...]
    """Why newer checkpoints cannot be read, a sentence each; the run is resumed from an older one."""
    rewind: Rewind | None = None
    """The rewind to make before training; None: none."""


def resume_point_of(folder: RunFolder, rewind: Rewind | None = None) -> ResumePoint:
    """Return where a run is resumed; raises DataError when neither journal nor checkpoints can be used."""
    replayed = replay_journal(folder)
    branch = replayed.record.branch
    state, damaged = latest_state(folder, branch)
    if state is None and branch > 1:
        state = _start_of_branch(folder, replayed.record)
    if state is None and (damaged or branch > 1 or replayed.record.epochs_done):
        raise DataError(
            f"No checkpoint of {folder.name} can be read. " + (damaged[0] if damaged else "Start a new run.")
        )
    return ResumePoint(
        state=state,
        replay=_replay_before(state, folder, replayed.record),
        started=replayed.started,
        replayed=replayed,
        requested=_lost_requests(replayed, state),
        damaged=tuple(damaged),
        rewind=rewind,
    )


def _replay_before(
    state: TrainingState | None, folder: RunFolder, record: RunRecord
) -> tuple[TrainingState, ReplayTarget] | None:
    """Return a stretch to replay: the one that led to the state, else its whole epoch, else an earlier stretch."""
    replay = read_replay(folder.checkpoints_path)
    if state is None or (replay is not None and _leads_to(*replay, state, record.steps)):
        return replay
    return _whole_epoch_before(state, folder, record) or replay


def _leads_to(before: TrainingState, target: ReplayTarget, state: TrainingState, steps: int) -> bool:
    facts = state.facts
    reached = (facts.epochs_done, facts.step) if facts.step else (facts.epochs_done - 1, steps or target.last_step)
    return (before.facts.epochs_done, target.last_step) == reached


def _whole_epoch_before(
    state: TrainingState, folder: RunFolder, record: RunRecord
) -> tuple[TrainingState, ReplayTarget] | None:
    """Return the last epoch, if it is short and the checkpoint at its start is kept."""
    facts = state.facts
    path = kept_epochs(folder).get(record.branch, {}).get(facts.epochs_done - 1)
    seconds = record.snapshot().seconds_per_epoch
    if path is None or facts.step or seconds is None or seconds > MAX_REPLAYED_EPOCH_SECONDS:
        return None
    try:
        before = read_checkpoint(path)
    except DataError:
        return None
    changed = any(receipt.epoch == facts.epochs_done and receipt.knob != "epochs" for receipt in record.receipts)
    return None if changed else (before, ReplayTarget(last_step=None, digest=digest_of_trained(state.variables)))


def _start_of_branch(folder: RunFolder, record: RunRecord) -> TrainingState | None:
    """Return the state that a branch without checkpoints started from."""
    epoch, owner = record.branch_from_epoch, record.branch_parent
    while owner in record.other_branches and epoch <= record.other_branches[owner].from_epoch:
        owner = record.other_branches[owner].parent
    path = kept_epochs(folder).get(owner or 1, {}).get(epoch)
    return None if path is None else read_checkpoint(path)


def _lost_requests(replayed: ReplayedJournal, state: TrainingState | None) -> tuple[SetKnob, ...]:
    """Return the accepted changes that are neither in the checkpoint's knobs nor pending in it."""
    if state is None:
        return ()
    facts = state.facts
    begun = facts.epochs_done + (facts.step > 0)
    later = [change for change in replayed.requested if change.epoch > begun]
    requests = [SetKnob(knob=r.knob, value=r.value, epoch=r.epoch, because=r.because) for r in later]
    return tuple(request for request in requests if request not in facts.waiting)
