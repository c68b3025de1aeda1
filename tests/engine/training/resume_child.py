"""A process that resumes runs from their checkpoints; prints a JSON object with the result of each.

Called with a folder that holds a folder of checkpoints for every run.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from fitmon.engine import environment
from fitmon.engine.checkpoints.checkpoint import read_checkpoint, stored_checkpoints
from tests.engine.training.small_runs import RUNS, Trained


def main() -> None:
    """Resume every run from each of its checkpoints, and train it to its end."""
    environment.import_tensorflow()
    digests: dict[str, dict[str, str]] = {}
    for name, run in RUNS.items():
        for stored in stored_checkpoints(Path(sys.argv[1]) / name):
            trained = Trained(run)
            trained.restore(read_checkpoint(stored.path))
            trained.train_to(3)
            digests[f"{name} {stored.path.name}"] = trained.digests()
    sys.stdout.write(json.dumps(digests))


if __name__ == "__main__":
    main()
