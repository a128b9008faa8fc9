"""Servers that require keys, keys of every kind, and the objects of requests."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path

import grpc.aio

from tests.registry_stub import RegistryStub
from tests.security_table.keys import channel_with, create_key, id_of, new_secret
from tests.security_table.processes import running_process
from tests.sweeps import Registry, config_text, create_runs, proposal, request_id
from wanllmdb.api.registry.v1 import key_service_pb2 as key_pb
from wanllmdb.api.registry.v1 import key_service_pb2_grpc as key_grpc
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2, sweep_pb2, template_service_pb2
from wanllmdb.api.registry.v1 import template_service_pb2_grpc as template_grpc
from wanllmdb_common.calls.caller import Role
from wanllmdb_common.search_space.proto_conversion import value_to_proto
from wanllmdb_registry.rpc.services import SERVICES as REGISTRY_SERVICES
from wanllmdb_suggestion.app import SERVICES as SUGGESTION_SERVICES

OWN, OTHER = "own-project", "other-project"
# The services that the servers of a world serve.
SERVED = (*REGISTRY_SERVICES, *SUGGESTION_SERVICES)
_SHORT = timedelta(seconds=1.5)


@dataclass(frozen=True)
class Key:
    """A key with its role and projects; `projects` is None for all.

    `refused` is the error reason with which every call with the key must end.
    """

    name: str
    text: str
    role: Role = Role.ADMIN
    projects: frozenset[str] | None = None
    refused: str = ""


@dataclass
class World:
    """The servers, keys and objects with which the cells of the table are tried.

    Attributes:
        addresses: The servers' addresses, by the full names of their services.
        root_key: The operator's key, which may do everything.
        root_channels: Channels by service; every call on them sends the operator's key.
        keys: One key of each kind.
        made: The project by each id that was created, for requests that name a project's objects.
    """

    addresses: Mapping[str, str]
    root_key: str
    root_channels: Mapping[str, grpc.aio.Channel]
    keys: list[Key] = field(default_factory=list)
    made: dict[str, str] = field(default_factory=dict)

    @cached_property
    def registry(self) -> Registry:
        """The registry, called with the operator's key, which may do everything."""
        return RegistryStub(self.root_channels[REGISTRY_SERVICES[0]])

    async def sweep(self, project: str, *, started: bool = False) -> str:
        """Create a sweep and return its id."""
        request = pb.CreateSweepRequest(
            project=project, config_text=config_text(), request_id=request_id()
        )
        sweep: sweep_pb2.Sweep = (await self.registry.CreateSweep(request)).sweep
        if started:
            await self.registry.StartSweep(pb.StartSweepRequest(sweep_id=sweep.sweep_id))
        self.made[sweep.sweep_id] = project
        return sweep.sweep_id

    async def running(self, project: str) -> run_pb2.Run:
        """Create a sweep with a running run."""
        sweep_id = await self.sweep(project)
        (run,) = await create_runs(self.registry, sweep_id, proposal(0))
        return run

    async def template(self) -> str:
        """Create a template whose only value is its project, and return its name."""
        name = f"t-{request_id()}"
        text = "project: $(project)\nmethod: random\nparameters: {x: {min: 0.0, max: 1.0}}\n"
        await template_grpc.TemplateServiceStub(
            self.root_channels[REGISTRY_SERVICES[1]]
        ).CreateTemplate(
            template_service_pb2.CreateTemplateRequest(
                template=template_service_pb2.Template(
                    name=name,
                    config_text=text,
                    placeholders=[
                        template_service_pb2.TemplatePlaceholder(
                            name="project", example=value_to_proto("p")
                        )
                    ],
                )
            )
        )
        return name

    async def key(self, project: str) -> str:
        """Create a reader's key and return its id."""
        text = await create_key(self.root_channels[REGISTRY_SERVICES[2]], Role.READER, project)
        self.made[id_of(text)] = project
        return id_of(text)

    @property
    def secrets(self) -> list[str]:
        """The secrets of all keys with which calls were sent."""
        texts = [self.root_key, *(key.text for key in self.keys)]
        return [text.split("_", 2)[-1] for text in texts if text]


@contextlib.asynccontextmanager
async def running_world(database_url: str, log: Path) -> AsyncIterator[World]:
    """Run servers in their own processes on an empty database, with keys, for the block.

    Everything that the servers log, down to the lowest level, is appended to `log`.
    """
    root_key = f"wsk_root_{new_secret()}"
    async with contextlib.AsyncExitStack() as stack:
        registry = await stack.enter_async_context(
            running_process(
                "wanllmdb_registry",
                "--port=0",
                "--log-level=debug",
                "--log-format=json",
                environment={
                    "WANLLMDB_REGISTRY_DATABASE_URL": database_url,
                    "WANLLMDB_REGISTRY_ADMIN_KEY": root_key,
                },
                log=log,
            )
        )
        suggestion = await stack.enter_async_context(
            running_process(
                "wanllmdb_suggestion",
                "--port=0",
                f"--registry={registry}",
                "--log-level=debug",
                "--log-format=json",
                environment={},
                log=log,
            )
        )
        addresses = {
            **dict.fromkeys(REGISTRY_SERVICES, registry),
            **dict.fromkeys(SUGGESTION_SERVICES, suggestion),
        }
        channels = {
            address: await stack.enter_async_context(channel_with(address, root_key))
            for address in set(addresses.values())
        }
        world = World(
            addresses,
            root_key,
            {service: channels[address] for service, address in addresses.items()},
        )
        world.keys = await _keys(channels[registry])
        yield world


async def _keys(channel: grpc.aio.Channel) -> list[Key]:
    keys = []
    for role in Role:
        own = await create_key(channel, role, OWN)
        keys.append(Key(f"{role.word} of one", own, role, frozenset({OWN})))
        everywhere = await create_key(channel, role, "*")
        keys.append(Key(f"{role.word} of all", everywhere, role, None))
    good = await create_key(channel, Role.ADMIN, "*")
    expired = await create_key(channel, Role.ADMIN, "*", lifetime=_SHORT)
    revoked = await create_key(channel, Role.ADMIN, "*")
    stub = key_grpc.KeyServiceStub(channel)
    await stub.RevokeKey(key_pb.RevokeKeyRequest(key_id=id_of(revoked)))
    await asyncio.sleep(_SHORT.total_seconds())
    return [
        *keys,
        Key("none", "", refused="KEY_MISSING"),
        Key("malformed", good[:-20], refused="KEY_INVALID"),
        Key("unknown", f"wsk_nobody_{new_secret()}", refused="KEY_INVALID"),
        Key("wrong secret", f"wsk_{id_of(good)}_{new_secret()}", refused="KEY_INVALID"),
        Key("expired", expired, refused="KEY_EXPIRED"),
        Key("revoked", revoked, refused="KEY_REVOKED"),
    ]
