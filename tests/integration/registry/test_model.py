"""For any sequence of calls, the registry answers as its model requires.

Hypothesis generates the sequences and shortens those that fail. After each call, the test compares
what every read returns with the model. A failure prints the calls and a blob that reproduces them.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import random
from collections.abc import Callable, Coroutine, Sequence
from datetime import timedelta
from typing import Any, TypeVar

import grpc.aio
import pytest
from grpc import StatusCode
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.conftest import registry_server
from tests.errors import rpc_fails
from tests.integration.registry import model
from tests.integration.registry.compare import (
    Tracked,
    best_of,
    check_runs,
    check_sweep,
    check_sync,
    command,
    expected_best,
    run_state,
    sweep_state,
)
from tests.integration.registry.machine import (
    MAX_SWEEPS,
    SweepMachine,
    as_rows,
    counts,
    etags,
    same,
    specs,
    to_messages,
    which,
)
from tests.integration.registry.model import Etag, Outcome, Proposal
from tests.registry_stub import RegistryStub
from tests.sweeps import request_id
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2
from wanllmdb_common.internal.registry.v1 import internal_registry_service_pb2 as internal_pb
from wanllmdb_common.search_space.proto_conversion import parameters_to_proto
from wanllmdb_registry.domain.leases import ExpireLeases
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.sweep_store import SweepStore

T = TypeVar("T")

SETTINGS = settings(
    max_examples=35,
    stateful_step_count=25,
    print_blob=True,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)

values = st.sampled_from([0.0, 0.25, 0.5, 1.0, 2.0, math.nan, math.inf, -math.inf])
reports = st.lists(values, max_size=2)
ACTS = ["suggest", "report"] * 4 + ["succeeded", "failed", "silence"] * 2
ACTS += ["release", "pause or resume", "come back", "retry", "cancel"]
# The agents for which the two Suggests of a CreateRuns ask.
AGENTS = ("agent", "another agent")
RETRYABLE = ("FAILED", "LOST", "CANCELED", "PRUNED")
# The difference from the right attempt.
offsets = st.sampled_from([0, 0, 0, 0, -1, 1])


class RegistryMachine(SweepMachine):
    """Rules about runs, and what must hold after every call.

    Attributes:
        expire_leases: Lets leases of a sweep's runs run out, and the store notice.
    """

    expire_leases: Callable[[str, Sequence[int]], Coroutine[Any, Any, None]]

    @initialize(fresh=specs, seed=st.integers(0, 2**32 - 1))
    def begin(self, fresh: model.Sweep, seed: int) -> None:
        self.add(fresh)
        self.reads_agree()
        self.work(seed, 25)

    @rule(fresh=specs, seed=st.integers(0, 2**32 - 1), length=st.integers(1, 20))
    def agents_work(self, fresh: model.Sweep, seed: int, length: int) -> None:
        """Let agents work on the newest sweep; most failures need some of this work.

        A new sweep replaces one that has ended. The seed determines the work: Hypothesis alone
        seldom generates a long sequence that does much.
        """
        if self.newest.ended and len(self.sweeps) < MAX_SWEEPS:
            self.add(fresh)
            self.reads_agree()
        self.work(seed, length)

    def work(self, seed: int, length: int) -> None:
        """Carry out `length` actions of agents."""
        chance = random.Random(seed)
        for _ in range(length):
            sweep = self.sweeps[-1]
            act, run = chance.choice(ACTS), chance.randrange(5)
            value = chance.choice([None, None, 0.5, 1.0, 2.0, math.nan])
            note(f"{act}, run {run} of the running ones, {value}")
            if act == "suggest":
                if not sweep.model.ended:
                    self.hand_out(
                        sweep,
                        chance.choice(["right"] * 3 + ["new"]),
                        1 + run % 2,
                        1,
                        Etag.NONE,
                        exhausted=False,
                    )
            elif act == "pause or resume":
                paused = sweep.model.state == "PAUSED"
                self.move(sweep, "Resume" if paused else "Pause", Etag.CURRENT)
            elif act == "silence":
                self.let_leases_run_out(sweep, run % 2)
                if chance.random() < 0.7:
                    self.beat()
            elif act == "retry":
                self.retry_runs(sweep, [], RETRYABLE[: 1 + run % 4], Etag.NONE)
            elif act == "cancel":
                if sweep.model.runs:
                    self.cancel_runs(sweep, [self.pick_run(sweep, run)[0]])
            elif act == "come back":
                self.come_back(sweep, AGENTS[run % 2], 1 + run % 3)
            elif not sweep.model.counts["RUNNING"]:
                continue
            elif act == "report":
                values = [0.5 if value is None else value]
                self.report(sweep, *self.pick_run(sweep, run), values, chance.randrange(3))
            elif act == "release":
                self.release(sweep, *self.pick_run(sweep, run))
            else:
                self.finish(sweep, *self.pick_run(sweep, run), [], Outcome(act), value)
            self.reads_agree()

    @rule(
        index=which,
        kind=st.sampled_from(
            ["right", "queued", "other", "new", "gap", "taken", "twice", "nothing"]
        ),
        count=counts,
        split=counts,
        etag=etags,
        exhausted=st.sampled_from([False] * 7 + [True]),
    )
    def create_runs(
        self, index: int, kind: str, count: int, split: int, etag: Etag, *, exhausted: bool
    ) -> None:
        self.hand_out(self.pick(index), kind, count, split, etag, exhausted=exhausted)

    def hand_out(
        self, sweep: Tracked, kind: str, count: int, split: int, etag: Etag, *, exhausted: bool
    ) -> None:
        """Call CreateRuns for two Suggests at once, with right or wrong numbers."""
        queued = [run.number for run in sweep.model.queued]
        new = list(range(len(sweep.model.runs), len(sweep.model.runs) + count))
        numbers = {
            "right": queued + new,
            "queued": queued[::-1],
            "other": queued,
            "new": new,
            "gap": [*queued, *(number + 1 for number in new)],
            "taken": [*queued, *new, *(run.number for run in sweep.model.runs[-1:])],
            "twice": [*queued, *new, *queued[:1], *new[-1:]],
            "nothing": [],
        }[kind]
        waiting = {} if kind == "other" else {run.number: run.x for run in sweep.model.queued}
        # A proposal must keep the point of a queued run; a proposal made before it has another
        # point.
        proposals = [
            Proposal(n, waiting.get(n) or self.point(), AGENTS[place >= split])
            for place, n in enumerate(numbers)
        ]
        request = internal_pb.CreateRunsRequest(
            sweep_id=sweep.sweep_id, etag=sweep.etag(etag), space_exhausted=exhausted
        )
        for agent, part in zip(AGENTS, (proposals[:split], proposals[split:]), strict=True):
            request.requests.add(
                request_id=request_id(),
                agent_id=agent,
                count=len(part),
                proposals=[
                    internal_pb.RunProposal(
                        number=p.number, parameters=parameters_to_proto({"x": p.x})
                    )
                    for p in part
                ],
            )
        done = self.step(
            sweep,
            "CreateRuns",
            request,
            lambda: sweep.model.create_runs(proposals, etag, exhausted),
        )
        if done is None:
            return
        reply, fits = done
        assert reply.conflict != fits
        got = [run for result in reply.results for run in result.runs]
        assert [run.number for run in got] == (numbers if fits else [])
        assert all(run.attempt == sweep.model.runs[run.number].attempt for run in got)
        if fits:
            sweep.answered.append(("CreateRuns", request, reply))

    @rule(index=which, count=st.integers(1, 3))
    def enqueue(self, index: int, count: int) -> None:
        sweep = self.pick(index)
        points = [self.point() for _ in range(count)]
        request = pb.EnqueueRunsRequest(
            sweep_id=sweep.sweep_id,
            runs=[pb.EnqueuedRun(parameters=parameters_to_proto({"x": x})) for x in points],
            request_id=request_id(),
        )
        done = self.step(sweep, "EnqueueRuns", request, lambda: sweep.model.enqueue(points))
        if done is not None:
            assert [run.number for run in done[0].runs] == done[1]

    @precondition(lambda self: self.newest.runs)
    @rule(
        index=which,
        runs=st.lists(which, min_size=1, max_size=3),
        states=st.lists(st.sampled_from(RETRYABLE), unique=True),
        etag=etags,
    )
    def retry(self, index: int, runs: Sequence[int], states: Sequence[str], etag: Etag) -> None:
        """Retry runs by number if no states are named."""
        sweep = self.pick(index)
        ended = [run.number for run in sweep.model.runs if run.state in RETRYABLE]
        numbers = [] if states else [self.pick_ended(sweep, ended, run) for run in runs]
        self.retry_runs(sweep, numbers, states, etag)

    def pick_ended(self, sweep: Tracked, ended: Sequence[int], index: int) -> int:
        """Return the number of a run that can be retried, or sometimes of any run or of none."""
        if index < 6 and ended:
            return ended[index % len(ended)]
        return self.pick_run(sweep, index)[0]

    def retry_runs(
        self, sweep: Tracked, numbers: Sequence[int], states: Sequence[str], etag: Etag
    ) -> None:
        """Call RetryRuns."""
        request = pb.RetryRunsRequest(
            sweep_id=sweep.sweep_id,
            numbers=numbers,
            states=[run_pb2.RunState.Value(f"RUN_STATE_{state}") for state in states],
            etag=sweep.etag(etag),
            request_id=request_id(),
        )
        done = self.step(
            sweep, "RetryRuns", request, lambda: sweep.model.retry(numbers, states, etag)
        )
        if done is not None:
            reply, queued = done
            assert (list(reply.numbers), reply.remaining_runs) == (queued, 0)
            assert sweep_state(reply.sweep.state) == sweep.model.state

    @precondition(lambda self: self.newest.runs)
    @rule(index=which, runs=st.lists(which, min_size=1, max_size=3))
    def cancel(self, index: int, runs: Sequence[int]) -> None:
        """Cancel running and other runs, and sometimes one that does not exist."""
        sweep = self.pick(index)
        self.cancel_runs(sweep, sorted({self.pick_run(sweep, run)[0] for run in runs}))

    def cancel_runs(self, sweep: Tracked, numbers: Sequence[int]) -> None:
        """Call CancelRuns."""
        request = pb.CancelRunsRequest(
            sweep_id=sweep.sweep_id, numbers=numbers, request_id=request_id()
        )
        done = self.step(sweep, "CancelRuns", request, lambda: sweep.model.cancel_runs(numbers))
        if done is not None:
            reply, expected = done
            got = reply.canceled_numbers, reply.stopping_numbers, reply.ended_numbers
            assert tuple(map(list, got)) == expected
            assert sweep_state(reply.sweep.state) == sweep.model.state

    def report(
        self, sweep: Tracked, number: int, attempt: int, reported: Sequence[float], first: int = 0
    ) -> None:
        """Call ReportMetrics, from a step on."""
        rows = as_rows(reported, first)
        request = pb.ReportMetricsRequest(
            sweep_id=sweep.sweep_id,
            number=number,
            attempt=attempt,
            rows=to_messages(rows),
            request_id=request_id(),
        )
        done = self.step(
            sweep, "ReportMetrics", request, lambda: sweep.model.report(number, attempt, rows)
        )
        if done is not None:
            assert command(done[0].command) == done[1]

    @precondition(lambda self: self.newest.runs)
    @rule(
        index=which,
        run=which,
        offset=offsets,
        act=st.sampled_from(["report", "release", *(outcome.value for outcome in Outcome)]),
        reported=reports,
        objective=st.none() | values,
    )
    def agent_may_err(
        self,
        index: int,
        run: int,
        offset: int,
        act: str,
        reported: Sequence[float],
        objective: float | None,
    ) -> None:
        """Report for a run that does not exist, is not running or has another attempt."""
        sweep = self.pick(index)
        number, attempt = self.pick_run(sweep, run)
        attempt += offset
        if act == "report":
            self.report(sweep, number, attempt, reported, index % 3)
        elif act == "release":
            self.release(sweep, number, attempt)
        else:
            self.finish(sweep, number, attempt, reported, Outcome(act), objective)

    def finish(
        self,
        sweep: Tracked,
        number: int,
        attempt: int,
        reported: Sequence[float],
        outcome: Outcome,
        objective: float | None,
    ) -> None:
        """Call FinishRun; with several metrics, give the objective of the first only."""
        rows = as_rows(reported)
        given: dict[str, float] = {}
        if outcome is Outcome.SUCCEEDED and objective is not None and sweep.model.metrics:
            given["loss"] = objective
        request = pb.FinishRunRequest(
            sweep_id=sweep.sweep_id,
            number=number,
            attempt=attempt,
            rows=to_messages(rows),
            request_id=request_id(),
        )
        getattr(request, outcome.value).SetInParent()
        if len(sweep.model.metrics) > 1:
            request.succeeded.objectives.update(given)
        elif outcome is Outcome.SUCCEEDED and objective is not None:
            # Without a metric name the objective is ambiguous.
            request.succeeded.objective = objective
        done = self.step(
            sweep,
            "FinishRun",
            request,
            lambda: sweep.model.finish(number, attempt, rows, outcome, given),
        )
        if done is not None:
            reply, ended = done
            assert run_state(reply.run.state) == ended.state
            assert sweep_state(reply.sweep_state) == sweep.model.state
            assert best_of(reply) == expected_best(sweep.model)

    def release(self, sweep: Tracked, number: int, attempt: int) -> None:
        """Call ReleaseRun."""
        request = pb.ReleaseRunRequest(
            sweep_id=sweep.sweep_id, number=number, attempt=attempt, request_id=request_id()
        )
        done = self.step(sweep, "ReleaseRun", request, lambda: sweep.model.release(number, attempt))
        if done is not None:
            assert run_state(done[0].run.state) == done[1].state

    @rule()
    def heartbeat(self) -> None:
        self.beat()

    def beat(self) -> None:
        """Send one heartbeat for all runs of all sweeps, with each past attempt and the next."""
        leases = [
            (sweep, number, attempt)
            for sweep in self.sweeps
            for number, attempts in enumerate([run.attempt for run in sweep.model.runs] + [0])
            for attempt in range(1, attempts + 2)
        ]
        request = pb.HeartbeatRequest(
            leases=[
                pb.RunLease(sweep_id=sweep.sweep_id, number=number, attempt=attempt)
                for sweep, number, attempt in leases
            ]
        )
        for sweep in self.sweeps:
            sweep.model.clock += 1
        statuses = self.call("Heartbeat", request).statuses
        self.touched = list(self.sweeps)
        assert [status.lease for status in statuses] == list(request.leases)
        got = [command(status.command) for status in statuses]
        assert got == [s.model.heartbeat(number, attempt) for s, number, attempt in leases]

    @precondition(lambda self: self.newest.counts["RUNNING"])
    @rule(index=which, skipped=st.integers(0, 2))
    def lose(self, index: int, skipped: int) -> None:
        self.let_leases_run_out(self.pick(index), skipped)

    def let_leases_run_out(self, sweep: Tracked, skipped: int) -> None:
        """Let the leases of all running runs but some expire; another replica notices."""
        sweep.model.clock += 1
        self.touched.append(sweep)
        running = [run.number for run in sweep.model.runs if run.state == "RUNNING"]
        sweep.model.lose(running[skipped:])
        coroutine = self.expire_leases(sweep.sweep_id, running[skipped:])
        asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()

    @rule(index=which, agent=st.sampled_from([*AGENTS, "nobody"]), count=st.integers(1, 3))
    def resume_runs(self, index: int, agent: str, count: int) -> None:
        self.come_back(self.pick(index), agent, count)

    def come_back(self, sweep: Tracked, agent: str, count: int) -> None:
        """Call ResumeRuns for an agent that crashed."""
        request = internal_pb.ResumeRunsRequest(
            sweep_id=sweep.sweep_id, agent_id=agent, count=count, request_id=request_id()
        )
        done = self.step(sweep, "ResumeRuns", request, lambda: sweep.model.resume(agent, count))
        assert done is not None
        reply, mine = done
        got = [(run.number, run.attempt, run_state(run.state)) for run in reply.runs]
        assert got == [(run.number, run.attempt, "RUNNING") for run in mine]

    # Repeated requests.

    @rule(index=which, back=st.integers(0, 40))
    def repeat(self, index: int, back: int) -> None:
        """A repeated request returns the same answer and changes nothing."""
        sweep = self.pick_any(index)
        self.touched = [known for known in self.sweeps if known is sweep]
        method, request, reply = sweep.answered[-1 - back % len(sweep.answered)]
        again = self.call(method, request)
        if method == "CreateRuns":
            assert again.conflict
            for now, then in zip(again.results, reply.results, strict=True):
                assert now.answered_before
                assert list(now.runs) == list(then.runs)
        else:
            assert same(again, reply)

    @rule(index=which, back=st.integers(0, 40))
    def reuse(self, index: int, back: int) -> None:
        """Reusing a request id for a different request is rejected and changes nothing."""
        sweep = self.pick_any(index)
        self.touched = [known for known in self.sweeps if known is sweep]
        method, request, _ = sweep.answered[-1 - back % len(sweep.answered)]
        if method == "CreateRuns":
            request = internal_pb.CreateRunsRequest.FromString(request.SerializeToString())
            request.requests[0].agent_id = "nobody"
            response = self.call(method, request)
            assert response.conflict
            assert [r.request_id_reused for r in response.results] == [True, False]
            return
        other = pb.CancelSweepRequest(
            sweep_id=sweep.sweep_id, etag='"other"', request_id=request.request_id
        )
        with rpc_fails(StatusCode.INVALID_ARGUMENT, "REQUEST_ID_REUSED"):
            self.call("CancelSweep", other)

    # Properties that hold after every call.

    @invariant()
    def reads_agree(self) -> None:
        for sweep in self.touched:
            known = len(sweep.revisions)
            check_sweep(self.call, sweep)
            check_runs(self.call, sweep)
            check_sync(self.call, sweep, max(0, known - 1), page_size=0)
        self.touched.clear()

    @rule(index=which, back=st.integers(0, 40), page_size=st.integers(1, 3))
    def sync(self, index: int, back: int, page_size: int) -> None:
        sweep = self.pick(index)
        check_sync(self.call, sweep, -1 - back % len(sweep.revisions), page_size)

    def teardown(self) -> None:
        """Check that sweeps which no rule looked at recently did not change."""
        for sweep in self.sweeps:
            check_sweep(self.call, sweep)
            check_runs(self.call, sweep)
            for seen in range(0, len(sweep.revisions), 7):
                check_sync(self.call, sweep, seen, page_size=0)


_LET_LEASES_RUN_OUT = """
    UPDATE runs SET lease_expire_time = clock_timestamp() - interval '1 second'
    WHERE sweep_id = $1 AND number = ANY($2)
"""


# Hypothesis shortens a failing sequence for at most five minutes.
@pytest.mark.timeout(420)
async def test_every_sequence_of_calls_follows_the_rules(database_url: str) -> None:
    loop = asyncio.get_running_loop()
    lease = timedelta(hours=1)
    async with (
        registry_server(database_url, lease=lease) as address,
        grpc.aio.insecure_channel(address) as channel,
        contextlib.AsyncExitStack() as stack,
    ):
        database = Database(database_url, pool_size=2)
        stack.push_async_callback(database.close)
        registry = RegistryStub(channel)
        other_replica = SweepStore(database, lease)

        async def expire_leases(sweep_id: str, numbers: Sequence[int]) -> None:
            async with database.read() as connection:
                await connection.execute(_LET_LEASES_RUN_OUT, sweep_id, list(numbers))
            change = ExpireLeases(None, lambda expired: str(expired.runs).encode())
            assert await other_replica.apply(sweep_id, [change]) == [str(len(numbers)).encode()]

        class Connected(RegistryMachine):
            def __init__(self) -> None:
                super().__init__(registry, loop)
                self.expire_leases = expire_leases

        await asyncio.to_thread(run_state_machine_as_test, Connected, settings=SETTINGS)
