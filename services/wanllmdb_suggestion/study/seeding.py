"""The seed of each ask, from the sweep and the run's number alone."""

from __future__ import annotations

from hashlib import blake2b


def ask_seed(sweep_seed: int, number: int) -> int:
    """A seed in [0, 2^32) for the ask of run `number`.

    Nothing else goes in, so a study rebuilt anywhere draws as this one would.
    A hash keeps neighbouring sweeps and numbers unrelated, which their sum
    would not.
    """
    text = f"{sweep_seed}:{number}".encode()
    return int.from_bytes(blake2b(text, digest_size=4).digest(), "big")
