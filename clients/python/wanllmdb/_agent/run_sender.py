"""Sends to the registry what a run reported and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from google.protobuf.message import Message

from wanllmdb._agent.reporter import batches
from wanllmdb._agent.text import message_of, presentable, text_of
from wanllmdb._agent.wait_policy import OutageWaiter, is_passing
from wanllmdb._calls import run_calls
from wanllmdb._client import Client
from wanllmdb._client.connection import invoke
from wanllmdb._errors import FailedPreconditionError, NotFoundError, WanllmdbError
from wanllmdb._spool import Overflow, RunSpool, reduced, rejects_content
from wanllmdb._types.enums import RunCommand
from wanllmdb._types.runs import FinishedRun, MetricRow, Outcome, Run
from wanllmdb._types.values import UNSET
from wanllmdb.api.registry.v1.registry_service_pb2 import FinishRunRequest


class RunSender:
    """Sends for one attempt of a run, and waits for services that are away.

    What is reported at the end stands in the spool until the registry has it. Values that the
    registry refuses are left out, with a warning: the rest of the run is reported all the same.

    Args:
        client: with the deadline that a call is to have.
        run: as it was handed out.
        metrics: the sweep's own: what the registry takes whatever else it refuses.
        waiter: says how long to wait.
        spool: the run's part of the spool.
        obey: gets each command that comes back.
        warn: prints a line for people.
    """

    def __init__(
        self,
        client: Client,
        run: Run,
        metrics: Collection[str],
        waiter: OutageWaiter,
        spool: RunSpool,
        obey: Callable[[RunCommand], None],
        warn: Callable[[str], None],
    ) -> None:
        self._client = client
        self._run = run
        self._known = set(metrics)
        self._takes_no_more = False
        self._taken_over: list[Message] = []
        """What the run's program could not report."""
        self._said: set[str] = set()
        self._waiter = waiter
        self._spool = spool
        self._obey = obey
        self._warn = warn

    @property
    def overflow(self) -> Overflow:
        """What is on disk alone."""
        return self._spool.overflow

    def send(self, rows: Sequence[MetricRow], timeout: float | None = None) -> None:
        """Stores one request's worth of rows; does not wait for a registry that is away."""
        if self._takes_no_more:
            rows = self._of_known_metrics(rows)
        for request in self._reports(rows):
            self.resend(request, timeout)
        # What was refused is known no less: it is not in any later summary of the run.
        if not self._takes_no_more:
            self._known.update(*(row.values for row in rows))

    def resend(self, request: Message, timeout: float | None = None) -> None:
        """Sends a request that stores rows; what is refused of it is left out."""
        client = self._client if timeout is None else self._client.with_timeout(timeout)
        answer = self._tell_what_passes(request, partial(self._invoke, client))
        if answer is not None:
            self._obey(answer)

    def keep(self, rows: list[MetricRow]) -> None:
        """Keeps rows that a registry which is away has not got; none when it has all."""
        self._spool.keep_rows(self._reports(rows))

    def keep_beyond_memory(self, rows: list[MetricRow]) -> bool:
        """Keeps rows on disk alone, after those that are there; says whether it took them."""
        return self._spool.keep_beyond_memory(self._reports(rows))

    def send_all(
        self, rows: list[MetricRow], config: Mapping[str, Any], description: Mapping[str, Any]
    ) -> None:
        """Stores rows, config, name and labels of a run that is finished by other hands."""
        changes = {**description, **({"config": config} if config else {})}
        requests = [*self._reports(rows), *self._updates(changes)]
        self._spool.keep_rows(requests)
        self._tell(requests)

    def finish(
        self,
        outcome: Outcome,
        rows: list[MetricRow],
        config: Mapping[str, Any],
        description: Mapping[str, Any],
    ) -> FinishedRun:
        """Ends the run, with what of it was not sent yet."""
        finished: FinishedRun = self._tell(self.keep_end(outcome, rows, config, description))
        return finished

    def keep_end(
        self,
        outcome: Outcome,
        rows: list[MetricRow],
        config: Mapping[str, Any],
        description: Mapping[str, Any],
    ) -> list[Message]:
        """Keeps how the run ends, before it is reported; returns the requests that do that."""
        run = self._run
        self._taken_over += self._spool.take_over()
        earlier = list(batches(rows))
        last = earlier.pop() if earlier else []
        end = run_calls.finish_run(
            run.sweep_id,
            run.number,
            run.attempt,
            presentable(outcome),
            last,
            config,
            request_id=None,
        )
        requests = [
            *self._taken_over,
            *self._updates(description),
            *(self._report(batch) for batch in earlier),
            end.request,
        ]
        self._spool.keep_end(requests)
        return requests

    def end_of_this_attempt(self) -> Run | None:
        """How the run ended by other hands, e.g. a child process's; None if it goes on."""
        mine = self._run
        run = self._waiter.retry(lambda: self._client.get_run(mine.sweep_id, mine.number))
        return run if run.attempt == mine.attempt and run.state.is_final else None

    def release(self, reason: str) -> None:
        """Gives the run back: it is handed out again, to anyone."""
        run = self._run
        self._client.release_run(
            run.sweep_id, run.number, run.attempt, reason=message_of(text_of(reason))
        )

    def _tell(self, requests: list[Message]) -> Any:
        """Sends what is on disk alone and what the spool keeps, in order; the last answer."""
        answer = None
        try:
            while (stored := self._waiter.retry(self.overflow.first)) is not None:
                self._tell_what_passes(stored, self._until_it_is_back)
                self.overflow.done(stored)
            for request in requests:
                answer = self._tell_what_passes(request, self._until_it_is_back)
        except (NotFoundError, FailedPreconditionError) as error:
            self._spool.rejected(error)
            raise
        self._spool.delivered()
        return answer

    def _tell_what_passes(self, request: Message, send: Callable[[Message], Any]) -> Any:
        """Sends a request, without what is refused of it; the answer, None where nothing passes.

        Raises:
            WanllmdbError: it is not the content that is at fault, or a run's end that is
                refused as it is.
        """
        is_end = isinstance(request, FinishRunRequest)
        while True:
            try:
                return send(request)
            except WanllmdbError as error:
                if not rejects_content(error):
                    raise
                rest = reduced(request, error, self._known)
                if rest is None and is_end:
                    raise
                self._refused(error)
                if rest is None:
                    return None
                request = rest

    def _refused(self, error: WanllmdbError) -> None:
        if all(path in ("", "rows") for path, _ in error.fields):
            # A bound that is reached stays reached: new metrics need not be tried again.
            self._takes_no_more = True
        kind = error.reason or type(error).__name__
        if kind not in self._said:
            self._said.add(kind)
            self._warn(
                f"the registry refuses a part of run {self._run.number}, which goes on: {error}"
            )

    def _of_known_metrics(self, rows: Sequence[MetricRow]) -> list[MetricRow]:
        known = (
            replace(row, values={n: v for n, v in row.values.items() if n in self._known})
            for row in rows
        )
        return [row for row in known if row.values]

    def _until_it_is_back(self, request: Message) -> Any:
        return self._waiter.retry(partial(self._try, request))

    def _try(self, request: Message) -> Any:
        try:
            return self._invoke(self._client, request)
        except WanllmdbError as error:
            if is_passing(error):
                self._spool.secure()
            raise

    def _invoke(self, client: Client, request: Message) -> Any:
        return invoke(client, run_calls.resent(request))

    def _updates(self, changes: Mapping[str, Any]) -> list[Message]:
        if not changes:
            return []
        run = self._run
        name, labels, config = (changes.get(key, UNSET) for key in ("name", "labels", "config"))
        update = run_calls.update_run(
            run.sweep_id, run.number, name, labels, config, UNSET, request_id=None
        )
        return [update.request]

    def _reports(self, rows: Sequence[MetricRow]) -> list[Message]:
        return [self._report(batch) for batch in batches(rows)]

    def _report(self, rows: list[MetricRow]) -> Message:
        run = self._run
        return run_calls.report_metrics(
            run.sweep_id, run.number, run.attempt, rows, request_id=None
        ).request


class OnDisk:
    """The rows of a run that its reporter does not hold in memory; see BeyondMemory.

    Args:
        teller: keeps and sends them.
        heard: called when the registry has taken some.
    """

    def __init__(self, sender: RunSender, heard: Callable[[], None]) -> None:
        self._sender = sender
        self._heard = heard

    def put(self, rows: list[MetricRow]) -> bool:
        """Writes rows to disk; says whether it took them."""
        return self._sender.keep_beyond_memory(rows)

    def first(self) -> Message | None:
        """The oldest request; None when there are none."""
        return self._sender.overflow.first()

    def send(self, request: Message, timeout: float | None) -> None:
        """Stores a request on the server."""
        self._sender.resend(request, timeout)
        self._heard()

    def done(self, request: Message) -> None:
        """The first one, which is this, is stored."""
        self._sender.overflow.done(request)
