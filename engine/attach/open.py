"""A run as it can be had: from the process that trains it, or else from its folder."""

from fitmon.engine.attach.client import connect
from fitmon.engine.attach.recorded import RecordedRun
from fitmon.engine.attach.remote_run import NAME, RemoteRun
from fitmon.engine.runs.run_folder import RunFolder


def open_run(folder: RunFolder, *, read_only: bool = False) -> RemoteRun | RecordedRun:
    """Return a run to be looked at and, unless `read_only` or over, to be steered; raises as `client.connect`."""
    conversation = connect(folder, name=NAME, read_only=read_only)
    return RecordedRun(folder) if conversation is None else RemoteRun(folder, conversation, read_only=read_only)
