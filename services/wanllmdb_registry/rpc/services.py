"""Registers the services with a gRPC server; defines the steps around each call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

import grpc.aio

from wanllmdb.api.registry.v1 import key_service_pb2 as key_pb
from wanllmdb.api.registry.v1 import key_service_pb2_grpc as key_grpc
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import registry_service_pb2_grpc as pb_grpc
from wanllmdb.api.registry.v1 import template_service_pb2 as template_pb
from wanllmdb.api.registry.v1 import template_service_pb2_grpc as template_grpc
from wanllmdb_common.calls.authentication import Authentication
from wanllmdb_common.calls.authorization import Authorization
from wanllmdb_common.calls.call import Call, CallStep
from wanllmdb_common.calls.rate_limits import CallLimits
from wanllmdb_common.internal.registry.v1 import internal_registry_service_pb2 as internal_pb
from wanllmdb_common.internal.registry.v1 import (
    internal_registry_service_pb2_grpc as internal_grpc,
)
from wanllmdb_common.server.settings import LimitSettings
from wanllmdb_registry.app import Registry
from wanllmdb_registry.rpc.activity_servicer import ActivityServicer
from wanllmdb_registry.rpc.column_servicer import ColumnServicer
from wanllmdb_registry.rpc.internal_servicer import InternalServicer
from wanllmdb_registry.rpc.key_servicer import KeyServicer
from wanllmdb_registry.rpc.list_servicer import ListServicer
from wanllmdb_registry.rpc.plot_servicer import PlotServicer
from wanllmdb_registry.rpc.prior_run_servicer import PriorRunServicer
from wanllmdb_registry.rpc.read_servicer import ReadServicer
from wanllmdb_registry.rpc.rpc_table import ACCESS, load_of
from wanllmdb_registry.rpc.run_servicer import RunServicer
from wanllmdb_registry.rpc.stream_servicer import StreamServicer
from wanllmdb_registry.rpc.sweep_servicer import SweepServicer
from wanllmdb_registry.rpc.template_servicer import TemplateServicer

SERVICES: tuple[str, ...] = (
    pb.DESCRIPTOR.services_by_name["SweepRegistryService"].full_name,
    template_pb.DESCRIPTOR.services_by_name["TemplateService"].full_name,
    key_pb.DESCRIPTOR.services_by_name["KeyService"].full_name,
    internal_pb.DESCRIPTOR.services_by_name["InternalRegistryService"].full_name,
)


# Each RPC that writes returns its response as bytes, see BaseServicer.commit.
class SweepRegistryServicer(  # type: ignore[misc]
    ActivityServicer,
    SweepServicer,
    ListServicer,
    RunServicer,
    PriorRunServicer,
    ReadServicer,
    StreamServicer,
    PlotServicer,
    ColumnServicer,
    pb_grpc.SweepRegistryServiceServicer,
):
    """All RPCs of the SweepRegistryService."""


class _InternalRegistryService(  # type: ignore[misc]
    InternalServicer,
    internal_grpc.InternalRegistryServiceServicer,
):
    """All RPCs of the InternalRegistryService."""


class _TemplateService(  # type: ignore[misc]
    TemplateServicer,
    template_grpc.TemplateServiceServicer,
):
    """All RPCs of the TemplateService."""


def add_to(server: grpc.aio.Server, registry: Registry) -> None:
    """Add the services to a server."""
    pb_grpc.add_SweepRegistryServiceServicer_to_server(SweepRegistryServicer(registry), server)
    internal_grpc.add_InternalRegistryServiceServicer_to_server(
        _InternalRegistryService(registry), server
    )
    template_grpc.add_TemplateServiceServicer_to_server(_TemplateService(registry), server)
    key_grpc.add_KeyServiceServicer_to_server(KeyServicer(registry), server)


def steps_of(registry: Registry, limits: LimitSettings) -> Sequence[CallStep]:
    """Return the steps around each call, outermost first.

    Raises:
        AccessTableError: an RPC has no row in the table of RPCs.
    """
    return [
        authentication(registry, limits.failed_keys_per_second),
        CallLimits(limits, load_of, shares_connections=True),
        authorization(registry, SERVICES),
    ]


def authentication(registry: Registry, failures_per_second: float) -> CallStep:
    """Return the step that identifies the caller by its API key."""
    return Authentication(registry.key_ring.authenticate, failures_per_second)


def authorization(registry: Registry, services: Sequence[str]) -> CallStep:
    """Return the step that checks the caller's permissions.

    Raises:
        AccessTableError: an RPC has no row in the table of RPCs.
    """

    async def projects_of(call: Call, sweep_ids: Set[str]) -> Mapping[str, str]:
        return await registry.sweep_projects.of(sweep_ids, call.caller.projects or frozenset())

    return Authorization(ACCESS, services, projects_of)
