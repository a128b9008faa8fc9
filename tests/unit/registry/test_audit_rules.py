"""What the audit log records of each call, from its request and its response."""

from __future__ import annotations

import pytest
from google.protobuf import descriptor_pool, message_factory

from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import sweep_pb2
from wanllmdb_common.internal.registry.v1 import internal_registry_service_pb2 as internal_pb
from wanllmdb_registry.rpc.rpc_table import AUDIT_TABLE, RPC_TABLE
from wanllmdb_registry.rpc.services import SERVICES

assert SERVICES, "the descriptors of all services are loaded"

FINISH_RUNS = "/wanllmdb.internal.registry.v1.InternalRegistryService/FinishRuns"
CANCEL = "/wanllmdb.api.registry.v1.SweepRegistryService/CancelRuns"


@pytest.mark.parametrize("rpc", AUDIT_TABLE)
def test_a_rule_reads_fields_that_its_messages_have(rpc: str) -> None:
    service, _, name = rpc.removeprefix("/").partition("/")
    method = descriptor_pool.Default().FindServiceByName(service).methods_by_name[name]
    request = message_factory.GetMessageClass(method.input_type)()
    response = message_factory.GetMessageClass(method.output_type)()
    failed, done = AUDIT_TABLE[rpc](request, None), AUDIT_TABLE[rpc](request, response)
    assert failed.keys() | done.keys()
    assert rpc in RPC_TABLE


def test_a_cancellation_names_the_runs_that_it_stopped() -> None:
    request = pb.CancelRunsRequest(sweep_id="s", numbers=[1, 2, 3])
    response = pb.CancelRunsResponse(
        sweep=sweep_pb2.Sweep(project="p"),
        canceled_numbers=[3],
        stopping_numbers=[1],
        ended_numbers=[2],
    )
    rule = AUDIT_TABLE[CANCEL]
    assert rule(request, response) == {"sweep_id": "s", "project": "p", "numbers": [3, 1]}
    assert rule(request, None)["numbers"] == [1, 2, 3]


def test_ends_of_runs_are_named_with_their_outcome_and_error() -> None:
    ends = [
        pb.FinishRunRequest(
            sweep_id="s", number=n, attempt=1, request_id=f"id-{n}", pruned=pb.RunPruned()
        )
        for n in range(2)
    ]
    request = internal_pb.FinishRunsRequest(sweep_id="s", ended_runs=ends)
    rejected = pb.FinishRunResult(error=pb.FinishRunError(reason="RUN_LEASE_LOST"))
    response = internal_pb.FinishRunsResponse(ended_runs=[pb.FinishRunResult(), rejected])
    first, second = (
        {"number": n, "attempt": 1, "outcome": "pruned", "request_id": f"id-{n}"} for n in range(2)
    )
    rule = AUDIT_TABLE[FINISH_RUNS]
    assert rule(request, None) == {"sweep_id": "s", "ended_runs": [first, second]}
    second["reason"] = "RUN_LEASE_LOST"
    assert rule(request, response) == {"sweep_id": "s", "ended_runs": [first, second]}
