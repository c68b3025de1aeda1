"""The weights of the best epoch, always available: in memory, or in a checkpoint of another process.

Which epoch is the best is decided by `record.branch.better_of`, the file they are written to by `exporter`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from fitmon.engine.arrays import Arrays, Saved
from fitmon.engine.checkpoints.variables import named_variables
from fitmon.engine.errors import DataError, FitmonError

if TYPE_CHECKING:
    import keras

    from fitmon.engine.checkpoints.store import CheckpointStore
    from fitmon.engine.record.branch import BestEpoch

_Array = npt.NDArray[Any]
_Pairs = list[tuple[Any, _Array]]


class BestWeights:
    """Keeps one copy of a built model's weights, in host memory. Used by the training thread."""

    def __init__(self, model: keras.Model, store: CheckpointStore | None) -> None:
        """Copy nothing yet; `store` holds the checkpoints of the run, None: there are none."""
        self._model, self._store = model, store
        self._variables: list[Any] | None = None
        self._copied: tuple[BestEpoch, _Pairs] | None = None
        self._restored: tuple[BestEpoch, Arrays] | None = None

    def forget_variables(self) -> None:
        """Find the variables again at the next copy: a changed knob may have given a layer seeds."""
        self._variables = None

    def copy(self, best: BestEpoch) -> None:
        """Copy the present weights, those of the best epoch so far, replacing the previous copy."""
        self._copied = best, self._present()

    def arrays(self) -> Arrays:
        """Return the copy for a checkpoint, where the best epoch has no checkpoint itself; empty: there is no copy."""
        if self._copied is None:
            return self._restored[1] if self._restored else {}
        copies = {id(variable): array for variable, array in self._copied[1]}
        named = _weights_of(self._variables_by_name())
        return {name: copies[id(variable)] for name, variable in named.items() if id(variable) in copies}

    def restore(self, saved: Saved, best: BestEpoch | None) -> None:
        """Restore what `arrays` returned when `best` was the best epoch; it is checked when it is needed."""
        found = saved.arrays()
        self._restored = (best, found) if best is not None and found else None

    @contextmanager
    def in_place(self, best: BestEpoch) -> Iterator[None]:
        """Put the weights of the best epoch into the model for the duration; its own return bit for bit.

        Raises DataError or UsageError, with nothing changed, where they are neither in memory nor on the disk.
        """
        wanted, present = self._of(best), self._present()
        try:
            _assign(wanted)
            yield
        finally:
            _assign(present)

    def _of(self, best: BestEpoch) -> _Pairs:
        if self._copied is not None and self._copied[0] == best:
            return self._copied[1]
        if self._restored is not None and self._restored[0] == best:
            return _paired(_weights_of(self._variables_by_name()), self._restored[1])
        if self._store is None:
            raise DataError(f"The weights of epoch {best.epoch}, the best one, are no longer in memory.")
        try:
            _, state = self._store.load(best.epoch)
        except FitmonError as error:
            raise type(error)(
                f"The weights of epoch {best.epoch}, the best one, are no longer available. "
                f"Use --keep last to export the last ones. {error}"
            ) from error
        return _paired(_weights_of(self._variables_by_name()), _weights_of(state.variables))

    def _present(self) -> _Pairs:
        if self._variables is None:
            self._variables = list(self._variables_by_name().values())
        return [(variable, _copy_of(variable)) for variable in self._variables]

    def _variables_by_name(self) -> dict[str, Any]:
        named = named_variables(self._model, None, with_metrics=False)
        return {name: variable for name, variable in named.items() if not name.startswith("optimizer/")}


def _copy_of(variable: Any) -> _Array:
    import keras
    import tensorflow as tf

    plain = variable.value if isinstance(variable, keras.Variable) else variable
    # Past all of Keras's layers: of a small model whose epochs take milliseconds, that is a fifth of the time.
    copied: _Array = tf.raw_ops.ReadVariableOp(resource=plain.handle, dtype=plain.dtype).numpy()
    return copied


def _weights_of(named: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a file of weights holds, in order: no seeds, whose places depend on knobs changed since."""
    kept = {name: value for name, value in named.items() if name.startswith(("model/", "own/"))}
    return {name: value for name, value in kept.items() if not name.endswith("seed_generator_state")}


def _paired(variables: Mapping[str, Any], arrays: Mapping[str, _Array]) -> _Pairs:
    pairs = list(zip(variables.values(), _in_order(arrays), strict=False))
    if len(variables) != len(arrays) or any(tuple(variable.shape) != array.shape for variable, array in pairs):
        raise DataError("The checkpoint of the best epoch does not fit this model.")
    return pairs


def _in_order(arrays: Mapping[str, _Array]) -> list[_Array]:
    def place(name: str) -> tuple[bool, int]:
        group, number, _ = name.split("/", 2)
        return group == "own", int(number)

    return [arrays[name] for name in sorted(arrays, key=place)]


def _assign(pairs: _Pairs) -> None:
    for variable, array in pairs:
        variable.assign(array)
