"""The largest sweeps and runs that a registry accepts."""

from __future__ import annotations

import json
from dataclasses import dataclass

from tests.sweeps import Registry, create_runs_request, request_id
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2, search_space_pb2, sweep_pb2
from wanllmdb_common.internal.registry.v1 import internal_registry_service_pb2 as internal_pb
from wanllmdb_registry.domain.bounds import (
    MAX_CONFIG_BYTES,
    MAX_DESCRIPTION,
    MAX_ERROR_MESSAGE,
    MAX_LABELS_BYTES,
    MAX_METRIC_BYTES,
    MAX_METRICS,
    MAX_NAME,
    MAX_PARAMETERS_BYTES,
    MAX_SAMPLER_BYTES,
    MAX_SPEC_BYTES,
    MAX_TRACEBACK,
    MAX_VALUES,
)

# A character of four bytes in UTF-8, which counts as two characters in UTF-16.
WIDE = "\N{GRINNING FACE}"
NAME = WIDE * MAX_NAME
# The parts that fill a sweep's space and a run's parameters.
PARAMETERS = 20
VALUE = 25_000


def metric_names() -> list[str]:
    """Return the largest permitted number of metric names, each of the largest length."""
    length = MAX_METRIC_BYTES // MAX_METRICS
    return [f"{i:05}" + "m" * (length - 5) for i in range(MAX_METRICS)]


@dataclass(frozen=True)
class Largest:
    """Creates the largest sweeps and runs through the registry's own RPCs."""

    registry: Registry

    async def sweep(self, name: str = NAME) -> sweep_pb2.Sweep:
        """Create a sweep with the largest spec, whose runs can also have the largest size."""
        parameters: dict[str, object] = {
            f"p{i:02}": {"value": f"{i:02}" + "v" * (VALUE - 2)} for i in range(PARAMETERS)
        }
        # Texts that no run has, because they are values under a condition that never holds.
        spec: dict[str, object] = {
            "method": "random",
            "metrics": [{"name": WIDE * (MAX_NAME - 1) + str(i)} for i in range(10)],
            "parameters": parameters,
            "retries": {"lost": 5, "failed": 5},
        }
        free = MAX_SPEC_BYTES - len(json.dumps(spec, ensure_ascii=False).encode()) - 60_000
        spec["parameters"] = {
            **parameters,
            "choice": {"values": [f"{i:04}" + "c" * 95 for i in range(free // 105)]},
        }
        request = pb.CreateSweepRequest(
            config_text=pb.ConfigText(text=json.dumps(spec, ensure_ascii=False)),
            name=name,
            project="largest",
            description=WIDE * MAX_DESCRIPTION,
            request_id=request_id(),
        )
        return (await self.registry.CreateSweep(request)).sweep

    async def run(self, sweep_id: str, number: int) -> run_pb2.Run:
        """Create a running run with everything except an error. Its size is near the bound."""
        values = {f"p{i:02}": f"{i:02}" + "v" * (VALUE - 2) for i in range(PARAMETERS)}
        parameters = {
            **{key: search_space_pb2.ParameterValue(string_value=v) for key, v in values.items()},
            "choice": search_space_pb2.ParameterValue(string_value="0000" + "c" * 95),
        }
        proposal = internal_pb.RunProposal(
            number=number, parameters=parameters, sampler_state=b"s" * MAX_SAMPLER_BYTES
        )
        created = await self.registry.CreateRuns(
            create_runs_request(sweep_id, proposal, agent_id=NAME)
        )
        (run,) = created.results[0].runs
        assert sum(map(len, values.values())) > 0.95 * MAX_PARAMETERS_BYTES
        await self.annotate(run)
        names = metric_names()
        for start in range(0, MAX_METRICS, MAX_VALUES):
            await self.report(run, 2**62, names[start : start + MAX_VALUES])
        own = [WIDE * (MAX_NAME - 1) + str(i) for i in range(10)]
        await self.report(run, 2**62, own)
        return run

    async def annotate(self, run: run_pb2.Run) -> None:
        """Write a note, labels and tags on a run."""
        count = 33
        label = WIDE * (MAX_LABELS_BYTES // count // 4 - 4)
        update = pb.UpdateRunRequest(
            run=run_pb2.Run(
                sweep_id=run.sweep_id,
                number=run.number,
                name=NAME,
                external_run_id=WIDE * (MAX_NAME - 4) + f"{run.number:04}",
                labels={f"{i:02}": label for i in range(count)},
                config={
                    f"{i}": search_space_pb2.ParameterValue(
                        string_value="c" * (MAX_CONFIG_BYTES // 10 - 30)
                    )
                    for i in range(10)
                },
            )
        )
        update.update_mask.paths[:] = ["name", "labels", "config", "external_run_id"]
        await self.registry.UpdateRun(update)

    async def report(self, run: run_pb2.Run, step: int, names: list[str]) -> None:
        """Report one value of each metric."""
        await self.registry.ReportMetrics(
            pb.ReportMetricsRequest(
                sweep_id=run.sweep_id,
                number=run.number,
                attempt=run.attempt,
                rows=[run_pb2.MetricRow(step=step, values=dict.fromkeys(names, 0.5))],
                request_id=request_id(),
            )
        )

    def failure(self, run: run_pb2.Run) -> pb.FinishRunRequest:
        """Fail a run with the longest permitted error."""
        error = run_pb2.RunError(
            message=WIDE * MAX_ERROR_MESSAGE * 2, traceback=WIDE * MAX_TRACEBACK * 2
        )
        return pb.FinishRunRequest(
            sweep_id=run.sweep_id,
            number=run.number,
            attempt=run.attempt,
            failed=pb.RunFailed(error=error),
            request_id=request_id(),
        )
