"""Converts the registry's messages to the optimizer's types, and proposals to messages."""

from __future__ import annotations

import json
from collections.abc import Iterable

from wanllmdb.api.registry.v1 import run_pb2, sweep_pb2
from wanllmdb_common.internal.registry.v1 import internal_registry_service_pb2 as internal_pb
from wanllmdb_common.search_space.proto_conversion import (
    parameters_from_proto,
    parameters_to_proto,
    space_from_proto,
)
from wanllmdb_suggestion.optimizer.model import Proposal
from wanllmdb_suggestion.optimizer.types import (
    AlgorithmChoice,
    Changes,
    Exhausted,
    Metric,
    ObjectivePoint,
    Parameters,
    Point,
    PriorRecord,
    RunRecord,
    RunState,
    StudySpec,
    SweepState,
    SweepStatus,
    WandbHyperband,
)
from wanllmdb_suggestion.registry.state_seal import StateSeal

DEFAULT_ETA = 3.0
DEFAULT_STRICT = True

_RUN_STATES = {
    value: RunState(name.removeprefix("RUN_STATE_"))
    for name, value in run_pb2.RunState.items()
    if value != run_pb2.RUN_STATE_UNSPECIFIED
}

_SWEEP_STATES = {
    value: SweepState(name.removeprefix("SWEEP_STATE_"))
    for name, value in sweep_pb2.SweepState.items()
    if value != sweep_pb2.SWEEP_STATE_UNSPECIFIED
}

_IMPUTE = {
    value: "" if value == sweep_pb2.IMPUTE_UNSPECIFIED else name.removeprefix("IMPUTE_")
    for name, value in sweep_pb2.Impute.items()
}

_FINISHED_BY = {
    sweep_pb2.FinishReason.Value(f"FINISH_REASON_{reason}"): reason for reason in Exhausted
}


def spec_from_proto(spec: sweep_pb2.SweepSpec) -> StudySpec:
    """Return the spec of a stored sweep, which the registry has validated and given a seed."""
    early = spec.early_termination
    return StudySpec(
        sampler=_algorithm(spec.sampler),
        space=space_from_proto(spec.search_space),
        seed=spec.seed,
        metrics=tuple(
            Metric(
                metric.name,
                metric.goal != sweep_pb2.GOAL_MAXIMIZE,
                _IMPUTE[metric.impute],
                _IMPUTE[metric.impute_while_running],
            )
            for metric in spec.metrics
        ),
        hyperband=_hyperband(early.hyperband) if early.HasField("hyperband") else None,
        pruner=_algorithm(early.pruner) if early.HasField("pruner") else None,
        terminator=_algorithm(spec.terminator) if spec.HasField("terminator") else None,
        run_cap=spec.run_cap if spec.HasField("run_cap") else None,
    )


def _hyperband(rule: sweep_pb2.Hyperband) -> WandbHyperband:
    eta = rule.eta or DEFAULT_ETA
    strict = rule.strict if rule.HasField("strict") else DEFAULT_STRICT
    return WandbHyperband(rule.min_iter, eta, strict, rule.max_iter, rule.s)


def _algorithm(choice: sweep_pb2.AlgorithmChoice) -> AlgorithmChoice:
    return AlgorithmChoice(choice.name, parameters_from_proto(choice.options))


def changes_from_proto(response: internal_pb.SyncRunsResponse, seal: StateSeal) -> Changes:
    """Return the changes of a sync's page; sampler states without a valid signature are empty."""
    return Changes(
        revision=response.revision,
        status=SweepStatus(
            state=_SWEEP_STATES[response.state],
            finished_by=_FINISHED_BY.get(response.finish_reason),
            next_number=response.next_number,
            space_exhausted=response.space_exhausted,
        ),
        runs=[_synced_record(run, seal) for run in response.runs],
        points=[
            ObjectivePoint(point.number, point.attempt, point.step, point.value)
            for point in response.objective_points
        ],
        prior_runs=[_prior_record(prior) for prior in response.prior_runs],
        spec=spec_from_proto(response.sweep.spec) if response.HasField("sweep") else None,
        etag=response.sweep.etag,
        end_message=response.sweep.end_message,
    )


def record_from_proto(run: run_pb2.Run) -> RunRecord:
    """Return the record of a run, without the state that its sampler stored."""
    return _record(run, parameters_from_proto(run.parameters), b"")


def _synced_record(run: internal_pb.SyncedRun, seal: StateSeal) -> RunRecord:
    state = seal.open(run.number, run.sampler_state) if run.sampler_state else b""
    return _record(run, json.loads(run.parameters_json), state)


def _record(
    run: internal_pb.SyncedRun | run_pb2.Run, parameters: Parameters, sampler_state: bytes
) -> RunRecord:
    return RunRecord(
        number=run.number,
        state=_RUN_STATES[run.state],
        attempt=run.attempt,
        parameters=Point(parameters),
        objective=run.objective if run.HasField("objective") else None,
        last_step=run.last_step if run.HasField("last_step") else None,
        objectives=tuple(run.objectives),
        sampler_state=sampler_state,
    )


def _prior_record(prior: internal_pb.SyncedPriorRun) -> PriorRecord:
    run = prior.run
    return PriorRecord(
        index=prior.index,
        state=_RUN_STATES[run.state],
        parameters=Point(parameters_from_proto(run.parameters)),
        objectives=tuple(run.objectives),
        last_step=run.last_step if run.HasField("last_step") else None,
    )


def proposals_to_proto(
    proposals: Iterable[Proposal], seal: StateSeal
) -> list[internal_pb.RunProposal]:
    """Return the messages of proposals, with sealed sampler states."""
    return [
        internal_pb.RunProposal(
            number=proposal.number,
            parameters=parameters_to_proto(proposal.parameters),
            sampler_state=seal.seal(proposal.number, proposal.sampler_state),
        )
        for proposal in proposals
    ]
