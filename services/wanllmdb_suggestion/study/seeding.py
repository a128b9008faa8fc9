"""The seed of each ask, from the sweep and the run's number alone."""

from __future__ import annotations

from hashlib import blake2b


def ask_seed(sweep_seed: int, number: int, redraw: int = 0) -> int:
    """A seed in [0, 2^32) for the ask of run `number`, and for each time that it is drawn again.

    Nothing else goes in, so a study rebuilt anywhere draws as this one would.
    A hash keeps neighbouring sweeps and numbers unrelated, which their sum
    would not.
    """
    text = f"{sweep_seed}:{number}:{redraw}" if redraw else f"{sweep_seed}:{number}"
    return int.from_bytes(blake2b(text.encode(), digest_size=4).digest(), "big")
