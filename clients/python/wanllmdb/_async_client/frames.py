"""Runs as data frames, asynchronous."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wanllmdb._async_client.connection import AsyncConnection
from wanllmdb._calls import run_calls, sweep_calls
from wanllmdb._types.enums import RunState
from wanllmdb._types.run_columns import RunColumnKey
from wanllmdb._types.run_frame import RunFrame, frame_library
from wanllmdb._types.sweeps import Sweep


class AsyncFrameCalls(AsyncConnection):
    """Runs as data frames."""

    async def runs_frame(
        self,
        sweep: str | Sweep,
        columns: Sequence[RunColumnKey] = (),
        *,
        states: Sequence[RunState | str] = (),
        library: str | None = None,
    ) -> Any:
        """All runs of a sweep as a data frame of pandas or polars: a row each, by number.

        The runs travel as columns, not as a message each: see `read_run_columns`. The
        frame has `number`, `state` and a column for each key, by its name. The kind precedes the
        name of several columns, as in "summary.loss" beside "objective.loss". Times are in UTC, a
        duration is in seconds.

        Args:
            sweep: the sweep or its id.
            columns: at most 1,000; by default the parameters, the objectives and the start and
                end times.
            states: only runs in one of these states.
            library: "pandas" or "polars"; by default the one that is installed, pandas first.

        Raises:
            MissingPackageError: neither is installed; it is an ImportError.
        """
        made_by = frame_library(library)
        if isinstance(sweep, str):
            sweep = await self._invoke(sweep_calls.get_sweep(sweep))
        frame = RunFrame(made_by, sweep.spec.parameters)
        call = run_calls.read_run_frame(sweep.sweep_id, columns, states, frame)
        async for _ in self._stream(call):
            pass
        return frame.made()
