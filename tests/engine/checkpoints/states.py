"""States made of plain arrays, for tests that need neither a model nor TensorFlow."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np

from fitmon.engine.checkpoints.random_state import RandomState
from fitmon.engine.checkpoints.state import CheckpointFacts, TrainingState
from fitmon.engine.commands import SetKnob
from fitmon.engine.knobs.saved_knobs import SavedKnobs
from fitmon.engine.record.branch import BestEpoch


def state_of(*, epochs_done: int = 1, step: int = 0, **variables: Any) -> TrainingState:
    """Return a state with these arrays."""
    version, words, gauss = random.Random(epochs_done).getstate()  # noqa: S311
    return TrainingState(
        facts=CheckpointFacts(
            epochs_done=epochs_done,
            step=step,
            seed=3,
            batch_size=32,
            epochs=10,
            best=BestEpoch(epoch=1, metric="val_loss", value=0.1 + 0.2),
            waiting=(SetKnob("dropout", 0.3, epoch=4),),
        ),
        knobs=SavedKnobs(rates=(0.1, 1 / 3), l1=(0.0,), l2=(1e-7,), learning_rate_factor=0.5),
        random=RandomState(python=(version, tuple(words), gauss), numpy=None, keras=(1, 2)),
        variables={name: np.asarray(array) for name, array in variables.items()},
        others={"scores": np.array([0.5, 0.25, 1.0])},
    )


def consistent_state(number: int, kilobytes: int) -> TrainingState:
    """Return a state whose every array says which one it is, so that a mixture of two would show."""
    arrays: dict[str, Any] = {f"array {place}": np.full(kilobytes * 32, number, np.float64) for place in range(4)}
    return state_of(epochs_done=number, **arrays)


def number_of(state: TrainingState) -> int:
    """Return which consistent state this is; fails for a mixture."""
    (number,) = {float(value) for array in state.variables.values() for value in np.unique(array)}
    assert state.facts.epochs_done == number
    return int(number)


def names_in(folder: Path) -> list[str]:
    """Return the names of all files in a folder."""
    return sorted(path.name for path in folder.iterdir())
