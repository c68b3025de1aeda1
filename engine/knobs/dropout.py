"""Dropout that can be changed while a model trains.

Keras reads a rate as a Python number while it traces: setting `layer.rate` later has no effect and raises no error.
Here the layers compute the same with the rate in a variable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

from fitmon.engine.keras_internals import all_layers
from fitmon.engine.knobs.live_rate import DeferredRate, LiveRate
from fitmon.engine.values import KnobOffer, shortest

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from fitmon.engine.knobs.saved_knobs import SavedKnobs


class DropoutKnob:
    """Changes every dropout rate of a model at once.

    A rate of 0 in a recurrent cell or an attention layer is Keras's default and need not be intended. Such rates are
    changed only in a model that has no other dropout.
    """

    def __init__(self, model: keras.Model) -> None:
        """Make all rates of the model live; until one is changed, training is the same to the last bit."""
        layers = list(all_layers(model))
        inside_attention = {id(layer._dropout_layer) for layer in layers if _is_multi_head(layer)}  # noqa: SLF001
        layers = [layer for layer in layers if id(layer) not in inside_attention]
        live = [rate for layer in layers for rate in _live_rates(layer)]
        self._rates: Sequence[LiveRate | DeferredRate] = live or [
            rate for layer in layers for rate in _deferred_rates(layer)
        ]

    def offers(self) -> list[KnobOffer]:
        """Return the knob, with several values when the layers differ."""
        if not self._rates:
            reason = "this model has no dropout to change; start with a rate, as in --dropout 0.3 (0 works too)"
            return [KnobOffer(name="dropout", value=None, unavailable=reason)]
        rates = sorted({shortest(rate.read().numpy()) for rate in self._rates})
        return [KnobOffer(name="dropout", value=rates[0] if len(rates) == 1 else tuple(rates))]

    def turn(self, name: str, value: float) -> bool:  # noqa: ARG002 - one knob only
        """Set every rate; return whether the compiled step must be traced again."""
        changes = [rate.assign(value) for rate in self._rates]
        return any(changes)

    def readings(self) -> dict[str, tf.Tensor]:
        """Return the rates of the layers used by the traced step, (layers,) float64; 0: no dropout."""
        import tensorflow as tf

        used = [rate.read() for rate in self._rates if rate.used]
        return {"dropout": tf.stack(used)} if used else {}

    def saved(self) -> dict[str, Any]:
        """Return the rates, and whether any that began at 0 was ever raised."""
        return {
            "rates": tuple(shortest(rate.read().numpy()) for rate in self._rates),
            "raised": any(rate.raised for rate in self._rates),
        }

    def load(self, saved: SavedKnobs) -> bool:
        """Set each rate to its saved value; return whether the compiled step must be traced again."""
        changes = [rate.load(value, raised=saved.raised) for rate, value in zip(self._rates, saved.rates, strict=True)]
        return any(changes)

    def seeds(self) -> list[Any]:
        """Return the variables that the masks are drawn from; Keras does not list those of layers built with rate 0."""
        return [seed for rate in self._rates for seed in rate.seeds()]

    def write(self) -> Callable[[], object]:
        """Write the rates into the layers as plain numbers, which no step reads; return a function that undoes it."""
        undo = ExitStack()
        for rate in self._rates:
            undo.callback(rate.write())
        return undo.close

    def restore(self) -> None:
        """Write the rates into the layers as plain numbers and restore the layers' own methods."""
        for rate in self._rates:
            rate.restore()


def _live_rates(layer: Any) -> Iterator[LiveRate]:
    """Yield the rates of a layer, each made live; none for a layer without dropout or with `_deferred_rates`."""
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
    elif _is_multi_head(layer) and layer.dropout > 0:
        yield _multi_head_rate(layer)
    elif _is_attention(layer) and layer.dropout > 0:
        yield _attention_rate(layer)
    elif isinstance(layer, _cells_with_dropout()):
        names = ("dropout", "recurrent_dropout")
        yield from (_make_mask_live(layer, name) for name in names if 0 < getattr(layer, name) < 1)


