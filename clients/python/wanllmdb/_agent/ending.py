"""Tells the registry what a run reported and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from google.protobuf.message import Message

from wanllmdb._agent.batches import batches, last_batch
from wanllmdb._agent.outage import OutageWaiter, is_passing
from wanllmdb._client import Client
from wanllmdb._connection import invoke
from wanllmdb._errors import (
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    WanllmdbError,
)
from wanllmdb._spool import RunSpool
from wanllmdb._types.enums import RunCommand
from wanllmdb._types.run import Failed, FinishedRun, MetricRow, Outcome, Run
from wanllmdb._types.unset import UNSET
from wanllmdb._wire import run_calls


class RunTeller:
    """Sends for one attempt of a run, and waits for services that are away.

    What is told at the end stands in the spool until the registry has it.

    Args:
        client: with the deadline that a call is to have.
        run: as it was handed out.
        waiter: says how long to wait.
        spool: the run's part of the spool.
        obey: gets each command that comes back.
        warn: prints a line for people.
    """

    def __init__(
        self,
        client: Client,
        run: Run,
        waiter: OutageWaiter,
        spool: RunSpool,
        obey: Callable[[RunCommand], None],
        warn: Callable[[str], None],
    ) -> None:
        self._client = client
        self._run = run
        self._waiter = waiter
        self._spool = spool
        self._obey = obey
        self._warn = warn

    def send(self, rows: list[MetricRow], timeout: float | None = None) -> None:
        """Stores one request's worth of rows; does not wait for a registry that is away."""
        run = self._run
        client = self._client if timeout is None else self._client.with_timeout(timeout)
        self._obey(client.report_metrics(run.sweep_id, run.number, run.attempt, rows))

    def keep(self, rows: list[MetricRow]) -> None:
        """Keeps rows that a registry which is away has not got; none when it has all."""
        self._spool.keep_rows(self._reports(rows))

    def send_all(self, rows: list[MetricRow], config: Mapping[str, Any]) -> None:
        """Stores rows and config of a run that is finished by other hands."""
        run = self._run
        requests = self._reports(rows)
        if config:
            update = run_calls.update_run(
                run.sweep_id, run.number, UNSET, UNSET, config, UNSET, request_id=None
            )
            requests.append(update.request)
        self._spool.keep_rows(requests)
        self._tell(requests)

    def finish(
        self, outcome: Outcome, rows: list[MetricRow], config: Mapping[str, Any]
    ) -> FinishedRun:
        """Ends the run, with rows and config that were not sent yet."""
        try:
            return self._finish(outcome, rows, config)
        except InvalidArgumentError as error:
            if config and all(path.startswith("config") for path, _ in error.fields):
                self._warn(f"the config of run {self._run.number} is not kept: {error}")
                return self._finish(outcome, rows, {})
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
        run = self._run
        last = last_batch(rows)
        end = run_calls.finish_run(
            run.sweep_id, run.number, run.attempt, outcome, last, config, request_id=None
        )
        requests = [
            *self._spool.take_over(),
            *self._reports(rows[: len(rows) - len(last)]),
            end.request,
        ]
        self._spool.keep_end(requests)
        finished: FinishedRun = self._tell(requests)
        return finished

    def _tell(self, requests: list[Message]) -> Any:
        """Sends what the spool keeps, in order; returns the last answer."""
        answer = None
        try:
            for request in requests:
                answer = self._waiter.ride_out(partial(self._try, request))
        except (NotFoundError, FailedPreconditionError) as error:
            self._spool.refused(error)
            raise
        self._spool.told()
        return answer

    def _try(self, request: Message) -> Any:
        try:
            return invoke(self._client, run_calls.resent(request))
        except WanllmdbError as error:
            if is_passing(error):
                self._spool.secure()
            raise

    def _reports(self, rows: list[MetricRow]) -> list[Message]:
        run = self._run
        return [
            run_calls.report_metrics(
                run.sweep_id, run.number, run.attempt, batch, request_id=None
            ).request
            for batch in batches(rows)
        ]
