"""The settings of the gateway."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import SettingsConfigDict

from wanllmdb import InvalidArgumentError
from wanllmdb._connection.addresses import REGISTRY, SUGGESTION, Service, target_of
from wanllmdb._connection.tls import Tls
from wanllmdb_common.server.settings import (
    UNIX_SCHEMES,
    ProcessSettings,
    is_local,
    listen_problems,
    missing_protection,
)
from wanllmdb_common.service_channel import check_tls, is_on_this_machine
from wanllmdb_gateway.proxies import Networks, networks_of

DEFAULT_REGISTRY = "127.0.0.1:50051"
DEFAULT_SUGGESTION = "127.0.0.1:50052"


class GatewaySettings(ProcessSettings):
    """The service for browsers: serves the dashboard, and both services over Connect and gRPC-Web.

    Every setting is a flag, or a WANLLMDB_GATEWAY_* variable.
    """

    model_config = SettingsConfigDict(env_prefix="WANLLMDB_GATEWAY_")

    host: str = Field(
        "127.0.0.1",
        min_length=1,
        description="Address to listen on. An address that other machines can reach requires TLS "
        "and a registry that requires API keys.",
    )
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on; 0 picks a free one.")
    tls_cert: Path | None = Field(
        None,
        description="PEM file with the gateway's certificate, followed by the certificates of its "
        "issuers. The gateway then accepts TLS only, with HTTP/2. The file is reloaded when it "
        "changes.",
    )
    tls_key: Path | None = Field(None, description="PEM file with the private key of --tls-cert.")
    insecure: bool = Field(
        False, description="Let other machines reach the gateway without TLS or API keys."
    )
    public_url: str = Field(
        "",
        description="Address at which browsers reach the gateway, if it is another one, for "
        "example https://sweeps.example.org behind a reverse proxy; several of them separated by "
        "commas.",
    )
    allow_origin: str = Field(
        "",
        description="Other origins whose pages may call the gateway, for example "
        "https://tools.example.org; several of them separated by commas. None by default.",
    )
    trusted_proxies: str = Field(
        "",
        description="Addresses or networks of reverse proxies whose X-Forwarded-For header states "
        "the caller's address, separated by commas. None by default.",
    )
    registry: str = Field(
        default_factory=lambda: os.environ.get("WANLLMDB_REGISTRY") or DEFAULT_REGISTRY,
        min_length=1,
        description="Address of the registry: host:port, several of them separated by commas, or a "
        "gRPC target. Defaults to the value of WANLLMDB_REGISTRY, else "
        f"{DEFAULT_REGISTRY}.",
    )
    suggestion: str = Field(
        default_factory=lambda: os.environ.get("WANLLMDB_SUGGESTION") or DEFAULT_SUGGESTION,
        min_length=1,
        description="Address of the suggestion service, as for --registry. Defaults to the value "
        f"of WANLLMDB_SUGGESTION, else {DEFAULT_SUGGESTION}.",
    )
    services_tls: bool = Field(
        False,
        description="Use TLS for calls of the services, and trust the public certificate "
        "authorities that gRPC knows.",
    )
    services_tls_ca: Path | None = Field(
        None,
        description="File with the certificate authorities (PEM) to trust for the services instead "
        "of the public ones. Implies --services-tls. Read again when it changes.",
    )
    services_tls_cert: Path | None = Field(
        None,
        description="File with the client certificate (PEM) of the gateway, for services that "
        "require one. Read again when it changes.",
    )
    services_tls_key: Path | None = Field(
        None,
        description="File with the private key (PEM) of --services-tls-cert. Read again when it "
        "changes.",
    )
    services_tls_server_name: str | None = Field(
        None, description="Name in the services' certificates, if not that of their addresses."
    )
    session_key_file: Path | None = Field(
        None,
        description="File with the secret that seals sessions: a line of at least 64 hexadecimal "
        "digits (openssl rand -hex 32), the same for all gateways of one address. Further lines "
        "hold older secrets, which still open sessions. Defaults to a random secret: sessions then "
        "end with the process.",
    )
    session_hours: float = Field(
        12.0,
        gt=0,
        le=24 * 90,
        allow_inf_nan=False,
        description="Hours after which a signed-in browser must sign in again.",
    )
    static_dir: Path | None = Field(
        None, description="Folder of the built page, instead of the one in the package."
    )
    max_message_bytes: int = Field(
        4 * 1024 * 1024,
        ge=64 * 1024,
        description="Largest message that the gateway accepts or sends, in bytes.",
    )
    max_header_bytes: int = Field(
        16 * 1024,
        ge=4 * 1024,
        le=256 * 1024,
        description="Largest headers, or address with its query, of one request, in bytes.",
    )
    body_timeout: float = Field(
        20.0,
        gt=0,
        allow_inf_nan=False,
        description="Seconds within which the headers of a request must arrive on a connection, "
        "and then its body.",
    )
    call_timeout: float = Field(
        120.0,
        gt=0,
        allow_inf_nan=False,
        description="Seconds after which a call that is no stream ends, also without a deadline "
        "of its caller.",
    )
    calls_per_second: float = Field(
        200,
        ge=0,
        description="Calls per second of one session, or of one address without a session, "
        "averaged over two seconds; 0 for no limit.",
    )
    failed_sign_ins_per_second: float = Field(
        1.0,
        ge=0,
        description="Failed sign-ins per second from one address, averaged over two seconds; 0 "
        "for no limit.",
    )
    max_calls: int = Field(
        500, ge=1, description="Calls in progress at once, of all callers together."
    )
    max_calls_per_caller: int = Field(
        50, ge=1, description="Calls in progress at once, of one session or address."
    )
    max_streams: int = Field(
        2_000, ge=1, description="Streams open at once, of all callers together."
    )
    max_streams_per_caller: int = Field(
        100, ge=1, description="Streams open at once, of one session or address."
    )
    max_connections: int = Field(
        4_000, ge=1, description="Connections open at once; further ones wait to be accepted."
    )

    @property
    def is_exposed(self) -> bool:
        """Whether other machines may reach the gateway."""
        return not is_local(self.host)

    @property
    def has_tls(self) -> bool:
        """Whether the gateway itself serves TLS."""
        return self.tls_cert is not None

    @property
    def public_origins(self) -> tuple[str, ...]:
        """The origins of the public addresses, for example `https://sweeps.example.org`."""
        return _origins(self.public_url)

    @property
    def allowed_origins(self) -> tuple[str, ...]:
        """The other origins that may call."""
        return _origins(self.allow_origin)

    @property
    def proxies(self) -> Networks:
        """The networks of the trusted proxies."""
        return networks_of(self.trusted_proxies)

    @property
    def tls_to_services(self) -> Tls | None:
        """The TLS files and server name for calls of the services; None for plain text."""
        tls = Tls(
            ca=self.services_tls_ca,
            cert=self.services_tls_cert,
            key=self.services_tls_key,
            server_name=self.services_tls_server_name,
        )
        return tls if self.services_tls or tls != Tls() else None

    @field_validator("host")
    @classmethod
    def _check_host(cls, host: str) -> str:
        if host.startswith(UNIX_SCHEMES):
            raise PydanticCustomError(
                "host", "a browser can't reach a Unix socket: name an address"
            )
        return host

    @field_validator("public_url", "allow_origin")
    @classmethod
    def _check_origins(cls, text: str) -> str:
        for url in _parts(text):
            if _origin(url) is None:
                raise PydanticCustomError(
                    "origin",
                    "{url} is not an address such as https://sweeps.example.org, without a path",
                    {"url": url},
                )
        return text

    @field_validator("trusted_proxies")
    @classmethod
    def _check_proxies(cls, text: str) -> str:
        try:
            networks_of(text)
        except ValueError as error:
            raise PydanticCustomError("proxies", "{problem}", {"problem": str(error)}) from None
        return text

    @model_validator(mode="after")
    def _check(self) -> Self:
        problems = listen_problems(
            self.host,
            tls_cert=self.tls_cert,
            tls_key=self.tls_key,
            tls_client_ca=None,
            missing=() if self.insecure else missing_protection(has_tls=self.has_tls),
        )
        problems += [
            problem
            for address, service in ((self.registry, REGISTRY), (self.suggestion, SUGGESTION))
            for problem in self._problems_of_address(address, service)
        ]
        try:
            check_tls(self.tls_to_services)
        except InvalidArgumentError as error:
            problems.append(f"to the services: {error}")
        if problems:
            raise PydanticCustomError("gateway", "{problems}", {"problems": "; ".join(problems)})
        return self

    def _problems_of_address(self, address: str, service: Service) -> list[str]:
        try:
            target_of(address, service)
            is_near = is_on_this_machine(address, service)
        except InvalidArgumentError as error:
            return [str(error)]
        if self.tls_to_services is None and not self.insecure and not is_near:
            return [
                f"the {service.name} at {address} is on another machine, and callers' API keys "
                "would be sent there in plain text: pass --services-tls or --services-tls-ca; or "
                "--insecure, if the network between them is trusted"
            ]
        return []


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _origin(url: str) -> str | None:
    """Return the origin as browsers send it; None where the URL is more or less than an origin."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or not parts.netloc.isascii():
        return None
    if parts.path not in ("", "/") or parts.query or parts.fragment or "@" in parts.netloc:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    default = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + ("" if port in (None, default) else f":{port}")


def _origins(text: str) -> tuple[str, ...]:
    return tuple(filter(None, map(_origin, _parts(text))))
