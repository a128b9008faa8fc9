"""No result is lost: unavailable services, killed agents, results delivered later."""

from __future__ import annotations

import asyncio
import resource
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import registry_server, suggestion_server
from tests.integration.client.killable import KillableServices, killable_services
from tests.integration.client.programs import (
    SECONDS,
    WANLLMDB,
    end_of,
    interrupted_once,
    new_sweep,
    reaches,
    reports,
    runs_of,
    started,
    until,
)
from wanllmdb import Canceled, Client, Pruned, Run, RunState, Succeeded
from wanllmdb._calls import run_calls
from wanllmdb._spool import Spool, SpoolDelivery, SpooledFile, SpooledRun
from wanllmdb.api.registry.v1.registry_service_pb2 import ReportMetricsRequest
from wanllmdb_local.postgres import create_database

TRAIN = """
import json, pathlib, sys, time
import wanllmdb as wandb
go = pathlib.Path(sys.argv[2])
def train():
    wandb.log({"loss": 0.5})
    print("training", flush=True)
    while not go.exists():
        time.sleep(0.02)
    wandb.log({"loss": 0.25})
    print("trained", flush=True)
result = wandb.agent(sys.argv[1], train, **json.loads(sys.argv[3]))
print("ended:", result.ended_by, flush=True)
"""

PROGRAM = """
import pathlib, sys, time
import wanllmdb as wandb
go = pathlib.Path(sys.argv[1])
wandb.init(config={"epochs": 2})
wandb.log({"loss": 0.5})
print("training", flush=True)
while not go.exists():
    time.sleep(0.02)
wandb.log({"loss": 0.25})
print("trained", flush=True)
"""

Started = AbstractAsyncContextManager[asyncio.subprocess.Process]


@pytest.fixture(scope="module")
async def services(postgres_url: str) -> AsyncIterator[KillableServices]:
    async with killable_services(create_database(postgres_url, "spool")) as services:
        yield services


@pytest.fixture
async def there(services: KillableServices) -> KillableServices:
    """The services, in the same state before each test."""
    await services.start()
    return services


@pytest.fixture
def here(there: KillableServices) -> Client:
    return Client(there.registry.address, there.suggestion.address)


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool")


@pytest.fixture
def go(tmp_path: Path) -> Path:
    """The file that lets a training end."""
    return tmp_path / "go"


def let_go(go: Path) -> None:
    """Lets the training end."""
    go.touch()


def agent(
    services: KillableServices,
    spool: Spool,
    sweep_id: str,
    go: Path,
    options: str = "{}",
) -> Started:
    """A function agent as a process."""
    environment = services.environment | {"WANLLMDB_SPOOL_DIR": str(spool.path)}
    return started(sys.executable, "-c", TRAIN, sweep_id, str(go), options, environment=environment)


async def wanllmdb(
    services: KillableServices, spool: Spool, *arguments: str
) -> tuple[int | None, str, str]:
    """A command's exit code and output."""
    environment = services.environment | {"WANLLMDB_SPOOL_DIR": str(spool.path)}
    async with started(*WANLLMDB, *arguments, environment=environment) as process:
        out, err = await end_of(process)
    return process.returncode, out, err


async def until_spooled(spool: Spool, name: str) -> Path:
    """Wait until the spool holds a file, which is written when the services do not answer."""
    path = spool.path / name
    for _ in range(int(SECONDS / 0.05)):
        if path.exists():
            return path
        await asyncio.sleep(0.05)
    raise AssertionError(f"there is no {name}: {list(spool.path.glob('*'))}")


async def until_kept(spool: Spool, name: str, *, step: int) -> int:
    """Wait until a file of logged values has reached a step, and return its last step."""
    path = await until_spooled(spool, name)
    for _ in range(int(SECONDS / 0.05)):
        file = spool.read(path)
        assert file is not None
        reports = [entry for entry in file.requests if isinstance(entry, ReportMetricsRequest)]
        last = max(row.step for report in reports for row in report.rows)
        if last >= step:
            return last
        await asyncio.sleep(0.05)
    raise AssertionError(f"{name} did not reach step {step}")


async def only_run(client: Client, sweep_id: str) -> tuple[str, int, float | None]:
    (run,) = await runs_of(client, sweep_id)
    return str(run.state), run.attempt, run.objective


