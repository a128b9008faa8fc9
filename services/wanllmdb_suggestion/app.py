"""Assembles the parts of the suggestion server."""

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
from wanllmdb_common.calls.fair_share import Load
from wanllmdb_common.calls.rate_limits import CallLimits
from wanllmdb_common.computing.fair_threads import FairThreads
from wanllmdb_common.server.readiness import Readiness
from wanllmdb_common.server.settings import LimitSettings
from wanllmdb_suggestion.analysis.computing import AnalysisThreads, ImportanceWorker
from wanllmdb_suggestion.prometheus_metrics import (
    THREAD_WAIT_SECONDS,
    THREADS_BUSY,
    THREADS_WAITED_FOR,
)
from wanllmdb_suggestion.registry.client import RegistryClient
from wanllmdb_suggestion.registry.state_seal import new_key
from wanllmdb_suggestion.rpc.analysis_servicer import AnalysisServicer
from wanllmdb_suggestion.rpc.authentication import CallerDirectory, CallerStep, SweepProjects
from wanllmdb_suggestion.rpc.rpc_table import ACCESS
from wanllmdb_suggestion.rpc.suggestion_servicer import SuggestionServicer
from wanllmdb_suggestion.settings import SuggestionSettings
from wanllmdb_suggestion.suggest.cache import SweepCache

ANALYSIS: str = analysis_service_pb2.DESCRIPTOR.services_by_name["AnalysisService"].full_name
SERVICES: tuple[str, ...] = (
    suggestion_service_pb2.DESCRIPTOR.services_by_name["SuggestionService"].full_name,
    ANALYSIS,
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SuggestionApp:
    """The parts that both services share."""

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
        """The steps around each call, outermost first.

        Raises:
            AccessTableError: an RPC has no row in the access table.
        """
        return [
            CallerStep(self.callers, self.limits.failed_keys_per_second),
            CallLimits(self.limits, load_of),
            Authorization(ACCESS, SERVICES, self.projects.of),
        ]

    def add_to(self, server: grpc.aio.Server) -> None:
        """Add the services to a server."""
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


def load_of(call: Call) -> Load:
    """Return the cost of a call: an analysis of all runs of a sweep keeps a processor busy."""
    return Load.HEAVY if call.method.startswith(f"/{ANALYSIS}/") else Load.LIGHT


@contextlib.asynccontextmanager
async def running_suggestion(settings: SuggestionSettings) -> AsyncIterator[SuggestionApp]:
    """Start the parts, and close them at the end of the block."""
    threads = FairThreads(settings.sampling_threads, "sampling", THREAD_WAIT_SECONDS.observe)
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
        "no state_key is set: sampler states (cmaes, nsga2, nsga3) that this process stores are "
        "ignored by other processes and after a restart, and this process ignores theirs"
    )
    return new_key()
