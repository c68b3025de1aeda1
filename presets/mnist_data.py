"""Finds MNIST on this machine, downloads it, or uses scikit-learn's digits instead; reads and checks the file.

A user's file is only read, never written, deleted or unpickled; it need not be the official one.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fitmon.engine.errors import DataError
from fitmon.engine.job import ReportProgress, Settings, TrainingData
from fitmon.presets.checks import checked_labels, one_hot, require_numbers, require_same_length

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from fitmon.presets.download import RemoteFile

    Arrays = dict[str, npt.NDArray[Any]]

OFFICIAL_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
OFFICIAL_SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
FILE_NAME = "mnist.npz"
KEYS = ("x_train", "y_train", "x_test", "y_test")
SIDE = 28
CLASSES = 10
PROGRESS_STEP_PERCENT = 5
SAVE_AGAIN = "save it again with numpy.savez_compressed"


def load_file(path: Path) -> Callable[[Settings, ReportProgress], TrainingData]:
    """Return a `Job.load` that reads a file in the layout of Keras's `mnist.npz`."""

    def load(_settings: Settings, report_progress: ReportProgress) -> TrainingData:
        report_progress(f"reading {path.name}")
        return read_mnist(path)

    return load


def require_file(path: Path | None) -> None:
    """Raise DataError at once if the file to read is missing or cannot be opened.

    Args:
        path: None: that of `$FITMON_DATA`; without it nothing is checked.
    """
    path = path or _path_from_environment()
    if path is not None:
        _require_readable(path)


def load_mnist(
    settings: Settings, report_progress: ReportProgress, *, remote: RemoteFile | None = None
) -> TrainingData:
    """Return MNIST: from `$FITMON_DATA`, else from a cache folder, else downloaded, else scikit-learn's digits.

    Args:
        settings: the seed splits scikit-learn's digits.
        report_progress: called with the current step, such as `downloading MNIST 45%`.
        remote: None: the official file.

    Raises:
        DataError: `$FITMON_DATA` or a cached file is missing, damaged or not in MNIST's layout.
    """
    path = _path_from_environment() or next((path for path in _cached_paths() if path.exists()), None)
    if path is None:
        path, failure = _download(report_progress, remote or official_file())
        if path is None:
            report_progress("reading scikit-learn's digits")
            return _digits(settings.seed, failure)
    report_progress(f"reading {path.name}")
    return read_mnist(path)


def official_file() -> RemoteFile:
    """Return the file that Keras itself downloads, 11 MB."""
    from fitmon.presets.download import RemoteFile

    return RemoteFile(url=OFFICIAL_URL, sha256=OFFICIAL_SHA256)


def read_mnist(path: Path) -> TrainingData:
    """Read a file in the layout of Keras's `mnist.npz`, or raise DataError saying what is wrong with it.

    The file contains `x_train` (n, 28, 28), `y_train` (n,), `x_test` (m, 28, 28) and `y_test` (m,); pixels are integers
    in 0..255, not all of them 0 or 1, or floats in [0, 255] or [0, 1]; labels are in 0..9.

    Returns:
        Inputs (n, 28, 28, 1) float32 in [0, 1]; targets (n, 10) float32, one-hot; the test set for validation.
    """
    arrays, shown = _read_arrays(path), _shown(path)
    subsets = []
    for subset in ("train", "test"):
        x_name, y_name = f"x_{subset} in {shown}", f"y_{subset} in {shown}"
        x = _checked_pixels(arrays[f"x_{subset}"], name=x_name)
        labels = checked_labels(arrays[f"y_{subset}"], classes=CLASSES, name=y_name)
        require_same_length(x, labels, name=f"the {subset} set of {shown}")
        subsets.append((x, one_hot(labels, CLASSES)))
    return _training_data(*subsets)


def _path_from_environment() -> Path | None:
    path = os.environ.get("FITMON_DATA")
    return Path(path) if path else None


def _cached_paths() -> tuple[Path, ...]:
    return tuple(folder / FILE_NAME for folder in _cache_folders())


def _cache_folders() -> tuple[Path, Path]:
    """Return Keras's folder, and fitmon's own for when that one is not writable."""
    import platformdirs

    from fitmon.engine.environment import keras_home

    return keras_home() / "datasets", Path(platformdirs.user_cache_dir("fitmon"))


def _download(report_progress: ReportProgress, remote: RemoteFile) -> tuple[Path | None, str]:
    """Return the path of the downloaded file, or None and the reason."""
    from fitmon.presets.download import DownloadError, download

    failure = ""
    report_progress("downloading MNIST")
    for folder in _cache_folders():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            download(remote, folder / FILE_NAME, _percent_reporter(report_progress))
        except DownloadError as error:
            return None, str(error)
        except OSError as error:
            failure = f"{_shown(folder)}: {error.strerror}"
        else:
            return folder / FILE_NAME, ""
    return None, failure