async def test_what_a_killed_agent_could_not_tell_the_next_one_delivers(
    there: KillableServices, here: Client, spool: Spool, go: Path
) -> None:
    sweep_id = await new_sweep(here, run_cap=1)
    async with agent(there, spool, sweep_id, go) as process:
        await reaches(process, "training")
        await there.kill()
        let_go(go)
        await reaches(process, "trained")
        await until_spooled(spool, f"{sweep_id}-0-1.end.json")
        process.kill()
        await process.wait()

    await there.start()
    async with agent(there, spool, sweep_id, go) as process:
        out, err = await end_of(process)

    assert process.returncode == 0, err
    assert f"the result of run 0 of sweep {sweep_id} was delivered, " in err
    assert "its run_cap was reached" in out
    assert await only_run(here, sweep_id) == ("finished", 1, 0.25)
    # Both values, though the second one was never reported while the run ran.
    history = await asyncio.to_thread(here.get_metric_history, sweep_id, 0)
    assert [point.value for point in history["loss"].points] == [0.5, 0.25]
    assert spool.paths() == []


async def before_the_first_run(process: asyncio.subprocess.Process, go: Path) -> None:
    """Replaces a wait by nothing."""


async def while_it_trains(process: asyncio.subprocess.Process, go: Path) -> None:
    await reaches(process, "training")


async def when_it_has_trained(process: asyncio.subprocess.Process, go: Path) -> None:
    await reaches(process, "training")
    let_go(go)
    await reaches(process, "trained")


@pytest.mark.parametrize("stage", [before_the_first_run, while_it_trains, when_it_has_trained])
@pytest.mark.parametrize("away", ["registry", "suggestion", "both"])
async def test_an_agent_goes_on_whenever_services_are_away(
    there: KillableServices,
    here: Client,
    spool: Spool,
    go: Path,
    stage: Callable[[asyncio.subprocess.Process, Path], Any],
    away: str,
) -> None:
    sweep_id = await new_sweep(here, run_cap=2)
    killed = there if away == "both" else getattr(there, away)
    async with agent(there, spool, sweep_id, go, '{"patience": 60}') as process:
        await stage(process, go)
        await killed.kill()
        let_go(go)
        await asyncio.sleep(1)
        await there.start()
        _, err = await end_of(process)

    assert process.returncode == 0, err
    runs = await runs_of(here, sweep_id)
    assert [(run.number, run.state, run.attempt) for run in runs] == [
        (0, RunState.FINISHED, 1),
        (1, RunState.FINISHED, 1),
    ]
    assert [run.objective for run in runs] == [0.25, 0.25]
    assert spool.paths() == []


@pytest.mark.parametrize(
    ("signals", "code"),
    [([signal.SIGINT, signal.SIGINT], 0), ([signal.SIGTERM], -signal.SIGTERM)],
    ids=["Ctrl-C twice", "SIGTERM"],
)
async def test_an_agent_that_a_signal_ends_in_an_outage_saves_its_results(
    there: KillableServices,
    here: Client,
    spool: Spool,
    go: Path,
    signals: list[signal.Signals],
    code: int,
) -> None:
    sweep_id = await new_sweep(here, run_cap=1)
    async with agent(there, spool, sweep_id, go) as process:
        await reaches(process, "training")
        await there.kill()
        let_go(go)
        await reaches(process, "trained")
        await until_spooled(spool, f"{sweep_id}-0-1.end.json")
        if len(signals) == 2:
            await interrupted_once(process)
        process.send_signal(signals[-1])
        # A cluster kills after 30 s.
        _, err = await end_of(process)

    assert process.returncode == code, err
    name = f"{sweep_id}-0-1.end.json"
    assert (
        f"run 0 is done, but its result could not be delivered: it is saved in "
        f"{spool.path / name}; the next agent on this machine or `wanllmdb spool send` sends it"
        in err
    )
    _, listed, _ = await wanllmdb(there, spool, "spool", "ls")
    assert name in listed
    assert "waiting" in listed
    assert "succeeded" in listed
    exit_code, out, err = await wanllmdb(there, spool, "spool", "send")
    assert (exit_code, out) == (1, "0 delivered, 0 refused, 1 left\n")
    assert "could not be delivered and stays in the spool: no registry answers at" in err

    await there.start()
    exit_code, out, err = await wanllmdb(there, spool, "spool", "send")
    assert (exit_code, out) == (0, "1 delivered, 0 refused, 0 left\n"), err
    assert await only_run(here, sweep_id) == ("finished", 1, 0.25)


