"""A correct handmade history, which tests break in one way each.

Run 0 is assigned, reports and finishes. A user enqueues run 1. The first agent of run 1 loses it,
a second agent finishes it, and the first agent's result comes too late. Then the sweep has reached
its cap.
"""

from __future__ import annotations

from typing import Any

from google.protobuf.message import Message

from tests.robustness.history import FinalState, History, Seen, Try
from tests.robustness.schedule import SweepPlan
from tests.robustness.sweep_states import FINISHED, QUEUED, RUNNING
from tests.robustness.users import REQUEST_LABEL
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2, sweep_pb2
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as suggestion_pb
from wanllmdb_common.search_space.proto_conversion import parameters_to_proto

SWEEP = "sweep"
_CONFIG = {"run_cap": 2, "retries": {"lost": 2, "failed": 0}, "metric": {"name": "loss"}}


def run_of(number: int, revision: int, state: Any, **fields: Any) -> run_pb2.Run:
    """Return a run; times are seconds, and `began` is the time of its assignment."""
    began, ended = fields.pop("began", None), fields.pop("ended", None)
    run = run_pb2.Run(
        sweep_id=SWEEP,
        number=number,
        revision=revision,
        state=state,
        parameters=parameters_to_proto({"depth": number}),
        **fields,
    )
    if began is not None:
        run.start_time.FromSeconds(began)
    if state == RUNNING:
        run.lease_expire_time.FromSeconds(began + 2)
    if ended is not None:
        run.end_time.FromSeconds(ended)
    return run


def sweep_of(state: Any, revision: int, **fields: Any) -> sweep_pb2.Sweep:
    """Return the sweep."""
    stats = sweep_pb2.SweepStats(**fields.pop("stats", {}))
    sweep = sweep_pb2.Sweep(
        sweep_id=SWEEP, state=state, revision=revision, stats=stats, etag=str(revision), **fields
    )
    sweep.spec.run_cap = 2
    sweep.spec.metrics.add(name="loss", goal=sweep_pb2.GOAL_MINIMIZE)
    return sweep


