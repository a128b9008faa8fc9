"""How `up` runs the gateway that serves the dashboard: beside the services, which do without it."""

from __future__ import annotations

import os
import signal
import socket
import urllib.request
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil
import pytest

from tests.certificates import Authority
from tests.e2e.up_process import UpProcess, wait_until
from tests.unit.local.launcher import Launcher, answers
from wanllmdb_local import DASHBOARD_PORT
from wanllmdb_local.ports import WantedPort, bind_ports

FREE = ("--dashboard-port", "0")


def is_alive(url: str) -> bool:
    with urllib.request.urlopen(f"{url}/healthz", timeout=10) as answer:
        return bool(answer.status == 200)


def arguments_of_gateway(running: UpProcess) -> list[str]:
    (pid,) = running.ready["pids"]["gateway"]
    return psutil.Process(pid).cmdline()


def test_the_address_is_printed_and_in_the_ready_file(launcher: Launcher) -> None:
    with launcher.up(*FREE, dashboard=True) as running:
        ready = running.wait_until_ready()
        url = ready["dashboard"]
        assert url.startswith("http://127.0.0.1:")
        assert is_alive(url)
        assert f"gateway      ready at {url}" in running.output
        wait_until(lambda: f"  dashboard   {url}" in running.output)
        assert f"export WANLLMDB_DASHBOARD={url}" in running.output
        assert "wanllmdb ui" in running.output
        command = arguments_of_gateway(running)
        assert command[command.index("--registry") + 1] == ready["registry"]
        assert command[command.index("--suggestion") + 1] == ready["suggestion"]
        assert running.stop() == 0
    assert launcher.log.read_text().splitlines() == [
        "gateway stops",
        "suggestion stops",
        "registry stops",
    ]
    secret = (launcher.data_dir / "session.key").read_text()
    # The address stays, and so do the browsers' sessions.
    with launcher.up(*FREE, dashboard=True) as again:
        assert again.wait_until_ready()["dashboard"] == url
        assert (launcher.data_dir / "session.key").read_text() == secret


def test_a_killed_gateway_is_started_again_on_its_port(launcher: Launcher) -> None:
    with launcher.up(*FREE, dashboard=True) as running:
        before = running.wait_until_ready()
        (killed,) = before["pids"]["gateway"]
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: running.ready["pids"]["gateway"] != [killed])
        after = running.ready
        assert after["dashboard"] == before["dashboard"]
        assert is_alive(after["dashboard"])
        assert {name: after["pids"][name] for name in ("registry", "suggestion")} == {
            name: before["pids"][name] for name in ("registry", "suggestion")
        }
        assert "gateway      died; starting it again" in running.output
        assert running.stop() == 0


@pytest.mark.parametrize("how", ["crash", "refuse"])
def test_a_gateway_that_can_not_start_is_reported_and_the_rest_runs(
    launcher: Launcher, how: str
) -> None:
    with launcher.up(*FREE, dashboard=True, broken=f"gateway-{how}") as running:
        ready = running.wait_until_ready()
        assert ready["dashboard"] is None
        assert ready["pids"]["gateway"] == []
        assert answers(ready["registry"])
        assert answers(ready["suggestion"])
        wait_until(lambda: "wanllmdb is up" in running.output)
        assert "gateway      can't be started yet; retrying: The gateway" in running.output
        assert "Traceback" not in running.output
        assert running.stop() == 0


def test_a_gateway_that_starts_at_last_is_in_the_ready_file(launcher: Launcher) -> None:
    # It is mended while `up` runs.
    with launcher.up(*FREE, dashboard=True, broken="gateway-only-1") as running:
        assert running.wait_until_ready()["dashboard"] is None
        launcher.log.with_name(launcher.log.name + ".mended").touch()
        wait_until(lambda: running.ready["dashboard"] is not None)
        assert is_alive(running.ready["dashboard"])
        assert running.stop() == 0


def test_a_gateway_that_is_never_ready_does_not_keep_the_rest_waiting(launcher: Launcher) -> None:
    with launcher.up(*FREE, dashboard=True, broken="gateway-slow") as running:
        ready = running.wait_until_ready()
        assert ready["dashboard"] is None
        assert answers(ready["suggestion"])
        assert "gateway      is not ready yet" in running.output
        assert running.stop() == 0