async def test_patience_ends_and_the_result_stays(
    there: KillableServices, here: Client, spool: Spool, go: Path
) -> None:
    sweep_id = await new_sweep(here, run_cap=1)
    async with agent(there, spool, sweep_id, go, '{"patience": 1}') as process:
        await reaches(process, "training")
        await there.kill()
        let_go(go)
        _, err = await end_of(process)

    assert process.returncode == 1
    assert "UnavailableError" in err or "DeadlineExceededError" in err
    assert f"it is saved in {spool.path}" in err
    (path,) = spool.paths()
    await there.start()
    assert SpoolDelivery(here, spool, print).deliver([path]).delivered == 1
    assert await only_run(here, sweep_id) == ("finished", 1, 0.25)


async def test_what_a_program_could_not_report_its_agent_tells(
    there: KillableServices, here: Client, spool: Spool, go: Path
) -> None:
    sweep_id = await new_sweep(here, run_cap=1)
    environment = there.environment | {"WANLLMDB_SPOOL_DIR": str(spool.path)}
    command = (*WANLLMDB, "agent", sweep_id, "--patience", "1", "--")
    program = (sys.executable, "-c", PROGRAM, str(go))
    async with started(*command, *program, environment=environment) as process:
        await reaches(process, "training")
        await there.kill()
        let_go(go)
        _, err = await end_of(process, 90)

    assert process.returncode == 1, err
    (path,) = spool.paths()
    assert path.name.endswith(".end.json")
    await there.start()
    assert SpoolDelivery(here, spool, print).deliver().delivered == 1
    (run,) = await runs_of(here, sweep_id)
    assert (run.state, run.objective, run.config) == (RunState.FINISHED, 0.25, {"epochs": 2})


async def test_a_result_after_the_run_was_assigned_again_is_put_aside(
    database_url: str, spool: Spool, go: Path
) -> None:
    async with killable_services(database_url, lease_seconds=1.5) as services:
        with Client(services.registry.address, services.suggestion.address) as client:
            sweep_id = await new_sweep(client, run_cap=1)
            async with agent(services, spool, sweep_id, go) as process:
                await reaches(process, "training")
                await services.kill()
                let_go(go)
                await until_spooled(spool, f"{sweep_id}-0-1.end.json")
                process.kill()
                await process.wait()
            await services.start()
            await until(client, sweep_id, "queued")
            other = await asyncio.to_thread(client.suggest, sweep_id, agent_id="other")
            assert [run.attempt for run in other.runs] == [2]
            await asyncio.to_thread(client.finish_run, sweep_id, 0, 2, Succeeded(7.0))

            code, out, err = await wanllmdb(services, spool, "spool", "send")

            assert (code, out) == (1, "0 delivered, 1 refused, 0 left\n")
            assert "was lost and assigned again: attempt 2 has replaced attempt 1" in err
            assert await only_run(client, sweep_id) == ("finished", 2, 7.0)
            _, listed, _ = await wanllmdb(services, spool, "spool", "ls")
            assert "refused" in listed
            # A second try changes nothing; neither does a third.
            name = f"{sweep_id}-0-1.end.json"
            code, out, _ = await wanllmdb(services, spool, "spool", "send", name)
            assert (code, out) == (1, "0 delivered, 1 refused, 0 left\n")
            code, out, _ = await wanllmdb(services, spool, "spool", "drop", "--refused")
            assert (code, out) == (0, "1 dropped\n")
            assert spool.paths(rejected=True) == []


async def test_a_late_result_counts_unless_another_agent_has_the_run(
    database_url: str, spool: Spool, go: Path
) -> None:
    async with killable_services(database_url, lease_seconds=1.5) as services:
        with Client(services.registry.address, services.suggestion.address) as client:
            sweep_id = await new_sweep(client, run_cap=1)
            async with agent(services, spool, sweep_id, go) as process:
                await reaches(process, "training")
                await services.kill()
                let_go(go)
                await until_spooled(spool, f"{sweep_id}-0-1.end.json")
                process.kill()
                await process.wait()
            await services.start()
            await until(client, sweep_id, "queued")

            async with agent(services, spool, sweep_id, go) as process:
                await end_of(process)

            assert await only_run(client, sweep_id) == ("finished", 1, 0.25)


async def spooled_results(client: Client, spool: Spool, count: int) -> str:
    """A sweep whose runs are done, and are only in the spool."""
    sweep_id = await new_sweep(client, run_cap=count)
    suggestion = await asyncio.to_thread(client.suggest, sweep_id, agent_id="gone", count=count)
    for run in suggestion.runs:
        kept = spooled_end(client, spool, run, 1.0 + run.number)
        kept.close()
    return sweep_id


def spooled_end(client: Client, spool: Spool, run: Run, objective: float) -> SpooledFile:
    end = run_calls.finish_run(
        run.sweep_id, run.number, run.attempt, Succeeded(objective), [], {}, None
    )
    return spool.put(
        SpooledRun(client.registry_address, run.sweep_id, run.number, run.attempt, (end.request,))
    )


