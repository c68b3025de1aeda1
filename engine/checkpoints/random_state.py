"""The global random generators: Python's, numpy's, and the one Keras draws from when no seed is given.

None of them is a variable of a model, but seeds made during a run (for a dropout rate raised from 0) and numbers
that a user's own layers draw come from them. Keras has one per thread: call these functions in the training thread.
"""

from __future__ import annotations

import random
from typing import Annotated, Any

import msgspec
import numpy as np

from fitmon.engine.errors import DataError

Word = Annotated[int, msgspec.Meta(ge=0, lt=2**32)]


class RandomState(msgspec.Struct, frozen=True, kw_only=True):
    """The states of the global generators."""

    python: tuple[int, tuple[int, ...], float | None]
    """What `random.getstate` returns."""
    numpy: tuple[str, tuple[Word, ...], int, int, float] | None
    """What `numpy.random.get_state` returns for its Mersenne Twister; None when it was replaced by another generator,
    which is left unchanged."""
    keras: tuple[int, int] | None
    """The state of Keras's global seed generator; None before the first use."""


def random_state() -> RandomState:
    """Return the states of the generators, without drawing or creating anything."""
    version, words, gauss = random.getstate()
    return RandomState(python=(version, tuple(words), gauss), numpy=_numpy_state(), keras=_keras_state())


def check_random_state(state: RandomState) -> None:
    """Raise DataError if a generator would reject its state; the global generators are unchanged."""
    try:
        random.Random().setstate(state.python)  # noqa: S311 - no secrets are drawn from it
        _set_numpy_state(np.random.RandomState(), state)
        np.array(state.keras or (), dtype=np.int64)
    except (ValueError, TypeError, OverflowError) as error:
        raise DataError(f"The checkpoint's state of the random generators cannot be used ({error}).") from error


def set_random_state(state: RandomState) -> None:
    """Restore the generators; `check_random_state` must have accepted the state."""
    random.setstate(state.python)
    _set_numpy_state(np.random, state)
    _set_keras_state(state)


def _numpy_state() -> tuple[str, tuple[int, ...], int, int, float] | None:
    state: Any = np.random.get_state(legacy=False)  # noqa: NPY002 - the generator that other code still uses
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

    # Private in Keras 3.15; the public function would create it if missing.
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
        # Keras creates it again, with a seed from Python's generator, when it is next needed.
        global_state.set_global_attribute(seed_generator.GLOBAL_SEED_GENERATOR, None)
