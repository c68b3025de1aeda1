"""Short runs of a model whose knobs are changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fitmon.engine.commands import Command
from fitmon.engine.job import TrainingData
from tests.engine.watching import Watched, build_table_model, settings, small_table, table_job


def without_validation() -> TrainingData:
    """Return the training part of the small table."""
    data = small_table()
    return TrainingData(x=data.x, y=data.y)


def quick(*commands: Command, build: Callable[..., Any] = build_table_model, **chosen: Any) -> Watched:
    """Return a run of one eager step per epoch without validation, for what is decided between epochs."""

    def build_eager(*job: Any) -> Any:
        model = build(*job)
        model.run_eagerly = True
        return model

    return Watched(table_job(build_eager, settings(**{"batch_size": 100, **chosen}), without_validation()), *commands)


def same(some: list[Any], others: list[Any]) -> bool:
    """Return whether all arrays are the same, bit by bit."""
    return all(np.array_equal(one, other) for one, other in zip(some, others, strict=True))
