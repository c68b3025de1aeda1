"""What happened to the run, in sentences: for the header, the panel of changes and the summary."""

import re
from dataclasses import replace

from fitmon.engine.events import (
    ExportFailed,
    KnobApplied,
    KnobRefused,
    LossBecameNonFinite,
    ModelExported,
    RewindRefused,
    RunEnded,
    RunFailed,
    RunResumed,
)
from fitmon.engine.knobs.catalogue import EPOCHS
from fitmon.engine.record.branch import BestEpoch
from fitmon.engine.record.data_loss import DATA_LOSS
from fitmon.engine.record.snapshot import KnobState, Snapshot
from fitmon.text import format as form
from fitmon.text.roles import Role
from fitmon.text.rows import Row, row

RESUME_MESSAGE_SECONDS = 20.0
"""How long, in training time, the header says that the run was resumed."""


def status_message(snapshot: Snapshot, notice: str) -> Row:
    """Return the most important message for the header; an empty row if there is none.

    Args:
        snapshot: of the run.
        notice: what the user's last key did, shown until the run answers; may be empty.
    """
    recent = [knob_change(receipt) for receipt in snapshot.receipts if receipt.epoch >= snapshot.epoch]
    refusal, rewind_refusal = snapshot.refusal, snapshot.rewind_refusal
    candidates = (
        (non_finite_message(snapshot) if snapshot.paused else "", Role.BAD),
        (notice, Role.MARK),
        (rewind_refusal_message(rewind_refusal) if rewind_refusal else "", Role.BAD),
        (export_message(snapshot), Role.BAD if isinstance(snapshot.export, ExportFailed) else Role.GOOD),
        (ending_message(snapshot), Role.BAD if isinstance(snapshot.ending, RunFailed) else Role.STRONG),
        (pause_message(snapshot), Role.STRONG),
        (pending_pause_message(snapshot), Role.MARK),
        (knob_refusal_message(refusal) if refusal else "", Role.BAD),
        ("; ".join(recent), Role.GOOD),
        (current_branch_start(snapshot) if snapshot.epochs_done == snapshot.branch.from_epoch else "", Role.MARK),
        (_recent_resume_message(snapshot), Role.MARK),
    )
    return next((row((f" {sentence}", role)) for sentence, role in candidates if sentence), row())


def data_notes(snapshot: Snapshot) -> str:
    """Return the notes on the data; empty if there are none."""
    return " ".join(form.clean(note) for note in snapshot.started.notes) if snapshot.started else ""


def disk_trouble_message(snapshot: Snapshot) -> str:
    """Return since when checkpoints cannot be written, and why; empty if they can."""
    since = f"disk trouble since epoch {snapshot.disk_trouble_epoch}"
    return f"{since}: {form.clean(snapshot.disk_trouble)}" if snapshot.disk_trouble else ""


def disk_banner(snapshot: Snapshot) -> str:
    """Return the same in one row: of the reason only the system's error, which is in brackets at its end."""
    system_errors = re.findall(r"\(([^()]+)\)", snapshot.disk_trouble)
    short = replace(snapshot, disk_trouble=system_errors[-1]) if system_errors else snapshot
    suffix = "; training continues" if short.disk_trouble and not snapshot.over else ""
    return disk_trouble_message(short) + suffix


def resume_message(event: RunResumed) -> str:
    """Return where the run was resumed, and whether it equals an uninterrupted one bit for bit."""
    after = f"epoch {event.epochs_done}" if event.epochs_done else "the start"
    where = f"epoch {event.epochs_done + 1}, step {event.step}" if event.step else after
    reasons = "; ".join(event.reasons)
    how = f"exact, {event.proof}" if event.exact else f"not bit-exact, because: {reasons}"
    return form.clean(f"resumed at {where}: {how}").rstrip(", ")


def _recent_resume_message(snapshot: Snapshot) -> str:
    event = snapshot.resumed
    if event is None or snapshot.over:
        return ""
    epochs = snapshot.epochs_done - event.epochs_done
    is_recent = epochs == 0 or 0 < epochs * (snapshot.seconds_per_epoch or 0.0) < RESUME_MESSAGE_SECONDS
    return resume_message(event) if is_recent else ""


def export_message(snapshot: Snapshot) -> str:
    """Return the result of the last export; empty if there was none."""
    match snapshot.export:
        case ModelExported(path=path, keep=keep, epoch=epoch):
            return f"{keep} weights (epoch {epoch}) exported to {form.clean(path)}"
        case ExportFailed(path=path, reason=reason):
            return f"export to {form.clean(path)} failed: {form.clean(reason)}"
    return ""


def rewind_refusal_message(refusal: RewindRefused) -> str:
    """Return to which epoch the run did not rewind, and why."""
    return f"rewind to epoch {refusal.epoch} refused: {form.clean(refusal.reason)}"


