"""What all tests share: where the real MNIST is, and that their runs are kept away from the user's own."""

import os
from collections.abc import Iterator
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


@pytest.fixture(scope="session", autouse=True)
def state_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return where runs are kept while the tests go on."""
    folder = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(folder))
        yield folder
