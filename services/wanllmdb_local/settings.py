"""What `up` was asked for: where a platform lives and listens, and what protects it there."""

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
    """What `up` was asked for.

    Attributes:
        host: The address to listen on.
        tls_cert: The services' certificate; they speak TLS alone then.
        tls_key: Its key.
        tls_client_ca: Whose certificates clients must have; None where they need none.
        has_keys: Whether callers need an API key.
        insecure: Whether other machines may reach them without TLS or keys.
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
        """Whether other machines may reach them."""
        return not is_local(self.host)

    @property
    def needs_local_ports(self) -> bool:
        """Whether what runs on this machine needs ports of its own.

        The services reach each other there, and `up` asks them there whether they
        answer: whatever names the certificate has, and without one for a client.
        """
        return self.has_tls or self.is_exposed

    def address(self, port: int) -> str:
        """What clients connect to."""
        host = socket.gethostname() if self.host in _UNSPECIFIED else self.host
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def check(self) -> None:
        """Passes if the services may listen so.

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
        """What both services are started with."""
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
class PlatformSettings:
    """What `up` was asked for.

    Attributes:
        data_dir: Holds everything.
        registry_port: Of the first registry; 0 for a free one.
        suggestion_port: Of the first suggestion service; 0 for a free one.
        replicas: How many of each service. All but the first have free ports.
        database_url: An own PostgreSQL; the embedded one where None.
        protection: Where the services listen, and what protects them there.
    """

    data_dir: Path
    registry_port: int
    suggestion_port: int
    replicas: int = 1
    database_url: str | None = None
    protection: Protection = field(default_factory=Protection)
