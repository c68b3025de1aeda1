"""A model whose knobs reach every layer, and what an interpreter without fitmon reads from a model file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from fitmon.engine.job import Settings, TrainingData

_READ = """
import json, sys
sys.modules["fitmon"] = None
import keras
import numpy as np

data = np.load(sys.argv[1])
for path in sys.argv[2:]:
    model = keras.saving.load_model(path)
    print(json.dumps({
        "metrics": model.evaluate(data["x"], data["y"], verbose=0, return_dict=True),
        "learning_rate": float(model.optimizer.learning_rate),
        "optimizer": type(model.optimizer).__name__,
        "dropout": [layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)],
        "l2": [float(layer.kernel_regularizer.l2) for layer in model.layers if hasattr(layer, "kernel_regularizer")],
        "trains_on": bool(np.isfinite(model.fit(data["x"], data["y"], verbose=0).history["loss"][0])),
    }))
"""


def build_normalized_model(chosen: Settings, _data: TrainingData | None = None) -> Any:
    """Return Dense → BatchNormalization → Dropout → Dense 1 with the settings' rate, dropout and L2."""
    import keras

    layers, penalty = keras.layers, keras.regularizers.L2(chosen.l2)
    hidden = layers.Dense(8, activation="relu", kernel_regularizer=penalty)
    last = layers.Dense(1, activation="sigmoid", kernel_regularizer=penalty)
    model = keras.Sequential(
        [keras.Input((6,)), hidden, layers.BatchNormalization(momentum=0.5), layers.Dropout(chosen.dropout), last]
    )
    optimizer = keras.optimizers.Adam(chosen.learning_rate)
    model.compile(optimizer, "binary_crossentropy", metrics=["accuracy"], jit_compile=False)
    return model


def seen_by_plain_keras(data: TrainingData, folder: Path, *paths: Path) -> list[dict[str, Any]]:
    """Return what a fresh interpreter, where fitmon cannot be imported, sees in model files."""
    np.savez(folder / "validation.npz", x=data.x_validation, y=data.y_validation)
    words = [sys.executable, "-c", _READ, str(folder / "validation.npz"), *map(str, paths)]
    answer = subprocess.run(words, check=False, capture_output=True, text=True, cwd=folder)
    assert answer.returncode == 0, answer.stderr
    return [json.loads(line) for line in answer.stdout.splitlines() if line.startswith("{")]
