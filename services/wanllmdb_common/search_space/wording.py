"""Laws in words, for people who read errors and notes."""

from __future__ import annotations

from wanllmdb_common.search_space.distributions import (
    Beta,
    Categorical,
    Constant,
    Distribution,
    IntLogUniform,
    IntUniform,
    LogNormal,
    LogUniform,
    Normal,
    Quantized,
    Uniform,
)

_MOST_VALUES = 10


def in_words(law: Distribution) -> str:
    """What a law gives, after "it is": "logarithmic from 0.0001 to 0.1", "one of 16, 32"."""
    match law:
        case Constant(value=value):
            return f"{value!r:.60} always"
        case Categorical(values=values):
            shown = ", ".join(f"{value!r:.30}" for value in values[:_MOST_VALUES])
            return f"one of {shown}" + (", ..." if len(values) > _MOST_VALUES else "")
        case Uniform() | LogUniform():
            kind = "logarithmic" if isinstance(law, LogUniform) else "uniform"
            step = "" if law.q is None else f" in steps of {law.q}"
            return f"{kind} from {law.min} to {law.max}{step}"
        case IntUniform() | IntLogUniform():
            kind = "logarithmic" if isinstance(law, IntLogUniform) else "uniform"
            step = "" if law.q == 1 else f" in steps of {law.q}"
            return f"{kind} from {law.min} to {law.max}{step}, an integer"
        case Normal(mu=mu, sigma=sigma):
            return f"normal with mu {mu} and sigma {sigma}"
        case LogNormal(mu=mu, sigma=sigma):
            return f"log-normal with mu {mu} and sigma {sigma}"
        case Beta(a=a, b=b):
            return f"beta with a {a} and b {b}"
        case Quantized(law=inner, q=q):
            return f"{in_words(inner)}, rounded to multiples of {q}"
