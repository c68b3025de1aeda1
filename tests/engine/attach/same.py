"""Compares two snapshots, down to every number of every array."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

import msgspec
import numpy as np

from fitmon.engine.record.snapshot import Snapshot


def assert_same(received: Any, expected: Any, place: str = "snapshot") -> None:  # noqa: C901 - a flat list, one case a kind
    """Compare field by field; what was received must be read-only, and a lone surrogate is its escape there."""
    match expected:
        case np.ndarray():
            assert (received.dtype, received.shape) == (expected.dtype, expected.shape), place
            assert np.array_equal(received, expected, equal_nan=expected.dtype.kind == "f"), place
            assert not received.flags.writeable, place
        case dict():
            assert list(received) == list(expected), place
            for key, value in expected.items():
                assert_same(received[key], value, f"{place}[{key!r}]")
        case tuple():
            assert isinstance(received, tuple), place
            assert len(received) == len(expected), place
            for number, value in enumerate(expected):
                assert_same(received[number], value, f"{place}[{number}]")
        case str():
            assert received == expected.encode("utf-8", "backslashreplace").decode(), place
        case float():
            assert isinstance(received, float), place
            assert received == expected or np.isnan([received, expected]).all(), place
        case msgspec.Struct():
            assert_same(msgspec.structs.astuple(received), msgspec.structs.astuple(expected), place)
            assert type(received) is type(expected), place
        case _ if is_dataclass(expected):
            assert type(received) is type(expected), place
            for field in fields(expected):
                assert_same(getattr(received, field.name), getattr(expected, field.name), f"{place}.{field.name}")
        case _:
            assert received == expected, place


def same(received: Snapshot, expected: Snapshot) -> bool:
    """Return whether `assert_same` finds nothing."""
    try:
        assert_same(received, expected)
    except AssertionError:
        return False
    return True
