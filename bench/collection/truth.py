"""The truth about a run, measured with samples that neither training nor diagnosis has seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from bench.collection.tables import Part, Split
    from fitmon.engine.job import TrainingData

Floats = npt.NDArray[np.float64]

SHORT_WINDOW = 3
WINDOWS_IN_A_RUN = 10
CERTAIN = 1 - 1e-6
ROWS_AT_ONCE = 10_000
MAX_TRAINING_ROWS = 5_000
MAX_ROWS_IN_BOTH_MODES = 512


class Truth(msgspec.Struct, frozen=True, kw_only=True):
    """The data losses, without penalties, of the training set and of held-back samples, in inference mode.

    A large training set is represented by rows spread over all of it.

    A window is the mean of `window` epochs; differences are between windows, of the same samples.
    """

    held_back: int
    """Samples; 0: none, and only the training curves below are known."""
    window: int
    chance: float
    """Entropy of the class frequencies among the samples held back; of the training set where there are none."""
    losses: list[float]
    accuracies: list[float]
    training_losses: list[float]
    best_epoch: int
    """The middle of the window with the lowest loss."""
    rise: float
    """From the best window to the last."""
    rise_spread: float
    """Standard deviation of one sample's rise: of the mean of n samples it is this over the root of n."""
    lately: float
    """From the second to last window to the last."""
    lately_spread: float
    surely_wrong_share: float
    """Share of wrong predictions on held-back samples with a probability of 1 within rounding."""
    dead_share: float
    """Share of hidden units that output 0 for every training sample."""
    training_mode_loss: float | None = None
    """Mean loss of training samples in training mode, at the end; None: not measured."""
    inference_mode_loss: float | None = None
    """The same in inference mode."""


