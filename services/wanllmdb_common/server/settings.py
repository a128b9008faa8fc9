"""Settings of the servers, from flags, then environment variables, then defaults."""

from __future__ import annotations

import ipaddress
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Self, TypeVar

from pydantic import Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, CliApp, SettingsConfigDict, SettingsError

from wanllmdb._shown import shown_lines

S = TypeVar("S", bound=BaseSettings)

# The exit code when the settings are wrong or the port is taken.
USAGE_EXIT_CODE = 2


UNIX_SCHEMES = ("unix:", "unix-abstract:")


class ListenSettings(BaseSettings):
    """The addresses of a server; an exposed server needs TLS and API keys, or `insecure`."""

    host: str = Field(
        "127.0.0.1",
        min_length=1,
        description="Address to listen on, or unix:PATH. An address that other machines can reach "
        "requires TLS and API keys.",
    )
    port: int = Field(0, ge=0, le=65535, description="Port to listen on; 0 picks a free one.")
    local_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="A second port, on 127.0.0.1 and without TLS, for programs on this machine.",
    )
    health_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="A port on the same host for health alone, without TLS and keys, for probes "
        "that speak no TLS, such as those of Kubernetes.",
    )
    tls_cert: Path | None = Field(
        None,
        description="PEM file with the server's certificate, followed by the certificates of its "
        "issuers. The server then accepts TLS only. The file is reloaded when it changes.",
    )
    tls_key: Path | None = Field(None, description="PEM file with the private key of --tls-cert.")
    tls_client_ca: Path | None = Field(
        None,
        description="PEM file with certificate authorities. A client's certificate must be signed "
        "by one of them (mutual TLS).",
    )
    insecure: bool = Field(
        False, description="Let other machines reach the server without TLS or API keys."
    )

    @property
    def is_exposed(self) -> bool:
        """Whether other machines may reach the server."""
        return not is_local(self.host)

    def missing_protection(self) -> list[str]:
        """Return the protections that an exposed server needs and these settings lack, as text."""
        return missing_protection(has_tls=self.tls_cert is not None)

    @model_validator(mode="after")
    def _check_protection(self) -> Self:
        problems = listen_problems(
            self.host,
            tls_cert=self.tls_cert,
            tls_key=self.tls_key,
            tls_client_ca=self.tls_client_ca,
            missing=() if self.insecure else self.missing_protection(),
        )
        if problems:
            raise PydanticCustomError("listen", "{problems}", {"problems": "; ".join(problems)})
        return self


def missing_protection(*, has_tls: bool, has_keys: bool = True) -> list[str]:
    """Return the protections that an exposed server needs and does not have, as text."""
    needed = {
        "TLS (--tls-cert and --tls-key)": has_tls,
        "API keys (--require-keys)": has_keys,
    }
    return [what for what, is_there in needed.items() if not is_there]


def listen_problems(
    host: str,
    *,
    tls_cert: Path | None,
    tls_key: Path | None,
    tls_client_ca: Path | None,
    missing: Sequence[str],
) -> list[str]:
    """Return the reasons why a server may not listen as configured; empty if it may.

    Args:
        host: The address to listen on.
        tls_cert: As in ListenSettings.
        tls_key: As in ListenSettings.
        tls_client_ca: As in ListenSettings.
        missing: The missing protections if the server is exposed; see `missing_protection`.
    """
    problems = []
    if (tls_cert is None) != (tls_key is None):
        problems.append("--tls-cert and --tls-key need each other")
    if tls_client_ca is not None and tls_cert is None:
        problems.append("--tls-client-ca needs --tls-cert and --tls-key")
    if missing and not is_local(host):
        problems.append(
            f"--host {host} can be reached from other machines, so it needs "
            f"{' and '.join(missing)}; with --insecure, everyone who reaches the server may "
            "read and change everything"
        )
    return problems


def is_local(host: str) -> bool:
    """Whether the host is a loopback address or a Unix socket, which only this machine can reach.

    `localhost` counts as local. Any other name counts as exposed, since what it resolves to
    may change.
    """
    if host.startswith(UNIX_SCHEMES) or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False


