"""Reads that many tests share."""

from __future__ import annotations

from tests.sweeps import Registry
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2, sweep_pb2


async def get_sweep(registry: Registry, sweep_id: str) -> sweep_pb2.Sweep:
    """Call GetSweep."""
    return (await registry.GetSweep(pb.GetSweepRequest(sweep_id=sweep_id))).sweep


async def get_run(registry: Registry, sweep_id: str, number: int) -> run_pb2.Run:
    """Call GetRun by number."""
    return (await registry.GetRun(pb.GetRunRequest(sweep_id=sweep_id, number=number))).run
