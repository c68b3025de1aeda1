"""Renders a run as lines without a screen: as text, or as one JSON object per line.

Rendering is a pure function of the events; `cli.print_run` is the loop around it.
"""

from collections.abc import Callable
from typing import Any, assert_never

from fitmon.engine import events
from fitmon.engine.finding import Finding
from fitmon.engine.knobs.catalogue import EPOCHS
from fitmon.engine.record.record import RunRecord
from fitmon.engine.record.snapshot import Snapshot
from fitmon.text import sentences
from fitmon.text.branch_table import branch_table
from fitmon.text.finding_words import INCONCLUSIVE, finding_sentence, remedy_text
from fitmon.text.format import clean, count, duration, knob_value, measured, setting
from fitmon.text.outcome_words import settled_outcome_sentences
from fitmon.text.summary import finding_lines, outcome_lines


def json_line(event: events.Event) -> str:
    """Return an event as one line of JSON; empty for events that are frequent or only matter to the screen.

    NaN and infinity, which JSON does not have, become null; a lone surrogate becomes its escape sequence.
    """
    import msgspec

    match event:
        case (
            events.RunStarted()
            | events.EpochEnded()
            | events.KnobApplied()
            | events.KnobRefused()
            | events.RunResumed()
            | events.BranchStarted()
            | events.RewindRefused()
            | events.CheckpointFailed()
            | events.CheckpointsResumed()
            | events.LossBecameNonFinite()
            | events.ModelExported()
            | events.ExportFailed()
            | events.RunEnded()
            | events.RunFailed()
        ):
            try:
                return msgspec.json.encode(event).decode() + "\n"
            except UnicodeEncodeError:
                return msgspec.json.encode(_without_lone_surrogates(msgspec.to_builtins(event))).decode() + "\n"
    return ""


