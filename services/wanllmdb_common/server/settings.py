"""Settings that both servers have: by flag, else by environment variable, else the default."""

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

# What a shell gets when the settings are wrong or the port is taken.
USAGE_EXIT_CODE = 2


UNIX_SCHEMES = ("unix:", "unix-abstract:")


class ListenSettings(BaseSettings):
    """A server that other machines reach has TLS and API keys, or was told to go without."""

    host: str = Field(
        "127.0.0.1",
        min_length=1,
        description="Address to listen on, or unix:PATH. One that other machines reach is refused "
        "without TLS and API keys.",
    )
    port: int = Field(0, ge=0, le=65535, description="Port to listen on; 0 picks a free one.")
    local_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="A second port, on 127.0.0.1 and without TLS, for programs of this machine.",
    )
    tls_cert: Path | None = Field(
        None,
        description="File with the server's certificate and then its issuers' (PEM): then it "
        "speaks TLS alone. It is read again when it changes.",
    )
    tls_key: Path | None = Field(None, description="File with the certificate's key (PEM).")
    tls_client_ca: Path | None = Field(
        None,
        description="File with the authorities (PEM) by one of which a client's certificate must "
        "be signed (mutual TLS).",
    )
    insecure: bool = Field(
        False, description="Listens where other machines reach it, also without TLS or API keys."
    )

    @property
    def is_exposed(self) -> bool:
        """Whether other machines may reach it."""
        return not is_local(self.host)

    def missing_protection(self) -> list[str]:
        """What these settings lack of what an exposed server needs, each in words for people."""
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
    """What an exposed server needs and does not have, each in words for people."""
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
    """Why a server may not listen so, each in words for people; nothing where it may.

    Args:
        host: Where it is to listen.
        tls_cert: These as in ListenSettings.
        tls_key: See there.
        tls_client_ca: See there.
        missing: What it lacks if it is exposed, of `missing_protection`.
    """
    problems = []
    if (tls_cert is None) != (tls_key is None):
        problems.append("--tls-cert and --tls-key need each other")
    if tls_client_ca is not None and tls_cert is None:
        problems.append("--tls-client-ca needs --tls-cert and --tls-key")
    if missing and not is_local(host):
        problems.append(
            f"--host {host} can be reached from other machines, so it needs "
            f"{' and '.join(missing)}; or give --insecure, where everyone who reaches it may "
            "read and change everything"
        )
    return problems


def is_local(host: str) -> bool:
    """Whether only this machine reaches what listens there: a loopback address or a Unix socket.

    `localhost` is taken for what it says; of other names, whatever they resolve to
    now, nobody knows where they will lead.
    """
    if host.startswith(UNIX_SCHEMES) or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False


class LimitSettings(BaseSettings):
    """A part of each server's settings.

    A caller is an API key, or an address where the server asks for none. Callers on the
    server's own machine that need no key have no limits of their own.
    """

    max_message_bytes: int = Field(
        4 * 1024 * 1024, ge=64 * 1024, description="Largest message taken or sent."
    )
    calls_per_second: float = Field(
        5_000,
        ge=0,
        description="Calls a second of one caller, over two seconds; 0 for any number.",
    )
    failed_keys_per_second: float = Field(
        100,
        ge=0,
        description="Calls a second of one address without a good API key, over two seconds, "
        "where keys are asked for, and ten times as many of all; 0 for any number.",
    )
    max_calls: int = Field(
        2_000, ge=1, description="Calls under way or waiting at once, of all callers."
    )
    max_calls_per_caller: int = Field(
        500, ge=1, description="Calls under way or waiting at once, of one caller."
    )
    shared_calls: int = Field(
        16,
        ge=1,
        description="Calls carried out at once where there are several callers, who get equal "
        "shares; each gets 8 at least, and one of those that are heavy. One caller alone has no "
        "share to keep to.",
    )
    max_streams: int = Field(
        2_000, ge=1, description="Watches and exports open at once, of all callers."
    )
    max_streams_per_caller: int = Field(
        200, ge=1, description="Watches and exports open at once, of one caller."
    )
    max_connections: int = Field(
        4_000,
        ge=1,
        description="Connections open at once on each port; further ones are closed.",
    )
    max_streams_per_connection: int = Field(
        500,
        ge=1,
        description="Calls of any kind under way at once on one connection; gRPC's clients keep "
        "further ones until there is room.",
    )
    max_waiting_messages: int = Field(
        1_000,
        ge=1,
        description="Calls at once whose headers have come and whose message has not, of all "
        "callers; beyond these the one that has waited longest ends.",
    )
    message_timeout: float = Field(
        20,
        gt=0,
        description="Seconds in which the message of a call must have come after its headers.",
    )


class ServerSettings(ListenSettings, LimitSettings):
    """The base of each server's settings; a subclass sets `env_prefix` and the port."""

    model_config = SettingsConfigDict(
        cli_kebab_case=True,
        cli_hide_none_type=True,
        cli_avoid_json=True,
        cli_implicit_flags=True,
        extra="forbid",
    )

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least level that is logged."
    )
    log_format: Literal["text", "json"] = Field("text", description="Form of the log, on stderr.")
    audit_log: str = Field(
        "stderr",
        min_length=1,
        description="Where a line goes for each call that changes something: stderr, the path of "
        "a file, or off.",
    )
    metrics_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="Port for Prometheus, over HTTP on the same host; 0 picks a free one, which "
        "the log tells. None are served where not given.",
    )
    otlp_endpoint: str = Field(
        # The variable by which OpenTelemetry's own programs find a collector.
        default_factory=lambda: os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", ""),
        description="Collector that takes traces as OTLP over gRPC, such as http://host:4317; "
        "where not given, that in OTEL_EXPORTER_OTLP_ENDPOINT, else there are no traces.",
    )
    grace: float = Field(
        10.0,
        ge=0,
        allow_inf_nan=False,
        description="Seconds that a shutdown takes at most; running calls end in them.",
    )
    drain_delay: float = Field(
        0.5,
        ge=0,
        allow_inf_nan=False,
        description="Seconds of these in which calls are still taken, until balancers know.",
    )


def load_settings(settings: type[S], program: str) -> S:
    """The settings from the command line and the environment.

    Ends the process with code 2 and one line a problem when they are wrong.
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
            # Of our own checks without what pydantic puts before it.
            message = problem["msg"].removeprefix("Value error, ")
            print(shown_lines(f"{program}: {where}{message}"), file=sys.stderr)
        raise SystemExit(USAGE_EXIT_CODE) from None
    except SettingsError as error:
        print(shown_lines(f"{program}: {error}"), file=sys.stderr)
        raise SystemExit(USAGE_EXIT_CODE) from None
    return loaded