def _percent_reporter(report_progress: ReportProgress) -> Callable[[float], None]:
    def report(fraction: float) -> None:
        report_progress(f"downloading MNIST {int(100 * fraction) // PROGRESS_STEP_PERCENT * PROGRESS_STEP_PERCENT}%")

    return report


def _require_readable(path: Path) -> None:
    shown = _shown(path)
    try:
        if not path.exists():
            raise DataError(f"{shown} does not exist. Choose a file in the layout of Keras's mnist.npz.")
        if not path.is_file():
            raise DataError(f"{shown} is not a file. Choose a file in the layout of Keras's mnist.npz.")
        path.open("rb").close()
    except OSError as error:
        raise DataError(f"{shown} cannot be read: {str(error.strerror).lower()}.") from None


def _read_arrays(path: Path) -> Arrays:
    import numpy as np

    _require_readable(path)
    shown = _shown(path)
    try:
        # Opened here, because numpy leaves a file open that is not an archive.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            missing = [key for key in KEYS if key not in archive]
            arrays = {key: archive[key] for key in KEYS} if not missing else {}
            if not all(isinstance(array, np.ndarray) for array in arrays.values()):
                raise ValueError("a member that is not an array")
    except Exception as error:  # noqa: BLE001 - zipfile and numpy raise nearly anything for an invalid file
        raise DataError(f"{shown} cannot be read as Keras's mnist.npz: {_cause(error)}.") from None
    if missing:
        raise DataError(f"Expected the arrays {', '.join(KEYS)} in {shown}; missing: {', '.join(missing)}.")
    return arrays


def _cause(error: Exception) -> str:
    if "pickle" in str(error):
        return "it is not an npz file of plain numbers (fitmon loads no pickled objects)"
    if isinstance(error, MemoryError):
        return "it claims to be larger than the memory"
    if isinstance(error, NotImplementedError):
        return f"it uses a compression that Python cannot read, {SAVE_AGAIN}"
    if isinstance(error, RuntimeError) and "encrypted" in str(error):
        return f"it is encrypted, {SAVE_AGAIN}"
    return "it is damaged or not an npz file"


def _checked_pixels(pixels: npt.NDArray[Any], *, name: str) -> npt.NDArray[np.float32]:
    """Return (n, 28, 28, 1) float32 in [0, 1]."""
    import numpy as np

    if pixels.shape[1:] not in {(SIDE, SIDE), (SIDE, SIDE, 1)}:
        raise DataError(f"Expected images of the shape (n, {SIDE}, {SIDE}) in {name}, received {pixels.shape}.")
    require_numbers(pixels, name=name)
    low, high = (float(pixels.min()), float(pixels.max())) if pixels.size else (0.0, 0.0)
    if low < 0 or high > 255:  # noqa: PLR2004 - the range of a byte
        raise DataError(f"Expected pixels in 0..255 in {name}, received {low:g}..{high:g}.")
    is_unit = high <= 1
    if is_unit and pixels.dtype.kind != "f" and pixels.size:
        raise DataError(
            f"Expected integer pixels up to 255 in {name}, received {low:g}..{high:g}. Save pixels in 0..1 as floats."
        )
    scale = 1 if is_unit else 255
    scaled = pixels.reshape(-1, SIDE, SIDE, 1).astype(np.float32)
    scaled /= np.float32(scale)
    return scaled


def _digits(seed: int, failure: str) -> TrainingData:
    """Return scikit-learn's digits in MNIST's shape, a fifth of them for validation, stratified.

    1,797 real handwritten digits, 8×8 pixels in 0..16 (E. Alpaydin, C. Kaynak 1998; UCI Machine Learning Repository,
    https://doi.org/10.24432/C50P49, CC BY 4.0; the copy inside scikit-learn). Each pixel becomes 3×3 and the edge is
    padded by 2, so that the digit fills 24 of 28 pixels, close to MNIST's 20.
    """
    import numpy as np
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    digits = load_digits()
    enlarged = np.kron(digits.images.astype(np.float32) / 16, np.ones((1, 3, 3), np.float32))
    x = np.pad(enlarged, ((0, 0), (2, 2), (2, 2)))[..., np.newaxis]
    y = one_hot(digits.target, CLASSES)
    x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.2, stratify=digits.target, random_state=seed)
    note = (
        f"This is not MNIST, which could not be downloaded ({failure}), but scikit-learn's {len(x)} handwritten "
        "digits, enlarged from 8×8 to 28×28. Use --data FILE to train on MNIST."
    )
    return _training_data((x_train, y_train), (x_test, y_test), notes=(note,))


def _training_data(
    training: tuple[Any, Any], validation: tuple[Any, Any], *, notes: tuple[str, ...] = ()
) -> TrainingData:
    return TrainingData(
        x=training[0],
        y=training[1],
        x_validation=validation[0],
        y_validation=validation[1],
        class_names=tuple(str(digit) for digit in range(CLASSES)),
        notes=notes,
    )


def _shown(path: Path) -> str:
    """Return a path as valid UTF-8 text, with other bytes as escape sequences."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
