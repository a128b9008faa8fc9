"""A sweep that scripted services pretend to have, so that an agent can work on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from google.protobuf.duration_pb2 import Duration

from clients.conformance.runner.scripted_services import ScriptedServices
from wanllmdb.api.registry.v1 import registry_service_pb2 as registry_pb
from wanllmdb.api.registry.v1 import run_pb2, sweep_pb2
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as suggestion_pb

SWEEP_ID = "k6rsniyyjhjy"
_END_STATES = {
    "succeeded": run_pb2.RUN_STATE_FINISHED,
    "failed": run_pb2.RUN_STATE_FAILED,
    "pruned": run_pb2.RUN_STATE_PRUNED,
    "canceled": run_pb2.RUN_STATE_CANCELED,
}


class ScriptedSweep:
    """Assigns runs until there are no more, and accepts everything about them.

    A scenario replaces single answers with `services.on`.

    Args:
        services: answer the RPCs of an agent.
        runs: how many runs there are.
        lease: the seconds of a lease.
        next_check: when the first ShouldStop is due; None without early termination.
    """

    def __init__(
        self,
        services: ScriptedServices,
        *,
        runs: int = 1,
        lease: float = 60.0,
        next_check: int | None = None,
    ) -> None:
        self._services = services
        self._runs = runs
        self._lease = lease
        self._next_check = next_check
        self._assigned: dict[str, suggestion_pb.SuggestResponse] = {}
        self._next_number = 0
        self._states: dict[int, run_pb2.RunState.ValueType] = {}
        services.on("GetSweep", registry_pb.GetSweepResponse(sweep=self.sweep()))
        services.on("GetRun", self.get_run)
        services.on("Suggest", self.suggest)
        services.on("ReportMetrics", self.report)
        services.on("Heartbeat", self.heartbeat)
        services.on("FinishRun", self.finish)
        services.on("ReleaseRun", self.release)
        services.on("UpdateRun", lambda request: registry_pb.UpdateRunResponse(run=request.run))
        services.on("GetMetricHistory", registry_pb.GetMetricHistoryResponse())

    @property
    def ends(self) -> list[Any]:
        """The FinishRunRequests that arrived, alone or with a Suggest, in their order."""
        found = []
        for each in self._services.received:
            if each.rpc == "FinishRun":
                found.append(each.request)
            elif each.rpc == "Suggest":
                found += each.request.ended_runs
        return found

    @property
    def values(self) -> dict[int, dict[str, float]]:
        """The values of all rows that arrived, by step."""
        found: dict[int, dict[str, float]] = {}
        for request in [*self._services.requests("ReportMetrics"), *self.ends]:
            for row in request.rows:
                found.setdefault(row.step, {}).update(row.values)
        return found

    def sweep(self) -> sweep_pb2.Sweep:
        """Return the sweep."""
        sweep = sweep_pb2.Sweep(
            sweep_id=SWEEP_ID,
            project="default",
            name="scripted",
            state=sweep_pb2.SWEEP_STATE_RUNNING,
            revision=1,
        )
        sweep.spec.method = sweep_pb2.METHOD_RANDOM
        sweep.spec.sampler.name = "random"
        sweep.spec.metrics.add(name="loss", goal=sweep_pb2.GOAL_MINIMIZE)
        parameter = sweep.spec.search_space.parameters.add(name="x")
        parameter.uniform.min, parameter.uniform.max = 0.0, 1.0
        if self._next_check is not None:
            sweep.spec.early_termination.hyperband.min_iter = self._next_check
        return sweep

    def run(self, number: int, attempt: int = 1, **fields: Any) -> run_pb2.Run:
        """Return a run as it is assigned."""
        run = run_pb2.Run(
            sweep_id=SWEEP_ID,
            number=number,
            attempt=attempt,
            state=self._states.get(number, run_pb2.RUN_STATE_RUNNING),
            origin=run_pb2.RUN_ORIGIN_SUGGESTED,
            metric_values=0,
            revision=2,
        )
        run.parameters["x"].double_value = 0.5
        run.MergeFrom(run_pb2.Run(**fields))
        return run

    def suggest(self, request: Any) -> suggestion_pb.SuggestResponse:
        """Assign the next run; the same request id gets the same runs."""
        response = suggestion_pb.SuggestResponse()
        if request.request_id not in self._assigned:
            self._assigned[request.request_id] = self._next()
        response.CopyFrom(self._assigned[request.request_id])
        for end in request.ended_runs:
            response.ended_runs.add(response=self.finish(end))
        return response

    def suggested(
        self, runs: Sequence[run_pb2.Run], **fields: Any
    ) -> suggestion_pb.SuggestResponse:
        """Return the answer that assigns these runs."""
        return suggestion_pb.SuggestResponse(
            runs=runs,
            lease_duration=self.lease(),
            next_check_iteration=self._next_check,
            **fields,
        )

    def exhausted(self) -> suggestion_pb.SuggestResponse:
        """Return the answer that there are no more runs."""
        return suggestion_pb.SuggestResponse(exhausted=suggestion_pb.EXHAUSTED_REASON_RUN_CAP)

    def report(self, _request: Any) -> registry_pb.ReportMetricsResponse:
        """Accept values."""
        return registry_pb.ReportMetricsResponse(command=run_pb2.RUN_COMMAND_CONTINUE)

    def heartbeat(
        self, request: Any, command: run_pb2.RunCommand.ValueType = run_pb2.RUN_COMMAND_CONTINUE
    ) -> registry_pb.HeartbeatResponse:
        """Renew all leases, with a command for each run."""
        response = registry_pb.HeartbeatResponse(lease_duration=self.lease())
        for lease in request.leases:
            response.statuses.add(lease=lease, command=command)
        return response

    def finish(self, request: Any) -> registry_pb.FinishRunResponse:
        """Accept the end of a run."""
        self._states[request.number] = _END_STATES[request.WhichOneof("outcome")]
        return registry_pb.FinishRunResponse(
            run=self.run(request.number, request.attempt),
            sweep_state=sweep_pb2.SWEEP_STATE_RUNNING,
        )

    def release(self, request: Any) -> registry_pb.ReleaseRunResponse:
        """Accept a run that is given back."""
        run = self.run(request.number, request.attempt)
        run.state = run_pb2.RUN_STATE_QUEUED
        return registry_pb.ReleaseRunResponse(run=run)

    def get_run(self, request: Any) -> registry_pb.GetRunResponse:
        """Return a run as it is."""
        return registry_pb.GetRunResponse(run=self.run(request.number))

    def lease(self) -> Duration:
        """Return how long a lease lasts."""
        duration = Duration()
        duration.FromNanoseconds(round(self._lease * 1e9))
        return duration

    def _next(self) -> suggestion_pb.SuggestResponse:
        if self._next_number == self._runs:
            return self.exhausted()
        self._next_number += 1
        return self.suggested([self.run(self._next_number - 1)])
