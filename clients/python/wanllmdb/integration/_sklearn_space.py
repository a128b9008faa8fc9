"""Distributions as scikit-learn's searches take them, as parameters of a sweep, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_SIMPLE = (bool, int, float, str)


class SklearnSpace:
    """The parameters of a sweep, and the values that its runs stand for.

    A list is a choice. A frozen distribution of SciPy is the same distribution of the sweep:
    uniform, loguniform, randint or norm. A mapping is a parameter of a sweep's config. A list with
    a value that is no number, text, truth value or None, such as an estimator, is a choice of
    numbered texts in the sweep.

    Raises:
        TypeError: a distribution has no equal one.
    """

    def __init__(self, distributions: Mapping[str, Any]) -> None:
        self._objects: dict[str, dict[str, Any]] = {}
        self.config = {name: self._parameter(name, each) for name, each in distributions.items()}

    def values(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The estimator's parameters for those of a run."""
        return {
            name: self._objects[name][value] if name in self._objects else value
            for name, value in parameters.items()
        }

    def _parameter(self, name: str, distribution: Any) -> Mapping[str, Any]:
        if isinstance(distribution, Mapping):
            return distribution
        if hasattr(distribution, "rvs"):
            return _of_scipy(name, distribution)
        if isinstance(distribution, str) or not hasattr(distribution, "__iter__"):
            raise TypeError(
                f"{name}: {distribution!r:.100} is no list of values, distribution of SciPy or "
                f"parameter of a sweep's config"
            )
        given = list(distribution)
        values = [value.tolist() if hasattr(value, "tolist") else value for value in given]
        if all(value is None or isinstance(value, _SIMPLE) for value in values):
            return {"values": values}
        named = {f"{place}: {value!r:.80}": value for place, value in enumerate(given)}
        self._objects[name] = named
        return {"values": list(named)}


def _of_scipy(name: str, distribution: Any) -> dict[str, Any]:
    family = distribution.dist.name
    shapes, loc, scale = distribution.dist._parse_args(*distribution.args, **distribution.kwds)
    if family == "uniform":
        return {"distribution": "uniform", "min": float(loc), "max": float(loc + scale)}
    if family in ("loguniform", "reciprocal") and loc == 0:
        low, high = (float(bound * scale) for bound in shapes)
        return {"distribution": "log_uniform_values", "min": low, "max": high}
    if family == "randint":
        # The upper bound of SciPy's is not among the values.
        low, high = (int(bound + loc) for bound in shapes)
        return {"distribution": "int_uniform", "min": low, "max": high - 1}
    if family == "norm":
        return {"distribution": "normal", "mu": float(loc), "sigma": float(scale)}
    raise TypeError(
        f"{name}: sweeps have no distribution like SciPy's {family}; those of uniform, loguniform, "
        f"randint and norm, and a sweep's own (a dictionary as in its config) are supported"
    )
