"""One dropout rate of one layer, in a variable that the compiled step reads.

The arithmetic is Keras's: the rate is a float64, as in Python, so that every mask and every scale is the same to the
last bit.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import tensorflow as tf


class LiveRate:
    """One rate of one layer, in a variable that the compiled step reads.

    Until a rate that begins at 0 is raised, the step has no dropout here, which would cost time and change nothing.
    """

    def __init__(self, rate: float, layer: Any, write_back: Callable[[float], None]) -> None:
        """Start with a rate in [0, 1) and the layer's seeds; `write_back` sets the layer's own number after the run."""
        import tensorflow as tf

        self._rate = tf.Variable(rate, dtype=tf.float64, trainable=False)
        self._layer = layer
        self._seed_generator = getattr(layer, "seed_generator", None) or _new_seed_generator(layer)
        self._number = rate
        """The layer's own number, which the step does not read."""
        self._write_back = write_back
        self._on_restore: list[Callable[[float], Any]] = []
        self.used = False
        """Whether the traced step uses this rate; True also for one that leaves out dropout."""
        self._began_at_zero = rate == 0
        self._left_out = self._began_at_zero

    @property
    def drops(self) -> bool:
        """Whether the step has dropout here: the rate is above 0, or ever was."""
        return not self._left_out

    @property
    def raised(self) -> bool:
        """Whether the rate began at 0 and was ever above it."""
        return self._began_at_zero and self.drops

    def assign(self, rate: float) -> bool:
        """Set the rate, in [0, 1); return whether the step must be traced again: at the first raise from 0 only.

        After that the step reads the variable every time.
        """
        self._rate.assign(rate)
        added, self._left_out = self._left_out and rate > 0, self._left_out and rate == 0
        return added

    def load(self, rate: float, *, raised: bool) -> bool:
        """Set a saved rate; return whether the step must be traced again.

        If the rate was `raised` when it was saved, the step has dropout even for a rate of 0: it draws seeds.
        """
        added = raised and self.assign(0.5)
        return self.assign(rate) or added

    def seeds(self) -> list[Any]:
        """Return the variables that its masks are drawn from."""
        return [self._seed_generator.state]

    def read(self) -> tf.Tensor:
        """Return the rate, () float64."""
        import tensorflow as tf

        return tf.convert_to_tensor(self._rate)

    def restore(self) -> None:
        """Write the rate into the layer as a plain number and restore the layer's own methods."""
        rate = float(self._rate.numpy())
        self._write_back(rate)
        for action in self._on_restore:
            action(rate)
        if rate > 0:
            _give_seeds(self._layer, self._seed_generator)

    def write(self) -> Callable[[], object]:
        """Write the rate into the layer as a plain number; return a function that restores the previous number."""
        self._write_back(float(self._rate.numpy()))
        return partial(self._write_back, self._number)

    def write_to(self, write_back: Callable[[float], None]) -> None:
        """Replace the function that writes the rate into the layer."""
        self._write_back = write_back

    def on_restore(self, action: Callable[[float], Any]) -> None:
        """Add an action that is called with the rate after the run."""
        self._on_restore.append(action)

    def drop(self, inputs: Any, noise_shape: Any = None) -> Any:
        """Set a share of the inputs to zero and scale up the rest, as `keras.random.dropout` does."""
        import keras
        import tensorflow as tf

        self.used = True
        rate = self.read()
        inputs = tf.convert_to_tensor(inputs)
        scaled = inputs * tf.cast(1 / (1 - rate), inputs.dtype)
        random = keras.random.uniform(_concrete(noise_shape, inputs), dtype=inputs.dtype, seed=self._seed_generator)
        return tf.where(random >= tf.cast(rate, inputs.dtype), scaled, tf.zeros((), inputs.dtype))

    def drop_keeping_moments(self, inputs: Any, noise_shape: Any = None) -> Any:
        """Drop to a negative value and correct mean and variance, as `keras.layers.AlphaDropout` does.

        The constants are those of Klambauer et al. 2017, https://arxiv.org/abs/1706.02515.
        """
        import keras
        import tensorflow as tf

        self.used = True
        rate = self.read()
        alpha_p = -1.6732632423543772848170429916717 * 1.0507009873554804934193349852946
        random = keras.random.uniform(_concrete(noise_shape, inputs), seed=self._seed_generator)
        kept = tf.cast(random >= tf.cast(rate, random.dtype), inputs.dtype)
        a = ((1 - rate) * (1 + rate * alpha_p**2)) ** -0.5
        b = -a * alpha_p * rate
        return tf.cast(a, inputs.dtype) * (inputs * kept + alpha_p * (1 - kept)) + tf.cast(b, inputs.dtype)

    def multiply_noise(self, inputs: Any, dtype: str) -> Any:
        """Multiply by noise around 1 with the variance of a dropout, as `keras.layers.GaussianDropout` does."""
        import keras
        import tensorflow as tf

        self.used = True
        rate = self.read()
        deviation = tf.cast(tf.sqrt(rate / (1 - rate)), dtype)
        return inputs * keras.random.normal(
            tf.shape(inputs), mean=1.0, stddev=deviation, dtype=dtype, seed=self._seed_generator
        )


