"""Runs that several files of tests copy."""

import pytest

from tests.cli.finished_runs import FinishedRun, trained


@pytest.fixture(scope="session")
def two_epochs(tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    """A finished run of two epochs."""
    return trained(tmp_path_factory.mktemp("two"), "two", "--epochs 2")


@pytest.fixture(scope="session")
def four_epochs(tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    """The same run with four epochs, whose model is exported to `model.keras` beside its folder."""
    root = tmp_path_factory.mktemp("four")
    return trained(root, "four", f"--epochs 4 --export {root / 'model.keras'}")
