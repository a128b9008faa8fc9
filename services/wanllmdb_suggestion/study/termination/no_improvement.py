"""Ends a sweep whose best value stands still."""

from __future__ import annotations

from wanllmdb_suggestion.study.records import RunRecord


class NoImprovement:
    """So many finished runs in a row, by number, that are no better than the best before them."""

    def __init__(
        self, metric: str, *, minimize: bool, runs: int, min_runs: int, min_delta: float
    ) -> None:
        self._metric = metric
        self._sign = 1.0 if minimize else -1.0
        self._runs = runs
        self._min_runs = min_runs
        self._min_delta = min_delta

    def why(self, finished: list[RunRecord]) -> str | None:
        """See Terminator."""
        best: RunRecord | None = None
        since = 0
        for record in finished:
            if best is None or self._loss(record) < self._loss(best) - self._min_delta:
                best, since = record, 0
            else:
                since += 1
        if best is None or since < self._runs or len(finished) < self._min_runs:
            return None
        by = f" by more than {self._min_delta:g}" if self._min_delta else ""
        return (
            f"no_improvement: none of the last {since} finished runs is better{by} than run "
            f"{best.number}, whose {self._metric} is {best.objective:g}"
        )

    def _loss(self, record: RunRecord) -> float:
        assert record.objective is not None, "it has finished"
        return self._sign * record.objective
