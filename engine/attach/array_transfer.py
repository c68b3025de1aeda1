"""Arrays of numbers as plain data: kind, shape and raw bytes. Nothing in them can be code."""

from __future__ import annotations

import weakref
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[Any]

PLAIN_KINDS = frozenset({"|b1", "|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f2", "<f4", "<f8"})


def is_plain(array: Numbers) -> bool:
    """Return whether an array's dtype can be sent."""
    return array.dtype.newbyteorder("<").str in PLAIN_KINDS


def plain_array(array: Any) -> tuple[str, tuple[int, ...], memoryview]:
    """Return an array as plain data, without copying if it is contiguous. For msgspec's `enc_hook`."""
    if not isinstance(array, np.ndarray) or not is_plain(array):
        raise TypeError(f"Expected an array of plain numbers, received {type(array).__name__}.")
    whole = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return whole.dtype.str, array.shape, whole.reshape(-1).view(np.uint8).data


def read_array(_expected: Any, given: Any) -> Numbers:
    """Return the array, read-only, that `plain_array` encoded; raises ValueError. For msgspec's `dec_hook`."""
    kind, shape, raw = msgspec.convert(given, tuple[str, tuple[int, ...], bytes])
    if kind not in PLAIN_KINDS:
        raise ValueError(f"Expected an array of plain numbers, received the kind {kind!r}.")
    return np.frombuffer(raw, dtype=kind).reshape(shape)


_Place = tuple[int, int, tuple[int, ...], tuple[int, ...], str]


class ArraySender:
    """Replaces arrays that the receiver already has, from the previous message or this one, by their numbers.

    The arrays must never change. Each sender has one receiver, whose `ArrayReceiver` reads every message.
    """

    def __init__(self) -> None:
        """Start with nothing sent."""
        self._sent: dict[_Place, tuple[weakref.ref[Numbers], int]] = {}
        """The arrays of the previous message by their place in memory, with the owner of that memory: while the owner
        exists, nothing else can be there. Weak, so that nothing is kept for a receiver that has stalled."""
        self._in_message: dict[_Place, tuple[weakref.ref[Numbers], int]] = {}
        self._next_number = 0

    def begin(self) -> None:
        """Start a message."""
        self._sent, self._in_message = self._in_message, {}

    def plain(self, array: Any) -> tuple[int, tuple[str, tuple[int, ...], memoryview] | None]:
        """Return an array as its number and, if it is new to the receiver, plain data. For `enc_hook`."""
        owner, place = _place(array)
        sent = self._in_message.get(place) or self._sent.get(place)
        if sent is not None and sent[0]() is owner:
            self._in_message[place] = sent
            return sent[1], None
        plain = plain_array(array)
        self._next_number += 1
        self._in_message[place] = weakref.ref(owner), self._next_number
        return self._next_number, plain


def _place(array: Numbers) -> tuple[Numbers, _Place]:
    """Return the owner of an array's memory and the array's place in it: a row of a table is always a new object."""
    owner = array.base if isinstance(array.base, np.ndarray) else array
    address = array.__array_interface__["data"][0]
    return owner, (id(owner), address, array.shape, array.strides, array.dtype.str)


class ArrayReceiver:
    """Reads what an `ArraySender` sent."""

    def __init__(self) -> None:
        """Start with nothing received."""
        self._received: dict[int, Numbers] = {}
        self._in_message: dict[int, Numbers] = {}

    def begin(self) -> None:
        """Start a message."""
        self._received, self._in_message = self._in_message, {}

    def read(self, expected: Any, given: Any) -> Numbers:
        """Return an array, read-only; raises ValueError. For `dec_hook`."""
        number, plain = msgspec.convert(given, tuple[int, Any])
        if plain is not None:
            array = read_array(expected, plain)
        elif number in self._in_message:
            array = self._in_message[number]
        elif number in self._received:
            array = self._received[number]
        else:
            raise ValueError(f"Expected the number of an array that was sent, received {number}.")
        self._in_message[number] = array
        return array
