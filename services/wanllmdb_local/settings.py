"""The settings of `up`: data, ports, replicas, addresses and protection."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from pathlib import Path

from wanllmdb_common.server.settings import is_local, listen_problems, missing_protection
from wanllmdb_common.server.tls import TlsFileError, TlsFiles, check_tls_files
from wanllmdb_local import HOST
from wanllmdb_local.errors import ProtectionError

_UNSPECIFIED = ("0.0.0.0", "::")


@dataclass(frozen=True)
class Protection:
    """The addresses of the services, and their protection.

    Attributes:
        host: The address to listen on.
        tls_cert: The services' certificate; with it they accept TLS only.
        tls_key: The private key of the certificate.
        tls_client_ca: The authorities of client certificates; None if clients need none.
        has_keys: Whether callers need an API key.
        insecure: Whether other machines may reach the services without TLS or keys.
    """

    host: str = HOST
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls_client_ca: Path | None = None
    has_keys: bool = False
    insecure: bool = False

    @property
    def has_tls(self) -> bool:
        return self.tls_cert is not None

    @property
    def is_exposed(self) -> bool:
        """Whether other machines may reach the services."""
        return not is_local(self.host)

    @property
    def needs_local_ports(self) -> bool:
        """Whether programs on this machine need separate ports.

        The services use these ports to reach each other, and `up` to check their health, whatever
        names the certificate has and without a client certificate.
        """
        return self.has_tls or self.is_exposed

    def address(self, port: int) -> str:
        """Return the address that clients connect to."""
        host = socket.gethostname() if self.host in _UNSPECIFIED else self.host
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    @property
    def local_host(self) -> str:
        """The address at which this machine reaches what listens on the host."""
        return {"0.0.0.0": HOST, "::": "::1"}.get(self.host, self.host)

    def check(self) -> None:
        """Check that the services may listen with these settings.

        Raises:
            ProtectionError: They may not, or a TLS file can't be used.
        """
        problems = listen_problems(
            self.host,
            tls_cert=self.tls_cert,
            tls_key=self.tls_key,
            tls_client_ca=self.tls_client_ca,
            missing=()
            if self.insecure
            else missing_protection(has_tls=self.has_tls, has_keys=self.has_keys),
        )
        if problems:
            raise ProtectionError("; ".join(problems) + ".")
        if self.tls_cert is not None and self.tls_key is not None:
            try:
                check_tls_files(TlsFiles(self.tls_cert, self.tls_key, self.tls_client_ca))
            except TlsFileError as error:
                raise ProtectionError(f"TLS: {error}.") from error

    def arguments(self) -> list[str]:
        """Return the arguments for both services."""
        options = {
            "--host": self.host,
            "--tls-cert": self.tls_cert,
            "--tls-key": self.tls_key,
            "--tls-client-ca": self.tls_client_ca,
        }
        given = [(option, str(value)) for option, value in options.items() if value is not None]
        return [
            *(text for pair in given for text in pair),
            *(["--insecure"] if self.insecure else []),
        ]


@dataclass(frozen=True)
class Dashboard:
    """The dashboard of a platform.

    Attributes:
        port: Its port; 0 for a free one, None for the default one or, if another program has that,
            a free one.
    """

    port: int | None = None


@dataclass(frozen=True)
class PlatformSettings:
    """The settings of `up`.

    Attributes:
        data_dir: The folder that holds everything.
        registry_port: The port of the first registry; 0 for a free one.
        suggestion_port: The port of the first suggestion service; 0 for a free one.
        replicas: The number of replicas of each service. All but the first use free ports.
        database_url: The URL of a PostgreSQL server; None for the embedded one.
        protection: Where the services listen, and how they are protected.
        dashboard: The dashboard; None to run none.
    """

    data_dir: Path
    registry_port: int
    suggestion_port: int
    replicas: int = 1
    database_url: str | None = None
    protection: Protection = field(default_factory=Protection)
    dashboard: Dashboard | None = None

    @property
    def gateway_protection(self) -> Protection:
        """Where the gateway listens, and how it is protected.

        It can't demand client certificates. Where the services do, only this machine reaches it.
        """
        if self.protection.tls_client_ca is not None:
            return Protection(has_keys=self.protection.has_keys)
        return self.protection
