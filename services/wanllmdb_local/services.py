"""The services that a platform runs, as processes to be started."""

from __future__ import annotations

import os
from collections.abc import Mapping

from . import data_dir as layout
from .admin_key import ADMIN_KEY_VARIABLE, admin_key
from .defaults import HOST
from .kept_ports import choose_ports
from .platform_settings import PlatformSettings
from .ports import WantedPort
from .service import Service
from .state_key import state_key


class Services:
    """Chooses the ports, then makes the services on them.

    Raises:
        PortTakenError: A port that was asked for is taken.
        AddressError: The host is not this machine's.
        DataDirError: The note of the ports can't be written.
    """

    def __init__(self, settings: PlatformSettings) -> None:
        self._settings = settings
        self._ports = choose_ports(settings.data_dir / layout.PORTS, self._wanted_ports())

    def registries(self, database_url: str) -> list[Service]:
        """The replicas of the registry.

        Raises:
            DataDirError: The file of the admin key can't be used.
        """
        settings = self._settings
        # Not arguments: those are shown to every user of the machine.
        environment = {"WANLLMDB_REGISTRY_DATABASE_URL": database_url}
        if settings.protection.has_keys and ADMIN_KEY_VARIABLE not in os.environ:
            environment[ADMIN_KEY_VARIABLE] = admin_key(settings.data_dir / layout.ADMIN_KEY)
        arguments = ["--require-keys"] if settings.protection.has_keys else []
        return self._replicas("registry", arguments, environment)

    def suggestions(self, registries: list[Service]) -> list[Service]:
        """The replicas of the suggestion service.

        Raises:
            DataDirError: The file of the state key can't be used.
        """
        addresses = ",".join(registry.local_address for registry in registries)
        key = state_key(self._settings.data_dir / layout.STATE_KEY)
        return self._replicas(
            "suggestion", ["--registry", addresses], {"WANLLMDB_SUGGESTION_STATE_KEY": key}
        )

    def _wanted_ports(self) -> dict[str, WantedPort]:
        settings = self._settings
        host = settings.protection.host
        wanted = {}
        for kind, port in (
            ("registry", settings.registry_port),
            ("suggestion", settings.suggestion_port),
        ):
            for number in range(1, settings.replicas + 1):
                asked_for = port if number == 1 else 0
                wanted[f"{kind}-{number}"] = WantedPort(asked_for, f"--{kind}-port", host=host)
                if settings.protection.needs_local_ports:
                    wanted[f"{kind}-{number}-local"] = WantedPort()
        return wanted

    def _replicas(
        self, kind: str, arguments: list[str], environment: Mapping[str, str]
    ) -> list[Service]:
        numbers = range(1, self._settings.replicas + 1)
        return [self._service(kind, number, arguments, environment) for number in numbers]

    def _service(
        self, kind: str, number: int, arguments: list[str], environment: Mapping[str, str]
    ) -> Service:
        protection = self._settings.protection
        name = replica_name(kind, number, self._settings.replicas)
        port = self._ports[f"{kind}-{number}"]
        listening = [*protection.arguments(), "--port", str(port)]
        address = local_address = protection.address(port)
        if protection.needs_local_ports:
            local_port = self._ports[f"{kind}-{number}-local"]
            listening += ["--local-port", str(local_port)]
            local_address = f"{HOST}:{local_port}"
        metrics_port = f"WANLLMDB_{kind.upper()}_METRICS_PORT"
        if number > 1 and metrics_port in os.environ:
            # The first one has the port that was asked for; the others tell theirs in their logs.
            environment = {**environment, metrics_port: "0"}
        return Service(
            kind,
            name=name,
            address=address,
            local_address=local_address,
            arguments=[*listening, *arguments],
            log_file=self._settings.data_dir / layout.LOGS / f"{name}.log",
            environment=environment,
        )


def replica_name(kind: str, number: int, replicas: int) -> str:
    """What a replica, and its log, is called among so many."""
    return f"{kind}-{number}" if replicas > 1 else kind