def current_branch_start(snapshot: Snapshot) -> str:
    """Return where the current branch starts; empty for the first branch."""
    branch = snapshot.branch
    return "" if branch.parent is None else branch_start(branch.number, branch.parent, branch.from_epoch)


def branch_start(number: int, parent: int, epoch: int) -> str:
    """Return a branch and where it starts, such as `branch 2 from the end of epoch 3 of branch 1`."""
    place = f"the end of epoch {epoch} of branch {parent}" if epoch else "the model before training"
    return f"branch {number} from {place}"


def pause_message(snapshot: Snapshot) -> str:
    """Return where the run is paused and how to resume it; empty if it is not paused."""
    where = snapshot.paused
    if where is None:
        return ""
    reason = f": {form.clean(where.reason)}" if where.reason else ""
    place = f"at epoch {where.epoch}, step {where.step}"
    if snapshot.epochs_done == where.epoch:
        place = f"after epoch {where.epoch}"
    return f"paused {place}{reason} · space resumes"


def pending_pause_message(snapshot: Snapshot) -> str:
    """Return when a requested pause takes effect; empty if none was requested."""
    if not snapshot.pause_requested:
        return ""
    if snapshot.pause_requested == "chunk":
        return "pausing… · space cancels"
    return f"pausing after epoch {snapshot.epoch or 1} · space pauses now"


def non_finite_message(snapshot: Snapshot) -> str:
    """Return when the loss became NaN or infinite; empty while it is finite."""
    event = snapshot.non_finite
    if event is None:
        return ""
    pausing = ": paused · space resumes, x stops" if snapshot.paused else ""
    return non_finite_event_message(event) + pausing


def non_finite_event_message(event: LossBecameNonFinite) -> str:
    """Return which loss became NaN or infinite, and where."""
    where = f"at epoch {event.epoch}, step {event.step}"
    return f"{form.clean(event.metric)} became {form.clean(event.value)} {where}"


def knob_refusal_message(refusal: KnobRefused) -> str:
    """Return which change of a knob was refused, and why."""
    name = knob_name(refusal.knob)
    return f"{name} {form.setting(refusal.value)} refused: {form.clean(refusal.reason)}"


def knob_change(receipt: KnobApplied) -> str:
    """Return a change of a knob, as read back from the compiled step, and when it took effect."""
    change = f"{form.knob_value(receipt.previous)} → {form.knob_value(receipt.value)}"
    # Step 1 is the start of the epoch.
    step = "" if _ended_run(receipt) or receipt.step == 1 else f", step {receipt.step}"
    return f"{knob_name(receipt.knob)} {change}, in effect from {effective_from(receipt)}{step}"


def effective_from(receipt: KnobApplied) -> str:
    """Return when a change took effect, such as `epoch 5`; if it ended the run, `the end of epoch 4`."""
    return f"the end of epoch {receipt.epoch - 1}" if _ended_run(receipt) else f"epoch {receipt.epoch}"


def _ended_run(receipt: KnobApplied) -> bool:
    return receipt.knob == EPOCHS.name and receipt.requested < receipt.epoch


def pending_change_message(knob: KnobState) -> str:
    """Return the pending change of a knob, such as `batch size 64 → 128 from epoch 5`; empty if there is none."""
    if knob.pending is None:
        return ""
    change = f"{form.knob_value(knob.value)} → {form.setting(knob.pending)}"
    return f"{knob_name(knob.name)} {change} {form.pending_epoch(knob)}"


def knob_name(name: str) -> str:
    """Return the full name of a knob, such as `learning rate`; the header shows its label, `lr`."""
    label = form.knob_label(name)
    return label if label.lower() == name else form.clean(name.replace("_", " "))


def ending_message(snapshot: Snapshot) -> str:
    """Return how the run ended; empty while it is running."""
    match snapshot.ending:
        case RunFailed(message=message):
            return f"failed after {_epochs(snapshot.epochs_done)} · f shows the error: {form.clean(message)}"
        case RunEnded(completed=True):
            return f"finished: {_epochs(snapshot.epochs_done)}{_best(snapshot)} · q to quit"
        case RunEnded(reason=reason):
            return f"{form.clean(reason)} after {_epochs(snapshot.epochs_done)}{_best(snapshot)} · q to quit"
    return ""


def _epochs(number: int) -> str:
    return f"{number} epoch" if number == 1 else f"{number} epochs"


def _best(snapshot: Snapshot) -> str:
    best = snapshot.best
    return "" if best is None else f", best epoch {best.epoch} ({best_loss(best)})"


def best_loss(best: BestEpoch, *, explained: str = "") -> str:
    """Return by what an epoch is the best, such as `val_loss 0.2934`; without the penalty in it, `data loss 0.1114`.

    Args:
        best: the epoch.
        explained: appended to a data loss, with the name of Keras's loss in place of `{}`.
    """
    if not best.penalty:
        return f"{form.clean(best.metric)} {form.measured(best.value)}"
    return f"{DATA_LOSS} {form.measured(best.data_loss)}{explained.format(form.clean(best.metric))}"
