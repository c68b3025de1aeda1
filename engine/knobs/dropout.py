"""Dropout that can be turned while a model trains.

Keras reads a rate as a Python number while it traces, so that setting `layer.rate` changes nothing, without an error.
Here the layers of a model are given the same arithmetic with the rate in a variable. It is Keras's own arithmetic: the
rate is kept in float64, as Python keeps it, so that every mask and every scale is the same to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from fitmon.engine import environment
from fitmon.engine.events import KnobOffer
from fitmon.engine.loop import shortest

if TYPE_CHECKING:
    import keras
    import tensorflow as tf


class LiveRate:
    """One rate of one layer, in a variable that the compiled step reads."""

    def __init__(self, rate: float, seed_generator: Any, write_back: Callable[[float], None]) -> None:
        """Begin with a rate in [0, 1); `write_back` sets the layer's own number when the run is over.

        A layer built with rate 0 has no seed generator (Keras 3.15), so one is made that the layer does not know of.
        """
        import keras
        import tensorflow as tf

        self._rate = tf.Variable(rate, dtype=tf.float64, trainable=False)
        self._seed_generator = seed_generator or keras.random.SeedGenerator()
        self._write_back: list[Callable[[float], Any]] = [write_back]
        self.used = False
        """Whether the traced step really passes through this rate."""

    def assign(self, rate: float) -> None:
        """Set the rate, in [0, 1)."""
        self._rate.assign(rate)

    def read(self) -> tf.Tensor:
        """Return the rate, () float64."""
        import tensorflow as tf

        return tf.convert_to_tensor(self._rate)

    def restore(self) -> None:
        """Write the rate into the layer as a plain number, and let the layer work by itself again."""
        for write_back in self._write_back:
            write_back(float(self._rate.numpy()))

    def on_restore(self, write_back: Callable[[float], Any]) -> None:
        """Add something to do with the rate when the run is over."""
        self._write_back.append(write_back)

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


class DropoutKnob:
    """Turns every dropout rate of a model at once."""

    def __init__(self, model: keras.Model) -> None:
        """Make all rates of the model live; until one is turned, training is the same to the last bit."""
        layers = list(environment.all_layers(model))
        inside_attention = {id(getattr(layer, "_dropout_layer", None)) for layer in layers if _is_multi_head(layer)}
        self._rates = [rate for layer in layers if id(layer) not in inside_attention for rate in _live_rates(layer)]

    def offers(self) -> list[KnobOffer]:
        """Return the knob, with several values when the layers differ."""
        if not self._rates:
            reason = "this model has no dropout to turn; start with a rate, as in --dropout 0.3 (0 will do)"
            return [KnobOffer(name="dropout", value=None, unavailable=reason)]
        rates = sorted({shortest(rate.read().numpy()) for rate in self._rates})
        return [KnobOffer(name="dropout", value=rates[0] if len(rates) == 1 else tuple(rates))]

    def turn(self, name: str, value: float) -> bool:  # noqa: ARG002 - one knob only
        """Set every rate; the compiled step reads the variables anew, so nothing is traced again."""
        for rate in self._rates:
            rate.assign(value)
        return False

    def readings(self) -> dict[str, tf.Tensor]:
        """Return the rates of the layers that the traced step passes through, (layers,) float64."""
        import tensorflow as tf

        used = [rate.read() for rate in self._rates if rate.used]
        return {"dropout": tf.stack(used)} if used else {}

    def restore(self) -> None:
        """Write the rates into the layers as plain numbers, and let the layers work by themselves again."""
        for rate in self._rates:
            rate.restore()


def _live_rates(layer: Any) -> Iterator[LiveRate]:
    """Yield the rates of a layer, each made live; nothing for a layer without dropout."""
    import keras

    layers = keras.layers
    if _works_as(layer, layers.SpatialDropout1D, layers.SpatialDropout2D, layers.SpatialDropout3D):
        yield _make_call_live(layer, lambda rate, inputs: rate.drop(inputs, layer._get_noise_shape(inputs)))  # noqa: SLF001
    elif _works_as(layer, layers.Dropout):
        yield _make_call_live(layer, lambda rate, inputs: rate.drop(inputs, layer.noise_shape))
    elif _works_as(layer, layers.AlphaDropout):
        yield _make_call_live(layer, lambda rate, inputs: rate.drop_keeping_moments(inputs, layer.noise_shape))
    elif _works_as(layer, layers.GaussianDropout):
        yield _make_call_live(layer, lambda rate, inputs: rate.multiply_noise(inputs, layer.compute_dtype))
    elif _is_multi_head(layer):
        yield from _multi_head_rate(layer)
    elif _works_as(layer, layers.Attention, layers.AdditiveAttention, method="_apply_scores"):
        yield from _attention_rate(layer)
    elif isinstance(layer, _cells_with_dropout()):
        yield from _cell_rates(layer)


def _works_as(layer: Any, *kinds: Any, method: str = "call") -> bool:
    """Tell whether a layer is of a kind and does its work as that kind does it.

    A subclass with a `call` of its own, as for Monte Carlo dropout, keeps it, and its rate stays as it is.
    """
    return any(isinstance(layer, kind) and getattr(type(layer), method) is getattr(kind, method) for kind in kinds)


def _cells_with_dropout() -> tuple[Any, ...]:
    from keras.src.layers.rnn.dropout_rnn_cell import DropoutRNNCell

    return (DropoutRNNCell,)


def _make_call_live(layer: Any, apply: Callable[[LiveRate, Any], Any]) -> LiveRate:
    def write_back(rate: float) -> None:
        layer.rate = rate

    live = LiveRate(layer.rate, getattr(layer, "seed_generator", None), write_back)

    def call(inputs: Any, training: bool = False) -> Any:
        return apply(live, inputs) if training else inputs

    layer.call = call
    live.on_restore(lambda _rate: layer.__dict__.pop("call", None))
    return live


def _is_multi_head(layer: Any) -> bool:
    import keras

    return isinstance(layer, keras.layers.MultiHeadAttention | keras.layers.GroupQueryAttention)


def _multi_head_rate(layer: Any) -> Iterator[LiveRate]:
    """Yield the rate of MultiHeadAttention or GroupQueryAttention when it began above 0.

    They keep it twice, and ask with a Python `if` whether there is dropout at all (Keras 3.15).
    """
    inner = layer._dropout_layer  # noqa: SLF001
    if inner.rate > 0:
        live = _make_call_live(inner, lambda rate, inputs: rate.drop(inputs, inner.noise_shape))
        live.on_restore(lambda rate: setattr(layer, "_dropout" if hasattr(layer, "_dropout") else "dropout", rate))
        yield live


def _attention_rate(layer: Any) -> Iterator[LiveRate]:
    """Yield the rate of Attention or AdditiveAttention, which drop some of the weights of the values."""
    import tensorflow as tf

    def write_back(rate: float) -> None:
        layer.dropout = rate

    live = LiveRate(layer.dropout, getattr(layer, "seed_generator", None), write_back)
    without_dropout = layer._apply_scores  # noqa: SLF001 - Keras 3.15 has no public place between softmax and product

    def apply_scores(scores: Any, value: Any, scores_mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        result, weights = without_dropout(scores, value, scores_mask=scores_mask, training=False)
        if not training:
            return result, weights
        weights = live.drop(weights)
        return tf.matmul(weights, value), weights

    layer._apply_scores = apply_scores  # noqa: SLF001
    live.on_restore(lambda _rate: layer.__dict__.pop("_apply_scores", None))
    yield live


def _cell_rates(cell: Any) -> Iterator[LiveRate]:
    """Yield the rates of a recurrent cell that began above 0.

    The cells ask with a Python `if` whether there is dropout at all, and a rate of 0 may stand for a faster kernel
    without any: such a rate stays what it is.
    """
    for attribute in ("dropout", "recurrent_dropout"):
        if 0 < getattr(cell, attribute) < 1:
            yield _make_mask_live(cell, attribute)


def _make_mask_live(cell: Any, attribute: str) -> LiveRate:
    import tensorflow as tf

    def write_back(rate: float) -> None:
        setattr(cell, attribute, rate)

    live = LiveRate(getattr(cell, attribute), cell.seed_generator, write_back)
    kept_in = f"_{attribute}_mask"

    def get_mask(step_input: Any) -> Any:
        if getattr(cell, kept_in, None) is None:
            count = getattr(cell, "dropout_mask_count", None)
            masks = [live.drop(tf.ones_like(step_input)) for _ in range(count or 1)]
            setattr(cell, kept_in, masks if count else masks[0])
        return getattr(cell, kept_in)

    setattr(cell, f"get_{attribute}_mask", get_mask)
    live.on_restore(lambda _rate: cell.__dict__.pop(f"get_{attribute}_mask", None))
    return live


def _concrete(noise_shape: Any, inputs: Any) -> Any:
    """Fill the open places of a noise shape from the inputs; None stands for the inputs' own shape."""
    import tensorflow as tf

    shape = tf.shape(inputs)
    if noise_shape is None:
        return shape
    return [shape[axis] if length is None else length for axis, length in enumerate(noise_shape)]
