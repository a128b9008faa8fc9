"""Hydra's overrides as the parameters of a sweep, and runs as overrides of jobs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hydra.core.override_parser.types import IntervalSweep, Override
from hydra.errors import HydraException

from wanllmdb._types.spec import (
    Categorical,
    Constant,
    Distribution,
    IntLogUniform,
    IntUniform,
    LogUniform,
    Uniform,
)


@dataclass
class OverrideSpace:
    """The parameters of a sweep, in the order of the overrides; a fixed override is a constant.

    `texts` has, by name, the text that stands for a value on a job's command line.
    """

    parameters: dict[str, Distribution] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    texts: dict[str, dict[Any, str]] = field(default_factory=dict)

    def add(self, override: Override) -> None:
        """Add an override; a later one of the same key replaces it.

        Raises:
            HydraException: the override is a sweep that a sweep's space does not have.
        """
        key = override.get_key_element()
        # A parameter's name has no slash; a config group may have one.
        name = key.replace("/", ".")
        if self.keys.setdefault(name, key) != key:
            raise HydraException(f"the overrides of {self.keys[name]} and {key} are one parameter")
        if not override.is_sweep_override():
            text = override.get_value_element_as_str()
            self.parameters[name], self.texts[name] = Constant(text), {text: text}
        elif override.is_discrete_sweep():
            self._discrete(name, override)
        else:
            self.parameters[name] = _interval(key, override)
            self.texts.pop(name, None)

    @property
    def is_finite(self) -> bool:
        """Whether every override lists its values."""
        return set(self.texts) == set(self.parameters)

    def points(self) -> Iterator[dict[str, Any]]:
        """The points of a finite space, in Hydra's order."""
        for values in itertools.product(*(list(self.texts[name]) for name in self.parameters)):
            yield dict(zip(self.parameters, values, strict=True))

    def overrides(self, values: Mapping[str, Any]) -> list[str]:
        """The overrides of the job that a run stands for."""
        return [f"{self.keys[name]}={self._text(name, values[name])}" for name in self.parameters]

    def _text(self, name: str, value: Any) -> str:
        return self.texts[name][value] if name in self.texts else repr(value)

    def _discrete(self, name: str, override: Override) -> None:
        elements: list[Any] = list(override.sweep_iterator())
        texts = list(override.sweep_string_iterator())
        # Numbers stay numbers, so that samplers know their order.
        types = {type(element) for element in elements}
        values = elements if types in ({int}, {float}) else texts
        self.texts[name] = dict(zip(values, texts, strict=True))
        self.parameters[name] = Categorical(tuple(self.texts[name]))


def _interval(key: str, override: Override) -> Distribution:
    interval = override.value()
    assert isinstance(interval, IntervalSweep)
    start, end = interval.start, interval.end
    if start is None or end is None or start >= end:
        raise HydraException(f"{key}: an interval needs a start below its end")
    is_log = "log" in interval.tags
    if isinstance(start, int) and isinstance(end, int):
        return IntLogUniform(start, end) if is_log else IntUniform(start, end)
    return LogUniform(start, end) if is_log else Uniform(start, end)


def chunks(points: Iterator[dict[str, Any]], size: int) -> Iterator[Sequence[dict[str, Any]]]:
    """The points in lists of at most `size`."""
    while chunk := list(itertools.islice(points, size)):
        yield chunk
