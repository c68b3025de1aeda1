"""Whether two pictures of a run are the same, down to every number of every array."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

import msgspec
import numpy as np

from fitmon.engine.record.snapshot import Snapshot


def assert_same(received: Any, told: Any, place: str = "snapshot") -> None:  # noqa: C901 - a flat list, one case a kind
    """Compare field by field; what was received must be read-only, and a lone surrogate is its escape there."""
    match told:
        case np.ndarray():
            assert (received.dtype, received.shape) == (told.dtype, told.shape), place
            assert np.array_equal(received, told, equal_nan=told.dtype.kind == "f"), place
            assert not received.flags.writeable, place
        case dict():
            assert list(received) == list(told), place
            for key, value in told.items():
                assert_same(received[key], value, f"{place}[{key!r}]")
        case tuple():
            assert isinstance(received, tuple), place
            assert len(received) == len(told), place
            for number, value in enumerate(told):
                assert_same(received[number], value, f"{place}[{number}]")
        case str():
            assert received == told.encode("utf-8", "backslashreplace").decode(), place
        case float():
            assert isinstance(received, float), place
            assert received == told or np.isnan([received, told]).all(), place
        case msgspec.Struct():
            assert_same(msgspec.structs.astuple(received), msgspec.structs.astuple(told), place)
            assert type(received) is type(told), place
        case _ if is_dataclass(told):
            assert type(received) is type(told), place
            for field in fields(told):
                assert_same(getattr(received, field.name), getattr(told, field.name), f"{place}.{field.name}")
        case _:
            assert received == told, place


def same(received: Snapshot, told: Snapshot) -> bool:
    """Return whether `assert_same` finds nothing."""
    try:
        assert_same(received, told)
    except AssertionError:
        return False
    return True
