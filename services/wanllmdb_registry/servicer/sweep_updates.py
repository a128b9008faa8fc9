"""What an UpdateSweep asks for."""

from __future__ import annotations

from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb_registry.domain.bounds import MAX_DESCRIPTION, MAX_SWEEP_METRICS
from wanllmdb_registry.domain.config.problems import invalid_config
from wanllmdb_registry.domain.update_sweep import UPDATABLE_FIELDS, SweepUpdate, UpdatedSweep
from wanllmdb_registry.servicer.convert import sweep_to_proto
from wanllmdb_registry.servicer.requests import RequestReader
from wanllmdb_registry.servicer.spec_size import some_warnings
from wanllmdb_registry.servicer.specs import SpecReader, retries_from_proto


def read_sweep_update(reader: RequestReader, request: pb.UpdateSweepRequest) -> SweepUpdate:
    """The update; what is wrong with the request itself is noted by `reader`.

    Raises:
        InvalidArgumentError: INVALID_SWEEP_CONFIG; a part of the spec can't be read.
    """
    sweep, spec = request.sweep, request.sweep.spec
    fields = reader.mask("update_mask", request.update_mask.paths, UPDATABLE_FIELDS)
    name = reader.text("sweep.name", sweep.name, required="name" in fields)
    description = reader.text("sweep.description", sweep.description, limit=MAX_DESCRIPTION)
    if len(spec.metrics) > MAX_SWEEP_METRICS:
        text = f"are {len(spec.metrics):,}, at most {MAX_SWEEP_METRICS} are allowed"
        reader.problem("sweep.spec.metrics", text)
    reader.done()
    specs = SpecReader()
    early = specs.early_termination(spec) if "spec.early_termination" in fields else None
    terminator = specs.terminator(spec) if "spec.terminator" in fields else None
    space = None
    if "spec.search_space" in fields:
        space, _ = specs.space(spec.search_space)
    if specs.problems:
        raise invalid_config(specs.problems)
    return SweepUpdate(
        fields=fields,
        name=name,
        description=description,
        run_cap=spec.run_cap if spec.HasField("run_cap") else None,
        early_termination=early,
        terminator=terminator,
        retries=retries_from_proto(spec.retries),
        max_failed_runs=spec.max_failed_runs if spec.HasField("max_failed_runs") else None,
        targets=[
            (metric.name, metric.target if metric.HasField("target") else None)
            for metric in spec.metrics
        ],
        space=space,
    )


def encode_updated(updated: UpdatedSweep) -> bytes:
    """The response."""
    return pb.UpdateSweepResponse(
        sweep=sweep_to_proto(updated.sweep), warnings=some_warnings(updated.warnings)
    ).SerializeToString()
