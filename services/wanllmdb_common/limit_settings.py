"""Settings of how much callers may ask for at once; far above what honest ones need."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings


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
