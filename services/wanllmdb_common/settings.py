"""Settings that both servers have: by flag, else by environment variable, else the default."""

from __future__ import annotations

import os
import sys
from typing import Literal, TypeVar

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, CliApp, SettingsConfigDict, SettingsError

from wanllmdb._shown import shown_lines
from wanllmdb_common.limit_settings import LimitSettings
from wanllmdb_common.listen_settings import ListenSettings

S = TypeVar("S", bound=BaseSettings)

# What a shell gets when the settings are wrong or the port is taken.
USAGE_EXIT_CODE = 2


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
