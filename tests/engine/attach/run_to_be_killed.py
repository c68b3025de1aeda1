"""A program that owns a run, as far as other processes can see; its argument is the run's folder.

It reports some epochs, prints a line when it can be reached, journals the commands it receives, and runs until it is
killed. A child, such as a worker that reads data, outlives it until its standard input ends.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from fitmon.engine import events
from fitmon.engine.attach.server import RunServer
from fitmon.engine.runs.journal import JournalWriter
from fitmon.engine.runs.lock import RunLock
from fitmon.engine.runs.run_folder import RunFolder
from tests.engine.attach.served_run import Scorer, ServedRun, epoch_events, samples_loaded, started


def main() -> None:
    """Own a run until this process is killed."""
    folder = RunFolder(Path(sys.argv[1]))
    run = ServedRun()
    with RunLock(folder), RunServer(folder.socket_path, run):
        if os.fork() == 0:
            sys.stdin.read()
            os._exit(0)
        journal = JournalWriter(folder.journal_path)
        for event in (started(), samples_loaded(), *epoch_events(1), *epoch_events(2, Scorer(2).scored(2))):
            journal.event(event)
            run.tell(event)
        journal.flush()
        print("here", flush=True)  # noqa: T201 - what the test waits for
        while True:
            command, by = run.requests.get()
            journal.command(command, by=by)
            run.tell(events.KnobRequested(knob="learning_rate", value=1e-4, epoch=3))


if __name__ == "__main__":
    main()
