"""RPCs that create, read, change and end sweeps."""

from __future__ import annotations

import base64
import hashlib
import secrets
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from google.protobuf.message import Message

from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb_common.calls.call import current_call
from wanllmdb_common.calls.caller import Role
from wanllmdb_common.computing.off_loop import converted
from wanllmdb_common.error_mapping import Context
from wanllmdb_registry.domain.bounds import MAX_DESCRIPTION, MAX_END_MESSAGE
from wanllmdb_registry.domain.config.export import config_of
from wanllmdb_registry.domain.config.text import write_json, write_yaml
from wanllmdb_registry.domain.model import FinishReason, Sweep
from wanllmdb_registry.domain.prior_runs import Fitting, events_of_creation
from wanllmdb_registry.domain.sweep_lifecycle import (
    CancelSweep,
    DeleteSweep,
    FinishSweep,
    PauseSweep,
    ResumeSweep,
    StartSweep,
    Transition,
)
from wanllmdb_registry.domain.update_sweep import UpdatedSweep, UpdateSweep, check_update
from wanllmdb_registry.rpc.base import BaseServicer, computed, requester, require_in_project
from wanllmdb_registry.rpc.config_sources import parse_source, require_size, some_warnings, written
from wanllmdb_registry.rpc.conversion import (
    spec_to_proto,
    stats_to_proto,
    sweep_to_proto,
)
from wanllmdb_registry.rpc.prior_run_servicer import fit_source
from wanllmdb_registry.rpc.request_reader import RequestReader
from wanllmdb_registry.rpc.spec_reader import read_sweep_update

DEFAULT_PROJECT = "default"
MAX_SEED = 2**31


