"""Migrations: upgrade, downgrade and upgrade again, with data and by several processes at once."""

from __future__ import annotations

import asyncio
import json
import math
import subprocess
import sys
from datetime import timedelta
from typing import Any

import grpc.aio
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from tests.conftest import registry_server
from tests.integration.registry.reads import get_sweep
from tests.integration.registry.sweep_lists import RICH_CONFIG, listed, without_rate
from tests.registry_stub import RegistryStub
from tests.sweeps import create_runs, create_sweep, finish_run, proposal, row
from wanllmdb.api.registry.v1 import (
    key_service_pb2,
    sweep_list_pb2,
    sweep_pb2,
    template_service_pb2,
)
from wanllmdb.api.registry.v1 import key_service_pb2_grpc as key_grpc
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import template_service_pb2_grpc as template_grpc
from wanllmdb_common.internal.registry.v1 import internal_registry_service_pb2 as internal_pb
from wanllmdb_registry.app import running_registry
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.migrate import LATEST, migrate
from wanllmdb_registry.store.schema import metadata
from wanllmdb_registry.store.schema_changes import current_revision, downgrade


def differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection), metadata))


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names()) - {"alembic_version"}


async def test_migrations_lead_to_the_tables_that_the_code_knows(database_url: str) -> None:
    database = Database(database_url)
    await migrate(database)
    async with database.migration() as connection:
        assert await connection.run_sync(differences) == []
    await database.close()


async def test_a_registry_starts_on_tables_that_are_up_to_date_without_alembic(
    database_url: str,
) -> None:
    database = Database(database_url)
    await migrate(database)
    async with database.migration() as connection:
        assert await connection.run_sync(current_revision) == LATEST
    await database.close()
    start = f"""
import asyncio, sys
from wanllmdb_registry.__main__ import main
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.migrate import migrate

async def start():
    database = Database({database_url!r})
    await migrate(database)
    await database.close()

asyncio.run(start())
print("alembic" in sys.modules)
"""
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", start], capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == ["False"]


