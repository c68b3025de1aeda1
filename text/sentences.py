"""What happened to the run, said in sentences: for the header's message, the panel of changes and the summary."""

import re
from dataclasses import replace

from fitmon.engine.events import (
    ExportFailed,
    KnobApplied,
    KnobRefused,
    LossBecameNonFinite,
    ModelExported,
    RewindRefused,
    RunContinued,
    RunEnded,
    RunFailed,
)
from fitmon.engine.knobs.catalogue import EPOCHS
from fitmon.engine.record.snapshot import KnobState, Snapshot
from fitmon.text import format as form
from fitmon.text.roles import Role
from fitmon.text.rows import Row, row

NEWS_SECONDS = 20.0
"""For so long, in time spent training, the header says that the run was resumed."""


def happening(seen: Snapshot, notice: str) -> Row:
    """Return the one thing the user should know now; an empty row when there is none.

    Args:
        seen: the run.
        notice: what the user's last key did, until the run answers; may be empty.
    """
    recent = [applied(receipt) for receipt in seen.receipts if receipt.epoch >= seen.epoch]
    candidates = (
        (non_finite(seen) if seen.paused else "", Role.BAD),
        (notice, Role.MARK),
        (rewind_refused(seen.rewind_refusal) if seen.rewind_refusal else "", Role.BAD),
        (exported(seen), Role.BAD if isinstance(seen.export, ExportFailed) else Role.GOOD),
        (ending(seen), Role.BAD if isinstance(seen.ending, RunFailed) else Role.STRONG),
        (paused(seen), Role.STRONG),
        (pause_asked(seen), Role.MARK),
        (refused(seen.refusal) if seen.refusal else "", Role.BAD),
        ("; ".join(recent), Role.GOOD),
        (branch_origin(seen) if seen.epochs_done == seen.branch.from_epoch else "", Role.MARK),
        (_lately_continued(seen), Role.MARK),
    )
    return next((row((f" {sentence}", role)) for sentence, role in candidates if sentence), row())


def notes(snapshot: Snapshot) -> str:
    """Return what the user must know about the data; empty when there is nothing."""
    return " ".join(form.clean(note) for note in snapshot.started.notes) if snapshot.started else ""


def disk_trouble(snapshot: Snapshot) -> str:
    """Say since when the run cannot be kept, and why; empty when all is well."""
    since_epoch = f"disk trouble since epoch {snapshot.disk_trouble_epoch}"
    return f"{since_epoch}: {form.clean(snapshot.disk_trouble)}" if snapshot.disk_trouble else ""


def disk_banner(snapshot: Snapshot) -> str:
    """Say the same in one row: of the reason only what the system says, which stands in brackets at its end."""
    system_says = re.findall(r"\(([^()]+)\)", snapshot.disk_trouble)
    short = replace(snapshot, disk_trouble=system_says[-1]) if system_says else snapshot
    going_on = "; the training goes on" if short.disk_trouble and not snapshot.over else ""
    return disk_trouble(short) + going_on


def continued(event: RunContinued) -> str:
    """Say where another process left the run, and whether it goes on bit for bit."""
    after = f"epoch {event.epochs_done}" if event.epochs_done else "the start"
    where = f"epoch {event.epochs_done + 1}, step {event.step}" if event.step else after
    because = "; ".join(event.reasons)
    how = f"exact, {event.proof}" if event.exact else f"not bit-exact, because: {because}"
    return form.clean(f"resumed at {where}: {how}").rstrip(", ")


def _lately_continued(snapshot: Snapshot) -> str:
    event = snapshot.continued
    if event is None or snapshot.over:
        return ""
    epochs = snapshot.epochs_done - event.epochs_done
    lately = epochs == 0 or 0 < epochs * (snapshot.seconds_per_epoch or 0.0) < NEWS_SECONDS
    return continued(event) if lately else ""


def exported(snapshot: Snapshot) -> str:
    """Say what became of the model file that was asked for last; empty when none was."""
    match snapshot.export:
        case ModelExported(path=path, keep=keep, epoch=epoch):
            return f"the {keep} weights, of epoch {epoch}, are written to {form.clean(path)}"
        case ExportFailed(path=path, reason=reason):
            return f"{form.clean(path)} was not written: {form.clean(reason)}"
    return ""


def rewind_refused(refusal: RewindRefused) -> str:
    """Say where the run did not go back to, and why."""
    return f"going back to epoch {refusal.epoch} was refused: {form.clean(refusal.reason)}"


