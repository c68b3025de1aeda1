"""Where a run goes on: its last checkpoint, and what is to be said and asked before the first step."""

from __future__ import annotations

from dataclasses import dataclass

from fitmon.engine.checkpoints.checkpoint import read_checkpoint, read_replay
from fitmon.engine.checkpoints.find import kept_epochs, latest_state
from fitmon.engine.checkpoints.state import Replay, State, digest_of_trained
from fitmon.engine.commands import Rewind, SetKnob
from fitmon.engine.errors import DataError
from fitmon.engine.events import RunStarted
from fitmon.engine.record.record import RunRecord
from fitmon.engine.runs.replay import ReplayedJournal, replay_journal
from fitmon.engine.runs.run_folder import RunFolder

LONGEST_EPOCH_SECONDS = 30.0
"""An epoch that takes no longer is trained again as a whole where nothing shorter can be compared."""


@dataclass(frozen=True, slots=True)
class ResumePoint:
    """Everything known of a run that another process began."""

    state: State | None
    """Where it goes on; None: it never came to a checkpoint and begins anew."""
    seen: tuple[State, Replay] | None
    """A chunk that can be compared; None when none was kept."""
    started: RunStarted | None
    """With which versions and on which device the last process trained; None when it did not come so far."""
    replayed: ReplayedJournal
    asked: tuple[SetKnob, ...]
    """Changes that were accepted after the checkpoint and would be lost with what came behind it."""
    damaged: tuple[str, ...]
    """Checkpoints that cannot be read, a sentence each; the run goes on from one before them."""
    rewind: Rewind | None = None
    """Where to go back to at once; None: nowhere."""


def resume_point_of(folder: RunFolder, rewind: Rewind | None = None) -> ResumePoint:
    """Return where a run goes on; raises DataError when neither journal nor checkpoints can be used."""
    replayed = replay_journal(folder)
    branch = replayed.record.branch
    state, damaged = latest_state(folder, branch)
    if state is None and branch > 1:
        state = _where_it_set_out(folder, replayed.record)
    if state is None and (damaged or branch > 1 or replayed.record.epochs_done):
        raise DataError(
            f"Expected a checkpoint of {folder.name} to go on from, found none that can be read. "
            + (damaged[0] if damaged else "Begin it anew.")
        )
    return ResumePoint(
        state=state,
        seen=_seen_before(state, folder, replayed.record),
        started=replayed.started,
        replayed=replayed,
        asked=_lost_requests(replayed, state),
        damaged=tuple(damaged),
        rewind=rewind,
    )


def _seen_before(state: State | None, folder: RunFolder, record: RunRecord) -> tuple[State, Replay] | None:
    """Return what led to a state, to be compared: the stretch kept for it, else its epoch, else an earlier stretch."""
    seen = read_replay(folder.checkpoints_path)
    if state is None or (seen is not None and _leads_to(*seen, state, record.steps)):
        return seen
    return _whole_epoch_before(state, folder, record) or seen


def _leads_to(before: State, replay: Replay, state: State, steps: int) -> bool:
    facts = state.facts
    reached = (facts.epochs_done, facts.step) if facts.step else (facts.epochs_done - 1, steps or replay.last_step)
    return (before.facts.epochs_done, replay.last_step) == reached


def _whole_epoch_before(state: State, folder: RunFolder, record: RunRecord) -> tuple[State, Replay] | None:
    """Return the last epoch, where it is short and the checkpoint it began with is kept."""
    facts = state.facts
    path = kept_epochs(folder).get(record.branch, {}).get(facts.epochs_done - 1)
    seconds = record.snapshot().seconds_per_epoch
    if path is None or facts.step or seconds is None or seconds > LONGEST_EPOCH_SECONDS:
        return None
    try:
        before = read_checkpoint(path)
    except DataError:
        return None
    turned = any(receipt.epoch == facts.epochs_done and receipt.knob != "epochs" for receipt in record.receipts)
    return None if turned else (before, Replay(last_step=None, digest=digest_of_trained(state.variables)))


def _where_it_set_out(folder: RunFolder, record: RunRecord) -> State | None:
    """Return the state that a branch without checkpoints began with."""
    epoch, owner = record.branch_from_epoch, record.branch_parent
    while owner in record.other_branches and epoch <= record.other_branches[owner].from_epoch:
        owner = record.other_branches[owner].parent
    path = kept_epochs(folder).get(owner or 1, {}).get(epoch)
    return None if path is None else read_checkpoint(path)


def _lost_requests(replayed: ReplayedJournal, state: State | None) -> tuple[SetKnob, ...]:
    """Return what was accepted and is neither in the checkpoint's knobs nor among those that wait in it."""
    if state is None:
        return ()
    facts = state.facts
    begun = facts.epochs_done + (facts.step > 0)
    later = [change for change in replayed.asked if change.epoch > begun]
    asked = [SetKnob(knob=a.knob, value=a.value, epoch=a.epoch, because=a.because) for a in later]
    return tuple(request for request in asked if request not in facts.waiting)
