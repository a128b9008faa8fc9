"""The suggestion server's parts, put together."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import grpc.aio
import structlog

from wanllmdb.api.suggestion.v1 import (
    analysis_service_pb2,
    analysis_service_pb2_grpc,
    suggestion_service_pb2,
    suggestion_service_pb2_grpc,
)
from wanllmdb_common.calls.authorization import Authorization
from wanllmdb_common.calls.call import Call, CallStep
from wanllmdb_common.calls.rate_limits import CallLimits
from wanllmdb_common.computing.fair_threads import FairThreads
from wanllmdb_common.server.readiness import Readiness
from wanllmdb_common.server.settings import LimitSettings
from wanllmdb_suggestion.access_table import ACCESS
from wanllmdb_suggestion.analysis.threads import AnalysisThreads
from wanllmdb_suggestion.analysis_servicer import AnalysisServicer
from wanllmdb_suggestion.callers import CallerDirectory, CallerStep, SweepProjects
from wanllmdb_suggestion.importance_worker import ImportanceWorker
from wanllmdb_suggestion.metrics import THREADS_BUSY, THREADS_WAITED_FOR
from wanllmdb_suggestion.registry_client import RegistryClient
from wanllmdb_suggestion.servicer import SuggestionServicer
from wanllmdb_suggestion.settings import SuggestionSettings
from wanllmdb_suggestion.state_seal import new_key
from wanllmdb_suggestion.sweep_cache import SweepCache

ANALYSIS: str = analysis_service_pb2.DESCRIPTOR.services_by_name["AnalysisService"].full_name
SERVICES: tuple[str, ...] = (
    suggestion_service_pb2.DESCRIPTOR.services_by_name["SuggestionService"].full_name,
    ANALYSIS,
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SuggestionApp:
    """What both services work with."""

    registry: RegistryClient
    sweeps: SweepCache
    importance: ImportanceWorker
    analysis_threads: AnalysisThreads
    callers: CallerDirectory
    projects: SweepProjects
    limits: LimitSettings
    readiness: Readiness

    @property
    def steps(self) -> Sequence[CallStep]:
        """What is done around each call, outermost first.

        Raises:
            AccessTableError: an RPC has no row in the table of who may call it.
        """
        return [
            CallerStep(self.callers, self.limits.failed_keys_per_second),
            CallLimits(self.limits, is_analysis),
            Authorization(ACCESS, SERVICES, self.projects.of),
        ]

    def add_to(self, server: grpc.aio.Server) -> None:
        """Adds the services to a server."""
        suggestion_service_pb2_grpc.add_SuggestionServiceServicer_to_server(
            SuggestionServicer(self.registry, self.sweeps), server
        )
        analysis_service_pb2_grpc.add_AnalysisServiceServicer_to_server(
            AnalysisServicer(
                self.registry,
                self.sweeps,
                self.importance,
                self.analysis_threads,
                self.limits.max_message_bytes,
            ),
            server,
        )


def is_analysis(call: Call) -> bool:
    """Whether the call is about what all runs of a sweep say: those keep a processor busy."""
    return call.method.startswith(f"/{ANALYSIS}/")


@contextlib.asynccontextmanager
async def running_suggestion(settings: SuggestionSettings) -> AsyncIterator[SuggestionApp]:
    """The parts, ready to serve within the block."""
    threads = FairThreads(settings.sampling_threads, "sampling")
    THREADS_BUSY.set_function(lambda: threads.running)
    THREADS_WAITED_FOR.set_function(lambda: threads.waiting)
    async with RegistryClient(
        settings.registry, settings.registry_timeout, settings.tls_to_registry
    ) as registry:
        sweeps = SweepCache(
            registry,
            threads,
            max_sweeps=settings.cached_sweeps,
            max_runs=settings.cached_runs,
            sampling_budget=settings.sampling_budget,
            state_key=_state_key(settings),
        )
        importance = ImportanceWorker()
        analysis_threads = AnalysisThreads()
        try:
            yield SuggestionApp(
                registry=registry,
                sweeps=sweeps,
                importance=importance,
                analysis_threads=analysis_threads,
                callers=CallerDirectory(registry),
                projects=SweepProjects(registry),
                limits=settings,
                readiness=Readiness("the registry", registry.check_ready),
            )
        finally:
            sweeps.close()
            importance.close()
            analysis_threads.close()
            threads.close()


def _state_key(settings: SuggestionSettings) -> bytes:
    if settings.state_key_bytes is not None:
        return settings.state_key_bytes
    log.warning(
        "no state_key is set: what samplers stored with runs (cmaes, nsga2, nsga3) is "
        "understood by this process alone, and what other ones stored is not read"
    )
    return new_key()
