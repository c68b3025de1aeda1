"""A run that trains nothing and answers commands as a training would."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fitmon.engine import events
from fitmon.engine.attach.server import RunServer
from fitmon.engine.commands import Command, Stop
from fitmon.engine.runs.lock import RunLock
from fitmon.engine.runs.run_folder import RunFolder
from tests.engine.attach.served_run import ServedRun

Answers = Callable[[Command], list[events.Event]]


@contextmanager
def answering(folder: RunFolder, run: ServedRun, answers: Answers) -> Iterator[None]:
    """Serve a run that emits, for each command, the events that `answers` returns."""
    with RunLock(folder), RunServer(folder.socket_path, run), heard(run, answers):
        yield


@contextmanager
def heard(run: ServedRun, answers: Answers) -> Iterator[None]:
    """Apply the events that `answers` returns for each command."""

    def answer() -> None:
        while (request := run.requests.get())[1] != "the test":
            run.tell(*answers(request[0]))

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        yield
    finally:
        run.send(Stop(), by="the test")
        thread.join()