class LimitSettings(BaseSettings):
    """Limits on what callers may ask for, far above what well-behaved callers need.

    A caller is an API key or, where the server requires no keys, an address. Callers on the
    server's own machine that need no key have no limits of their own.
    """

    max_message_bytes: int = Field(
        4 * 1024 * 1024,
        ge=64 * 1024,
        description="Largest message that the server accepts or sends, in bytes.",
    )
    calls_per_second: float = Field(
        5_000,
        ge=0,
        description="Calls per second of one caller, averaged over two seconds; 0 for no limit.",
    )
    failed_keys_per_second: float = Field(
        100,
        ge=0,
        description="Calls per second without a valid API key from one address, averaged over two "
        "seconds, where keys are required. All addresses together may send ten times as many. "
        "0 for no limit.",
    )
    max_calls: int = Field(
        2_000, ge=1, description="Calls in progress or waiting at once, of all callers together."
    )
    max_calls_per_caller: int = Field(
        500, ge=1, description="Calls in progress or waiting at once, of one caller."
    )
    shared_calls: int = Field(
        16,
        ge=1,
        description="Calls that run at once while there are several callers, in equal shares: at "
        "least 8 each, one expensive call and, in the registry, one read. A single caller is not "
        "limited.",
    )
    max_streams: int = Field(
        2_000, ge=1, description="Watches and exports open at once, of all callers together."
    )
    max_streams_per_caller: int = Field(
        200, ge=1, description="Watches and exports open at once, of one caller."
    )
    max_connections: int = Field(
        4_000,
        ge=1,
        description="Connections open at once on each port; further connections are closed.",
    )
    max_streams_per_connection: int = Field(
        500,
        ge=1,
        description="Calls of any kind in progress at once on one connection. gRPC clients hold "
        "back further calls until one of them ends.",
    )
    max_connection_age: float = Field(
        600,
        ge=0,
        le=86_400,
        description="Seconds after which the server asks a client to open another connection, with "
        "a tenth more or less by chance; 0 for never. Clients that reach the replicas by one name "
        "find new replicas in this way. Calls in progress go on.",
    )
    max_connection_age_grace: float = Field(
        600,
        gt=0,
        le=86_400,
        description="Seconds for which calls in progress may go on over a connection that has "
        "reached its age. Then watches go on over another connection.",
    )
    max_waiting_messages: int = Field(
        1_000,
        ge=1,
        description="Calls of all callers whose headers have arrived and whose message has not. "
        "Beyond this number, the call that has waited longest is ended.",
    )
    message_timeout: float = Field(
        20,
        gt=0,
        description="Seconds within which the message of a call must arrive after its headers.",
    )


class ProcessSettings(BaseSettings):
    """The logs, metrics, traces and shutdown of a server; a subclass sets `env_prefix`."""

    model_config = SettingsConfigDict(
        cli_kebab_case=True,
        cli_hide_none_type=True,
        cli_avoid_json=True,
        cli_implicit_flags=True,
        extra="forbid",
    )

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Lowest level that is logged."
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="Format of the log, which goes to stderr."
    )
    metrics_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="HTTP port for Prometheus metrics, on the same host; 0 picks a free port, "
        "which the log names. Metrics are off by default.",
    )
    otlp_endpoint: str = Field(
        # The variable that configures OpenTelemetry's own programs too.
        default_factory=lambda: os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", ""),
        description="Collector that receives traces as OTLP over gRPC, for example "
        "http://host:4317. Default: OTEL_EXPORTER_OTLP_ENDPOINT; without either, tracing is off.",
    )
    grace: float = Field(
        10.0,
        ge=0,
        allow_inf_nan=False,
        description="Longest duration of a shutdown, in seconds, during which running calls may "
        "finish.",
    )
    drain_delay: float = Field(
        0.5,
        ge=0,
        allow_inf_nan=False,
        description="Seconds of the grace period during which new calls are still accepted, so "
        "that load balancers can react.",
    )


class ServerSettings(ListenSettings, LimitSettings, ProcessSettings):
    """Base class of each gRPC server's settings; a subclass sets `env_prefix` and the port."""

    audit_log: str = Field(
        "stderr",
        min_length=1,
        description="Destination of the audit log, which has one line per call that changes "
        "something: stderr, the path of a file, or off.",
    )


def load_settings(settings: type[S], program: str) -> S:
    """Return the settings from the command line and the environment.

    When settings are wrong, print one line per problem and exit with code 2.
    """

    class Cli(settings):  # type: ignore[misc, valid-type]  # a class made from its argument
        model_config = SettingsConfigDict(cli_prog_name=program)

    Cli.__doc__ = settings.__doc__
    try:
        loaded: S = CliApp.run(Cli)
    except ValidationError as error:
        for problem in error.errors():
            option = "-".join(str(part) for part in problem["loc"]).replace("_", "-")
            where = f"--{option}: " if option else ""
            # Pydantic adds a prefix to the messages of our own checks.
            message = problem["msg"].removeprefix("Value error, ")
            print(shown_lines(f"{program}: {where}{message}"), file=sys.stderr)
        raise SystemExit(USAGE_EXIT_CODE) from None
    except SettingsError as error:
        print(shown_lines(f"{program}: {error}"), file=sys.stderr)
        raise SystemExit(USAGE_EXIT_CODE) from None
    return loaded
