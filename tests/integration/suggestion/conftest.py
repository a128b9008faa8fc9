"""The fixture that creates sweeps."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

import pytest

from tests.integration.suggestion.sweeps import SPACE, Sweep, new_id
from tests.registry_stub import RegistryStub
from wanllmdb.api.registry.v1 import registry_service_pb2 as rpb
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2_grpc as suggestion_grpc


class NewSweep(Protocol):
    """Create a sweep; `more` holds further lines of its config."""

    def __call__(
        self, method: str = ..., *, space: str = ..., metric: bool = ..., more: str = ...
    ) -> Awaitable[Sweep]: ...


@pytest.fixture
def new_sweep(
    registry: RegistryStub,
    suggestion: suggestion_grpc.SuggestionServiceAsyncStub,
) -> NewSweep:
    """Return a function that creates sweeps with seed 7 that minimize the metric `loss`."""

    async def create(
        method: str = "random", *, space: str = SPACE, metric: bool = True, more: str = ""
    ) -> Sweep:
        lines = [f"method: {method}", "seed: 7", more]
        if metric:
            lines.append("metric: {name: loss, goal: minimize}")
        text = "\n".join([*lines, "parameters:" + space])
        response = await registry.CreateSweep(
            rpb.CreateSweepRequest(config_text=rpb.ConfigText(text=text), request_id=new_id())
        )
        return Sweep(registry, suggestion, response.sweep.sweep_id)

    return create
