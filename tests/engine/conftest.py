"""A small set of real data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest


@dataclass(frozen=True)
class Digits:
    """A subset of MNIST: n training and m validation samples."""

    x: npt.NDArray[np.float32]
    y: npt.NDArray[np.int64]
    x_validation: npt.NDArray[np.float32]
    y_validation: npt.NDArray[np.int64]

    def one_hot(self) -> tuple[Any, Any]:
        """Return training and validation labels as one-hot rows."""
        rows = np.eye(10, dtype=np.float32)
        return rows[self.y], rows[self.y_validation]


@pytest.fixture(scope="session")
def digits(mnist_path: Path) -> Digits:
    """140 + 45 digits at half their resolution: neither divides by 32, so the last batch is short in both."""
    with np.load(mnist_path, allow_pickle=False) as file:
        x, y = file["x_train"][:140, ::2, ::2], file["y_train"][:140]
        x_validation, y_validation = file["x_test"][:45, ::2, ::2], file["y_test"][:45]
    return Digits(
        x=(x[..., None] / 255).astype(np.float32),
        y=y.astype(np.int64),
        x_validation=(x_validation[..., None] / 255).astype(np.float32),
        y_validation=y_validation.astype(np.int64),
    )
