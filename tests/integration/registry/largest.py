"""The largest sweeps and runs that a registry takes."""

from __future__ import annotations

import json
from dataclasses import dataclass

from tests.sweeps import Registry, create_runs_request, request_id
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2, search_space_pb2, sweep_pb2
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

# Four bytes each in UTF-8, and two characters where others count in UTF-16.
WIDE = "\N{GRINNING FACE}"
NAME = WIDE * MAX_NAME
# Of which a sweep's space, and a run's parameters, are made.
PARAMETERS = 20
VALUE = 25_000


def metric_names() -> list[str]:
    """As many as a run may have, with names as long as they may be."""
    length = MAX_METRIC_BYTES // MAX_METRICS
    return [f"{i:05}" + "m" * (length - 5) for i in range(MAX_METRICS)]


@dataclass(frozen=True)
class Largest:
    """Makes them through the registry's own RPCs."""

    registry: Registry

    async def sweep(self, name: str = NAME) -> sweep_pb2.Sweep:
        """One whose spec takes all that it may, and of which a run can take all that it may."""
        parameters: dict[str, object] = {
            f"p{i:02}": {"value": f"{i:02}" + "v" * (VALUE - 2)} for i in range(PARAMETERS)
        }
        # Texts of which a run has none, as the values of a condition that never holds would be.
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
        """A running one with all that a run can have but an error; its size is near the bound."""
        values = {f"p{i:02}": f"{i:02}" + "v" * (VALUE - 2) for i in range(PARAMETERS)}
        parameters = {
            **{key: search_space_pb2.ParameterValue(string_value=v) for key, v in values.items()},
            "choice": search_space_pb2.ParameterValue(string_value="0000" + "c" * 95),
        }
        proposal = pb.RunProposal(
            number=number, parameters=parameters, sampler_state=b"s" * MAX_SAMPLER_BYTES
        )
        created = await self.registry.CreateRuns(
            create_runs_request(sweep_id, proposal, agent_id=NAME)
        )
        (run,) = created.results[0].runs
        assert sum(map(len, values.values())) > 0.95 * MAX_PARAMETERS_BYTES
        await self.dress(run)
        names = metric_names()
        for start in range(0, MAX_METRICS, MAX_VALUES):
            await self.report(run, 2**62, names[start : start + MAX_VALUES])
        own = [WIDE * (MAX_NAME - 1) + str(i) for i in range(10)]
        await self.report(run, 2**62, own)
        return run

    async def dress(self, run: run_pb2.Run) -> None:
        """Writes on a run what users write."""
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
        """Reports a value of each."""
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
        """Ends a run with the longest error."""
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
