"""A histogram: the counts of values in bins of one width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from wanllmdb._wandb.media import WBValue


@dataclass(eq=False, repr=False)
class Histogram(WBValue):
    """Counts of values by bin; counted when they are read.

    Args:
        sequence: the values, of any shape.
        np_histogram: the counts and the edges of the bins, as numpy.histogram returns them.
        num_bins: how many bins; at most 512.

    Raises:
        ValueError: neither values nor counts, counts that do not fit their edges, or more bins.
    """

    sequence: Any = None
    np_histogram: Sequence[Any] | None = None
    num_bins: int = 64

    MAX_LENGTH: ClassVar[int] = 512

    def __post_init__(self) -> None:
        if self.np_histogram is None:
            if self.sequence is None:
                raise ValueError("Histogram needs the values, or np_histogram=(counts, edges)")
            if self.num_bins > self.MAX_LENGTH:
                raise ValueError(f"Histogram takes at most {self.MAX_LENGTH} bins")
            return
        if len(self.np_histogram) != 2:
            raise ValueError("Histogram: np_histogram must be (counts, edges)")
        counts, edges = self.np_histogram
        if len(counts) > self.MAX_LENGTH or len(edges) != len(counts) + 1:
            raise ValueError(
                f"Histogram: np_histogram must have at most {self.MAX_LENGTH} counts, and one "
                f"edge more than counts"
            )

    @property
    def histogram(self) -> list[Any]:
        """How many values are in each bin."""
        return list(self._counted[0])

    @property
    def bins(self) -> list[Any]:
        """The edges of the bins: one more than there are bins."""
        return list(self._counted[1])

    @cached_property
    def _counted(self) -> tuple[list[Any], list[Any]]:
        if self.np_histogram is not None:
            counts, edges = self.np_histogram
            return list(counts), list(edges)
        values = sorted(_flat(self.sequence))
        low, high = (values[0], values[-1]) if values else (0.0, 1.0)
        if low == high:
            low, high = low - 0.5, high + 0.5
        width = (high - low) / self.num_bins
        counted = [0] * self.num_bins
        for value in values:
            counted[min(int((value - low) / width), self.num_bins - 1)] += 1
        return counted, [low + width * edge for edge in range(self.num_bins)] + [high]


def _flat(values: Any) -> list[float]:
    if hasattr(values, "tolist"):
        values = values.tolist()
    if not hasattr(values, "__iter__"):
        return [float(values)]
    return [number for value in values for number in _flat(value)]
