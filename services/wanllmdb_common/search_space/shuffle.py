"""A random permutation of a very large range, computed instead of stored."""

from __future__ import annotations

from hashlib import shake_128

# Rounds of the Feistel network; four are enough to hide any pattern.
_ROUNDS = 6


class Shuffle:
    """A permutation of [0, size) that follows from the seed alone.

    A Feistel network permutes the next larger power of four. A number that leaves the range
    passes through the network again until it is back inside, less than four times on average
    ("cycle walking", Black and Rogaway 2002, Ciphers with Arbitrary Finite Domains). The order
    is not cryptographically secret.
    """

    def __init__(self, size: int, seed: int) -> None:
        self._size = size
        self._bits = max((max(size - 1, 1).bit_length() + 1) // 2, 1)
        self._mask = (1 << self._bits) - 1
        self._width = (self._bits + 7) // 8
        self._keys = [f"{seed}:{number}:".encode() for number in range(_ROUNDS)]

    def at(self, position: int) -> int:
        """Return the number at `position`, both in [0, size).

        Raises:
            IndexError: `position` is not.
        """
        self._check(position)
        while True:
            left, right = position >> self._bits, position & self._mask
            for key in self._keys:
                left, right = right, left ^ self._mix(key, right)
            position = left << self._bits | right
            if position < self._size:
                return position

    def position_of(self, number: int) -> int:
        """Return the position of `number`; the inverse of `at`.

        Raises:
            IndexError: `number` is not in [0, size).
        """
        self._check(number)
        while True:
            left, right = number >> self._bits, number & self._mask
            for key in reversed(self._keys):
                left, right = right ^ self._mix(key, left), left
            number = left << self._bits | right
            if number < self._size:
                return number

    def _check(self, number: int) -> None:
        # A number outside the range may never come back inside.
        if not 0 <= number < self._size:
            raise IndexError(number)

    def _mix(self, key: bytes, half: int) -> int:
        text = key + half.to_bytes(self._width, "big")
        return int.from_bytes(shake_128(text).digest(self._width), "big") & self._mask
