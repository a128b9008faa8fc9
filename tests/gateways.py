"""Gateways in the tests' own process."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

from wanllmdb_common.calls.call import CallStep
from wanllmdb_gateway.running import running_backends, running_gateway
from wanllmdb_gateway.settings import GatewaySettings


@contextlib.asynccontextmanager
async def gateway_server(
    registry: str, suggestion: str, *, steps: Sequence[CallStep] = (), **settings: Any
) -> AsyncIterator[str]:
    """Run a gateway for the block and yield its URL; without limits of calls a second."""
    chosen = GatewaySettings(
        **{
            "port": 0,
            "grace": 1.0,
            "drain_delay": 0.0,
            "calls_per_second": 0,
            "registry": registry,
            "suggestion": suggestion,
            **settings,
        }
    )
    async with (
        running_backends(chosen) as (backends, readiness),
        running_gateway(chosen, backends, readiness, steps) as url,
    ):
        yield url
