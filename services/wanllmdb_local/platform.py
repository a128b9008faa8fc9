"""The whole platform on one machine: a database and both services, kept running."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from . import data_dir as layout
from .errors import LocalError, StartError
from .leftovers import stop_left_over_services
from .ports import bind_ports
from .postgres import EmbeddedPostgres
from .process_records import ProcessRecords
from .restarts import RestartPolicy
from .service import Service
from .state_key import state_key

_TICK_SECONDS = 0.05
# The services give running calls 10 s; then some for the way out.
_SERVICE_GRACE_SECONDS = 15.0


@dataclass(frozen=True)
class PlatformSettings:
    """What `up` was asked for. Port 0 picks a free one."""

    data_dir: Path
    registry_port: int
    suggestion_port: int
    # An own PostgreSQL; the embedded one where None.
    database_url: str | None = None


@dataclass(frozen=True)
class Endpoints:
    """Where a platform answers, and the processes that it is made of."""

    registry: str
    suggestion: str
    database_url: str
    pids: dict[str, list[int]]


class Platform:
    """Use as a context manager, in the main thread: leaving it stops all, in order.

    Args:
        settings: What to run.
        say: Takes a line for people about what happened.
        hurried: Asked while stopping: True cuts the grace short.
    """

    def __init__(
        self,
        settings: PlatformSettings,
        *,
        say: Callable[[str], None],
        hurried: Callable[[], bool] = lambda: False,
    ) -> None:
        self._settings = settings
        self._say = say
        self._hurried = hurried
        self._lock = contextlib.ExitStack()
        self._locked = False
        self._records = ProcessRecords(settings.data_dir / layout.PROCESSES)
        self._postgres: EmbeddedPostgres | None = None
        self._services: list[Service] = []

    @property
    def endpoints(self) -> Endpoints:
        registry, suggestion = self._services
        pids = {service.name: service.pids for service in self._services}
        pids["postgres"] = self._postgres.pids if self._postgres else []
        return Endpoints(registry.address, suggestion.address, self._database_url(), pids)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # The order in which they need each other.
        for service in reversed(self._services):
            service.stop(seconds=_SERVICE_GRACE_SECONDS, hurried=self._hurried)
        if self._postgres is not None:
            self._postgres.stop(hurried=self._hurried)
        if self._locked:
            # Never before it is ours: they may be another launcher's.
            self._records.clear()
        self._lock.close()

    def start(self) -> None:
        """Starts everything and returns once all of it answers.

        Raises:
            LocalError: Why it can't.
        """
        settings = self._settings
        folder = settings.data_dir
        self._lock.enter_context(layout.locked(folder))
        self._locked = True
        stop_left_over_services(self._records)
        registry_port, suggestion_port = bind_ports(
            [
                ("--registry-port", settings.registry_port),
                ("--suggestion-port", settings.suggestion_port),
            ]
        )
        if settings.database_url is None:
            self._postgres = EmbeddedPostgres(folder)
            self._postgres.start()
            self._say(f"postgres    ready at {self._postgres.address}, data in {folder}")
        registry = Service(
            "registry",
            port=registry_port,
            arguments=[],
            log_file=folder / layout.LOGS / "registry.log",
            # Not an argument: those are shown to every user of the machine.
            environment={"WANLLMDB_REGISTRY_DATABASE_URL": self._database_url()},
        )
        suggestion = Service(
            "suggestion",
            port=suggestion_port,
            arguments=["--registry", registry.address],
            log_file=folder / layout.LOGS / "suggestion.log",
            environment={"WANLLMDB_SUGGESTION_STATE_KEY": state_key(folder / layout.STATE_KEY)},
        )
        self._services = [registry, suggestion]
        for service in self._services:
            service.launch()
        self._records.write([pid for service in self._services for pid in service.pids])
        for service in self._services:
            while not service.is_ready():
                self._check_postgres()
                time.sleep(_TICK_SECONDS)
            self._say(f"{service.name:<11} ready at {service.address}")

    def supervise(self, *, until: Callable[[], bool]) -> Iterator[Endpoints]:
        """Starts again what dies, until told to stop; yields when all is well again.

        Raises:
            LocalError: A part dies again and again.
        """
        parts = [_Supervised(service.name, service.launch, service) for service in self._services]
        if self._postgres is not None:
            postgres = self._postgres
            parts.insert(0, _Supervised("postgres", postgres.restart, postgres))
        whole = True
        while not until():
            for part in parts:
                part.tick(self._say)
            self._note_processes(parts)
            now_whole = all(part.is_well for part in parts)
            if now_whole and not whole:
                yield self.endpoints
            whole = now_whole
            time.sleep(_TICK_SECONDS)

    def _note_processes(self, parts: list[_Supervised]) -> None:
        if any(part.was_launched() for part in parts):
            self._records.write([pid for service in self._services for pid in service.pids])

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


class _Supervised:
    """One part and its way back to life: well -> dead, waiting -> starting -> well."""

    def __init__(
        self, name: str, launch: Callable[[], None], part: Service | EmbeddedPostgres
    ) -> None:
        self._name = name
        self._launch = launch
        self._part = part
        self._restarts = RestartPolicy()
        self._launch_at: float | None = None
        self._launched = False
        self.is_well = True

    def was_launched(self) -> bool:
        """Whether a new process was started since this was asked last."""
        launched, self._launched = self._launched, False
        return launched

    def tick(self, say: Callable[[str], None]) -> None:
        now = time.monotonic()
        if self._launch_at is not None:
            if now >= self._launch_at:
                self._launch_at = None
                self._try(say, self._launch)
                self._launched = True
        elif not self._part.is_running():
            self._died(say, f"{self._name} ended")
        elif not self.is_well:
            self._try(say, self._ask)

    def _ask(self) -> None:
        self.is_well = self._part.is_ready()

    def _try(self, say: Callable[[str], None], step: Callable[[], None]) -> None:
        was_well = self.is_well
        try:
            step()
        except StartError as error:
            self._died(say, str(error))
        if self.is_well and not was_well:
            say(f"{self._name:<11} ready again")

    def _died(self, say: Callable[[str], None], why: str) -> None:
        self.is_well = False
        delay = self._restarts.after_death(time.monotonic())
        if delay is None:
            raise LocalError(
                f"Gave up on {self._name} after {self._restarts.deaths} deaths in a row. {why}"
            )
        say(f"{self._name:<11} died; starting it again in {delay:.1f} s ({why.splitlines()[0]})")
        self._launch_at = time.monotonic() + delay
