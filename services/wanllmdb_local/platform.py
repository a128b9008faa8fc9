"""The whole platform on one machine: a database, the services and the gateway, kept running."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from wanllmdb_local import data_dir as layout
from wanllmdb_local.errors import DataDirError, StartError
from wanllmdb_local.files import open_log
from wanllmdb_local.orphan_cleanup import ProcessRecords, stop_orphaned_services
from wanllmdb_local.postgres import LOG_FILE as POSTGRES_LOG
from wanllmdb_local.postgres import EmbeddedPostgres
from wanllmdb_local.services import GATEWAY, Service, Services, replica_name, stop_services
from wanllmdb_local.settings import PlatformSettings
from wanllmdb_local.supervision import SILENCE_SECONDS, Supervised

# While something starts.
_TICK_SECONDS = 0.05
# While all parts are well: every tick wakes this process.
_CALM_TICK_SECONDS = 0.25
# The services give running calls 10 s; the rest is for their own shutdown.
_SERVICE_GRACE_SECONDS = 15.0
# The gateway starts faster than the services. Nothing needs it, so the start does not wait longer.
_GATEWAY_SECONDS = 5.0


@dataclass(frozen=True)
class Endpoints:
    """The addresses and processes of a platform.

    Attributes:
        registry: The addresses of the registry's replicas, host:port separated by commas.
        suggestion: The addresses of the suggestion service's replicas.
        dashboard: The address of the dashboard, as http://host:port; None without one, and as
            long as the gateway could not be started.
        database_url: The URL of the database.
        pids: The process ids by part; those of replicas in the order of their addresses. A
            process that died is listed until its successor answers, and a process that could
            not be started yet is not listed.
    """

    registry: str
    suggestion: str
    dashboard: str | None
    database_url: str
    pids: dict[str, list[int]]


class Platform:
    """The whole platform; a context manager for the main thread that stops all parts in order.

    Args:
        settings: The platform to run.
        say: Prints a line for the user about an event.
        hurried: Called while stopping; True ends the grace period at once.
        silence: Seconds without an answer after which a part is killed and restarted.
    """

    def __init__(
        self,
        settings: PlatformSettings,
        *,
        say: Callable[[str], None],
        hurried: Callable[[], bool] = lambda: False,
        silence: float = SILENCE_SECONDS,
    ) -> None:
        self._settings = settings
        self._say = say
        self._hurried = hurried
        self._silence = silence
        self._lock = contextlib.ExitStack()
        self._owns_records = False
        self._is_up = False
        self._records = ProcessRecords(settings.data_dir / layout.PROCESSES)
        self._postgres: EmbeddedPostgres | None = None
        # Services by name, in the order of their dependencies.
        self._services: dict[str, list[Service]] = {}
        self._parts: list[Supervised] = []

    @property
    def endpoints(self) -> Endpoints:
        return Endpoints(
            _addresses(self._services["registry"]),
            _addresses(self._services["suggestion"]),
            next((each.address for each in self._services[GATEWAY] if each.ready_pids), None),
            self._database_url(),
            {
                **{
                    name: [pid for replica in replicas for pid in replica.ready_pids]
                    for name, replicas in self._services.items()
                },
                "postgres": self._postgres.pids if self._postgres else [],
            },
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for replicas in reversed(self._services.values()):
            stop_services(replicas, seconds=_SERVICE_GRACE_SECONDS, hurried=self._hurried)
        if self._postgres is not None:
            self._postgres.stop(hurried=self._hurried)
        if self._owns_records:
            # Written only after the records were read, since they may be another launcher's.
            self._records.clear()
        self._lock.close()

    def start(self) -> None:
        """Start everything and return once each service answers.

        A replica that can't be started is retried later, as long as another replica of its
        service answers; the gateway is retried in any case.

        Raises:
            LocalError: The platform can't start.
        """
        settings = self._settings
        folder = settings.data_dir
        self._lock.enter_context(layout.locked(folder))
        for name in self._log_names():
            # A problem with a log file is reported before anything runs.
            open_log(folder / layout.LOGS / name).close()
        stop_orphaned_services(self._records)
        self._owns_records = True
        services = Services(settings)
        postgres = self._start_postgres() if settings.database_url is None else None
        registries = services.registries(self._database_url())
        suggestions = services.suggestions(registries)
        self._services = {
            "registry": registries,
            "suggestion": suggestions,
            GATEWAY: services.gateways(registries, suggestions),
        }
        groups = {
            kind: [
                Supervised(
                    replica.name,
                    replica,
                    replica.launch,
                    say=self._say,
                    needs=postgres,
                    silence=self._silence,
                )
                for replica in replicas
            ]
            for kind, replicas in self._services.items()
        }
        self._parts = [part for group in groups.values() for part in group]
        if postgres is not None:
            self._parts.insert(0, postgres)
        gateways = groups.pop(GATEWAY)
        self._wait(list(groups.values()), gateways)
        self._is_up = True
        for part in self._parts:
            if part.failure:
                part.report(f"can't be started yet; retrying: {part.failure}")
            elif not part.is_well:
                part.report("is not ready yet")

    def supervise(self, *, until: Callable[[], bool]) -> Iterator[Endpoints]:
        """Restart what dies or hangs until `until` is true; yield when a part is ready again."""
        well = self._well()
        while not until():
            self._tick()
            before, well = well, self._well()
            if well - before:
                yield self.endpoints
            is_calm = len(well) == len(self._parts)
            time.sleep(_CALM_TICK_SECONDS if is_calm else _TICK_SECONDS)

    def _start_postgres(self) -> Supervised:
        self._postgres = EmbeddedPostgres(self._settings.data_dir)
        self._postgres.start()
        part = Supervised(
            "postgres",
            self._postgres,
            self._postgres.restart,
            say=self._say,
            silence=self._silence,
        )
        part.take_over()
        part.report(f"ready at {self._postgres.address}, data in {self._settings.data_dir}")
        return part

    def _wait(self, groups: list[list[Supervised]], gateways: list[Supervised]) -> None:
        """Return once all parts are ready or failed; don't wait long for the gateway.

        Raises:
            StartError: All replicas of a service failed, or PostgreSQL ended.
        """
        needed = [part for part in self._parts if part not in gateways]
        needed_since: float | None = None
        while needed_since is None or not all(map(_is_settled, gateways)):
            self._tick()
            self._check_postgres()
            for group in groups:
                failures = [part.failure for part in group if part.failure and not part.is_well]
                if len(failures) == len(group):
                    raise StartError(failures[0])
            now = time.monotonic()
            if needed_since is None and all(map(_is_settled, needed)):
                needed_since = now
            if needed_since is not None and now - needed_since > _GATEWAY_SECONDS:
                return
            time.sleep(_TICK_SECONDS)

    def _tick(self) -> None:
        before = self._service_pids()
        for part in self._parts:
            part.tick()
        if self._service_pids() != before:
            try:
                self._records.write(self._service_pids())
            except DataDirError as error:
                if not self._is_up:
                    raise
                # The services run without the file; only the launcher after a killed one needs it.
                self._say(str(error))

    def _log_names(self) -> list[str]:
        replicas = self._settings.replicas
        return [
            *([] if self._settings.database_url is not None else [POSTGRES_LOG]),
            *(
                f"{replica_name(kind, number, replicas)}.log"
                for kind in ("registry", "suggestion")
                for number in range(1, replicas + 1)
            ),
            *([] if self._settings.dashboard is None else [f"{GATEWAY}.log"]),
        ]

    def _well(self) -> set[Supervised]:
        return {part for part in self._parts if part.is_well}

    def _service_pids(self) -> list[int]:
        return [
            pid
            for replicas in self._services.values()
            for service in replicas
            for pid in service.pids
        ]

    def _check_postgres(self) -> None:
        if self._postgres is not None and not self._postgres.is_running():
            raise StartError(
                f"PostgreSQL ended while the services started; see {self._postgres.log_file}."
            )

    def _database_url(self) -> str:
        if self._settings.database_url is not None:
            return self._settings.database_url
        assert self._postgres is not None
        return self._postgres.url()


def _is_settled(part: Supervised) -> bool:
    return part.is_well or part.failure is not None


def _addresses(replicas: Sequence[Service]) -> str:
    return ",".join(replica.address for replica in replicas)
