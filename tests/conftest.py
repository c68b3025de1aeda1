"""Fixtures of all tests: the real MNIST, and a state folder separate from the user's."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

DEVELOPMENT_MNIST = Path(__file__).parents[2] / "shared" / "data" / "mnist.npz"


if "PYTEST_XDIST_WORKER" in os.environ:
    # Workers share the cores: TensorFlow threads of one would slow down the other.
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
    os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files with the most slow tests first, so that no worker is left with one of them at the end."""
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: -slow[item.path])


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
    """Return the state folder that the tests use."""
    folder = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(folder))
        yield folder