async def test_up_and_down_with_data(database_url: str) -> None:
    async with (
        registry_server(database_url) as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        registry = RegistryStub(channel)
        sweep = await create_sweep(registry)
        (run,) = await create_runs(registry, sweep.sweep_id, proposal(0))
        await finish_run(registry, run, 1.0)
    database = Database(database_url)
    # The newest revision is already there: the upgrade does nothing and keeps the data.
    await migrate(database)
    async with registry_server(database_url) as address, grpc.aio.insecure_channel(address) as ch:
        again = RegistryStub(ch)
        kept = await again.GetSweep(pb.GetSweepRequest(sweep_id=sweep.sweep_id))
        assert kept.sweep.stats.best_run.objective == 1.0
    async with database.migration() as connection:
        await connection.run_sync(downgrade, "base")
        assert await connection.run_sync(tables) == set()
    await migrate(database)
    async with database.migration() as connection:
        assert await connection.run_sync(tables) == set(metadata.tables)
    await database.close()


# What the registry of revision 0001 stored for a sweep with a finished and a running run.
OLD_ROWS = """
INSERT INTO projects (name, create_time) VALUES ('p', now());
INSERT INTO sweeps (
    sweep_id, project, name, description, config, method, state, next_number, space_exhausted,
    queued, running, finished, pruned, failed, lost, canceled,
    best_number, best_objective, best_parameters, ended_seconds,
    revision, own_revision, version, create_time, start_time
) VALUES (
    'abcdefghijkl', 'p', 'old', '',
    '{"method": "bayes", "metric": {"name": "loss", "goal": "minimize"}, "parameters": '
    '{"x": {"distribution": "uniform", "min": 0.0, "max": 1.0}, "n": {"values": [1, 2]}}, '
    '"early_terminate": {"type": "hyperband", "min_iter": 3, "eta": 3.0, "strict": false}, '
    '"seed": 7, "retries": {"lost": 2, "failed": 0}}',
    'bayes', 'RUNNING', 2, false, 0, 1, 1, 0, 0, 0, 0, 0, 0.5, '{"x": 0.25, "n": 1}', 60.0,
    9, 2, 2, now(), now()
);
INSERT INTO runs (
    sweep_id, number, state, parameters, origin, attempt, agent_id, objective, labels, summary,
    last_step, sampler_state, losses, failures, revision, create_time, start_time, end_time,
    lease_expire_time
) VALUES
    ('abcdefghijkl', 0, 'FINISHED', '{"x": 0.25, "n": 1}', 'SUGGESTED', 1, 'a', 0.5, '{"l": "v"}',
     '{"loss": 0.5, "acc": NaN}', 3, '', 0, 0, 8, now(), now(), now(), NULL),
    ('abcdefghijkl', 1, 'RUNNING', '{"x": 1e-05, "n": 2}', 'SUGGESTED', 1, 'a', NULL, '{}',
     '{"loss": 4.0}', 6, '', 0, 0, 9, now(), now(), NULL, now() + interval '1 hour');
INSERT INTO metric_points VALUES ('abcdefghijkl', 1, 1, 'loss', 6, 4.0, now(), 9);
"""


async def test_what_an_older_registry_stored_is_read_and_goes_on(database_url: str) -> None:
    database = Database(database_url)
    await migrate(database, "0001")
    async with database.migration() as connection:
        for statement in OLD_ROWS.split(";\n"):
            if statement.strip():
                await connection.exec_driver_sql(statement)
    await database.close()
    async with (
        registry_server(database_url) as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        registry = RegistryStub(channel)
        sweep = await get_sweep(registry, "abcdefghijkl")
        assert [(metric.name, metric.goal) for metric in sweep.spec.metrics] == [
            ("loss", sweep_pb2.GOAL_MINIMIZE)
        ]
        assert sweep.spec.sampler.name == "tpe"
        assert sweep.spec.early_termination.hyperband.min_iter == 3
        assert (sweep.end_message, sweep.prior_run_count) == ("", 0)
        assert (sweep.stats.best_run.number, sweep.stats.best_run.objective) == (0, 0.5)
        runs = (await registry.ListRuns(pb.ListRunsRequest(sweep_id=sweep.sweep_id))).runs
        assert [(run.name, dict(run.config), list(run.objectives)) for run in runs] == [
            ("", {}, [])
        ] * 2
        assert math.isnan(runs[0].summary["acc"])
        assert runs[1].parameters["x"].double_value == 1e-05
        # Revision 0001 did not store the step of a last value, so any later value is newer.
        answer = await registry.FinishRun(
            pb.FinishRunRequest(
                sweep_id=sweep.sweep_id,
                number=1,
                attempt=1,
                rows=[row(7, {"loss": 0.25})],
                succeeded=pb.RunSucceeded(),
            )
        )
        assert (answer.run.objective, answer.best_run.number) == (0.25, 1)
        synced = await registry.SyncRuns(internal_pb.SyncRunsRequest(sweep_id=sweep.sweep_id))
        assert [run.objective for run in synced.runs] == [0.5, 0.25]
        await registry.ImportRuns(
            pb.ImportRunsRequest(
                sweep_id=sweep.sweep_id, source=pb.PriorRunSource(csv="x,n,loss\n0.5,2,1.0\n")
            )
        )
    # Downgrade again, with all of the data.
    database = Database(database_url)
    async with database.migration() as connection:
        await connection.run_sync(downgrade, "0001")
        rows = await connection.exec_driver_sql("SELECT objective FROM runs ORDER BY number")
        assert list(rows.scalars()) == [0.5, 0.25]
    await database.close()


def contents(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    """Return every row of every table, by column. JSON is parsed, whatever type the column has."""
    rows = {}
    for table in sorted(tables(connection)):
        found = connection.exec_driver_sql(f'SELECT to_jsonb(t)::text FROM "{table}" t')
        read = [{name: _read(v) for name, v in json.loads(row[0]).items()} for row in found]
        rows[table] = sorted(read, key=str)
    return rows


def _read(value: Any) -> Any:
    is_json = isinstance(value, str) and value.startswith(('{"', "[", "{}"))
    return json.loads(value) if is_json else value


def _columns_of_both(rows: list[dict[str, Any]], others: list[dict[str, Any]]) -> Any:
    """Return the rows with only the columns that the other rows also have."""
    return [
        {name: row[name] for name in row if name in other}
        for row, other in zip(rows, others, strict=True)
    ]


@pytest.mark.parametrize("revision", ["0002", "0003", "0004"])
async def test_each_revision_with_data_is_brought_up_to_date_and_back(
    database_url: str, revision: str
) -> None:
    async with (
        registry_server(database_url) as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        registry = RegistryStub(channel)
        sweep = await create_sweep(registry)
        first, second = await create_runs(registry, sweep.sweep_id, proposal(0), proposal(1))
        await finish_run(registry, first, 1.0)
        await registry.ReportMetrics(
            pb.ReportMetricsRequest(
                sweep_id=sweep.sweep_id,
                number=1,
                attempt=1,
                rows=[row(4, {"loss": math.inf, "acc": 0.25})],
            )
        )
        await registry.ImportRuns(
            pb.ImportRunsRequest(
                sweep_id=sweep.sweep_id, source=pb.PriorRunSource(csv="x,n,loss\n0.5,2,3.0\n")
            )
        )
        gone = await create_sweep(registry)
        await registry.DeleteSweep(pb.DeleteSweepRequest(sweep_id=gone.sweep_id))
        template = template_service_pb2.Template(
            name="t", config_text="{method: random, parameters: {x: {value: 1}}}"
        )
        await template_grpc.TemplateServiceStub(channel).CreateTemplate(
            template_service_pb2.CreateTemplateRequest(template=template)
        )
        await key_grpc.KeyServiceStub(channel).CreateKey(
            key_service_pb2.CreateKeyRequest(
                name="k", role=key_service_pb2.ROLE_AGENT, projects=["p"], secret_sha256=b"5" * 32
            )
        )
    database = Database(database_url)
    async with database.migration() as connection:
        newest = await connection.run_sync(contents)
        await connection.run_sync(downgrade, revision)
        old = await connection.run_sync(contents)
    # Everything that the old revision has tables for is unchanged.
    assert newest["runs"]
    assert newest["api_keys"]
    for table, rows in old.items():
        assert _columns_of_both(rows, newest[table]) == _columns_of_both(newest[table], rows)
    (reported,) = (run for run in old["runs"] if run["number"] == 1)
    assert reported["summary"] == {"loss": math.inf, "acc": 0.25}
    assert reported["summary_steps"] == {"loss": 4, "acc": 4}
    assert ("api_keys" in old) == (revision >= "0003")
    async with registry_server(database_url) as address, grpc.aio.insecure_channel(address) as ch:
        again = RegistryStub(ch)
        kept = await get_sweep(again, sweep.sweep_id)
        assert (kept.stats.best_run.objective, kept.prior_run_count) == (1.0, 1)
        done = await finish_run(again, second, 0.5)
        assert done.best_run.number == 1
        keys = await key_grpc.KeyServiceStub(ch).ListKeys(key_service_pb2.ListKeysRequest())
        assert [key.name for key in keys.keys] == (["k"] if revision >= "0003" else [])
    async with database.migration() as connection:
        now = await connection.run_sync(contents)
    assert now["templates"] == newest["templates"]
    assert now["prior_runs"] == newest["prior_runs"]
    assert now["last_values"] == newest["last_values"]
    (reported,) = (run for run in now["runs"] if run["number"] == 1)
    assert (reported["metrics"], reported["metric_bytes"]) == (1, 3)
    await database.close()


async def test_sweeps_from_before_there_were_outlines_are_listed_the_same(
    database_url: str,
) -> None:
    async def shown() -> list[bytes]:
        async with (
            registry_server(database_url) as address,
            grpc.aio.insecure_channel(address) as channel,
        ):
            basic = sweep_list_pb2.SWEEP_VIEW_BASIC
            sweeps = await listed(RegistryStub(channel), sweep_list_pb2.SweepFilter(), view=basic)
            return [without_rate(sweep) for sweep in sweeps]

    async with (
        registry_server(database_url) as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        registry = RegistryStub(channel)
        await create_sweep(registry)
        sweep = await create_sweep(registry, **RICH_CONFIG)
        (run,) = await create_runs(registry, sweep.sweep_id, proposal(0))
        # The sweep's last change is the end of this run, as the migration assumes.
        await finish_run(registry, run, 1.0)
    before = await shown()
    database = Database(database_url)
    async with database.migration() as connection:
        await connection.run_sync(downgrade, "0005")
        columns = {column["name"] for column in await connection.run_sync(_columns_of_sweeps)}
        assert columns.isdisjoint({"outline", "update_time"})
    await database.close()

    assert await shown() == before
    assert len(before) == 2


def _columns_of_sweeps(connection: Connection) -> list[Any]:
    return list(inspect(connection).get_columns("sweeps"))


async def test_of_a_run_that_reported_too_much_before_there_was_a_bound_the_rest_is_read(
    database_url: str,
) -> None:
    database = Database(database_url)
    await migrate(database, "0001")
    names = [f"{i:05}" + "\N{GRINNING FACE}" * 150 for i in range(9_000)]
    summary = json.dumps({"loss": 0.5, **dict.fromkeys(names, 1.0)})
    async with database.migration() as connection:
        for statement in OLD_ROWS.split(";\n"):
            if statement.strip():
                await connection.exec_driver_sql(statement)
        update = text("UPDATE runs SET summary = :summary WHERE number = 0")
        await connection.execute(update, {"summary": summary})
    await database.close()
    async with (
        registry_server(database_url) as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        registry = RegistryStub(channel)
        listed = await registry.ListRuns(pb.ListRunsRequest(sweep_id="abcdefghijkl"))
        assert [run.number for run in listed.runs] == [0, 1]
        kept = dict(listed.runs[0].summary)
        assert kept.pop("loss") == 0.5
        assert sorted(kept) == names[: len(kept)]
        assert 1_000 < len(kept) < 9_000


async def test_ten_replicas_may_start_at_once_on_an_empty_database(database_url: str) -> None:
    async def start() -> None:
        async with running_registry(database_url, pool_size=1, lease=timedelta(seconds=60)):
            pass

    await asyncio.gather(*(start() for _ in range(10)))
    database = Database(database_url)
    async with database.migration() as connection:
        assert await connection.run_sync(current_revision) is not None
    await database.close()
