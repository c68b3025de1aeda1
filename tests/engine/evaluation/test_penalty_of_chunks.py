"""What a validation pass finds does not depend on where its chunks begin, which is a matter of time."""

from __future__ import annotations

import numpy as np
import pytest

from fitmon.engine.data.feed import ResidentFeed
from fitmon.engine.evaluation.evaluate import Evaluator
from fitmon.engine.graph import Pacer

pytestmark = pytest.mark.slow


def test_the_penalty_is_the_same_in_one_chunk_and_in_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """A resumed run begins with short chunks where the straight one had long ones already."""
    import keras

    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((17,)), keras.layers.Dense(3, kernel_regularizer=keras.regularizers.L2(0.1))])
    model.compile("sgd", "mse", jit_compile=False)
    random = np.random.default_rng(0)
    x, y = random.normal(size=(61, 17)).astype(np.float32), random.normal(size=(61, 3)).astype(np.float32)
    penalties = set()
    for steps in (1, 100):
        monkeypatch.setattr(Pacer, "next_steps", lambda _, steps=steps: steps)
        evaluator = Evaluator(model, ResidentFeed(x, y), keep_predictions=False)
        penalties.add(evaluator.evaluate(5, lambda: None).penalty)
    assert len(penalties) == 1
