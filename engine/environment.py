"""Imports TensorFlow and Keras, and describes this machine: device, versions, flags."""

from __future__ import annotations

import json
import os
from pathlib import Path

from fitmon.engine.errors import SetupError


def import_tensorflow() -> None:
    """Import TensorFlow and Keras with TensorFlow as the backend; takes seconds the first time.

    Raises SetupError when Keras is configured for another backend, its configuration is broken, or an import fails.
    """
    _refuse_other_backend()
    # Only errors of TensorFlow's C++ code belong in the log; otherwise it prints several lines about the processor.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        import keras
        import tensorflow as tf  # noqa: F401
    except Exception as error:
        raise SetupError(
            f"TensorFlow could not be imported ({type(error).__name__}: {error}). "
            "Try `python -c 'import tensorflow'`, and reinstall it if that fails too."
        ) from error
    if keras.backend.backend() != "tensorflow":
        raise SetupError(
            f"Expected Keras to use the backend tensorflow, received {keras.backend.backend()!r}. "
            "Set KERAS_BACKEND=tensorflow."
        )


def keras_home() -> Path:
    """Return the folder of Keras's configuration and cache: `$KERAS_HOME`, else `~/.keras`."""
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras").expanduser()


def _refuse_other_backend() -> None:
    configured = os.environ.get("KERAS_BACKEND") or _configured_backend(keras_home() / "keras.json")
    if configured not in (None, "", "tensorflow"):
        raise SetupError(
            f"Expected Keras to use the backend tensorflow, received {configured!r}. Set KERAS_BACKEND=tensorflow."
        )


def _configured_backend(path: Path) -> str | None:
    """Read the backend from keras.json.

    Keras 3.15 treats a file that is not JSON as empty, and raises AttributeError on JSON of another shape: either way
    the user does not learn that the configuration was not used.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(f"Keras's configuration {path} cannot be read ({error}). Fix or remove it.") from error
    try:
        configuration = json.loads(text)
    except ValueError as error:
        raise SetupError(f"Expected Keras's configuration {path} to be JSON ({error}). Fix or remove it.") from error
    if not isinstance(configuration, dict):
        raise SetupError(
            f"Expected Keras's configuration {path} to be a JSON object, received {type(configuration).__name__}. "
            "Fix or remove it."
        )
    backend = configuration.get("backend")
    return None if backend is None else str(backend)


def device_name() -> str:
    """Return where the training will run, such as `CPU (2 threads)` or `GPU:0 NVIDIA H200`."""
    import tensorflow as tf

    gpus = tf.config.list_logical_devices("GPU")
    if gpus:
        details = tf.config.experimental.get_device_details(tf.config.list_physical_devices("GPU")[0])
        return f"GPU:0 {details.get('device_name', '')}".strip()
    threads = tf.config.threading.get_intra_op_parallelism_threads() or _usable_cores()
    return f"CPU ({threads} thread{'s' if threads != 1 else ''})"


def _usable_cores() -> int:
    """Return how many cores this process may use; Python has no `sched_getaffinity` on macOS."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def versions() -> dict[str, str]:
    """Return the versions of the packages that determine what a run computes."""
    from importlib.metadata import version

    return {name: version(name) for name in ("fitmon", "keras", "tensorflow", "numpy")}


_FLAGS = (
    "CUBLAS_WORKSPACE_CONFIG",
    "CUDA_VISIBLE_DEVICES",
    "KERAS_BACKEND",
    "NVIDIA_TF32_OVERRIDE",
    "OMP_NUM_THREADS",
    "TF_CUDNN_DETERMINISTIC",
    "TF_CUDNN_USE_AUTOTUNE",
    "TF_DETERMINISTIC_OPS",
    "TF_ENABLE_ONEDNN_OPTS",
    "TF_NUM_INTEROP_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_XLA_FLAGS",
    "XLA_FLAGS",
)


def flags() -> dict[str, str]:
    """Return the environment variables that affect what TensorFlow computes, if set."""
    return {name: os.environ[name] for name in _FLAGS if name in os.environ}
