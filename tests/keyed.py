"""Both services with required keys, and a record of the registry's calls."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from tests.conftest import LEASE, STATE_KEY
from tests.registry_stub import RegistryStub
from tests.security_table.keys import channel_with, create_key, id_of, new_secret
from tests.sweeps import request_id
from wanllmdb.api.registry.v1 import key_service_pb2 as key_pb
from wanllmdb.api.registry.v1 import key_service_pb2_grpc as key_grpc
from wanllmdb.api.registry.v1 import registry_service_pb2 as rpb
from wanllmdb.api.suggestion.v1 import analysis_service_pb2_grpc as analysis_grpc
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as pb
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2_grpc as suggestion_grpc
from wanllmdb_common.calls.call import Call
from wanllmdb_common.calls.caller import Role
from wanllmdb_common.server.lifecycle import running_server
from wanllmdb_common.server.settings import LimitSettings, ServerSettings
from wanllmdb_registry.app import running_registry
from wanllmdb_registry.domain.api_keys.api_key import parse_root_key
from wanllmdb_registry.rpc.services import SERVICES as REGISTRY_SERVICES
from wanllmdb_registry.rpc.services import add_to, steps_of
from wanllmdb_suggestion.app import SERVICES, SuggestionApp, running_suggestion
from wanllmdb_suggestion.settings import SuggestionSettings

OWN, OTHER = "own-project", "other-project"


@dataclass(frozen=True)
class Seen:
    """A call that the registry carried out or rejected, with its begin and end."""

    rpc: str
    key_id: str
    request: Any
    began: float
    ended: float


@dataclass
class Recorder:
    """The innermost interceptor step of the registry, which records calls with a valid key."""

    calls: list[Seen] = field(default_factory=list)

    async def before(self, call: Call) -> None:
        pass

    def after(self, call: Call) -> None:
        now = time.perf_counter()
        self.calls.append(Seen(call.rpc, call.caller.key_id, call.request, call.started, now))

    def of(self, key_text: str, *rpcs: str) -> list[Seen]:
        """Return the calls with the key, of these RPCs or of all."""
        key_id = id_of(key_text)
        return [c for c in self.calls if c.key_id == key_id and (not rpcs or c.rpc in rpcs)]


@dataclass(frozen=True)
class Agent:
    """Stubs that send one key."""

    key: str
    suggestion: suggestion_grpc.SuggestionServiceAsyncStub
    analysis: analysis_grpc.AnalysisServiceAsyncStub
    registry: RegistryStub

    async def suggest(self, sweep_id: str, count: int = 1) -> pb.SuggestResponse:
        return await self.suggestion.Suggest(
            pb.SuggestRequest(
                sweep_id=sweep_id, count=count, agent_id="agent", request_id=request_id()
            )
        )

    async def finish(self, sweep_id: str, number: int, objective: float) -> None:
        await self.registry.FinishRun(
            rpb.FinishRunRequest(
                sweep_id=sweep_id,
                number=number,
                attempt=1,
                succeeded=rpb.RunSucceeded(objective=objective),
                request_id=request_id(),
            )
        )


@dataclass
class Keyed:
    """The services, the suggestion server's parts, and the registry's calls."""

    registry_address: str
    suggestion_address: str
    app: SuggestionApp
    recorder: Recorder
    root_key: str
    stack: contextlib.AsyncExitStack

    async def agent(self, key_text: str) -> Agent:
        """Return stubs that send a key, valid or not."""
        registry, suggestion = [
            await self.stack.enter_async_context(channel_with(address, key_text))
            for address in (self.registry_address, self.suggestion_address)
        ]
        return Agent(
            key_text,
            suggestion_grpc.SuggestionServiceStub(suggestion),
            analysis_grpc.AnalysisServiceStub(suggestion),
            RegistryStub(registry),
        )

    async def new_key(self, role: Role, *projects: str, **more: Any) -> str:
        """Create a key and return its text."""
        async with channel_with(self.registry_address, self.root_key) as channel:
            return await create_key(channel, role, *projects, **more)

    async def new_agent(self, role: Role = Role.AGENT, *projects: str) -> Agent:
        """Create a key, by default for the own project, and return stubs that send it."""
        return await self.agent(await self.new_key(role, *(projects or (OWN,))))

    async def revoke(self, key_text: str) -> None:
        async with channel_with(self.registry_address, self.root_key) as channel:
            await key_grpc.KeyServiceStub(channel).RevokeKey(
                key_pb.RevokeKeyRequest(key_id=id_of(key_text))
            )

    async def sweep(self, project: str, config: str) -> str:
        """Create a sweep and return its id."""
        root = await self.agent(self.root_key)
        request = rpb.CreateSweepRequest(
            project=project, config_text=rpb.ConfigText(text=config), request_id=request_id()
        )
        return (await root.registry.CreateSweep(request)).sweep.sweep_id


@contextlib.asynccontextmanager
async def keyed_services(database_url: str, *, cached_sweeps: int = 200) -> AsyncIterator[Keyed]:
    """Run a registry that requires keys, and a suggestion service on it, for the block."""
    root_key = f"wsk_root_{new_secret()}"
    recorder = Recorder()
    async with contextlib.AsyncExitStack() as stack:
        registry = await stack.enter_async_context(
            running_registry(
                database_url,
                pool_size=8,
                lease=LEASE,
                require_keys=True,
                root_key=parse_root_key(root_key),
            )
        )
        registry_address = await stack.enter_async_context(
            running_server(
                ServerSettings(port=0, grace=1, drain_delay=0),
                services=REGISTRY_SERVICES,
                register=lambda server: add_to(server, registry),
                steps=[*steps_of(registry, LimitSettings()), recorder],
                readiness=registry.readiness,
            )
        )
        settings = SuggestionSettings(
            port=0,
            grace=1,
            drain_delay=0,
            registry=registry_address,
            state_key=SecretStr(STATE_KEY),
            cached_sweeps=cached_sweeps,
        )
        app = await stack.enter_async_context(running_suggestion(settings))
        suggestion_address = await stack.enter_async_context(
            running_server(
                settings,
                services=SERVICES,
                register=app.add_to,
                steps=app.steps,
                readiness=app.readiness,
            )
        )
        channels = await stack.enter_async_context(contextlib.AsyncExitStack())
        yield Keyed(registry_address, suggestion_address, app, recorder, root_key, channels)