class Made:
    """The history, with names for its parts."""

    def __init__(self, *, grid_size: int | None = None) -> None:
        plan = SweepPlan(0, 0.0, _CONFIG, 2, (), 1, grid_size, "made")
        self.history = History(plan, SWEEP, slack=1.0)
        self._now = 0.0
        queued = run_of(1, 4, QUEUED, labels={REQUEST_LABEL: "queue"})
        queued.origin = run_pb2.RUN_ORIGIN_ENQUEUED
        self.first = self._suggest("ask-0", "a", run_of(0, 3, RUNNING, began=10, attempt=1))
        enqueue = pb.EnqueueRunsRequest(sweep_id=SWEEP, request_id="queue")
        enqueue.runs.add(parameters=queued.parameters, labels=queued.labels)
        self.queue = self.call(
            "EnqueueRuns", "queue", enqueue, pb.EnqueueRunsResponse(runs=[queued])
        )
        self.second = self._suggest("ask-1", "b", self._again(queued, 5, RUNNING, "b", 1, began=11))
        rows = [run_pb2.MetricRow(step=0, values={"loss": 0.5})]
        self.report = self.call(
            "ReportMetrics",
            "report",
            pb.ReportMetricsRequest(sweep_id=SWEEP, number=0, attempt=1, rows=rows),
            pb.ReportMetricsResponse(command=run_pb2.RUN_COMMAND_CONTINUE),
        )
        self.beat = self._heartbeat(0, 1, until=13)
        run_0 = run_of(0, 7, FINISHED, began=10, ended=12, attempt=1, objective=0.25, agent_id="a")
        run_0.summary["loss"], run_0.last_step = 0.5, 0
        self.end_0 = self._finish("end-0", run_0, 0.25)
        self.lost = self._again(queued, 8, QUEUED, "b", 1, began=11)
        self.third = self._suggest("ask-2", "c", self._again(queued, 9, RUNNING, "c", 2, began=14))
        late = pb.FinishRunRequest(sweep_id=SWEEP, number=1, attempt=1)
        late.succeeded.objective = 0.1
        self.late = self.refuse("FinishRun", "late", late, "RUN_LEASE_LOST")
        run_1 = self._again(queued, 10, FINISHED, "c", 2, began=14)
        run_1.objective = 0.5
        run_1.end_time.FromSeconds(15)
        self.end_1 = self._finish("end-1", run_1, 0.5)
        self.sweep = sweep_of(
            sweep_pb2.SWEEP_STATE_FINISHED,
            11,
            finish_reason=sweep_pb2.FINISH_REASON_RUN_CAP,
            stats={
                "total_runs": 2,
                "finished_runs": 2,
                "best_run": sweep_pb2.BestRun(
                    number=0, objective=0.25, parameters=run_0.parameters
                ),
            },
        )
        self.sweep.end_time.FromSeconds(15)
        self.read = self.call(
            "GetSweep",
            "read-1",
            pb.GetSweepRequest(sweep_id=SWEEP),
            pb.GetSweepResponse(sweep=self.sweep),
        )
        self.runs = [run_0, run_1]
        self.points = {(0, 1): {("loss", 0): run_pb2.MetricPoint(step=0, value=0.5)}, (1, 1): {}}
        self._watch(queued)
        self.finish_with(self.sweep, self.runs)

    def finish_with(self, sweep: sweep_pb2.Sweep, runs: list[run_pb2.Run]) -> None:
        """Set the final state."""
        self.history.final = FinalState(sweep, runs, self.points, runs)

    def call(
        self,
        method: str,
        key: str,
        request: Message,
        answer: Message | None,
        *,
        code: str = "",
        reason: str = "",
    ) -> Try:
        """Add a sending, a tenth of a second long."""
        start = self._now = self._now + 1
        one = Try(method, key, "a replica", request, start, 2.0, start + 0.1, answer, code, reason)
        self.history.tries.append(one)
        return one

    def refuse(self, method: str, key: str, request: Message, reason: str) -> Try:
        """Add a sending that fails for good."""
        return self.call(method, key, request, None, code="FAILED_PRECONDITION", reason=reason)

    def _suggest(self, key: str, agent: str, run: run_pb2.Run) -> Try:
        run.agent_id = agent
        request = suggestion_pb.SuggestRequest(sweep_id=SWEEP, count=1, agent_id=agent)
        return self.call("Suggest", key, request, suggestion_pb.SuggestResponse(runs=[run]))

    def _finish(self, key: str, run: run_pb2.Run, objective: float) -> Try:
        request = pb.FinishRunRequest(sweep_id=SWEEP, number=run.number, attempt=run.attempt)
        request.succeeded.objective = objective
        return self.call("FinishRun", key, request, pb.FinishRunResponse(run=run))

    def _heartbeat(self, number: int, attempt: int, *, until: int) -> Try:
        lease = pb.RunLease(sweep_id=SWEEP, number=number, attempt=attempt)
        answer = pb.HeartbeatResponse()
        status = answer.statuses.add(lease=lease, command=run_pb2.RUN_COMMAND_CONTINUE)
        status.expire_time.FromSeconds(until)
        return self.call("Heartbeat", "read-0", pb.HeartbeatRequest(leases=[lease]), answer)

    @staticmethod
    def _again(
        before: run_pb2.Run, revision: int, state: Any, agent: str, attempt: int, *, began: int
    ) -> run_pb2.Run:
        run = run_of(before.number, revision, state, began=began, attempt=attempt, agent_id=agent)
        run.labels.update(before.labels)
        run.origin = before.origin
        return run

    def _watch(self, queued: run_pb2.Run) -> None:
        """Add two streams: up to the enqueued run, and the rest."""
        running = sweep_of(sweep_pb2.SWEEP_STATE_RUNNING, 2)
        run_0 = self.first.answer
        assert isinstance(run_0, suggestion_pb.SuggestResponse)
        self.seen = self.history.seen
        self.see(1, 0, 2, sweep=running)
        self.see(1, 0, 3, run=run_0.runs[0])
        self.see(1, 0, 4, run=queued)
        self.see(1, 0, 4)
        self.see(2, 4, 7, run=self.runs[0])
        self.see(2, 4, 8, run=self.lost)
        self.see(2, 4, 8)
        self.see(2, 4, 10, run=self.runs[1])
        self.see(2, 4, 11, sweep=self.sweep)
        self.see(2, 4, 11)

    def see(self, stream: int, since: int, revision: int, **change: Any) -> None:
        """Add one message of the watch."""
        self.history.seen.append(Seen(0, stream, since, self._now, revision, **change))