def _without_lone_surrogates(value: Any) -> Any:
    """Return plain data with lone surrogates, which UTF-8 cannot encode, as escape sequences."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {_without_lone_surrogates(key): _without_lone_surrogates(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_lone_surrogates(item) for item in value]
    return value


class PlainLines:
    """Renders a run as text: what is trained, one line per epoch and change, and how it ended."""

    def __init__(self, snapshot: Callable[[], Snapshot] | None = None) -> None:
        """Start with nothing printed.

        Args:
            snapshot: returns the snapshot of the run that its summary is made from; None: that of the events rendered
                here, which lacks what another process trained before a resume.
        """
        self._record = RunRecord()
        self._snapshot = snapshot or self._record.snapshot
        self._shown_findings: list[str] = []
        """Names of the findings that were printed and are still current."""

    def __call__(self, event: events.Event) -> str:
        """Return the lines for an event."""
        self._record.apply(event)
        return "".join(f"{clean(line)}\n" for line in self._lines(event))

    def _lines(self, event: events.Event) -> list[str]:  # noqa: C901, PLR0911, PLR0912 - a flat list, one case per event
        match event:
            case events.RunStarted():
                return started_lines(event)
            case events.EpochEnded():
                return [epoch_line(event), *insight_lines(event), *self._finding_lines(), *self._outcome_lines()]
            case events.KnobApplied():
                return [receipt_line(event)]
            case events.KnobRefused():
                return [f"{event.knob} {setting(event.value)} refused: {event.reason}"]
            case events.LossBecameNonFinite():
                return [sentences.non_finite_event_message(event), *self._finding_lines()]
            case events.RunPaused():
                return [f"paused in epoch {event.epoch}: {event.reason}"]
            case events.PauseEnded():
                return ["resumed"]
            case events.RunResumed():
                return [sentences.resume_message(event)]
            case events.BranchStarted():
                return [sentences.branch_start(event.branch, event.parent, event.epoch)]
            case events.RewindRefused():
                return [sentences.rewind_refusal_message(event)]
            case (
                events.CheckpointFailed() | events.CheckpointsResumed() | events.ModelExported() | events.ExportFailed()
            ):
                return [disk_line(event)]
            case events.RunDetached():
                return [f"detached: {event.reason}"]
            case events.RunEnded() | events.RunFailed():
                return self._last_lines(event)
            case (
                events.PhaseChanged()
                | events.EpochStarted()
                | events.ChunkEnded()
                | events.SamplesLoaded()
                | events.SamplesScored()
                | events.KnobRequested()
                | events.PauseRequested()
            ):
                return []
            case _:
                assert_never(event)

    def _last_lines(self, event: events.RunEnded | events.RunFailed) -> list[str]:
        snapshot = self._snapshot()
        table = [line for line, _ in branch_table(snapshot)]
        return [ending_line(event, snapshot), *finding_lines(snapshot), *outcome_lines(snapshot), *table]

    def _outcome_lines(self) -> list[str]:
        return [f"  effect of {sentence}" for sentence in settled_outcome_sentences(self._record.snapshot())]

    def _finding_lines(self) -> list[str]:
        """Return the findings that appeared and disappeared since the last call."""
        findings = self._record.findings
        names = {finding.name for finding in findings}
        gone = [name for name in self._shown_findings if name not in names | INCONCLUSIVE]
        new = [finding for finding in findings if finding.name not in self._shown_findings]
        self._shown_findings = [finding.name for finding in findings]
        return [*(f"  resolved: {name.replace('_', ' ')}" for name in gone), *map(finding_line, new)]


def started_lines(event: events.RunStarted) -> list[str]:
    """Return the run, its data, its device and its settings."""
    knobs = [f"{knob.name} {knob_value(knob.value)}" for knob in event.knobs if knob.value is not None]
    validation = (
        f"{count(event.validation_samples)} validation samples" if event.validation_samples else "no validation"
    )
    training = count(event.training_samples) if event.training_samples else "an unknown number of"
    samples = f"{training} training samples, {validation}"
    return [
        f"fitmon {event.run}: {samples}, {count(event.parameters)} parameters, {event.device}",
        "  ".join([*knobs, f"seed {event.seed}"]),
    ]


def disk_line(
    event: events.CheckpointFailed | events.CheckpointsResumed | events.ModelExported | events.ExportFailed,
) -> str:
    """Return what was written to the disk, or why it was not."""
    match event:
        case events.CheckpointFailed():
            return f"disk trouble, training continues: {event.message}"
        case events.CheckpointsResumed():
            return "checkpoints are saved again"
        case events.ModelExported():
            return f"exported {event.keep} weights (epoch {event.epoch}) to {event.path}"
    return f"export to {event.path} failed: {event.reason}"


def ending_line(event: events.RunEnded | events.RunFailed, snapshot: Snapshot) -> str:
    """Return how a run ended, with its best epoch."""
    epochs = f"{event.epochs_done} {'epoch' if event.epochs_done == 1 else 'epochs'}"
    if isinstance(event, events.RunFailed):
        return f"failed after {epochs}"
    ending = f"finished: {epochs}" if event.completed else f"ended after {epochs}: {event.reason}"
    best = snapshot.best
    if best is None:
        return ending
    return f"{ending}; best {sentences.best_loss(best, explained=' ({} without the penalty)')} in epoch {best.epoch}"


def epoch_line(event: events.EpochEnded) -> str:
    """Return an epoch's number, time and metrics, in columns aligned from line to line."""
    number = f"epoch {event.epoch:>{len(str(event.epochs))}}/{event.epochs}"
    metrics = [f"{name} {measured(value):<6}" for name, value in event.metrics.items()]
    return "  ".join([number, f"{_seconds(event.seconds):>6}", *metrics]).rstrip()


def insight_lines(event: events.EpochEnded) -> list[str]:
    """Return the sentence on why loss and accuracy changed; empty without insight."""
    return [f"  {event.insight.sentence}"] if event.insight and event.insight.sentence else []


def finding_line(finding: Finding) -> str:
    """Return a finding and its most promising remedy."""
    remedy = f"  (suggested fix: {remedy_text(finding.remedies[0])})" if finding.remedies else ""
    return f"  {finding_sentence(finding)}{remedy}"


def receipt_line(event: events.KnobApplied) -> str:
    """Return a change of a knob with the value read back from the compiled step."""
    # Fewer epochs than this one end the run, so the epoch of the receipt never starts.
    ended_run = event.knob == EPOCHS.name and event.requested < event.epoch
    when = f"end of epoch {event.epoch - 1}" if ended_run else f"epoch {event.epoch}"
    return f"{when}: {event.knob} {knob_value(event.previous)} → {knob_value(event.value)} (confirmed)"


def _seconds(seconds: float) -> str:
    tenth, minute = 0.1, 60
    if seconds < tenth:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < minute else duration(seconds)
