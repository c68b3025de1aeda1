"""What happened to the run, said in sentences: for the header's message, the panel of changes and the summary."""

from fitmon.engine.events import KnobApplied, KnobRefused, RunEnded, RunFailed
from fitmon.engine.knobs.catalogue import EPOCHS
from fitmon.engine.record import KnobState, Snapshot
from fitmon.tui import format as form
from fitmon.tui.palette import Role
from fitmon.tui.picture import Picture
from fitmon.tui.rows import Row, row


def happening(picture: Picture) -> Row:
    """Return the one thing the user should know now; an empty row when there is none."""
    seen = picture.snapshot
    recent = [applied(receipt) for receipt in seen.receipts if receipt.epoch >= seen.epoch]
    candidates = (
        (non_finite(seen) if seen.paused else "", Role.BAD),
        (picture.notice, Role.MARK),
        (ending(seen), Role.BAD if isinstance(seen.ending, RunFailed) else Role.STRONG),
        (paused(seen), Role.STRONG),
        (pause_asked(seen), Role.MARK),
        (refused(seen.refusal) if seen.refusal else "", Role.BAD),
        ("; ".join(recent), Role.GOOD),
    )
    return next((row((f" {sentence}", role)) for sentence, role in candidates if sentence), row())


def notes(snapshot: Snapshot) -> str:
    """Return what the user must know about the data; empty when there is nothing."""
    return " ".join(form.clean(note) for note in snapshot.started.notes) if snapshot.started else ""


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
    where = f"at epoch {event.epoch}, step {event.step}"
    return f"{form.clean(event.metric)} became {form.clean(event.value)} {where}{pausing}"


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
