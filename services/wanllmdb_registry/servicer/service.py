"""The services as gRPC knows them."""

from __future__ import annotations

from collections.abc import Sequence

import grpc.aio

from wanllmdb.api.registry.v1 import key_service_pb2 as key_pb
from wanllmdb.api.registry.v1 import key_service_pb2_grpc as key_grpc
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import registry_service_pb2_grpc as pb_grpc
from wanllmdb.api.registry.v1 import template_service_pb2 as template_pb
from wanllmdb.api.registry.v1 import template_service_pb2_grpc as template_grpc
from wanllmdb_common.calls.call import CallStep
from wanllmdb_common.calls.rate_limits import CallLimits
from wanllmdb_common.server.settings import LimitSettings
from wanllmdb_registry.app import Registry
from wanllmdb_registry.servicer.access import authentication, authorization
from wanllmdb_registry.servicer.exports import ExportsPart
from wanllmdb_registry.servicer.heavy import is_heavy
from wanllmdb_registry.servicer.keys import KeyServicer
from wanllmdb_registry.servicer.leases import LeasesPart
from wanllmdb_registry.servicer.prior_runs import PriorRunsPart
from wanllmdb_registry.servicer.reads import ReadsPart
from wanllmdb_registry.servicer.runs import RunsPart
from wanllmdb_registry.servicer.sweeps import SweepsPart
from wanllmdb_registry.servicer.templates import TemplateServicer
from wanllmdb_registry.servicer.timeline import TimelinePart
from wanllmdb_registry.servicer.watch import WatchPart

SERVICES: tuple[str, ...] = (
    pb.DESCRIPTOR.services_by_name["SweepRegistryService"].full_name,
    template_pb.DESCRIPTOR.services_by_name["TemplateService"].full_name,
    key_pb.DESCRIPTOR.services_by_name["KeyService"].full_name,
)


class SweepRegistryServicer(
    SweepsPart,
    RunsPart,
    LeasesPart,
    PriorRunsPart,
    ReadsPart,
    ExportsPart,
    TimelinePart,
    WatchPart,
    pb_grpc.SweepRegistryServiceServicer,
):
    """All RPCs of the SweepRegistryService."""


def add_to(server: grpc.aio.Server, registry: Registry) -> None:
    """Adds the services to a server."""
    pb_grpc.add_SweepRegistryServiceServicer_to_server(SweepRegistryServicer(registry), server)
    template_grpc.add_TemplateServiceServicer_to_server(TemplateServicer(registry), server)
    key_grpc.add_KeyServiceServicer_to_server(KeyServicer(registry), server)


def steps_of(registry: Registry, limits: LimitSettings) -> Sequence[CallStep]:
    """What is done around each call, outermost first.

    Raises:
        AccessTableError: an RPC has no row in the table of who may call it.
    """
    return [
        authentication(registry, limits.failed_keys_per_second),
        CallLimits(limits, is_heavy),
        authorization(registry, SERVICES),
    ]
