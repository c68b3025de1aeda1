"""A process of its own that takes runs up from their checkpoints; prints JSON: what became of each.

Called with a folder that holds a folder of checkpoints for every run.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from fitmon.engine import environment
from fitmon.engine.durable.checkpoint import read_checkpoint, stored_checkpoints
from fitmon.engine.durable.state import State

from .small_runs import RUNS, Trained


def without_seeds(state: State, fresh: State) -> State:
    """Return a state with the seeds of a model that has just been built: what a forgetful checkpoint would give."""
    forgotten = {name: array for name, array in fresh.variables.items() if name.endswith("seed_generator_state")}
    return State(state.facts, state.knobs, state.random, {**state.variables, **forgotten})


def main() -> None:
    """Take up every run from each of its checkpoints, and train it to its end."""
    environment.import_tensorflow()
    digests: dict[str, dict[str, str]] = {}
    for name, run in RUNS.items():
        for stored in stored_checkpoints(Path(sys.argv[1]) / name):
            trained = Trained(run)
            trained.restore(read_checkpoint(stored.path))
            trained.train_to(3)
            digests[f"{name} {stored.path.name}"] = trained.digests()
    name = next(iter(RUNS))
    stored = stored_checkpoints(Path(sys.argv[1]) / name)[0]
    trained = Trained(RUNS[name])
    trained.restore(without_seeds(read_checkpoint(stored.path), trained.capture()))
    trained.train_to(3)
    sys.stdout.write(json.dumps({"digests": digests, "without seeds": trained.digests()}))


if __name__ == "__main__":
    main()
