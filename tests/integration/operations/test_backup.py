"""A backup while agents work, and the platform after its restore."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import grpc.aio
import pytest

from tests.integration.operations.server_process import registry, suggestion
from tests.registry_stub import RegistryStub
from tests.sweeps import create_runs, finish_run, proposal
from wanllmdb import AsyncClient, NotFoundError, Run, RunState, Succeeded
from wanllmdb_local.postgres import create_database
from wanllmdb_local.postgres_programs import program

CONFIG = {
    "method": "bayes",
    "metric": {"name": "loss"},
    "parameters": {"x": {"min": 0.0, "max": 1.0}, "n": {"min": 1, "max": 8}},
    "seed": 1,
}


async def copy_database(url: str, new_url: str, file: Path) -> None:
    """Copy a database as docs/operations.md describes."""
    dump = [program("pg_dump"), "--format=custom", f"--file={file}", url]
    restore = [program("pg_restore"), "--no-owner", "--exit-on-error", "--dbname", new_url]
    await asyncio.to_thread(subprocess.run, dump, check=True, timeout=60)
    await asyncio.to_thread(subprocess.run, [*restore, str(file)], check=True, timeout=60)


async def finish(client: AsyncClient, run: Run, objective: float) -> None:
    await client.finish_run(run.sweep_id, run.number, run.attempt, Succeeded(objective))


async def test_a_backup_is_taken_while_agents_work_and_all_go_on_after_its_restore(
    database_url: str, postgres_url: str, tmp_path: Path
) -> None:
    restored_url = create_database(postgres_url, "restored")
    with registry(database_url, tmp_path, "before") as before:
        port = before.address.rpartition(":")[2]
        with suggestion(before.address, tmp_path, "warm") as warm:
            async with AsyncClient(before.address, warm.address) as client:
                sweep_id = (await client.create_sweep(CONFIG)).sweep.sweep_id
                (running,) = (await client.suggest(sweep_id, agent_id="slow")).runs
                stop = asyncio.Event()

                async def agent(name: str) -> None:
                    while not stop.is_set():
                        for run in (await client.suggest(sweep_id, agent_id=name)).runs:
                            await finish(client, run, float(run.number))

                async with asyncio.TaskGroup() as agents:
                    for name in ("a", "b", "c"):
                        agents.create_task(agent(name))
                    await asyncio.sleep(1)
                    await copy_database(database_url, restored_url, tmp_path / "sweeps.dump")
                    await asyncio.sleep(0.5)
                    stop.set()
                (later,) = (await client.suggest(sweep_id, agent_id="later")).runs
                sweep = await client.get_sweep(sweep_id)
                # The registry is set back behind the warm service.
                await asyncio.to_thread(before.end)
                with registry(restored_url, tmp_path, "after", "--port", port):
                    back = await client.get_sweep(sweep_id)
                    print(f"set back from revision {sweep.revision} to {back.revision}")
                    assert back.revision < sweep.revision
                    kept = [run async for run in client.list_runs(sweep_id)]
                    assert [run.number for run in kept] == list(range(len(kept)))
                    # A run of the backup goes on; of one after it nothing is known.
                    await finish(client, running, 0.5)
                    with pytest.raises(NotFoundError) as unknown:
                        await finish(client, later, 0.5)
                    assert unknown.value.reason == "RUN_NOT_FOUND"
                    # Others bring the sweep past the revision that the model knows.
                    await _pass(before.address, sweep_id, sweep.revision, len(kept))
                    (next_run,) = (await client.suggest(sweep_id, agent_id="a")).runs
                    now = [run async for run in client.list_runs(sweep_id)]
                    assert next_run.number == now[-1].number == len(now) - 1
                    # What the model knows is what the registry has, and nothing of before.
                    history = await client.get_optimization_history(sweep_id)
                    known = dict(zip(history.run_numbers, history.objectives, strict=True))
                    assert known == {
                        run.number: run.objective for run in now if run.state is RunState.FINISHED
                    }


async def _pass(address: str, sweep_id: str, revision: int, number: int) -> None:
    """Let another replica create runs until the sweep is beyond the revision."""
    async with grpc.aio.insecure_channel(address) as channel:
        stub = RegistryStub(channel)
        while True:
            (run,) = await create_runs(stub, sweep_id, proposal(number))
            done = await finish_run(stub, run, 100.0 + number)
            number += 1
            if done.run.revision > revision + 10:
                return
