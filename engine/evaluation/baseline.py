"""The loss of the best prediction that does not look at the inputs: what a model must beat to have learned anything.

For cross-entropy that is the entropy of the class frequencies, for the squared error the variance of the targets. For
any other loss the best constant output is searched for. For a series the last value repeated is a baseline too: Hyndman
and Athanasopoulos 2021, Forecasting: Principles and Practice, ch. 5.2, https://otexts.com/fpp3/simple-methods.html.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fitmon.engine.diagnosis.row_blocks import arrays_in
from fitmon.engine.keras_internals import Compared, activation_before, activation_name, compared, loss_name, losses_of

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    Array = npt.NDArray[Any]

MAX_ROWS = 20_000
"""Rows that a baseline is computed from, spread over all of them."""
MAX_NUMBERS = 4_000_000
"""Likewise numbers in the targets."""
ROWS_OF_SEARCH = 2_000
MAX_ITERATIONS = 60
ROUNDING = 1e-6
"""An entropy up to this is that of hard labels."""
SAMPLES_A_UNIT = 2
"""With fewer numbers for each class or output, their frequencies or means fit those few, and lie too low."""
MAX_FEATURES = 32
"""How many columns of a series are tried as its last value."""
SERIES_AXES = 3
REPEATABLE = frozenset(
    {"mean_squared_error", "mean_absolute_error", "huber", "log_cosh", "mean_absolute_percentage_error"}
)
"""Losses between a number and a prediction of it, so that repeating a value makes sense."""

MAX_OUTPUT = 1e4
"""Times the largest starting point: a loss that still falls there has no lowest value."""
KNOWN = frozenset({"mean", "median"})
"""Best constants that need no search."""
MEAN_REDUCTIONS = frozenset({"sum_over_batch_size", "mean", "mean_with_sample_weight"})


class Baseline(NamedTuple):
    """The loss of a prediction that does not look at the inputs."""

    kind: str
    """See `Facts.baseline`."""
    loss: float


@dataclass(frozen=True, slots=True, eq=False)
class _Targets:
    """A part of the targets, as the loss takes them."""

    last: Array | None
    """(r, features) the last step of the inputs; None where they are no series."""
    y: Array
    weights: Array | None


@dataclass(frozen=True, slots=True, eq=False)
class Output:
    """What is known of one of a model's outputs without running it."""

    shape: tuple[int | None, ...]
    """The batch first; None: any length."""
    activation: Callable[[Any], Any]
    """That the output comes from; the identity where it is not known."""

    @property
    def activation_name(self) -> str:
        """Keras's name of the activation; empty where it is not known."""
        return "" if self.activation is _identity else activation_name(self.activation)


def loss_parts(model: keras.Model, x: Any, y: Any, sample_weight: Any = None) -> list[Compared]:
    """Return each loss of a built model with its targets and the `Output` it compares; empty where not known.

    A model with a `call` of its own is traced once: Keras does not show its outputs.

    Args:
        model: built and compiled.
        x: inputs, nested, (n, …).
        y: targets, nested, (n, …).
        sample_weight: as in the loss that a baseline is compared with: one a sample, one a step, or nested like the
            outputs; None: all 1.
    """
    if x is None or y is None or not losses_of(model):
        return []
    return compared(model, y, _outputs_of(model, x), sample_weight)


def _outputs_of(model: keras.Model, x: Any) -> Any:
    import keras
    import tensorflow as tf

    shown = getattr(model, "outputs", None)
    if shown:
        outputs = shown[0] if len(shown) == 1 else model.output
        return keras.tree.map_structure(lambda t: Output(tuple(t.shape), activation_before(t) or _identity), outputs)
    signature = keras.tree.map_structure(lambda a: tf.TensorSpec([None, *a.shape[1:]], tf.as_dtype(a.dtype)), x)
    traced = tf.function(lambda inputs: model(inputs, training=False), autograph=False)
    outputs = traced.get_concrete_function(signature).structured_outputs
    return keras.tree.map_structure(lambda t: Output(tuple(t.shape), _identity), outputs)


def baseline_of(parts: list[Compared], x: Any) -> Baseline | None:
    """Return the best baseline of a loss; None where there is none to compute.

    Of several outputs it is the weighted sum of theirs: a constant for each is a constant for all.

    Args:
        parts: see `loss_parts`.
        x: inputs, (n, …), from which a series is recognized; None, or several arrays: it is not.
    """
    found = [_baseline_of_part(part, x) for part in parts]
    known = [baseline for baseline in found if baseline is not None]
    if not known or len(known) < len(found):
        return None
    total = sum(part.weight * baseline.loss for part, baseline in zip(parts, known, strict=True))
    kinds = {baseline.kind for baseline in known}
    return Baseline(kind=kinds.pop() if len(kinds) == 1 else "constant", loss=float(f"{total:.6g}"))


