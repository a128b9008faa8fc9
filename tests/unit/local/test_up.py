"""How `up` treats its processes, with servers that can be made to misbehave."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Iterator

import psutil
import pytest

from tests.e2e.up_process import wait_until
from tests.unit.local.launcher import Launcher, answers
from wanllmdb_local.platform import _SERVICE_GRACE_SECONDS
from wanllmdb_local.ports import WantedPort, bind_ports


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_ready_file_has_all_addresses(launcher: Launcher) -> None:
    with launcher.up() as running:
        ready = running.wait_until_ready()
        assert set(ready) == {"registry", "suggestion", "dashboard", "database_url", "pids"}
        assert ready["dashboard"] is None
        assert ready["pids"]["gateway"] == []
        assert ready["database_url"] == "postgresql://nobody@127.0.0.1:1/none"
        assert ready["pids"]["postgres"] == []
        assert answers(ready["registry"])
        assert answers(ready["suggestion"])
        assert running.ready_file.stat().st_mode & 0o077 == 0
        for name in ("registry", "suggestion"):
            assert f"{name:<12} ready at {ready[name]}" in running.output
        assert running.stop() == 0
        assert not running.ready_file.exists()
        assert "wanllmdb ui" not in running.output


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_signal_stops_suggestion_before_registry(launcher: Launcher, how: signal.Signals) -> None:
    with launcher.up() as running:
        pids = running.wait_until_ready()["pids"]
        assert running.stop(how) == 0
    assert launcher.log.read_text().splitlines() == ["suggestion stops", "registry stops"]
    assert not any(psutil.pid_exists(pid) for group in pids.values() for pid in group)


def test_second_signal_does_not_wait_for_a_deaf_service(launcher: Launcher) -> None:
    with launcher.up(broken="suggestion-deaf") as running:
        pids = running.wait_until_ready()["pids"]
        running.process.send_signal(signal.SIGINT)
        wait_until(lambda: launcher.log.exists() and "suggestion" in launcher.log.read_text())
        # A single signal would give it the whole grace.
        assert running.stop(signal.SIGINT, seconds=_SERVICE_GRACE_SECONDS - 1) == 0
    assert not psutil.pid_exists(pids["suggestion"][0])


@pytest.mark.parametrize("name", ["registry", "suggestion"])
def test_killed_service_is_started_again_on_its_port(launcher: Launcher, name: str) -> None:
    with launcher.up() as running:
        before = running.wait_until_ready()
        os.kill(before["pids"][name][0], signal.SIGKILL)
        wait_until(lambda: running.ready["pids"] != before["pids"])
        after = running.ready
        assert after[name] == before[name]
        assert after["pids"][name] != before["pids"][name]
        assert answers(after[name])
        assert f"{name:<12} died; starting it again" in running.output
        assert f"{name:<12} ready again" in running.output
        assert running.stop() == 0


def test_signal_on_the_way_up_stops_what_runs_already(launcher: Launcher) -> None:
    with launcher.up(broken="suggestion-slow") as running:
        wait_until(lambda: "registry     ready" in running.output)
        noted = json.loads((launcher.data_dir / "processes.json").read_text())
        assert len(noted) == 2
        assert running.stop() == 0
        assert "Interrupted during the start" in running.output
        assert "Traceback" not in running.output
        assert not running.ready_file.exists()
    assert not any(psutil.pid_exists(entry["pid"]) for entry in noted)
    assert not (launcher.data_dir / "processes.json").exists()


def test_a_service_that_dies_again_and_again_is_started_again_and_again(
    launcher: Launcher,
) -> None:
    with launcher.up() as running:
        ready = running.wait_until_ready()
        killed: set[int] = set()
        while len(killed) < 8:
            for process in psutil.process_iter(["cmdline"]):
                command = process.info["cmdline"] or []
                port = ready["suggestion"].rpartition(":")[2]
                if "wanllmdb_suggestion" in command and port in command:
                    killed.add(process.pid)
                    process.kill()
            assert running.process.poll() is None
            time.sleep(0.02)
        wait_until(lambda: running.ready["pids"]["suggestion"][0] not in killed | {0})
        after = running.ready
        assert after["pids"]["suggestion"] != ready["pids"]["suggestion"]
        assert after["pids"]["registry"] == ready["pids"]["registry"]
        assert answers(after["suggestion"])
        assert running.stop() == 0


def test_replicas(launcher: Launcher) -> None:
    with launcher.up("--replicas", "3") as running:
        ready = running.wait_until_ready()
        for name in ("registry", "suggestion"):
            addresses = ready[name].split(",")
            assert len(set(addresses)) == len(set(ready["pids"][name])) == 3
            assert all(answers(address) for address in addresses)
            for number, address in enumerate(addresses, 1):
                assert f"{name}-{number:<{11 - len(name)}} ready at {address}" in running.output
                assert (launcher.data_dir / "logs" / f"{name}-{number}.log").exists()
        assert all(
            ready["registry"] in psutil.Process(pid).cmdline()
            for pid in ready["pids"]["suggestion"]
        )
        wait_until(lambda: f"export WANLLMDB_REGISTRY={ready['registry']}" in running.output)
        victim = ready["pids"]["registry"][1]
        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: victim not in running.ready["pids"]["registry"])
        after = running.ready
        assert after["registry"] == ready["registry"]
        assert [
            old == new
            for old, new in zip(ready["pids"]["registry"], after["pids"]["registry"], strict=True)
        ] == [True, False, True]
        assert answers(ready["registry"].split(",")[1])
        assert running.stop() == 0
    # Agents keep the addresses that they have.
    with launcher.up("--replicas", "3") as again:
        assert again.wait_until_ready()["registry"] == ready["registry"]
        assert again.ready["suggestion"] == ready["suggestion"]


def test_the_first_replica_alone_has_the_port_for_metrics_that_was_asked_for(
    launcher: Launcher,
) -> None:
    variable = "WANLLMDB_REGISTRY_METRICS_PORT"
    with launcher.up("--replicas", "2", environment={variable: "9101"}) as running:
        pids = running.wait_until_ready()["pids"]["registry"]
        assert [psutil.Process(pid).environ()[variable] for pid in pids] == ["9101", "0"]
        assert running.stop() == 0


def test_a_replica_that_can_not_start_does_not_keep_the_others_from_it(
    launcher: Launcher,
) -> None:
    (port,) = bind_ports([WantedPort()])
    broken = f"registry-only-{port}"
    with launcher.up("--replicas", "2", broken=broken, ports=(port, 0)) as running:
        ready = running.wait_until_ready()
        first, second = ready["registry"].split(",")
        assert answers(first)
        assert not answers(second)
        assert "registry-2   can't be started yet; retrying:" in running.output
        assert "it is broken today" in running.output
        wait_until(lambda: "registry-2   died; starting it again in" in running.output)
        launcher.log.with_name(launcher.log.name + ".mended").touch()
        wait_until(lambda: running.ready["pids"] != ready["pids"])
        assert f"registry-2   ready at {second}" in running.output
        assert answers(second)
        assert running.stop() == 0


def test_crash_at_start_shows_the_services_last_words(launcher: Launcher) -> None:
    with launcher.up(broken="registry-crash") as running:
        assert running.process.wait(60) == 1
        assert "registry service ended with exit code 1" in running.output
        assert "it is broken today" in running.output
        assert "Traceback" not in running.output
        assert "starting it again" not in running.output
        assert not running.ready_file.exists()


def test_rejected_setting_is_one_line(launcher: Launcher) -> None:
    with launcher.up(broken="suggestion-refuse") as running:
        assert running.process.wait(60) == 1
        assert "--port: is not to its taste" in running.output
        assert "Traceback" not in running.output


@pytest.mark.parametrize("name", ["registry", "suggestion"])
def test_taken_port_names_port_and_option(launcher: Launcher, name: str, taken_port: int) -> None:
    ports = (taken_port, 0) if name == "registry" else (0, taken_port)
    with launcher.up(ports=ports) as running:
        assert running.process.wait(60) == 2
        assert f"Port {taken_port} on 127.0.0.1 is taken" in running.output
        assert f"--{name}-port" in running.output
        assert "Traceback" not in running.output


def test_one_port_for_two_services_is_an_error(launcher: Launcher) -> None:
    (port,) = bind_ports([WantedPort()])
    with launcher.up(ports=(port, port)) as running:
        assert running.process.wait(60) == 2
        assert f"--registry-port and --suggestion-port are both {port}" in running.output
        assert "is taken" not in running.output


def test_second_up_on_the_same_data_names_the_process(launcher: Launcher) -> None:
    with launcher.up() as first:
        first.wait_until_ready()
        with launcher.up() as second:
            assert second.process.wait(60) == 2
            assert f"in use by process {first.process.pid}" in second.output
        # The first one's notes for its successor are still there.
        noted = json.loads((launcher.data_dir / "processes.json").read_text())
        assert {entry["pid"] for entry in noted} >= set(first.ready["pids"]["registry"])


def test_killed_up_leaves_nothing_in_the_way_of_the_next(launcher: Launcher) -> None:
    with launcher.up() as first:
        before = first.wait_until_ready()
        ports = tuple(int(before[name].rpartition(":")[2]) for name in ("registry", "suggestion"))
        first.stop(signal.SIGKILL)
    with launcher.up(ports=(ports[0], ports[1])) as second:
        after = second.wait_until_ready()
        assert after["registry"] == before["registry"]
        for name in ("registry", "suggestion"):
            assert not psutil.pid_exists(before["pids"][name][0])
        assert second.stop() == 0


def test_unwritable_ready_file_is_said_before_anything_starts(launcher: Launcher) -> None:
    with launcher.up("--ready-file", "/nonexistent/ready.json") as running:
        assert running.process.wait(60) == 2
        assert "/nonexistent/ready.json can't be written" in running.output
        assert not launcher.data_dir.exists()