class DeferredRate:
    """A rate that starts at 0 in a layer that tests with a Python `if` whether there is dropout at all.

    While it is 0 the layer is unchanged and may use a faster kernel. So raising the rate from 0, or setting it back to
    0, traces the step again; any other change does not.
    """

    def __init__(self, layer: Any, write: Callable[[float], None], make_live: Callable[[], LiveRate]) -> None:
        """Change nothing yet: on a raise `write` sets the layer's own number and `make_live` makes the rate live."""
        self._layer, self._write, self._make_live = layer, write, make_live
        self._live: LiveRate | None = None

    @property
    def used(self) -> bool:
        """Whether the traced step uses this rate; True for 0, which means that the step has no dropout here."""
        return self._live is None or self._live.used

    def assign(self, rate: float) -> bool:
        """Set the rate, in [0, 1); return whether the step must be traced again."""
        added_or_removed = (self._live is not None) != (rate > 0)
        if self._live is None and rate > 0:
            self._write(rate)
            _give_seeds(self._layer)
            self._live = self._make_live()
        elif self._live is not None:
            self._live.assign(rate)
            if rate == 0:
                self.restore()
        return added_or_removed

    @property
    def raised(self) -> bool:
        """Whether the rate was ever above 0, so that the layer has seeds."""
        return hasattr(self._layer, "seed_generator")

    def load(self, rate: float, *, raised: bool) -> bool:
        """Set a saved rate; return whether the step must be traced again.

        If the rate was `raised` when it was saved, the layer gets the seeds that it had by then, even for a rate of 0.
        """
        gave_seeds = raised and not self.raised and self.assign(0.5)
        changed = self.assign(rate)
        return gave_seeds or changed

    def seeds(self) -> list[Any]:
        """Return the variables that its masks are drawn from; none at a rate of 0."""
        return [] if self._live is None else self._live.seeds()

    def read(self) -> tf.Tensor:
        """Return the rate, () float64."""
        import tensorflow as tf

        return tf.zeros((), tf.float64) if self._live is None else self._live.read()

    def write(self) -> Callable[[], object]:
        """As for a `LiveRate`; at 0 the layer's own number is already right."""
        return (lambda: None) if self._live is None else self._live.write()

    def restore(self) -> None:
        """Write the rate into the layer as a plain number and restore the layer's own methods."""
        if self._live is not None:
            self._live.restore()
            self._live = None


def _give_seeds(layer: Any, seed_generator: Any = None) -> None:
    """Give a layer built with rate 0 the seed generator that Keras 3.15 creates only for a rate above 0.

    Keras locks the state of a built layer, so it is unlocked for this. The seed's state is then in `model.variables`,
    as in a model that was built with the rate.
    """
    if hasattr(layer, "seed_generator"):
        return
    tracker = layer._tracker  # noqa: SLF001 - see above
    locked, tracker.locked = tracker.locked, False
    layer.seed_generator = seed_generator or _new_seed_generator(layer)
    tracker.locked = locked


def _new_seed_generator(layer: Any) -> Any:
    import keras

    return keras.random.SeedGenerator(layer.seed)


def _concrete(noise_shape: Any, inputs: Any) -> Any:
    """Replace each None in a noise shape by the inputs' length; None alone means the inputs' shape."""
    import tensorflow as tf

    shape = tf.shape(inputs)
    if noise_shape is None:
        return shape
    return [shape[axis] if length is None else length for axis, length in enumerate(noise_shape)]
