"""A gateway in front of both services."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.gateways import gateway_server


@pytest.fixture(scope="session")
async def gateway(registry_address: str, suggestion_address: str) -> AsyncIterator[str]:
    """The URL of a gateway for the whole session."""
    async with gateway_server(registry_address, suggestion_address) as url:
        yield url
