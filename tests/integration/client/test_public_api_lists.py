"""`wandb.Api` lists, filters and orders runs, by pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import wanllmdb as wandb
from tests.integration.client.results import (
    counted_calls,
    ended,
    finished_runs,
    handed_out,
    new_sweep,
    reading,
)
from wanllmdb import Api, AsyncClient
from wanllmdb.apis.public import InvalidQueryError, ProjectNotFoundError, SweepNotFoundError


async def described_runs(client: AsyncClient, project: str) -> str:
    """Runs 0 and 1 finished with losses 0.1 and 0.2, 2 failed, 3 is running, 4 is queued."""
    sweep_id = await new_sweep(
        client,
        project,
        parameters={"x": {"min": 0.0, "max": 1.0}, "n": {"values": [16, 32]}},
        retries={"failed": 0},
    )
    await client.enqueue_runs(
        sweep_id,
        [{"x": x, "n": n} for x, n in ((0.1, 16), (0.2, 32), (0.3, 16), (0.4, 32), (0.5, 16))],
    )
    runs = await handed_out(client, sweep_id, 4)
    await ended(client, runs[0], wandb.Succeeded(), [{"loss": 0.1, "val.acc": 0.9}])
    await ended(client, runs[1], wandb.Succeeded(), [{"loss": 0.2, "val.acc": 0.8}])
    await ended(client, runs[2], wandb.Failed("broke"), [{"loss": float("nan")}])
    await client.update_run(
        sweep_id,
        0,
        name="baseline-a",
        labels={"first": "", "good": "", "group": "g1"},
        config={"seed": 7, "opt/name": "adam", "debug": True},
    )
    await client.update_run(sweep_id, 1, name="baseline-b", labels={"good": ""})
    return sweep_id


CASES: list[tuple[dict[str, Any], list[int]]] = [
    ({}, [0, 1, 2, 3, 4]),
    ({"state": "finished"}, [0, 1]),
    ({"state": {"$in": ["finished", "failed"]}}, [0, 1, 2]),
    ({"state": {"$ne": "finished"}}, [2, 3, 4]),
    ({"$and": [{"state": "finished"}, {"state": "failed"}]}, []),
    ({"state": "pending"}, [4]),
    ({"state": "preempted"}, []),
    ({"state": "crashed"}, []),
    ({"$or": [{"state": "finished"}, {"state": "running"}]}, [0, 1, 3]),
    ({"config.n": 16}, [0, 2, 4]),
    ({"config.n.value": 16}, [0, 2, 4]),
    ({"config.x": {"$gt": 0.1, "$lte": 0.4}}, [1, 2, 3]),
    ({"config.seed": 7}, [0]),
    ({"config.seed": {"$exists": False}}, [1, 2, 3, 4]),
    ({"config.seed": None}, [1, 2, 3, 4]),
    ({"config.opt.name": "adam"}, [0]),
    ({"config.opt.value.name": {"$regex": "^ad"}}, [0]),
    ({"config.debug": 1}, []),
    ({"config.debug": True}, [0]),
    ({"summary_metrics.loss": {"$lt": 0.15}}, [0]),
    ({"summaryMetrics.val.acc": {"$gte": 0.8}}, [0, 1]),
    ({"summary_metrics.loss": {"$exists": True}}, [0, 1, 2]),
    ({"summary_metrics.loss": {"$gt": 0}}, [0, 1]),
    ({"tags": "good"}, [0, 1]),
    ({"tags": {"$in": ["first", "other"]}}, [0]),
    ({"tags": {"$nin": ["first"]}}, [1, 2, 3, 4]),
    ({"tags": {"$ne": "good"}}, [2, 3, 4]),
    ({"tags": None}, [2, 3, 4]),
    ({"$or": [{"tags": None}, {"tags": {"$ne": "first"}}]}, [1, 2, 3, 4]),
    ({"display_name": "baseline-a"}, [0]),
    ({"displayName": {"$regex": "^baseline-.$"}}, [0, 1]),
    ({"display_name": {"$not": {"$regex": "base"}}}, [2, 3, 4]),
    ({"group": "g1"}, [0]),
    ({"jobType": "train"}, []),
    ({"$not": {"config.n": 16}}, [1, 3]),
    ({"$nor": [{"config.n": 16}, {"config.x": 0.2}]}, [3]),
    ({"config.n": {"$in": [32, 64]}, "state": "running"}, [3]),
    ({"username": "me"}, []),
    ({"host": None}, [0, 1, 2, 3, 4]),
    ({"created_at": {"$gt": "2020-01-01T00:00:00Z"}}, [0, 1, 2, 3, 4]),
    ({"createdAt": {"$lt": datetime.now(UTC) - timedelta(days=1)}}, []),
    ({"duration": {"$gte": 0}}, [0, 1, 2, 3]),
]


async def test_every_filter_lets_its_runs_pass(api: Api, async_client: AsyncClient) -> None:
    sweep_id = await described_runs(async_client, "api-filtered")

    def passing() -> dict[str, list[int]]:
        found = {}
        for filters, _ in CASES:
            runs = api.runs("me/api-filtered", filters)
            # Counted before the runs are read, and after.
            assert len(runs) == len(list(runs)) == len(runs), filters
            found[str(filters)] = [int(run.id.removeprefix(f"{sweep_id}-")) for run in runs]
        return found

    assert await reading(passing) == {str(filters): numbers for filters, numbers in CASES}


async def test_runs_come_in_any_order(api: Api, async_client: AsyncClient) -> None:
    sweep_id = await described_runs(async_client, "api-ordered")
    expected = {
        "+created_at": [0, 1, 2, 3, 4],
        "created_at": [0, 1, 2, 3, 4],
        "-created_at": [4, 3, 2, 1, 0],
        "-createdAt": [4, 3, 2, 1, 0],
        # Runs without the value, or with NaN, come last.
        "+summary_metrics.loss": [0, 1, 2, 3, 4],
        "-summary_metrics.loss": [1, 0, 2, 3, 4],
        "-summary_metrics.val.acc": [0, 1, 2, 3, 4],
        "-config.x": [4, 3, 2, 1, 0],
        "+config.n.value": [0, 2, 4, 1, 3],
        "-config.n": [1, 3, 0, 2, 4],
        "config.opt.name": [0, 1, 2, 3, 4],
        "": [0, 1, 2, 3, 4],
    }

    def ordered() -> dict[str, list[int]]:
        return {
            order: [int(run.id.rpartition("-")[2]) for run in api.runs("api-ordered", order=order)]
            for order in expected
        }

    assert await reading(ordered) == expected
    assert sweep_id


async def test_the_runs_of_a_projects_sweeps_come_by_time(
    api: Api, async_client: AsyncClient
) -> None:
    first = await new_sweep(async_client, "api-several")
    second = await new_sweep(async_client, "api-several")
    await new_sweep(async_client, "api-several")
    expected = []
    for sweep_id in (first, second, first, first, second):
        ((run),) = await finished_runs(async_client, sweep_id, [0.5])
        expected.append(f"{sweep_id}-{run.number}")
    await async_client.finish_sweep(first)

    def read() -> list[list[str]]:
        runs = [api.runs("me/api-several"), api.runs("me/api-several", order="-created_at")]
        ids = [[run.id for run in each] for each in runs]
        narrowed = api.runs("me/api-several", {"sweep": f"me/api-several/{first}"})
        assert len(narrowed) == 3
        return [*ids, [run.id for run in narrowed]]

    assert await reading(read) == [
        expected,
        expected[::-1],
        [run_id for run_id in expected if run_id.startswith(first)],
    ]


async def test_runs_are_counted_and_read_by_pages(api: Api, async_client: AsyncClient) -> None:
    sweep_id = await new_sweep(async_client, "api-paged")
    await async_client.enqueue_runs(sweep_id, [{"x": 0.5}] * 7)

    async with counted_calls("ListRuns", api) as requests:

        def read() -> None:
            runs = api.runs("api-paged", {"sweep": sweep_id}, per_page=3)
            assert len(runs) == 7
            assert not requests
            assert runs[0].id == f"{sweep_id}-0"
            assert len(requests) == 1
            assert runs[2:4][1].id == f"{sweep_id}-3"
            assert len(requests) == 2
            assert len(list(runs)) == 7
            assert len(requests) == 3
            # What was read is kept.
            assert [run.id for run in runs] == [run.id for run in runs]
            assert (runs[-1].id, runs[6].id) == (f"{sweep_id}-6",) * 2
            assert [run.id for run in runs[5:]] == [f"{sweep_id}-5", f"{sweep_id}-6"]
            with pytest.raises(IndexError):
                runs[7]
            assert next(runs).id == f"{sweep_id}-0"
            assert runs.next().id == f"{sweep_id}-1"

        await reading(read)

    assert [request.page_size for request in requests] == [3, 3, 3]


async def test_a_sweeps_runs_are_read_by_the_largest_pages(
    api: Api, async_client: AsyncClient
) -> None:
    sweep_id = await new_sweep(async_client, "api-paged")
    await async_client.enqueue_runs(sweep_id, [{"x": 0.5}] * 3)

    async with counted_calls("ListRuns", api) as requests:
        ids = await reading(lambda: [run.id for run in api.sweep(sweep_id).runs])

    assert len(ids) == 3
    assert [request.page_size for request in requests] == [1_000]


async def test_states_are_asked_of_the_registry(api: Api, async_client: AsyncClient) -> None:
    await described_runs(async_client, "api-narrowed")

    async with counted_calls("ListRuns", api) as requests:
        runs = await reading(
            lambda: list(api.runs("api-narrowed", {"state": "finished", "config.n": 16}))
        )

    assert len(runs) == 1
    ((request),) = requests
    assert list(request.states) == [3]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"filters": {"config.x": {"$near": 1}}}, r"\$eq, \$ne, \$gt"),
        ({"filters": {"$xor": [{}]}}, r"\$and, \$or, \$nor, \$not"),
        ({"filters": {"$or": {"state": "finished"}}}, "must be a list"),
        ({"filters": {"states": "finished"}}, "did you mean 'state'"),
        ({"filters": {"state": "FINISHED"}}, "the states are crashed, failed, finished"),
        ({"filters": {"state": ["finished"]}}, "the states are crashed, failed, finished"),
        ({"filters": {"display_name": {"$regex": "("}}}, "regex"),
        ({"filters": {"config.x": {"$in": 3}}}, "must be a list"),
        ({"filters": {"created_at": {"$gt": "yesterday"}}}, "2025-01-31T12:00:00Z"),
        ({"filters": [{"state": "finished"}]}, "must be a dictionary"),
        ({"order": "+loss"}, "summary_metrics.KEY"),
        ({"order": 3}, "order must be a text"),
        ({"per_page": 0}, "at least 1"),
        ({"path": "a/b/c"}, "entity/project"),
        ({"path": 3}, "must be a text"),
    ],
)
async def test_what_can_not_be_read_is_refused_with_what_there_is(
    api: Api, arguments: dict[str, Any], says: str
) -> None:
    with pytest.raises(InvalidQueryError, match=says):
        api.runs(**{"path": "me/project", **arguments})


async def test_no_such_project_or_sweep_is_found_when_runs_are_read(api: Api) -> None:
    def read() -> None:
        for use in (len, list, bool, lambda runs: runs[0]):
            with pytest.raises(ProjectNotFoundError, match="no project 'nowhere'"):
                use(api.runs("me/nowhere"))
        with pytest.raises(SweepNotFoundError):
            list(api.runs("me/nowhere", {"sweep": "nosuchsweep1"}))

    await reading(read)


async def test_a_list_that_was_cut_off_is_read_again(
    api: Api, async_client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep_id = await new_sweep(async_client, "api-cut")
    await async_client.enqueue_runs(sweep_id, [{"x": 0.5}] * 5)
    runs = await reading(lambda: api.runs("api-cut", per_page=2))
    connection = api._client
    send, calls = connection._invoke, 0

    def failing(call: Any) -> Any:
        nonlocal calls
        calls += call.rpc == "ListRuns"
        if calls == 2:
            raise wandb.UnavailableError("the registry is unavailable")
        return send(call)

    monkeypatch.setattr(connection, "_invoke", failing)

    def read() -> tuple[list[str], list[str]]:
        position, ids, failures = iter(runs), [], 0
        while True:
            try:
                ids.append(next(position).id)
            except StopIteration:
                break
            except wandb.UnavailableError:
                # A program tries again.
                failures += 1
        assert failures == 1
        return ids, [run.id for run in runs]

    whole = [f"{sweep_id}-{number}" for number in range(5)]
    assert await reading(read) == (whole, whole)


async def test_overrides_and_the_environment_name_the_project(
    api: Api, async_client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep_id = await new_sweep(async_client, "api-named")
    await finished_runs(async_client, sweep_id, [0.5])
    await finished_runs(async_client, await new_sweep(async_client, ""), [0.5])

    def read() -> None:
        named = wandb.Api(overrides={"entity": "us", "project": "api-named"})
        assert [run.path for run in named.runs()] == [["us", "api-named", f"{sweep_id}-0"]]
        assert named.default_entity == "us"
        assert api.runs(per_page=1)[0].project == "default"
        monkeypatch.setenv("WANDB_PROJECT", "api-named")
        assert [run.id for run in wandb.Api().runs()] == [f"{sweep_id}-0"]

    await reading(read)


async def test_projects_and_their_sweeps_are_listed(api: Api, async_client: AsyncClient) -> None:
    sweep_ids = [await new_sweep(async_client, "api-listed") for _ in range(3)]

    def read() -> None:
        assert "api-listed" in [project.name for project in api.projects()]
        project = api.project("api-listed", entity="me")
        assert project.path == ["me", "api-listed"]
        assert [sweep.id for sweep in project.sweeps()] == sweep_ids[::-1]
        assert len(project.sweeps(per_page=1)) == 3
        assert project.id == "api-listed"
        assert project.created_at == api.sweep(sweep_ids[0]).created_at
        assert api.from_path("me/api-listed").name == "api-listed"
        with pytest.raises(ProjectNotFoundError):
            _ = api.project("nowhere").id

    await reading(read)
