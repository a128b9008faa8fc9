"""Sends to the registry what a run reported and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeAlias

from google.protobuf.message import Message

from wanllmdb._agent.reporter import paced
from wanllmdb._agent.row_batches import batches
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

BringEnd: TypeAlias = Callable[[FinishRunRequest], FinishedRun | None]
"""Sends a run's end with another call; returns None if FinishRun must send it."""


class RunSender:
    """Sends the reports of one attempt of a run, and waits for unavailable services.

    The last reports stay in the spool until the registry has stored them. Values that the
    registry rejects are left out with a warning; the rest of the run is still reported.

    Args:
        client: a client with the deadline of each call.
        run: the run as it was assigned.
        metrics: the sweep's metrics, which the registry accepts in any case.
        waiter: waits for unavailable services.
        spool: the run's part of the spool.
        obey: receives each command in a reply.
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
        self._only_known_metrics = False
        self._taken_over: list[Message] = []
        """Requests that the run's program could not deliver."""
        self._warned_reasons: set[str] = set()
        self._waiter = waiter
        self._spool = spool
        self._obey = obey
        self._warn = warn

    @property
    def overflow(self) -> Overflow:
        """The requests that are only on disk."""
        return self._spool.overflow

    def send(self, rows: Sequence[MetricRow], timeout: float | None = None) -> None:
        """Send rows that fit one request, without waiting for an unavailable registry."""
        if self._only_known_metrics:
            rows = self._of_known_metrics(rows)
        for batch in batches(paced(rows)):
            self.resend(self._report(paced(batch)), timeout)
        # Known metrics may include rejected values, which no later summary contains.
        if not self._only_known_metrics:
            self._known.update(*(row.values for row in rows))

    def resend(self, request: Message, timeout: float | None = None) -> None:
        """Send a request that stores rows, without the rows that the registry rejects."""
        client = self._client if timeout is None else self._client.with_timeout(timeout)
        answer = self._send_accepted_parts(request, partial(self._invoke, client))
        if answer is not None:
            self._obey(answer)

    def keep(self, rows: list[MetricRow]) -> None:
        """Save the rows that an unavailable registry lacks; an empty list clears them."""
        self._spool.keep_rows([self._report(paced(batch)) for batch in batches(paced(rows))])

    def keep_beyond_memory(self, rows: list[MetricRow]) -> bool:
        """Append rows to those that are only on disk; return whether that succeeded."""
        return self._spool.keep_beyond_memory(self._reports(rows))

    def send_all(
        self, rows: list[MetricRow], config: Mapping[str, Any], description: Mapping[str, Any]
    ) -> None:
        """Send rows, config, name and labels of a run that another process finishes."""
        changes = {**description, **({"config": config} if config else {})}
        requests = [*self._reports(rows), *self._updates(changes)]
        self._spool.keep_rows(requests)
        self._send_all(requests)

    def finish(
        self,
        outcome: Outcome,
        rows: list[MetricRow],
        config: Mapping[str, Any],
        description: Mapping[str, Any],
        bring: BringEnd | None = None,
    ) -> FinishedRun:
        """Finish the run, and send everything that was not sent yet.

        The run's end goes last: with `bring` if that works, else with FinishRun.
        """
        requests = self.keep_end(outcome, rows, config, description)
        finished: FinishedRun = self._send_all(requests, bring)
        return finished

    def keep_end(
        self,
        outcome: Outcome,
        rows: list[MetricRow],
        config: Mapping[str, Any],
        description: Mapping[str, Any],
    ) -> list[Message]:
        """Save the run's end to the spool before it is sent; return the requests to send."""
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
        """Return the run if another process, such as a child, ended it; None if it still runs."""
        mine = self._run
        run = self._waiter.retry(lambda: self._client.get_run(mine.sweep_id, mine.number))
        return run if run.attempt == mine.attempt and run.state.is_final else None

    def release(self, reason: str) -> None:
        """Give the run back, so that any agent can get it."""
        run = self._run
        self._client.release_run(
            run.sweep_id, run.number, run.attempt, reason=message_of(text_of(reason))
        )

    def _send_all(self, requests: list[Message], bring: BringEnd | None = None) -> Any:
        """Send the requests on disk and then these requests; return the last reply."""
        answer = None
        try:
            while (stored := self._waiter.retry(self.overflow.first)) is not None:
                self._send_accepted_parts(stored, self._send_when_available)
                self.overflow.done(stored)
            for request in requests:
                answer = None
                if bring is not None and isinstance(request, FinishRunRequest):
                    answer = bring(request)
                if answer is None:
                    answer = self._send_accepted_parts(request, self._send_when_available)
        except (NotFoundError, FailedPreconditionError) as error:
            self._spool.rejected(error)
            raise
        self._spool.delivered()
        return answer

    def _send_accepted_parts(self, request: Message, send: Callable[[Message], Any]) -> Any:
        """Send a request without its rejected parts; return the reply, None if all is rejected.

        Raises:
            WanllmdbError: the error is not about the content, or the registry rejects the end
                of the run itself.
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
                self._warn_of_rejection(error)
                if rest is None:
                    return None
                request = rest

    def _warn_of_rejection(self, error: WanllmdbError) -> None:
        if all(path in ("", "rows") for path, _ in error.fields):
            # A limit that is reached stays reached, so new metrics are not sent again.
            self._only_known_metrics = True
        kind = error.reason or type(error).__name__
        if kind not in self._warned_reasons:
            self._warned_reasons.add(kind)
            self._warn(
                f"the registry rejects a part of run {self._run.number}, which continues: {error}"
            )

    def _of_known_metrics(self, rows: Sequence[MetricRow]) -> list[MetricRow]:
        known = (
            replace(row, values={n: v for n, v in row.values.items() if n in self._known})
            for row in rows
        )
        return [row for row in known if row.values]

    def _send_when_available(self, request: Message) -> Any:
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
            run.sweep_id, run.number, name, labels, config, UNSET, None, None
        )
        return [update.request]

    def _reports(self, rows: Sequence[MetricRow]) -> list[Message]:
        return [self._report(batch) for batch in batches(rows)]

    def _report(self, rows: Iterable[MetricRow]) -> Message:
        run = self._run
        return run_calls.report_metrics(
            run.sweep_id, run.number, run.attempt, rows, request_id=None
        ).request


class OnDisk:
    """The rows of a run that its reporter keeps on disk instead of in memory.

    Args:
        sender: saves and sends the rows.
        stored: called when the registry has stored a request.
    """

    def __init__(self, sender: RunSender, stored: Callable[[], None]) -> None:
        self._sender = sender
        self._stored = stored

    def put(self, rows: list[MetricRow]) -> bool:
        """Write rows to disk; return whether that succeeded."""
        return self._sender.keep_beyond_memory(rows)

    def first(self) -> Message | None:
        """Return the oldest request; None if there is none."""
        return self._sender.overflow.first()

    def send(self, request: Message, timeout: float | None) -> None:
        """Send a request to the registry."""
        self._sender.resend(request, timeout)
        self._stored()

    def done(self, request: Message) -> None:
        """Remove the first request, which the registry has stored."""
        self._sender.overflow.done(request)
