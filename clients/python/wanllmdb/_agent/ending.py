"""Tells the registry what a run reported and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from uuid import uuid4

from wanllmdb._agent.batches import first_batch, last_batch
from wanllmdb._agent.outage import OutageWaiter
from wanllmdb._client import Client
from wanllmdb._errors import InvalidArgumentError
from wanllmdb._types.enums import RunCommand
from wanllmdb._types.run import Failed, FinishedRun, MetricRow, Outcome, Run


class RunTeller:
    """Sends for one attempt of a run, and waits for services that are away.

    Args:
        client: with the deadline that a call is to have.
        run: as it was handed out.
        waiter: says how long to wait.
        obey: gets each command that comes back.
        warn: prints a line for people.
    """

    def __init__(
        self,
        client: Client,
        run: Run,
        waiter: OutageWaiter,
        obey: Callable[[RunCommand], None],
        warn: Callable[[str], None],
    ) -> None:
        self._client = client
        self._run = run
        self._waiter = waiter
        self._obey = obey
        self._warn = warn

    def send(self, rows: list[MetricRow], timeout: float | None = None) -> None:
        """Stores one request's worth of rows; does not wait for a registry that is away."""
        run = self._run
        client = self._client if timeout is None else self._client.with_timeout(timeout)
        self._obey(client.report_metrics(run.sweep_id, run.number, run.attempt, rows))

    def send_all(self, rows: list[MetricRow]) -> None:
        """Stores rows, in several requests where needed."""
        while rows:
            batch = first_batch(rows)
            self._waiter.ride_out(partial(self.send, batch))
            rows = rows[len(batch) :]

    def finish(
        self, outcome: Outcome, rows: list[MetricRow], config: Mapping[str, Any]
    ) -> FinishedRun:
        """Ends the run, with rows and config that were not sent yet."""
        last = last_batch(rows)
        try:
            self.send_all(rows[: len(rows) - len(last)])
            return self._finish(outcome, last, config)
        except InvalidArgumentError as error:
            if config and all(path.startswith("config") for path, _ in error.fields):
                self._warn(f"the config of run {self._run.number} is not kept: {error}")
                return self._finish(outcome, last, {})
            # The rows can't be stored: the run ends, and says why.
            return self._finish(Failed(f"its metrics were refused: {error}"), [], {})

    def end_of_this_attempt(self) -> Run | None:
        """How the run ended by other hands, e.g. a child process's; None if it goes on."""
        mine = self._run
        run = self._waiter.ride_out(lambda: self._client.get_run(mine.sweep_id, mine.number))
        return run if run.attempt == mine.attempt and run.state.is_final else None

    def release(self, reason: str) -> None:
        """Gives the run back: it is handed out again, to anyone."""
        run = self._run
        self._client.release_run(run.sweep_id, run.number, run.attempt, reason=reason)

    def _finish(
        self, outcome: Outcome, rows: list[MetricRow], config: Mapping[str, Any]
    ) -> FinishedRun:
        run, request_id = self._run, str(uuid4())
        return self._waiter.ride_out(
            lambda: self._client.finish_run(
                run.sweep_id,
                run.number,
                run.attempt,
                outcome,
                rows=rows,
                config=config,
                request_id=request_id,
            )
        )