def test_a_default_port_that_another_program_has_is_replaced_by_a_free_one(
    launcher: Launcher,
) -> None:
    with ExitStack() as held:
        other = held.enter_context(socket.socket())
        # If this fails, another program has it already.
        with suppress(OSError):
            other.bind(("127.0.0.1", DASHBOARD_PORT))
            other.listen()
        with launcher.up(dashboard=True) as running:
            url = running.wait_until_ready()["dashboard"]
            assert not url.endswith(f":{DASHBOARD_PORT}")
            assert is_alive(url)
            assert running.stop() == 0


def test_a_taken_port_that_was_asked_for_is_an_error(launcher: Launcher) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with launcher.up("--dashboard-port", str(port), dashboard=True) as running:
            assert running.process.wait(60) == 2
            assert f"Port {port} on 127.0.0.1 is taken" in running.output
            assert "--dashboard-port 0 for a free one" in running.output


def test_one_port_for_the_registry_and_the_dashboard_is_an_error(launcher: Launcher) -> None:
    (port,) = bind_ports([WantedPort()])
    with launcher.up("--dashboard-port", str(port), ports=(port, 0), dashboard=True) as running:
        assert running.process.wait(60) == 2
        assert f"--registry-port and --dashboard-port are both {port}" in running.output


@pytest.mark.parametrize("arguments", [("--dashboard-port", "70000"), (*FREE, "--no-dashboard")])
def test_arguments_that_make_no_sense_are_usage_errors(
    launcher: Launcher, arguments: tuple[str, ...]
) -> None:
    with launcher.up(*arguments, dashboard=True) as running:
        assert running.process.wait(60) == 2
        assert "Usage: wanllmdb up" in running.output
        assert "--dashboard-port" in running.output


def test_the_gateway_gets_its_own_secret_and_no_other(launcher: Launcher) -> None:
    with launcher.up(*FREE, "--require-keys", dashboard=True) as running:
        running.wait_until_ready()
        command = arguments_of_gateway(running)
        file = Path(command[command.index("--session-key-file") + 1])
        assert file == launcher.data_dir / "session.key"
        assert file.stat().st_mode & 0o077 == 0
        assert len(bytes.fromhex(file.read_text())) == 32
        environment = psutil.Process(running.ready["pids"]["gateway"][0]).environ()
        assert not any("wsk_" in value for value in environment.values())
        assert "WANLLMDB_REGISTRY_DATABASE_URL" not in environment
        assert running.stop() == 0


def test_variables_of_the_gateway_do_not_undo_what_up_decides(launcher: Launcher) -> None:
    variables = {
        "WANLLMDB_GATEWAY_HOST": "0.0.0.0",
        "WANLLMDB_GATEWAY_SERVICES_TLS": "1",
        "WANLLMDB_GATEWAY_SESSION_HOURS": "2",
    }
    with launcher.up(*FREE, dashboard=True, environment=variables) as running:
        running.wait_until_ready()
        inherited = psutil.Process(running.ready["pids"]["gateway"][0]).environ()
        assert {name for name in variables if name in inherited} == {
            "WANLLMDB_GATEWAY_SESSION_HOURS"
        }
        assert running.stop() == 0


def test_tls_and_the_address_of_up_are_the_gateways_too(launcher: Launcher, tmp_path: Path) -> None:
    files = Authority(tmp_path).issue()
    with launcher.up(
        *FREE,
        *("--host", "0.0.0.0", "--require-keys"),
        *("--tls-cert", str(files.cert), "--tls-key", str(files.key)),
        dashboard=True,
    ) as running:
        url = running.wait_until_ready()["dashboard"]
        assert url.startswith(f"https://{socket.gethostname()}:")
        command = arguments_of_gateway(running)
        assert command[command.index("--host") + 1] == "0.0.0.0"
        assert command[command.index("--tls-cert") + 1] == str(files.cert)
        assert command[command.index("--public-url") + 1] == url
        # The services' addresses on this machine.
        assert command[command.index("--registry") + 1].startswith("127.0.0.1:")
        assert running.stop() == 0


def test_where_clients_need_certificates_the_gateway_is_for_this_machine_alone(
    launcher: Launcher, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    files = authority.issue()
    with launcher.up(
        *FREE,
        *("--host", "0.0.0.0", "--require-keys", "--tls-client-ca", str(authority.file)),
        *("--tls-cert", str(files.cert), "--tls-key", str(files.key)),
        dashboard=True,
    ) as running:
        url = running.wait_until_ready()["dashboard"]
        assert url.startswith("http://127.0.0.1:")
        command = arguments_of_gateway(running)
        assert command[command.index("--host") + 1] == "127.0.0.1"
        assert "--tls-cert" not in command
        assert running.stop() == 0
