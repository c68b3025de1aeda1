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
    """Return whether an array is of a kind that can be sent."""
    return array.dtype.newbyteorder("<").str in PLAIN_KINDS


def plain_array(array: Any) -> tuple[str, tuple[int, ...], memoryview]:
    """Return an array as plain data; nothing is copied when it lies in one piece. Made for msgspec's `enc_hook`."""
    if not isinstance(array, np.ndarray) or not is_plain(array):
        raise TypeError(f"Expected an array of plain numbers, received {type(array).__name__}.")
    whole = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return whole.dtype.str, array.shape, whole.reshape(-1).view(np.uint8).data


def read_array(_expected: Any, given: Any) -> Numbers:
    """Return what `plain_array` made, read-only; raises ValueError. Made for msgspec's `dec_hook`."""
    kind, shape, raw = msgspec.convert(given, tuple[str, tuple[int, ...], bytes])
    if kind not in PLAIN_KINDS:
        raise ValueError(f"Expected an array of plain numbers, received the kind {kind!r}.")
    return np.frombuffer(raw, dtype=kind).reshape(shape)


_Place = tuple[int, int, tuple[int, ...], tuple[int, ...], str]


class ArraySender:
    """Replaces arrays that the receiver has from the message before, or from this one, by their numbers.

    They must never change. One object serves one receiver, whose `ArrayReceiver` sees every message.
    """

    def __init__(self) -> None:
        """Begin with nothing sent."""
        self._sent: dict[_Place, tuple[weakref.ref[Numbers], int]] = {}
        """Those of the message before, by their place in memory, with whom it belongs to: while that lives, nothing
        else can be there. Weak, so that nothing is kept for a receiver that has stalled."""
        self._in_message: dict[_Place, tuple[weakref.ref[Numbers], int]] = {}
        self._next_number = 0

    def begin(self) -> None:
        """Begin a message."""
        self._sent, self._in_message = self._in_message, {}

    def plain(self, array: Any) -> tuple[int, tuple[str, tuple[int, ...], memoryview] | None]:
        """Return an array as its number and, if it is new to the receiver, plain data; for `enc_hook`."""
        owner, place = _place(array)
        seen = self._in_message.get(place) or self._sent.get(place)
        if seen is not None and seen[0]() is owner:
            self._in_message[place] = seen
            return seen[1], None
        plain = plain_array(array)
        self._next_number += 1
        self._in_message[place] = weakref.ref(owner), self._next_number
        return self._next_number, plain


def _place(array: Numbers) -> tuple[Numbers, _Place]:
    """Return to whom an array's memory belongs, and what in it the array is: a row of a table is made anew each time
    that somebody takes it.
    """
    owner = array.base if isinstance(array.base, np.ndarray) else array
    address = array.__array_interface__["data"][0]
    return owner, (id(owner), address, array.shape, array.strides, array.dtype.str)


class ArrayReceiver:
    """Reads what an `ArraySender` made."""

    def __init__(self) -> None:
        """Begin with nothing received."""
        self._received: dict[int, Numbers] = {}
        self._in_message: dict[int, Numbers] = {}

    def begin(self) -> None:
        """Begin a message."""
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