class Examiner:
    """Examines a model at the end of each epoch."""

    def __init__(self, split: Split) -> None:
        """Start with the samples, before the first epoch."""
        self._held_back, self._training = split.held_back, _thinned(split.training)
        self._losses: list[npt.NDArray[np.float32]] = []
        self._curves: dict[str, list[float]] = {"accuracies": [], "training_losses": []}
        self._surely_wrong_share = self._dead_share = 0.0

    def examine(self, model: Any) -> None:
        """Examine the model at the end of an epoch."""
        held_back, training = self._held_back, self._training
        if len(held_back):
            probabilities = _probabilities(model, held_back.x)
            self._losses.append(_losses(probabilities, held_back))
            wrong = probabilities.argmax(axis=1) != held_back.labels
            self._curves["accuracies"].append(_six_digits(1 - wrong.mean()))
            sure = probabilities.max(axis=1)[wrong] >= CERTAIN
            self._surely_wrong_share = float(sure.mean()) if len(sure) else 0.0
        probabilities = _probabilities(model, training.x)
        self._curves["training_losses"].append(_six_digits(_losses(probabilities, training).mean(dtype=np.float64)))
        self._dead_share = _dead_share(model, training.x)

    def truth(self) -> Truth:
        """Return the result over all epochs."""
        epochs = len(self._curves["training_losses"])
        window = min(max(SHORT_WINDOW, epochs // WINDOWS_IN_A_RUN), max(1, epochs // 2))
        held_back = self._held_back
        found: dict[str, Any] = {"losses": [], "best_epoch": 0}
        found |= dict.fromkeys(("rise", "rise_spread", "lately", "lately_spread"), 0.0)
        if len(held_back):
            found = _differences(np.array(self._losses), window)
        return Truth(
            held_back=len(held_back),
            window=window,
            chance=_entropy(held_back if len(held_back) else self._training),
            surely_wrong_share=_six_digits(self._surely_wrong_share),
            dead_share=_six_digits(self._dead_share),
            accuracies=self._curves["accuracies"],
            training_losses=self._curves["training_losses"],
            **found,
        )


class ModeExaminer:
    """Measures the loss of training samples with the model in training mode and in inference mode."""

    def __init__(self, data: TrainingData, batch_size: int) -> None:
        """Start with arrays, and the size of a batch, which is what training mode depends on."""
        # In the order of a shuffled epoch: batches of one class would have other statistics.
        rows = np.random.default_rng(0).permutation(len(data.x))[:MAX_ROWS_IN_BOTH_MODES]
        self._batches = [rows[at : at + batch_size] for at in range(0, max(1, len(rows) - batch_size + 1), batch_size)]
        self._x, self._y = data.x, data.y.reshape(-1, 1) if data.y.ndim == 1 else data.y
        self.losses: dict[str, float] = {}
        """The fields of `Truth`, after the last epoch."""

    def examine(self, model: Any) -> None:
        """Examine the model at the end of an epoch, and leave it as it was."""
        state = [variable.numpy() for variable in model.non_trainable_variables]
        self.losses = {
            "training_mode_loss": self._loss(model, training=True),
            "inference_mode_loss": self._loss(model, training=False),
        }
        for variable, value in zip(model.non_trainable_variables, state, strict=True):
            variable.assign(value)

    def _loss(self, model: Any, *, training: bool) -> float:
        import keras

        loss = keras.losses.get(model.loss)
        means = [np.mean(loss(self._y[rows], model(self._x[rows], training=training))) for rows in self._batches]
        return _six_digits(np.mean(means))


def unexamined(*, chance: float, **modes: float) -> Truth:
    """Return the truth about a run without samples held back: what is known of it is how it was made."""
    return Truth(
        held_back=0,
        window=SHORT_WINDOW,
        chance=_six_digits(chance),
        losses=[],
        accuracies=[],
        training_losses=[],
        best_epoch=0,
        rise=0.0,
        rise_spread=0.0,
        lately=0.0,
        lately_spread=0.0,
        surely_wrong_share=0.0,
        dead_share=0.0,
        **modes,
    )


def _thinned(part: Part) -> Part:
    return part.rows(slice(None, None, -(-len(part) // MAX_TRAINING_ROWS)))


def _differences(losses: npt.NDArray[np.float32], window: int) -> dict[str, Any]:
    """Return the fields of `Truth` about the losses, (epochs, samples)."""
    means = losses.mean(axis=1, dtype=np.float64)
    windows = np.convolve(means, np.full(window, 1 / window), "valid")
    best = int(windows.argmin())
    last = losses[-window:].mean(axis=0, dtype=np.float64)
    rise = last - losses[best : best + window].mean(axis=0, dtype=np.float64)
    before = losses[-2 * window : -window] if len(losses) >= 2 * window else losses[:1]
    lately = last - before.mean(axis=0, dtype=np.float64)
    return {
        "losses": [_six_digits(mean) for mean in means],
        "best_epoch": best + 1 + window // 2,
        "rise": _six_digits(rise.mean()),
        "rise_spread": _six_digits(rise.std()),
        "lately": _six_digits(lately.mean()),
        "lately_spread": _six_digits(lately.std()),
    }


def _probabilities(model: Any, x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return (n, C), in inference mode; the two of a single sigmoid unit are made from its one."""
    parts = [np.asarray(model(x[at : at + ROWS_AT_ONCE], training=False)) for at in range(0, len(x), ROWS_AT_ONCE)]
    outputs = np.concatenate(parts)
    return np.hstack([1 - outputs, outputs]) if outputs.shape[1] == 1 else outputs


def _losses(probabilities: npt.NDArray[np.float32], part: Part) -> npt.NDArray[np.float32]:
    # A NaN prediction is as wrong as possible.
    right = np.nan_to_num(probabilities[np.arange(len(part)), part.labels], nan=0.0)
    losses: npt.NDArray[np.float32] = -np.log(np.clip(right, 1e-7, 1))
    return losses


def _dead_share(model: Any, x: npt.NDArray[np.float32]) -> float:
    """Return the share of units in hidden layers with relu that are 0 for all of these samples."""
    dead = units = 0
    outputs: Any = x
    for layer in model.layers:
        outputs = layer(outputs, training=False)
        if getattr(getattr(layer, "activation", None), "__name__", "") == "relu":
            largest = np.asarray(outputs).max(axis=0)
            dead, units = dead + int((largest <= 0).sum()), units + len(largest)
    return dead / units if units else 0.0


def _entropy(part: Part) -> float:
    shares = np.bincount(part.labels) / max(1, len(part))
    shares = shares[shares > 0]
    return _six_digits(-(shares * np.log(shares)).sum())


def _six_digits(value: Any) -> float:
    return float(f"{value:.6g}")
