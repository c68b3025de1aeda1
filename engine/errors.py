"""The errors that a user can cause or meet, each with the exit code of the command line.

A message is one or two sentences: what is wrong or what was expected, and what to do.
"""

from typing import ClassVar


class FitmonError(Exception):
    """An error that can be explained in a sentence."""

    exit_code: ClassVar[int] = 1
    """The exit code of the process when this error ends it (see the README's table)."""

    kind: ClassVar[str] = "internal"
    """The name of this error in events."""


class UsageError(FitmonError):
    """The command line or a setting requests something impossible."""

    exit_code = 2
    kind = "usage"


class DataError(FitmonError):
    """The data is missing, damaged, or not what the job needs."""

    exit_code = 3
    kind = "data"


class TrainingError(FitmonError):
    """Building or training the model failed."""

    exit_code = 4
    kind = "training"


class SetupError(FitmonError):
    """A dependency is missing or unusable: TensorFlow, the right backend, a readable configuration."""

    exit_code = 5
    kind = "environment"


class RunInUseError(FitmonError):
    """Another process owns the run."""

    exit_code = 6
    kind = "run in use"


class DiskError(FitmonError):
    """Something could not be written."""

    exit_code = 7
    kind = "disk"


EXIT_CODES: dict[str, int] = {
    error.kind: error.exit_code
    for error in (FitmonError, UsageError, DataError, TrainingError, SetupError, RunInUseError, DiskError)
}
"""Exit code for each `kind` that a `RunFailed` event may have."""

EXIT_QUIT_WHILE_TRAINING = 130
"""Exit code when the user quits before the run is over."""


class StopRequested(Exception):  # noqa: N818 - stopping is not an error
    """The user stopped the run."""

    def __init__(self, reason: str) -> None:
        """Store the reason, for the event that ends the run."""
        super().__init__(reason)
        self.reason = reason
