"""Opens a run for viewing: from the process that trains it, or else from its folder."""

from fitmon.engine.attach.client import connect
from fitmon.engine.attach.recorded import RecordedRun
from fitmon.engine.attach.remote_run import NAME, RemoteRun
from fitmon.engine.runs.run_folder import RunFolder


def open_run(folder: RunFolder, *, read_only: bool = False) -> RemoteRun | RecordedRun:
    """Return a run to view and, unless `read_only` or over, to steer; raises as `client.connect`."""
    connection = connect(folder, name=NAME, read_only=read_only)
    return RecordedRun(folder) if connection is None else RemoteRun(folder, connection, read_only=read_only)
