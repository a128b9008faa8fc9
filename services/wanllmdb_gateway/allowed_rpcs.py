"""The RPCs that browsers may call: those that a dashboard needs, and no other one.

What agents do (propose, report, finish) goes to the services directly. A test compares both
tables with the protos, so that each new RPC is decided about.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions

from wanllmdb._connection.addresses import REGISTRY, SUGGESTION, Service
from wanllmdb.api.registry.v1 import key_service_pb2, registry_service_pb2, template_service_pb2
from wanllmdb.api.suggestion.v1 import analysis_service_pb2, suggestion_service_pb2

# The files whose services browsers know, and who serves them.
PUBLIC_FILES = (
    (registry_service_pb2, REGISTRY),
    (template_service_pb2, REGISTRY),
    (key_service_pb2, REGISTRY),
    (suggestion_service_pb2, SUGGESTION),
    (analysis_service_pb2, SUGGESTION),
)

ALLOWED: Mapping[str, frozenset[str]] = {
    "SweepRegistryService": frozenset(
        {
            *("CreateSweep", "GetSweep", "ListSweeps", "ListProjects", "WatchSweeps"),
            *("UpdateSweep", "DeleteSweep", "ParseSweepConfig", "ExportSweep"),
            *("StartSweep", "PauseSweep", "ResumeSweep", "FinishSweep", "CancelSweep"),
            *("GetRun", "BatchGetRuns", "ListRuns", "ReadRunColumns", "ListPriorRuns"),
            *("UpdateRun", "EnqueueRuns", "RetryRuns", "CancelRuns", "ImportRuns", "ExportRuns"),
            *("GetMetricHistory", "GetMetricHistories", "GetSweepStats"),
            *("GetParallelCoordinates", "GetTimeline", "WatchSweep"),
            *("ListAgents", "ListSweepEvents", "GetServerInfo"),
        }
    ),
    "TemplateService": frozenset(
        {
            *("CreateTemplate", "GetTemplate", "ListTemplates", "UpdateTemplate"),
            *("DeleteTemplate", "RenderTemplate"),
        }
    ),
    "KeyService": frozenset({"CreateKey", "ListKeys", "RevokeKey", "GetCaller"}),
    "SuggestionService": frozenset({"GetBestRuns", "ListAlgorithms"}),
    "AnalysisService": frozenset(
        {
            *("GetParameterImportance", "GetOptimizationHistory", "GetHypervolumeHistory"),
            *("GetSlices", "GetContour", "GetEdf", "GetCorrelations", "CompareSweeps"),
        }
    ),
}

# The reason why browsers do not need them.
WITHHELD: Mapping[str, Mapping[str, str]] = {
    "SweepRegistryService": {
        "ReportMetrics": "agents report",
        "FinishRun": "agents finish their runs",
        "ReleaseRun": "agents give runs back",
        "Heartbeat": "agents keep their runs",
    },
    "SuggestionService": {
        "Suggest": "agents ask for runs",
        "ShouldStop": "agents ask whether to stop a run",
    },
}


@dataclass(frozen=True, slots=True)
class AllowedRpc:
    """An RPC that browsers may call.

    Attributes:
        method: Its descriptor.
        service: The service that serves it.
    """

    method: MethodDescriptor
    service: Service

    @property
    def path(self) -> str:
        """The path of the RPC, `/package.Service/Rpc`."""
        return path_of(self.method)

    @property
    def is_stream(self) -> bool:
        """Whether the response is a stream."""
        return bool(self.method.server_streaming)

    @property
    def is_read(self) -> bool:
        """Whether the protos promise that the RPC changes nothing, so that GET may call it."""
        level = self.method.GetOptions().idempotency_level
        return bool(level == MethodOptions.NO_SIDE_EFFECTS)


def path_of(method: MethodDescriptor) -> str:
    """Return the path of an RPC, `/package.Service/Rpc`."""
    return f"/{method.containing_service.full_name}/{method.name}"


def allowed_rpcs() -> list[AllowedRpc]:
    """Return the allowed RPCs."""
    return [
        AllowedRpc(method, service)
        for method, service in _public_methods()
        if method.name in ALLOWED.get(method.containing_service.name, ())
    ]


def withheld_rpcs() -> dict[str, str]:
    """Return the reasons of the withheld RPCs, by their paths."""
    return {
        path_of(method): WITHHELD[method.containing_service.name][method.name]
        for method, _ in _public_methods()
        if method.name in WITHHELD.get(method.containing_service.name, {})
    }


def undecided_rpcs() -> list[str]:
    """Return the paths of public RPCs that no table names, and the names that no RPC has."""
    decided = {
        (service, rpc)
        for table in (ALLOWED, WITHHELD)
        for service, rpcs in table.items()
        for rpc in rpcs
    }
    public = {(method.containing_service.name, method.name) for method, _ in _public_methods()}
    return sorted(f"{service}/{rpc}" for service, rpc in decided ^ public)


def _public_methods() -> list[tuple[MethodDescriptor, Service]]:
    return [
        (method, service)
        for file, service in PUBLIC_FILES
        for descriptor in file.DESCRIPTOR.services_by_name.values()
        for method in descriptor.methods
    ]