def _deferred_rates(layer: Any) -> Iterator[DeferredRate]:
    """Yield the rate of an attention layer, or of a recurrent cell's inputs, that starts at 0; nothing is changed yet.

    The recurrent rate of a cell is excluded: with one, Keras uses another implementation of LSTM and GRU. So is the
    input rate of that implementation: Keras 3.15 fails on it unless there is a recurrent rate too.
    """
    write = partial(setattr, layer, "dropout")
    if _is_multi_head(layer) and layer.dropout == 0:
        inner = layer._dropout_layer  # noqa: SLF001
        yield DeferredRate(inner, partial(_write_multi_head_rate, layer), lambda: _multi_head_rate(layer))
    elif _is_attention(layer) and layer.dropout == 0:
        yield DeferredRate(layer, write, lambda: _attention_rate(layer))
    elif isinstance(layer, _cells_with_dropout()) and layer.dropout == 0 and getattr(layer, "implementation", 0) != 1:
        yield DeferredRate(layer, write, lambda: _make_mask_live(layer, "dropout"))


def _works_as(layer: Any, *kinds: Any, method: str = "call") -> bool:
    """Return whether a layer is of a kind and does not override the kind's method.

    A subclass that overrides `call`, as for Monte Carlo dropout, keeps it and its rate.
    """
    return any(isinstance(layer, kind) and getattr(type(layer), method) is getattr(kind, method) for kind in kinds)


def _cells_with_dropout() -> tuple[Any, ...]:
    from keras.src.layers.rnn.dropout_rnn_cell import DropoutRNNCell

    return (DropoutRNNCell,)


def _make_call_live(layer: Any, apply: Callable[[LiveRate, Any], Any]) -> LiveRate:
    live = LiveRate(layer.rate, layer, partial(setattr, layer, "rate"))

    def call(inputs: Any, training: bool = False) -> Any:
        live.used = live.used or training
        return apply(live, inputs) if training and live.drops else inputs

    layer.call = call
    live.on_restore(lambda _rate: layer.__dict__.pop("call", None))
    return live


def _is_multi_head(layer: Any) -> bool:
    """Return whether a layer is one of the two with a Dropout inside, and built; an uncalled layer is not."""
    import keras

    kinds = keras.layers.MultiHeadAttention | keras.layers.GroupQueryAttention
    return isinstance(layer, kinds) and hasattr(layer, "_dropout_layer")


def _multi_head_rate(layer: Any) -> LiveRate:
    """Return the rate above 0 of MultiHeadAttention or GroupQueryAttention, made live."""
    inner = layer._dropout_layer  # noqa: SLF001
    live = _make_call_live(inner, lambda rate, inputs: rate.drop(inputs, inner.noise_shape))
    live.write_to(partial(_write_multi_head_rate, layer))
    return live


def _write_multi_head_rate(layer: Any, rate: float) -> None:
    """Set the rate in both places where the two store it (Keras 3.15); their `if` reads the outer one."""
    setattr(layer, "_dropout" if hasattr(layer, "_dropout") else "dropout", rate)
    layer._dropout_layer.rate = rate  # noqa: SLF001


def _is_attention(layer: Any) -> bool:
    import keras

    return _works_as(layer, keras.layers.Attention, keras.layers.AdditiveAttention, method="_apply_scores")


def _attention_rate(layer: Any) -> LiveRate:
    """Return the rate of Attention or AdditiveAttention, which drop some attention weights, made live."""
    import tensorflow as tf

    live = LiveRate(layer.dropout, layer, partial(setattr, layer, "dropout"))
    without_dropout = layer._apply_scores  # noqa: SLF001 - Keras 3.15 has no public hook between softmax and product

    def apply_scores(scores: Any, value: Any, scores_mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        result, weights = without_dropout(scores, value, scores_mask=scores_mask, training=False)
        if not training:
            return result, weights
        weights = live.drop(weights)
        return tf.matmul(weights, value), weights

    layer._apply_scores = apply_scores  # noqa: SLF001
    live.on_restore(lambda _rate: layer.__dict__.pop("_apply_scores", None))
    return live


def _make_mask_live(cell: Any, attribute: str) -> LiveRate:
    import tensorflow as tf

    live = LiveRate(getattr(cell, attribute), cell, partial(setattr, cell, attribute))
    cached_in = f"_{attribute}_mask"

    def get_mask(step_input: Any) -> Any:
        if getattr(cell, cached_in, None) is None:
            count = getattr(cell, "dropout_mask_count", None)
            masks = [live.drop(tf.ones_like(step_input)) for _ in range(count or 1)]
            setattr(cell, cached_in, masks if count else masks[0])
        return getattr(cell, cached_in)

    setattr(cell, f"get_{attribute}_mask", get_mask)
    live.on_restore(lambda _rate: cell.__dict__.pop(f"get_{attribute}_mask", None))
    return live
