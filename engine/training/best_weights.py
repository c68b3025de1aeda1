"""The weights of the best epoch, always at hand: in memory, or in a checkpoint of another process.

Which epoch is the best is the record's business, the file they are written to `exporter`'s.
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
        """Copy nothing yet; `store` has the checkpoints of the run, None: there are none."""
        self._model, self._store = model, store
        self._variables: list[Any] | None = None
        self._held: tuple[BestEpoch, _Pairs] | None = None
        self._found: tuple[BestEpoch, Arrays] | None = None

    def forget_reading(self) -> None:
        """Find out anew what there is to copy: a knob was turned, which may give a layer seeds."""
        self._variables = None

    def take(self, best: BestEpoch) -> None:
        """Copy the weights as they are now, those of the best epoch so far, in place of the copy before."""
        self._held = best, self._present()

    def arrays(self) -> Arrays:
        """Return the copy for a checkpoint, where the best epoch has none of its own; empty: there is no copy."""
        if self._held is None:
            return self._found[1] if self._found else {}
        copies = {id(variable): array for variable, array in self._held[1]}
        named = _kept_in_files(self._variables_by_name())
        return {name: copies[id(variable)] for name, variable in named.items() if id(variable) in copies}

    def restore(self, saved: Saved, best: BestEpoch | None) -> None:
        """Take over what `arrays` returned when `best` was the best epoch; it is looked at when it is asked for."""
        found = saved.arrays()
        self._found = (best, found) if best is not None and found else None

    @contextmanager
    def in_place(self, best: BestEpoch) -> Iterator[None]:
        """Have the weights of the best epoch in the model meanwhile; those it had come back bit for bit.

        Raises DataError or UsageError, with nothing changed, where they are neither in memory nor on the disk.
        """
        wanted, present = self._of(best), self._present()
        try:
            _assign(wanted)
            yield
        finally:
            _assign(present)

    def _of(self, best: BestEpoch) -> _Pairs:
        if self._held is not None and self._held[0] == best:
            return self._held[1]
        if self._found is not None and self._found[0] == best:
            return _paired(_kept_in_files(self._variables_by_name()), self._found[1])
        if self._store is None:
            raise DataError(f"The weights of epoch {best.epoch}, the best one, are not in memory any more.")
        try:
            _, state = self._store.load(best.epoch)
        except FitmonError as error:
            raise type(error)(
                f"The weights of epoch {best.epoch}, the best one, are not there any more; those of the last epoch are "
                f"(--keep last). {error}"
            ) from error
        return _paired(_kept_in_files(self._variables_by_name()), _kept_in_files(state.variables))

    def _present(self) -> _Pairs:
        if self._variables is None:
            self._variables = list(self._variables_by_name().values())
        return [(variable, _copied(variable)) for variable in self._variables]

    def _variables_by_name(self) -> dict[str, Any]:
        named = named_variables(self._model, None, with_metrics=False)
        return {name: variable for name, variable in named.items() if not name.startswith("optimizer/")}


def _copied(variable: Any) -> _Array:
    import keras
    import tensorflow as tf

    plain = variable.value if isinstance(variable, keras.Variable) else variable
    # Past all of Keras's layers: of a small model whose epochs take milliseconds, that is a fifth of the time.
    copied: _Array = tf.raw_ops.ReadVariableOp(resource=plain.handle, dtype=plain.dtype).numpy()
    return copied


def _kept_in_files(named: Mapping[str, Any]) -> dict[str, Any]:
    """Return what belongs into a file of weights, in order: no seeds, whose places depend on knobs turned since."""
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
