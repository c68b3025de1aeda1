"""The generators that a process shares: Python's, numpy's, and the one Keras draws from where no seed is given.

None of them is among a model's variables, but what is built while a run goes on (the seeds of a dropout that was raised
from 0) and what a user's own layers draw comes from them. Keras keeps its own per thread: both functions belong in the
training thread.
"""

from __future__ import annotations

import random
from typing import Annotated, Any

import msgspec
import numpy as np

from fitmon.engine.errors import DataError

Word = Annotated[int, msgspec.Meta(ge=0, lt=2**32)]


class RandomState(msgspec.Struct, frozen=True, kw_only=True):
    """Where the shared generators stand."""

    python: tuple[int, tuple[int, ...], float | None]
    """What `random.getstate` returns."""
    numpy: tuple[str, tuple[Word, ...], int, int, float] | None
    """What `numpy.random.get_state` returns of its Mersenne Twister; None when somebody put another generator there,
    which is left alone."""
    keras: tuple[int, int] | None
    """The state of Keras's global seed generator; None while nothing was drawn from it."""


def random_state() -> RandomState:
    """Return where the generators stand; nothing is drawn or created."""
    version, words, gauss = random.getstate()
    return RandomState(python=(version, tuple(words), gauss), numpy=_numpy_state(), keras=_keras_state())


def check_random_state(state: RandomState) -> None:
    """Raise DataError where a generator would refuse its state; nothing shared is touched."""
    try:
        random.Random().setstate(state.python)  # noqa: S311 - no secrets are drawn from it
        _set_numpy_state(np.random.RandomState(), state)
        np.array(state.keras or (), dtype=np.int64)
    except (ValueError, TypeError, OverflowError) as error:
        raise DataError(f"The checkpoint's state of the random generators cannot be used ({error}).") from error


def set_random_state(state: RandomState) -> None:
    """Put the generators back where they stood; `check_random_state` must have let it pass."""
    random.setstate(state.python)
    _set_numpy_state(np.random, state)
    _set_keras_state(state)


def _numpy_state() -> tuple[str, tuple[int, ...], int, int, float] | None:
    state: Any = np.random.get_state(legacy=False)  # noqa: NPY002 - the generator that others still use
    if state["bit_generator"] != "MT19937":
        return None
    words = tuple(int(word) for word in state["state"]["key"])
    return "MT19937", words, int(state["state"]["pos"]), int(state["has_gauss"]), float(state["gauss"])


def _set_numpy_state(generator: Any, state: RandomState) -> None:
    if state.numpy is not None:
        generator.set_state(state.numpy)


def _keras_state() -> tuple[int, int] | None:
    from keras.src.backend.common import global_state
    from keras.src.random import seed_generator

    # Private in Keras 3.15; the public way to draw from it would make it where there is none yet.
    generator = global_state.get_global_attribute(seed_generator.GLOBAL_SEED_GENERATOR)
    if generator is None:
        return None
    first, second = generator.state.numpy().tolist()
    return first, second


def _set_keras_state(state: RandomState) -> None:
    from keras.src.backend.common import global_state
    from keras.src.random import seed_generator

    if state.keras is not None:
        seed_generator.global_seed_generator().state.assign(np.array(state.keras, dtype=np.int64))
    else:
        # Keras makes it anew, with a seed from Python's generator, when something is next drawn from it.
        global_state.set_global_attribute(seed_generator.GLOBAL_SEED_GENERATOR, None)
