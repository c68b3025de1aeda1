"""What all tests share: where the real MNIST is."""

import os
from pathlib import Path

import pytest

DEVELOPMENT_MNIST = Path(__file__).parents[2] / "shared" / "data" / "mnist.npz"


@pytest.fixture(scope="session")
def mnist_path() -> Path:
    """Return the path of a real mnist.npz; skip where there is none, but fail in CI."""
    path = Path(os.environ.get("FITMON_DATA") or DEVELOPMENT_MNIST)
    if not path.is_file():
        reason = f"There is no MNIST at {path}; set FITMON_DATA to an mnist.npz."
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return path
