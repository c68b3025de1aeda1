"""Measures the cost of keeping a run on disk; prints one line of JSON. Arguments: what to measure, and a folder."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import psutil

from bench.jobs import measured_job
from fitmon.engine import events
from fitmon.engine.attach.server import RunServer
from fitmon.engine.record.record import RunRecord
from fitmon.engine.record.snapshot import Snapshot
from fitmon.engine.runs.journal import JournalWriter
from fitmon.engine.runs.lock import RunLock
from fitmon.engine.runs.replay import replay_journal
from fitmon.engine.runs.runs import Runs
from fitmon.engine.training.checkpointing import CheckpointManager
from fitmon.engine.training.kept_run import KeptRun
from fitmon.engine.training.options import RunOptions
from fitmon.engine.values import KnobOffer

KEPT_THREADS = ("fitmon checkpoints", "fitmon journal")
SHORT_RUN, LONG_RUN = 1_000, 100_000


def cost(root: Path) -> dict[str, float]:
    """Return, per epoch of MNIST, the seconds that training waited for checkpoints and that other threads worked."""
    waited: list[float] = []
    for name in ("begin_chunk", "end_chunk", "end_training_of_epoch", "end_epoch", "report_trouble"):
        _measure(name, waited)
    job = measured_job("mnist", jit=False)
    folder = Runs(root).create(job="mnist", settings=job.settings)
    ends: list[float] = []
    at_first_end: dict[str, float] = {}

    def note(event: events.Event) -> None:
        if isinstance(event, events.EpochEnded):
            ends.append(time.perf_counter())
            if len(ends) == 1:
                at_first_end.update(waited=sum(waited), worked=_worked())

    with KeptRun(job, folder, RunOptions(on_event=note, summarize_epochs=False)) as run:
        run.start()
        run.join()
        worked = _worked()
    epochs = len(ends) - 1
    seconds = ends[-1] - ends[0]
    bytes_kept = max(path.stat().st_size for path in folder.checkpoints_path.rglob("*.checkpoint"))
    return {
        "epoch_seconds": seconds / epochs,
        "waited_seconds": (sum(waited) - at_first_end["waited"]) / epochs,
        "worked_seconds": (worked - at_first_end["worked"]) / epochs,
        "checkpoint_bytes": bytes_kept,
    }


def journal(root: Path) -> dict[str, float]:
    """Return the bytes of an epoch of iris in the journal, with everything that is measured."""
    job = measured_job("iris", jit=False)
    folder = Runs(root).create(job="iris", settings=job.settings)
    with KeptRun(job, folder) as run:
        run.start()
        run.join()
    lines = [len(line) for line in folder.journal_path.read_bytes().splitlines(keepends=True) if b'"epoch":' in line]
    return {"bytes_per_epoch": sum(lines) / job.settings.epochs}


def memory(root: Path) -> dict[str, float]:
    """Return the additional megabytes that the record of a long run takes, compared with a short one."""
    del root
    process, record, used = psutil.Process(), RunRecord(), {}
    for epoch in range(1, LONG_RUN + 1):
        for event in _epoch(epoch):
            record.apply(event)
        if epoch in {SHORT_RUN, LONG_RUN}:
            used[epoch] = process.memory_info().rss
    return {"megabytes": (used[LONG_RUN] - used[SHORT_RUN]) / 1e6}


def serve(root: Path) -> None:
    """Serve a made-up run of 10 000 epochs until this process is killed; prints the folder."""
    job = measured_job("iris", jit=False, epochs=20_000)
    folder = Runs(root).create(job="iris", settings=job.settings)
    writer = JournalWriter(folder.journal_path)
    for event in (_started(), *(event for epoch in range(1, 10_001) for event in _epoch(epoch))):
        writer.event(event)
    writer.close()
    with RunLock(folder):
        server = RunServer(folder.socket_path, _ReplayedRun(replay_journal(folder).record))
        print(folder.path, flush=True)
        sys.stdin.read()
        server.close()


class _ReplayedRun:
    def __init__(self, record: RunRecord) -> None:
        self._record = record

    def snapshot(self) -> Snapshot:
        return self._record.snapshot()

    def send(self, command: object, *, by: str) -> None:
        """Do nothing: nothing is trained."""


def _measure(name: str, waited: list[float]) -> None:
    real = getattr(CheckpointManager, name)

    def measured(self: CheckpointManager, *args: object, **kwargs: object) -> object:
        since = time.perf_counter()
        try:
            return real(self, *args, **kwargs)
        finally:
            waited.append(time.perf_counter() - since)

    setattr(CheckpointManager, name, measured)


def _worked() -> float:
    """Return the processor seconds of the threads that write."""
    import threading

    writers = {thread.native_id for thread in threading.enumerate() if thread.name in KEPT_THREADS}
    times = psutil.Process().threads()
    return float(sum(each.user_time + each.system_time for each in times if each.id in writers))


def _started() -> events.RunStarted:
    return events.RunStarted(
        run="made up",
        epochs=20_000,
        steps=10,
        training_samples=100,
        validation_samples=0,
        class_names=(),
        knobs=(KnobOffer(name="learning_rate", value=1e-3),),
        seed=0,
        device="CPU",
        versions={},
        parameters=10,
        jit=False,
        majority_share=None,
        no_probabilities="nothing is validated",
    )


def _epoch(epoch: int) -> list[events.Event]:
    metrics = dict.fromkeys(("loss", "accuracy", "val_loss", "val_accuracy"), 1 / epoch)
    return [
        events.EpochStarted(epoch=epoch, epochs=LONG_RUN, steps=10),
        events.ChunkEnded(epoch=epoch, step=10, steps=10, chunk_metrics=metrics, epoch_metrics=metrics, seconds=0.01),
        events.EpochEnded(epoch=epoch, epochs=LONG_RUN, seconds=0.01, metrics=metrics, knobs={"learning_rate": 1e-3}),
    ]


def main() -> None:
    """Measure what the command line selects."""
    what, root = sys.argv[1], Path(sys.argv[2])
    if what == "serve":
        serve(root)
    else:
        print(json.dumps({"cost": cost, "journal": journal, "memory": memory}[what](root)))


if __name__ == "__main__":
    main()
