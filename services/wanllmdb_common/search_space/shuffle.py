"""A random order of very many things, without holding it."""

from __future__ import annotations

from hashlib import shake_128

# Of a Feistel network; four are enough for no pattern to be seen.
_ROUNDS = 6


class Shuffle:
    """A permutation of [0, size) that follows from the seed alone.

    A Feistel network permutes the next larger power of four; a number that it
    leads out of the range is put through it again until it is back inside, less
    than four times on average ("cycle walking", Black and Rogaway 2002, Ciphers
    with Arbitrary Finite Domains). Not a secret: for order only.
    """

    def __init__(self, size: int, seed: int) -> None:
        self._size = size
        self._bits = max((max(size - 1, 1).bit_length() + 1) // 2, 1)
        self._mask = (1 << self._bits) - 1
        self._width = (self._bits + 7) // 8
        self._keys = [f"{seed}:{number}:".encode() for number in range(_ROUNDS)]

    def at(self, place: int) -> int:
        """What stands at `place`, both in [0, size).

        Raises:
            IndexError: `place` is not.
        """
        self._check(place)
        while True:
            left, right = place >> self._bits, place & self._mask
            for key in self._keys:
                left, right = right, left ^ self._mix(key, right)
            place = left << self._bits | right
            if place < self._size:
                return place

    def place_of(self, number: int) -> int:
        """The place at which `number` stands: undoes `at`.

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
        # From outside the way back inside may not exist.
        if not 0 <= number < self._size:
            raise IndexError(number)

    def _mix(self, key: bytes, half: int) -> int:
        text = key + half.to_bytes(self._width, "big")
        return int.from_bytes(shake_128(text).digest(self._width), "big") & self._mask