async def test_two_agents_with_one_spool_deliver_each_result_once(
    client: Client, spool: Spool
) -> None:
    sweep_id = await spooled_results(client, spool, 20)
    said: list[str] = []
    deliveries = [SpoolDelivery(client, spool, said.append) for _ in range(2)]

    done = await asyncio.gather(*(asyncio.to_thread(each.deliver) for each in deliveries))

    assert sum(each.delivered for each in done) == 20
    assert len(said) == len(set(said)) == 20
    runs = await runs_of(client, sweep_id)
    assert [run.objective for run in runs] == [1.0 + run.number for run in runs]
    assert spool.paths() == []


async def test_a_result_that_had_arrived_is_not_reported_twice(
    client: Client, spool: Spool
) -> None:
    sweep_id = await spooled_results(client, spool, 1)
    (path,) = spool.paths()
    content = path.read_bytes()
    assert (await asyncio.to_thread(SpoolDelivery(client, spool, print).deliver)).delivered == 1

    # As if the agent had died between the answer and its note of it.
    path.write_bytes(content)
    done = await asyncio.to_thread(SpoolDelivery(client, spool, print).deliver)

    assert (done.delivered, done.rejected) == (1, 0)
    assert await only_run(client, sweep_id) == ("finished", 1, 1.0)


async def test_the_end_that_a_program_reported_is_that_of_its_killed_agent_too(
    client: Client, spool: Spool
) -> None:
    sweep_id = await new_sweep(client, run_cap=1)
    (run,) = (await asyncio.to_thread(client.suggest, sweep_id, agent_id="killed")).runs
    # The program stops early, and its agent is killed before it knows.
    stopped = Pruned("it is not good enough")
    await asyncio.to_thread(client.finish_run, sweep_id, run.number, run.attempt, stopped)
    spooled_end(client, spool, run, 1.0).close()
    said: list[str] = []

    done = await asyncio.to_thread(SpoolDelivery(client, spool, said.append).deliver)

    assert (done.delivered, done.rejected, said) == (1, 0, [])
    assert spool.paths() == []
    assert (await only_run(client, sweep_id))[0] == "pruned"


async def test_a_result_of_a_canceled_run_is_put_aside(client: Client, spool: Spool) -> None:
    sweep_id = await new_sweep(client, run_cap=1)
    (run,) = (await asyncio.to_thread(client.suggest, sweep_id, agent_id="killed")).runs
    canceled = Canceled("a user asked for it")
    await asyncio.to_thread(client.finish_run, sweep_id, run.number, run.attempt, canceled)
    spooled_end(client, spool, run, 1.0).close()

    done = await asyncio.to_thread(SpoolDelivery(client, spool, print).deliver)

    assert (done.delivered, done.rejected) == (0, 1)
    assert len(spool.paths(rejected=True)) == 1


async def test_what_an_agent_works_on_stays_with_it(client: Client, spool: Spool) -> None:
    sweep_id = await new_sweep(client, run_cap=1)
    (run,) = (await asyncio.to_thread(client.suggest, sweep_id, agent_id="busy")).runs
    with spooled_end(client, spool, run, 1.0):
        done = await asyncio.to_thread(SpoolDelivery(client, spool, print).deliver)
        assert (done.delivered, done.left) == (0, 0)

    assert (await asyncio.to_thread(SpoolDelivery(client, spool, print).deliver)).delivered == 1


async def test_results_for_another_registry_wait_for_it(client: Client, spool: Spool) -> None:
    sweep_id = await spooled_results(client, spool, 1)
    with Client("127.0.0.1:1", client.suggestion_address) as other:
        done = await asyncio.to_thread(SpoolDelivery(other, spool, print).deliver)
    assert (done.delivered, done.left) == (0, 0)
    assert len(spool.paths()) == 1

    # One of its replicas, under another name for this machine.
    port = client.registry_address.rpartition(":")[2]
    with Client(f"127.0.0.1:{port},127.0.0.1:1", client.suggestion_address) as same:
        done = await asyncio.to_thread(SpoolDelivery(same, spool, print).deliver)
    assert done.delivered == 1
    assert await only_run(client, sweep_id) == ("finished", 1, 1.0)


async def told_after_the_outage(
    services: KillableServices,
    sweep_id: str,
    spool: Spool,
    go: Path,
    words: str,
    before: Callable[[asyncio.subprocess.Process], object] = id,
) -> str:
    """The message with these words of an agent whose run ends while services are unavailable."""
    async with agent(services, spool, sweep_id, go) as process:
        await reaches(process, "training")
        before(process)
        await services.kill()
        let_go(go)
        await reaches(process, "trained")
        message = await reports(process, words)
        await services.start()
        _, err = await end_of(process)
    assert process.returncode == 0, err
    return message


