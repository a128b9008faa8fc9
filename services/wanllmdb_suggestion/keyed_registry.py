"""Whether the registry asks for API keys, which protect this service too."""

from __future__ import annotations

import asyncio

import structlog

from wanllmdb_common.errors import ServiceError, UnauthenticatedError
from wanllmdb_suggestion.registry_client import CallScope, RegistryClient

_PAUSE = 1.0

log = structlog.get_logger(__name__)


async def registry_asks_for_keys(registry: RegistryClient) -> bool:
    """What the registry says; waits until it answers."""
    while True:
        try:
            answer = await registry.get_caller(CallScope())
        except UnauthenticatedError:
            return True
        except ServiceError as error:
            log.warning(
                "not serving yet: the registry has to say whether it asks for API keys",
                reason=error.reason,
            )
            await asyncio.sleep(_PAUSE)
        else:
            return answer.keys_required
