"""`wandb.Api` reads only: each missing method names its replacement."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

import wanllmdb as wandb
from tests.integration.client.results import finished_runs, new_sweep, reading
from tests.keyed import Keyed, keyed_services
from wanllmdb import Api, AsyncClient, Role
from wanllmdb.apis.public import ReadOnlyApiError, Run, Sweep
from wanllmdb_local.postgres import create_database

OF_API = [
    "artifact",
    "artifact_collection",
    "artifact_collection_exists",
    "artifact_collections",
    "artifact_exists",
    "artifact_type",
    "artifact_types",
    "artifact_versions",
    "artifacts",
    "automation",
    "automations",
    "create_automation",
    "create_custom_chart",
    "create_project",
    "create_registry",
    "create_run",
    "create_run_queue",
    "create_team",
    "create_user",
    "delete_automation",
    "integrations",
    "job",
    "list_jobs",
    "organization",
    "queued_run",
    "registries",
    "registry",
    "reports",
    "run_queue",
    "slack_integrations",
    "sync_tensorboard",
    "team",
    "update_automation",
    "upsert_run_queue",
    "user",
    "users",
    "webhook_integrations",
]
OF_RUN = [
    "console_logs",
    "create",
    "delete",
    "download_history_exports",
    "file",
    "files",
    "log_artifact",
    "logged_artifacts",
    "save",
    "stop",
    "update",
    "update_state",
    "upload_file",
    "use_artifact",
    "used_artifacts",
]
OF_SWEEP = ["agent", "agents", "enqueue_run"]


@pytest.fixture
async def sweep(api: Api, async_client: AsyncClient) -> Sweep:
    sweep_id = await new_sweep(async_client, "read-only")
    await finished_runs(async_client, sweep_id, [0.5])
    return await reading(lambda: api.sweep(sweep_id))


@pytest.fixture
async def run(sweep: Sweep) -> Run:
    return await reading(lambda: sweep.runs[0])


@pytest.mark.parametrize("name", OF_API)
async def test_the_api_refuses_what_it_has_not(api: Api, name: str) -> None:
    with pytest.raises(
        ReadOnlyApiError, match=rf"Api\.{name}: wandb.Api reads only.*Api has .*run"
    ):
        getattr(api, name)("name", type="dataset")


@pytest.mark.parametrize("name", OF_RUN)
async def test_a_run_refuses_what_it_has_not(run: Run, name: str) -> None:
    with pytest.raises(
        ReadOnlyApiError, match=rf"Run\.{name}: wandb.Api reads only.*Run has .*sum"
    ):
        getattr(run, name)("model.pt", replace=True)


@pytest.mark.parametrize("name", OF_SWEEP)
async def test_a_sweep_refuses_what_it_has_not(sweep: Sweep, name: str) -> None:
    with pytest.raises(ReadOnlyApiError, match=rf"Sweep\.{name}: wandb.Api reads only.*best_run"):
        getattr(sweep, name)({"x": 0.5})


async def test_properties_that_are_not_there_refuse_every_use(api: Api) -> None:
    uses: tuple[Callable[[Any], Any], ...] = (
        lambda viewer: viewer.entity,
        lambda viewer: viewer["entity"],
        str,
        list,
        len,
        lambda viewer: viewer(),
    )
    for use in uses:
        with pytest.raises(ReadOnlyApiError, match="no users"):
            use(api.viewer)


async def test_nothing_is_changed(api: Api, sweep: Sweep, run: Run) -> None:
    def set_item() -> None:
        run.summary["loss"] = 1.0

    def set_attribute() -> None:
        run.summary.loss = 1.0

    def delete_item() -> None:
        del run.summary["loss"]

    writes: dict[str, Callable[[], Any]] = {
        "update_run": lambda: setattr(run, "name", "other"),
        "Client.update_run": lambda: setattr(run, "tags", ["a"]),
        "runs update": lambda: setattr(run, "config", {}),
        "update_sweep": lambda: setattr(sweep, "state", "FINISHED"),
        "overrides": lambda: setattr(api, "settings", {}),
        "summary can't be set": set_item,
        "wandb.log": set_attribute,
        "summary can't": delete_item,
        "wandb.summary": lambda: run.summary.update({"loss": 1.0}),
    }
    for says, write in writes.items():
        with pytest.raises(ReadOnlyApiError, match=says):
            write()

    # A dictionary of the program's own may be changed; what would store it refuses.
    run.config["x"] = 2.0
    with pytest.raises(ReadOnlyApiError, match=r"Client\.update_run"):
        run.update()
    assert (await reading(lambda: api.run(run.id))).config["x"] != 2.0


async def test_a_name_that_is_not_wandbs_is_no_attribute(api: Api, sweep: Sweep, run: Run) -> None:
    # Programs take None for a program that is not logged in.
    assert api.api_key
    for thing in (api, sweep, run):
        assert not hasattr(thing, "no_such_name")
        assert not hasattr(thing, "_private")
        with pytest.raises(AttributeError, match="has no 'no_such_name'; it has "):
            _ = thing.no_such_name
        assert repr(thing).startswith(f"<{type(thing).__name__} ")
    assert "Run.files" in repr(run.files)


async def test_classes_of_what_is_not_there_can_be_imported_and_not_made() -> None:
    from wanllmdb.apis.public import File, User

    for made in (File, User, wandb.apis.public.Artifacts):
        with pytest.raises(ReadOnlyApiError, match=f"{made.__name__}: wandb.Api reads only"):
            made("client", {})
    assert not isinstance("text", File)
    assert not hasattr(wandb.apis.public, "NoSuchClass")
    assert wandb.apis.Api is wandb.apis.public.Api is wandb.Api


@pytest.fixture(scope="module")
async def services(postgres_url: str) -> AsyncIterator[Keyed]:
    async with keyed_services(create_database(postgres_url, "public_api_keys")) as services:
        yield services


async def test_a_readers_key_is_enough(
    services: Keyed, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WANLLMDB_REGISTRY", services.registry_address)
    monkeypatch.setenv("WANLLMDB_SUGGESTION", services.suggestion_address)
    async with AsyncClient(
        services.registry_address, services.suggestion_address, api_key=services.root_key
    ) as admin:
        sweep_id = await new_sweep(
            admin, "keyed", method="grid", parameters={"x": {"values": [1, 2, 3]}}
        )
        await finished_runs(admin, sweep_id, [0.5, 0.25])
        key = (await admin.create_key(role=Role.READER, projects="keyed")).text

    def read(api: Api) -> None:
        sweep = api.sweep(f"me/keyed/{sweep_id}")
        best = sweep.best_run()
        assert best is not None
        assert best.summary["loss"] == 0.25
        assert (sweep.config["method"], sweep.expected_run_count) == ("grid", 3)
        assert len(best.history()) == 1
        assert [run.state for run in api.runs("keyed")] == ["finished", "finished"]
        assert [project.name for project in api.projects()] == ["keyed"]
        best.wait_until_finished()

    given = wandb.Api(api_key=key)
    assert given.api_key == key
    await reading(lambda: read(given))
    with pytest.raises(wandb.UnauthenticatedError):
        await reading(lambda: wandb.Api().sweep(sweep_id))
    # One of W&B's own is left aside.
    monkeypatch.setenv("WANLLMDB_API_KEY", key)
    await reading(
        lambda: read(wandb.Api({"base_url": "https://api.wandb.ai"}, 30, "0123456789" * 4))
    )
    said = capfd.readouterr().err
    assert "WANLLMDB_API_KEY" in said
    assert "WANLLMDB_REGISTRY" in said