async def test_a_folder_that_cant_be_written_loses_no_result(
    there: KillableServices, here: Client, tmp_path: Path, go: Path
) -> None:
    (tmp_path / "file").touch()
    spool = Spool(tmp_path / "file" / "spool")
    sweep_id = await new_sweep(here, run_cap=1)

    message = await told_after_the_outage(there, sweep_id, spool, go, "result is lost")

    assert (
        f"run 0 is done, and its result is lost if this process ends before the registry is back: "
        f"the spool {spool.path} can't be written: Not a directory" in message
    )
    assert await only_run(here, sweep_id) == ("finished", 1, 0.25)


async def test_a_disk_that_is_full_loses_no_result(
    there: KillableServices, here: Client, spool: Spool, go: Path
) -> None:
    sweep_id = await new_sweep(here, run_cap=1)

    def fill_disk(process: asyncio.subprocess.Process) -> None:
        # No file may grow beyond 10 bytes: nearly what a full disk says.
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (10, 10))

    words = "can't be written"
    message = await told_after_the_outage(there, sweep_id, spool, go, words, fill_disk)

    assert f"the spool {spool.path} can't be written: File too large" in message
    assert await only_run(here, sweep_id) == ("finished", 1, 0.25)
    assert list(spool.path.iterdir()) == []


async def test_a_spool_holds_no_key_and_waits_for_one_that_may(
    database_url: str, spool: Spool
) -> None:
    secret = "s" * 43
    key = f"wsk_root_{secret}"
    async with (
        registry_server(database_url, admin_key=key) as registry,
        suggestion_server(registry) as suggestion,
    ):
        with (
            Client(registry, suggestion, api_key=key) as may,
            Client(registry, suggestion) as may_not,
        ):
            sweep_id = await spooled_results(may, spool, 2)
            for path in spool.paths():
                assert secret not in path.read_text()

            said: list[str] = []
            done = await asyncio.to_thread(SpoolDelivery(may_not, spool, said.append).deliver)
            assert (done.delivered, done.rejected, done.left) == (0, 0, 1)
            assert len(said) == 1
            assert "asks for an API key" in said[0]
            assert len(spool.paths()) == 2

            done = await asyncio.to_thread(SpoolDelivery(may, spool, said.append).deliver)
            assert done.delivered == 2
            assert {run.state for run in await runs_of(may, sweep_id)} == {RunState.FINISHED}


LOGGING = """
import sys, time
import wanllmdb as wandb
def train():
    run = wandb.init()
    print("resumed" if run.resumed else "new", "at step", run.step, flush=True)
    for step in range(run.step, 1500):
        wandb.log({"loss": 1.0 / (1 + step)})
        if not run.resumed:
            print("step", step, flush=True)
            time.sleep(0.05)
wandb.agent(sys.argv[1], train, agent_id="node-7", resume=True)
"""


async def test_what_a_killed_agent_logged_in_an_outage_is_reported_when_it_resumes(
    there: KillableServices, here: Client, spool: Spool
) -> None:
    sweep_id = await new_sweep(here, run_cap=1)
    environment = there.environment | {"WANLLMDB_SPOOL_DIR": str(spool.path)}
    command = (sys.executable, "-c", LOGGING, sweep_id)
    async with started(*command, environment=environment) as process:
        await reaches(process, "new at step 0")
        await reaches(process, "step 10")
        await there.registry.kill()
        # The first save follows the deadline of a call; the later ones come every second, or
        # more rarely if saving takes long.
        kept = await until_kept(spool, f"{sweep_id}-0-1.rows.json", step=100)
        process.kill()
        await process.wait()

    await there.start()
    async with started(*command, environment=environment) as process:
        assert process.stdout is not None
        said = (await asyncio.wait_for(process.stdout.readline(), 60)).decode().split()
        _, err = await end_of(process)

    assert process.returncode == 0, err
    assert f"the metric history of run 0 of sweep {sweep_id} was delivered" in err
    # What was logged after the last save is not there.
    assert said[:3] == ["resumed", "at", "step"]
    assert kept < int(said[3])
    history = await asyncio.to_thread(here.get_metric_history, sweep_id, 0)
    assert [point.step for point in history["loss"].points] == list(range(1500))
    assert await only_run(here, sweep_id) == ("finished", 1, 1.0 / 1500)
    assert spool.paths() == []
