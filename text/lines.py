"""A run as lines, where there is no screen: for people, or one JSON object a line for programs.

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
from fitmon.text.finding_words import NOTHING_YET, remedy_words, said
from fitmon.text.format import clean, count, duration, knob_value, measured, setting
from fitmon.text.outcome_words import settled_outcome_sentences
from fitmon.text.summary import came_of_it, found


def json_line(event: events.Event) -> str:
    """Return an event as one line of JSON; empty for those that come often or only matter to a screen.

    NaN and infinity, which JSON does not have, become null; a lone surrogate becomes its escape.
    """
    import msgspec

    match event:
        case (
            events.RunStarted()
            | events.EpochEnded()
            | events.KnobApplied()
            | events.KnobRefused()
            | events.RunContinued()
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
    """Return plain data with the halves of characters, which foreign text may hold and UTF-8 may not, as escapes."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {_without_lone_surrogates(key): _without_lone_surrogates(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_lone_surrogates(item) for item in value]
    return value


class PlainLines:
    """Renders a run for people: what runs, a line an epoch and a change, and how it ended."""

    def __init__(self, seen: Callable[[], Snapshot] | None = None) -> None:
        """Start with nothing told.

        Args:
            seen: returns what is known of the run, by which its end is told; None: what its events have told here,
                which is not all where another process began the run.
        """
        self._record = RunRecord()
        self._seen = seen or self._record.snapshot
        self._standing: list[str] = []
        """Names of the findings that were told and have not gone."""

    def __call__(self, event: events.Event) -> str:
        """Return the lines that tell an event."""
        self._record.apply(event)
        return "".join(f"{clean(line)}\n" for line in self._lines(event))

    def _lines(self, event: events.Event) -> list[str]:  # noqa: C901, PLR0911, PLR0912 - a flat list, one case an event
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
                return [sentences.became_non_finite(event), *self._finding_lines()]
            case events.RunPaused():
                return [f"paused in epoch {event.epoch}: {event.reason}"]
            case events.RunResumed():
                return ["resumed"]
            case events.RunContinued():
                return [sentences.continued(event)]
            case events.BranchStarted():
                return [sentences.branch_origin_words(event.branch, event.parent, event.epoch)]
            case events.RewindRefused():
                return [sentences.rewind_refused(event)]
            case events.CheckpointFailed():
                return [f"disk trouble, the training goes on: {event.message}"]
            case events.CheckpointsResumed():
                return ["checkpoints are written again"]
            case events.RunDetached():
                return [f"detached: {event.reason}"]
            case events.ModelExported():
                return [f"exported the weights of epoch {event.epoch} ({event.keep}) to {event.path}"]
            case events.ExportFailed():
                return [f"not exported to {event.path}: {event.reason}"]
            case events.RunEnded() | events.RunFailed():
                return self._last_lines(event)
            case (
                events.PhaseChanged()
                | events.EpochStarted()
                | events.ChunkEnded()
                | events.SamplesLoaded()
                | events.SamplesScored()
                | events.KnobAsked()
                | events.PauseAsked()
            ):
                return []
            case _:
                assert_never(event)

    def _last_lines(self, event: events.RunEnded | events.RunFailed) -> list[str]:
        snapshot = self._seen()
        told = (*found(snapshot), *came_of_it(snapshot), *(line for line, _ in branch_table(snapshot)))
        return [ending_line(event, snapshot), *told]

    def _outcome_lines(self) -> list[str]:
        return [f"  what it did: {sentence}" for sentence in settled_outcome_sentences(self._record.snapshot())]

    def _finding_lines(self) -> list[str]:
        """Return what came and what went since this was asked last."""
        findings = self._record.findings
        names = {finding.name for finding in findings}
        gone = [name for name in self._standing if name not in names | NOTHING_YET]
        came = [finding for finding in findings if finding.name not in self._standing]
        self._standing = [finding.name for finding in findings]
        return [*(f"  no longer: {name.replace('_', ' ')}" for name in gone), *map(finding_line, came)]


def started_lines(event: events.RunStarted) -> list[str]:
    """Return what runs, on what, and with which settings."""
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


def ending_line(event: events.RunEnded | events.RunFailed, snapshot: Snapshot) -> str:
    """Return how a run ended, with its best epoch."""
    epochs = f"{event.epochs_done} {'epoch' if event.epochs_done == 1 else 'epochs'}"
    if isinstance(event, events.RunFailed):
        return f"failed after {epochs}"
    ending = f"finished: {epochs}" if event.completed else f"ended after {epochs}: {event.reason}"
    best = snapshot.best
    return f"{ending}; best {best.metric} {measured(best.value)} in epoch {best.epoch}" if best else ending


def epoch_line(event: events.EpochEnded) -> str:
    """Return an epoch's number, time and metrics, in columns that stay in place from line to line."""
    number = f"epoch {event.epoch:>{len(str(event.epochs))}}/{event.epochs}"
    metrics = [f"{name} {measured(value):<6}" for name, value in event.metrics.items()]
    return "  ".join([number, f"{_seconds(event.seconds):>6}", *metrics]).rstrip()


def insight_lines(event: events.EpochEnded) -> list[str]:
    """Return the sentence that says why loss and accuracy moved as they did, and the estimate; none without insight."""
    insight = event.insight or None
    if insight is None:
        return []
    estimate = insight.estimate if event.epoch < event.epochs else ""
    return [f"  {sentence}" for sentence in (insight.sentence, estimate) if sentence]


def finding_line(finding: Finding) -> str:
    """Return what was found, and what is most promising to do about it."""
    remedy = f"  (a remedy: {remedy_words(finding.remedies[0])})" if finding.remedies else ""
    return f"  {said(finding)}{remedy}"


def receipt_line(event: events.KnobApplied) -> str:
    """Return that a knob took effect, with the value that the compiled step really used."""
    # Fewer epochs than this one end the run: the epoch they are told for never comes.
    ended_run = event.knob == EPOCHS.name and event.asked < event.epoch
    when = f"end of epoch {event.epoch - 1}" if ended_run else f"epoch {event.epoch}"
    return f"{when}: {event.knob} {knob_value(event.previous)} → {knob_value(event.value)} (read back)"


def _seconds(seconds: float) -> str:
    tenth, minute = 0.1, 60
    if seconds < tenth:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < minute else duration(seconds)