class SweepServicer(BaseServicer):
    """RPCs on sweeps; the protos state the contract of each RPC."""

    async def CreateSweep(self, request: pb.CreateSweepRequest, context: Context) -> bytes:
        reader = RequestReader()
        key = reader.key(request)
        reader.text("project", request.project)
        reader.text("name", request.name)
        reader.text("description", request.description, limit=MAX_DESCRIPTION)
        reader.done()
        # The same request of the same caller gets the same id, so that a retry finds its own
        # sweep and never the sweep of another caller.
        caller = current_call().caller
        sweep_id = _sweep_id(uuid.uuid4().hex if key is None else caller.key_id + key.request_id)
        earlier = await self.registry.store.earlier_reply(sweep_id, key)
        if earlier is not None:
            # The stored answer is returned even if the template has changed or was deleted
            # meanwhile.
            return earlier
        parsed = await parse_source(request, self.registry.templates)
        spec = parsed.spec
        if spec.seed is None:
            spec = replace(spec, seed=secrets.randbelow(MAX_SEED))
        project = request.project or parsed.project or DEFAULT_PROJECT
        require_in_project(Role.EDITOR, project)
        now = datetime.now(UTC)
        sweep = Sweep(
            sweep_id=sweep_id,
            project=project,
            name=request.name or parsed.name or f"sweep-{sweep_id}",
            description=request.description or parsed.description,
            spec=spec,
            create_time=now,
            update_time=now,
        )
        prior = Fitting()
        if request.HasField("prior_run_source"):
            prior = await fit_source(
                self.registry, spec, request.prior_run_source, "prior_run_source"
            )
        placed = sweep.add_prior_runs(prior.runs)
        events = events_of_creation(sweep, prior.skipped, requester())
        response = pb.CreateSweepResponse(
            sweep=sweep_to_proto(sweep),
            warnings=some_warnings(parsed.warnings),
            grid_size=_int64(parsed.grid_size),
            imported_runs=len(placed.runs),
            skipped_runs=prior.skipped,
        )
        reply = await self.registry.store.create_sweep(
            sweep, key, response.SerializeToString(), placed, events
        )
        self.registry.announce(sweep_id)
        return reply

    async def GetSweep(self, request: pb.GetSweepRequest, context: Context) -> pb.GetSweepResponse:
        sweep = await self._get(request.sweep_id)
        return await converted(
            lambda: pb.GetSweepResponse(sweep=sweep_to_proto(sweep)),
            len(sweep.spec.space.parameters),
        )

    async def GetSweepStats(
        self, request: pb.GetSweepStatsRequest, context: Context
    ) -> pb.GetSweepStatsResponse:
        return pb.GetSweepStatsResponse(stats=stats_to_proto(await self._get(request.sweep_id)))

    async def ExportSweep(
        self, request: pb.ExportSweepRequest, context: Context
    ) -> pb.ExportSweepResponse:
        sweep = await self._get(request.sweep_id)
        config = {"name": sweep.name, "project": sweep.project}
        if sweep.description:
            config["description"] = sweep.description
        write = write_json if request.format == pb.CONFIG_FORMAT_JSON else write_yaml
        text = await computed(lambda: written({**config, **config_of(sweep.spec)}, write))
        return pb.ExportSweepResponse(text=text)

    async def ParseSweepConfig(
        self, request: pb.ParseSweepConfigRequest, context: Context
    ) -> pb.ParseSweepConfigResponse:
        parsed = await parse_source(request, self.registry.templates)
        return await converted(
            lambda: pb.ParseSweepConfigResponse(
                spec=spec_to_proto(parsed.spec),
                warnings=some_warnings(parsed.warnings),
                grid_size=_int64(parsed.grid_size),
                project=parsed.project,
                name=parsed.name,
                description=parsed.description,
            ),
            len(parsed.spec.space.parameters),
        )

    async def UpdateSweep(self, request: pb.UpdateSweepRequest, context: Context) -> bytes:
        reader = RequestReader()
        sweep_id = reader.text("sweep.sweep_id", request.sweep.sweep_id, required=True)
        etag = reader.etag(request.sweep.etag, "sweep.etag")
        key = reader.key(request)
        update = await computed(lambda: read_sweep_update(reader, request))
        asked_by = requester()

        def check(sweep: Sweep) -> UpdateSweep:
            checked = check_update(sweep, etag, update)
            require_size(checked.spec)
            return UpdateSweep(key, encode_updated, etag=etag, checked=checked, requester=asked_by)

        return await self.commit_checked(sweep_id, key, check)

    async def DeleteSweep(self, request: pb.DeleteSweepRequest, context: Context) -> bytes:
        reader = RequestReader()
        sweep_id = reader.sweep_id(request.sweep_id)
        key = reader.key(request)
        etag = reader.etag(request.etag)
        reader.done()
        command = DeleteSweep(key, lambda _: b"", etag=etag)
        return await self.commit(sweep_id, command)

    async def StartSweep(self, request: pb.StartSweepRequest, context: Context) -> bytes:
        return await self._transition(request, StartSweep, pb.StartSweepResponse)

    async def PauseSweep(self, request: pb.PauseSweepRequest, context: Context) -> bytes:
        return await self._transition(request, PauseSweep, pb.PauseSweepResponse)

    async def ResumeSweep(self, request: pb.ResumeSweepRequest, context: Context) -> bytes:
        return await self._transition(request, ResumeSweep, pb.ResumeSweepResponse)

    async def FinishSweep(self, request: pb.FinishSweepRequest, context: Context) -> bytes:
        reader = RequestReader()
        sweep_id = reader.sweep_id(request.sweep_id)
        key = reader.key(request)
        message = reader.text("message", request.message, limit=MAX_END_MESSAGE)
        etag = reader.etag(request.etag)
        reader.done()
        command = FinishSweep(
            key,
            encoder(pb.FinishSweepResponse),
            etag=etag,
            reason=FinishReason.REQUESTED,
            message=message,
            requester=requester(),
        )
        return await self.commit(sweep_id, command)

    async def CancelSweep(self, request: pb.CancelSweepRequest, context: Context) -> bytes:
        return await self._transition(request, CancelSweep, pb.CancelSweepResponse)

    async def _transition(
        self,
        request: _TransitionRequest,
        command: type[Transition],
        response: type[Message],
    ) -> bytes:
        reader = RequestReader()
        sweep_id = reader.sweep_id(request.sweep_id)
        key = reader.key(request)
        etag = reader.etag(request.etag)
        reader.done()
        transition = command(key, encoder(response), etag=etag, requester=requester())
        return await self.commit(sweep_id, transition)

    async def _get(self, sweep_id: str) -> Sweep:
        reader = RequestReader()
        reader.sweep_id(sweep_id)
        reader.done()
        return await self.registry.sweeps.get(sweep_id)


_TransitionRequest = (
    pb.StartSweepRequest | pb.PauseSweepRequest | pb.ResumeSweepRequest | pb.CancelSweepRequest
)


def encoder(response: Callable[..., Message]) -> Callable[[Sweep], bytes]:
    def encode(sweep: Sweep) -> bytes:
        return response(sweep=sweep_to_proto(sweep)).SerializeToString()

    return encode


def _sweep_id(seed: str) -> str:
    digest = hashlib.sha256(b"sweep\0" + seed.encode()).digest()
    return base64.b32encode(digest).decode().lower()[:12]


def _int64(size: int | None) -> int | None:
    """Return a grid's size, limited to the range of the field."""
    return None if size is None else min(size, 2**63 - 1)


def encode_updated(updated: UpdatedSweep) -> bytes:
    """Return the encoded response."""
    return pb.UpdateSweepResponse(
        sweep=sweep_to_proto(updated.sweep), warnings=some_warnings(updated.warnings)
    ).SerializeToString()