def _baseline_of_part(part: Compared, x: Any) -> Baseline | None:
    shape = part.predictions.shape
    if part.loss.reduction not in MEAN_REDUCTIONS or not len(shape):
        return None
    if part.sample_weight is None and loss_name(part.loss) == "sparse_categorical_crossentropy":
        return _entropy_of(part)
    series = x if loss_name(part.loss) in REPEATABLE else None
    targets = _targets(series, part.y, part.sample_weight, shape[-1] or 1)
    if targets is None or targets.y.size < SAMPLES_A_UNIT * (shape[-1] or 1):
        return None
    found = [_best_constant(part.predictions, part.loss, targets), *_repeated_values(part.loss, targets)]
    finite = [baseline for baseline in found if np.isfinite(baseline.loss)]
    return min(finite, key=lambda baseline: baseline.loss, default=None)


def _entropy_of(part: Compared) -> Baseline | None:
    """Return the entropy of the class frequencies, of any number of classes; None where the loss ignores some."""
    arrays = arrays_in(part.y)
    if len(arrays) != 1 or not len(arrays[0]) or getattr(part.loss, "ignore_class", None) is not None:
        return None
    each = max(1, np.asarray(arrays[0][:1]).size)
    step = max(1, len(arrays[0]) * each // MAX_NUMBERS)
    _, counts = np.unique(np.asarray(arrays[0][::step]), return_counts=True)
    if counts.sum() < SAMPLES_A_UNIT * len(counts):
        return None
    shares = counts / counts.sum()
    return Baseline("class frequencies", float(-(shares * np.log(shares)).sum()))


def floor_of_parts(parts: list[Compared]) -> float:
    """Return the lowest value of a loss: the weighted sum of the `floor_of` its parts."""
    return sum(part.weight * floor_of(part.loss, part.y) for part in parts)


def floor_of(loss: Any, y: Any) -> float:
    """Return the lowest value of a cross-entropy on these targets: the entropy of soft or smoothed ones.

    0 for hard labels, and for any other loss. The best prediction of each sample is its own target.

    Args:
        loss: a `keras.losses.Loss`.
        y: targets, (n, …).
    """
    targets = _targets(None, y, None, 1)
    name = loss_name(loss)
    if targets is None or name not in {"binary_crossentropy", "categorical_crossentropy"}:
        return 0.0
    smoothing = float(getattr(loss, "label_smoothing", 0.0))
    classes = 2 if name.startswith("binary") else targets.y.shape[-1]
    shares = np.clip(targets.y.astype(np.float64) * (1 - smoothing) + smoothing / classes, 1e-12, 1)
    entropies = -shares * np.log(shares)
    rest = np.clip(1 - shares, 1e-12, 1)
    of_each = entropies - rest * np.log(rest) if name.startswith("binary") else entropies.sum(axis=-1)
    return float(f"{of_each.mean():.6g}") if of_each.mean() > ROUNDING else 0.0


def _targets(x: Any, y: Any, sample_weight: Any, units: int) -> _Targets | None:
    """Return targets of rows spread over all of them, few enough for an output of so many units for each number."""
    arrays = arrays_in(y)
    if len(arrays) != 1 or not len(arrays[0]) or np.asarray(arrays[0][:1]).dtype.kind not in "buif":
        return None
    first = np.asarray(arrays[0][:1])
    numbers_each = max(1, first.size) * (1 if first.shape[-1] == units else units)
    count = min(len(arrays[0]), MAX_ROWS, max(1, MAX_NUMBERS // numbers_each))
    rows = np.unique(np.linspace(0, len(arrays[0]) - 1, count).astype(np.int64))
    weights = None if sample_weight is None else np.asarray(sample_weight)[rows]
    return _Targets(_last_steps(x, rows), _taken(arrays[0], rows), weights)


def _last_steps(x: Any, rows: npt.NDArray[np.int64]) -> Array | None:
    """Return the last step of some rows of a series, (r, features); None for other inputs."""
    arrays = arrays_in(x)
    if len(arrays) != 1 or len(getattr(arrays[0], "shape", ())) != SERIES_AXES:
        return None
    if type(arrays[0]) is np.ndarray:
        return arrays[0][rows, -1, :MAX_FEATURES]
    return np.stack([np.asarray(arrays[0][int(row)])[-1, :MAX_FEATURES] for row in rows])


def _taken(array: Any, rows: npt.NDArray[np.int64]) -> Array:
    if type(array) is np.ndarray:
        return array[rows]
    return np.stack([np.asarray(array[int(row)]) for row in rows])


def _best_constant(output: Output, loss: Any, targets: _Targets) -> Baseline:
    """Return the constant with the lowest loss: the same output for every sample and every position."""
    import tensorflow as tf
    from scipy.optimize import minimize  # type: ignore[import-untyped]

    activation, units = output.activation, output.shape[-1] or 1
    thinned = _thinned(targets)

    def loss_of(values: npt.NDArray[np.float64], part: _Targets = thinned) -> tuple[float, npt.NDArray[np.float64]]:
        before = tf.constant(values, tf.float32)
        with tf.GradientTape() as tape:
            tape.watch(before)
            outputs = activation(before[tf.newaxis])[0]
            value = _mean_loss(loss, output, part, outputs)
        gradient = tape.gradient(value, before)
        slope = np.zeros(units) if gradient is None else np.asarray(gradient, np.float64)
        return float(value), slope

    starts = list(_starting_points(targets.y, units, activation))
    best = min(starts, key=lambda values: _finite_or_inf(loss_of(values)[0]))
    is_linear = getattr(activation, "__name__", "") in {"linear", _identity.__name__}
    if _kind(loss) in KNOWN and is_linear and targets.weights is None:
        return Baseline(kind=_kind(loss), loss=_finite_or_inf(loss_of(best, targets)[0]))
    found = minimize(loss_of, best, jac=True, method="L-BFGS-B", options={"maxiter": MAX_ITERATIONS})
    if np.abs(found.x).max() > MAX_OUTPUT * (1 + max(np.abs(start).max() for start in starts)):
        return Baseline(kind="", loss=float("-inf"))
    value = min(_finite_or_inf(loss_of(values, targets)[0]) for values in (found.x, best))
    return Baseline(kind=_kind(loss), loss=value)


def _repeated_values(loss: Any, targets: _Targets) -> Iterator[Baseline]:
    """Yield the loss of repeating the last value of each column of a series."""
    import tensorflow as tf

    if targets.last is None or targets.y.ndim > SERIES_AXES - 1:
        return
    y = tf.constant(targets.y.reshape(len(targets.y), -1), tf.float32)
    for column in range(targets.last.shape[1]):
        last = tf.constant(targets.last[:, column : column + 1], tf.float32)
        value = loss(y, tf.repeat(last, y.shape[1], axis=1), sample_weight=targets.weights)
        yield Baseline(kind="last value", loss=float(value))


def _mean_loss(loss: Any, output: Output, part: _Targets, outputs: tf.Tensor) -> tf.Tensor:
    import tensorflow as tf

    shape = [size or along for size, along in zip(output.shape, _lengths(output, part.y), strict=True)]
    return loss(tf.constant(part.y), tf.broadcast_to(outputs, shape), sample_weight=part.weights)


def _lengths(output: Output, y: Array) -> list[int]:
    """Return the length of each axis of the outputs that these targets have; those of unknown length are the same."""
    axes = len(output.shape)
    return [*y.shape, *[1] * axes][:axes]


def _starting_points(y: Array, units: int, activation: Callable[[Any], Any]) -> Iterator[npt.NDArray[np.float64]]:
    """Yield outputs before the activation, (units,): mean and median of the targets, and those of their logarithm."""
    yield np.zeros(units)
    if y.ndim >= 1 and y.shape[-1] == units and y.ndim > 1:
        columns = y.reshape(-1, units).astype(np.float64)
    elif units == 1:
        columns = y.reshape(-1, 1).astype(np.float64)
    elif y.size and y.min() >= 0 and y.max() < units:
        counts = np.bincount(y.astype(np.int64).reshape(-1), minlength=units)
        columns = (counts / counts.sum())[None]
    else:
        return
    mean = np.nanmean(columns, axis=0)
    yield mean
    yield np.nanmedian(columns, axis=0)
    if mean.min() >= 0 and mean.max() <= 1:
        share = np.clip(mean, 1e-6, 1 - 1e-6)
        name = getattr(activation, "__name__", "")
        yield np.log(share / (1 - share)) if name != "softmax" and units == 1 else np.log(share)
        yield np.log(share / (1 - share))


def _identity(values: Any) -> Any:
    return values


def _thinned(targets: _Targets) -> _Targets:
    step = max(1, len(targets.y) // ROWS_OF_SEARCH)
    weights = None if targets.weights is None else targets.weights[::step]
    return _Targets(None, targets.y[::step], weights)


def _kind(loss: Any) -> str:
    return {"mean_squared_error": "mean", "mean_absolute_error": "median"}.get(loss_name(loss), "constant")


def _finite_or_inf(value: float) -> float:
    return value if np.isfinite(value) else float("inf")