def branch_origin(snapshot: Snapshot) -> str:
    """Say where the branch under way set out; empty for the first."""
    branch = snapshot.branch
    return "" if branch.parent is None else branch_origin_words(branch.number, branch.parent, branch.from_epoch)


def branch_origin_words(number: int, parent: int, epoch: int) -> str:
    """Return a branch and where it set out, such as `branch 2 from the end of epoch 3 of branch 1`."""
    place = f"the end of epoch {epoch} of branch {parent}" if epoch else "the model before training"
    return f"branch {number} from {place}"


def paused(snapshot: Snapshot) -> str:
    """Say where the run is paused and how to go on; empty while it is not."""
    where = snapshot.paused
    if where is None:
        return ""
    reason = f": {form.clean(where.reason)}" if where.reason else ""
    return f"paused at epoch {where.epoch}, step {where.step}{reason} · space goes on"


def pause_asked(snapshot: Snapshot) -> str:
    """Say where a pause that was asked for will take hold; empty when none was."""
    if not snapshot.pause_asked:
        return ""
    if snapshot.pause_asked == "chunk":
        return "pause asked for, holds in a moment · space takes it back"
    return f"pause asked for, holds at the end of epoch {snapshot.epoch or 1} · space again pauses now"


def non_finite(snapshot: Snapshot) -> str:
    """Say when the loss stopped being a number; empty while it is one."""
    event = snapshot.non_finite
    if event is None:
        return ""
    pausing = ": paused · space goes on, x stops" if snapshot.paused else ""
    return became_non_finite(event) + pausing


def became_non_finite(event: LossBecameNonFinite) -> str:
    """Say which loss stopped being a number, and where."""
    where = f"at epoch {event.epoch}, step {event.step}"
    return f"{form.clean(event.metric)} became {form.clean(event.value)} {where}"


def refused(refusal: KnobRefused) -> str:
    """Say which change was not made, and why."""
    name = knob_words(refusal.knob)
    return f"{name} {form.setting(refusal.value)} was refused: {form.clean(refusal.reason)}"


def applied(receipt: KnobApplied) -> str:
    """Say which value holds since when, as read back from the compiled step."""
    change = f"{form.knob_value(receipt.previous)} → {form.knob_value(receipt.value)}"
    step = "" if _ended_run(receipt) else f", step {receipt.step}"
    return f"{knob_words(receipt.knob)} {change} holds since {since(receipt)}{step}"


def since(receipt: KnobApplied) -> str:
    """Return from when a change holds, such as `epoch 5`; where it ended the run, `the end of epoch 4`."""
    return f"the end of epoch {receipt.epoch - 1}" if _ended_run(receipt) else f"epoch {receipt.epoch}"


def _ended_run(receipt: KnobApplied) -> bool:
    return receipt.knob == EPOCHS.name and receipt.asked < receipt.epoch


def asked_for(knob: KnobState) -> str:
    """Say which change of a knob is pending, such as `batch size 64 → 128 at epoch 5`; empty when none is."""
    if knob.pending is None:
        return ""
    change = f"{form.knob_value(knob.value)} → {form.setting(knob.pending)}"
    return f"{knob_words(knob.name)} {change} {form.pending_from(knob)}"


def knob_words(name: str) -> str:
    """Return what a knob is called where there is room, such as `learning rate`; the header says `lr`."""
    label = form.knob_label(name)
    return label if label.lower() == name else form.clean(name.replace("_", " "))


def ending(snapshot: Snapshot) -> str:
    """Say how the run ended; empty while it lives."""
    match snapshot.ending:
        case RunFailed(message=message):
            return f"failed after {_epochs(snapshot.epochs_done)} · f shows the error: {form.clean(message)}"
        case RunEnded(completed=True):
            return f"finished: {_epochs(snapshot.epochs_done)}{_best(snapshot)} · q leaves"
        case RunEnded(reason=reason):
            return f"{form.clean(reason)} after {_epochs(snapshot.epochs_done)}{_best(snapshot)} · q leaves"
    return ""


def _epochs(number: int) -> str:
    return f"{number} epoch" if number == 1 else f"{number} epochs"


def _best(snapshot: Snapshot) -> str:
    best = snapshot.best
    return "" if best is None else f", best epoch {best.epoch} ({form.clean(best.metric)} {form.measured(best.value)})"
