"""Keeps what a look at a model changes in it from changing its training."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


@contextmanager
def unchanged_state(model: keras.Model) -> Iterator[None]:
    """Restore what a pass outside the graph changes in a model, such as the seeds of a dropout active in inference."""
    variables = model.non_trainable_variables
    before = [variable.numpy() for variable in variables]
    try:
        yield
    finally:
        for variable, value in zip(variables, before, strict=True):
            variable.assign(value)
