"""`up` where other machines reach it: its errors, the first key, and its output."""

from __future__ import annotations

import socket
from pathlib import Path

import psutil
import pytest

from tests.certificates import Authority
from tests.unit.local.launcher import Launcher, answers


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ["--host", "0.0.0.0"],
            "--host 0.0.0.0 can be reached from other machines, so it needs TLS (--tls-cert and "
            "--tls-key) and API keys (--require-keys); with --insecure",
        ),
        (["--host", "0.0.0.0", "--require-keys"], "needs TLS (--tls-cert and --tls-key);"),
        (["--tls-key", "/nowhere.key"], "--tls-cert and --tls-key need each other"),
        (
            ["--tls-cert", "/nowhere.pem", "--tls-key", "/nowhere.key"],
            "TLS: the file /nowhere.pem can't be read: No such file or directory",
        ),
        (["--host", "203.0.113.7", "--insecure"], "203.0.113.7 is not an address of this machine"),
        (["--host", "unix:/x.sock"], "unix:/x.sock is not an address of this machine"),
    ],
)
def test_what_is_rejected_in_one_line(launcher: Launcher, arguments: list[str], told: str) -> None:
    with launcher.up(*arguments) as running:
        assert running.process.wait(60) == 2
        (line,) = running.output.splitlines()
        assert line.startswith("wanllmdb up: ")
        assert told in line


def test_keys_are_needed_where_there_is_tls_alone(launcher: Launcher, tmp_path: Path) -> None:
    files = Authority(tmp_path).issue()
    with launcher.up(
        *("--host", "0.0.0.0", "--tls-cert", str(files.cert), "--tls-key", str(files.key))
    ) as running:
        assert running.process.wait(60) == 2
        assert "so it needs API keys (--require-keys);" in running.output


def test_insecure_runs_without_protection_and_is_probed_on_this_machine(launcher: Launcher) -> None:
    with launcher.up("--host", "0.0.0.0", "--insecure", "--replicas", "2") as running:
        ready = running.wait_until_ready()
        name = socket.gethostname()
        for address in ready["registry"].split(","):
            host, _, port = address.rpartition(":")
            assert host == name
            assert answers(f"127.0.0.1:{port}")
        # The services find each other on this machine, whatever its name leads to.
        command = psutil.Process(ready["pids"]["suggestion"][0]).cmdline()
        inside = command[command.index("--registry") + 1].split(",")
        assert len(inside) == 2
        assert all(address.startswith("127.0.0.1:") for address in inside)
        assert all(answers(address) for address in inside)
        assert "--insecure" in command
        assert running.stop() == 0


def test_the_first_key_is_made_once_and_for_its_owner_alone(launcher: Launcher) -> None:
    file = launcher.data_dir / "admin.key"
    keys = set()
    for _ in range(2):
        with launcher.up("--require-keys") as running:
            ready = running.wait_until_ready()
            assert file.stat().st_mode & 0o077 == 0
            keys.add(file.read_text().strip())
            process = psutil.Process(ready["pids"]["registry"][0])
            assert "--require-keys" in process.cmdline()
            assert process.environ()["WANLLMDB_REGISTRY_ADMIN_KEY"] in keys
            # Only the registry gets the key, and `up` does not print it.
            suggestion = psutil.Process(ready["pids"]["suggestion"][0])
            assert not any("wsk_" in value for value in suggestion.environ().values())
            assert not any("wsk_" in word for word in process.cmdline())
            assert running.stop() == 0
            assert "wsk_" not in running.output
            assert f"export WANLLMDB_API_KEY_FILE={file}" in running.output
    (key,) = keys
    assert key.startswith("wsk_root_")
    assert len(key) == len("wsk_root_") + 43


def test_a_key_of_the_operator_s_own_is_used_instead(launcher: Launcher) -> None:
    key = "wsk_root_" + "k" * 43
    with launcher.up(environment={"WANLLMDB_REGISTRY_ADMIN_KEY": key}) as running:
        ready = running.wait_until_ready()
        process = psutil.Process(ready["pids"]["registry"][0])
        assert "--require-keys" in process.cmdline()
        assert process.environ()["WANLLMDB_REGISTRY_ADMIN_KEY"] == key
        assert not (launcher.data_dir / "admin.key").exists()
        assert running.stop() == 0
        assert "export WANLLMDB_API_KEY=$WANLLMDB_REGISTRY_ADMIN_KEY" in running.output
        assert key not in running.output


def test_an_admin_key_file_that_holds_none_is_reported(launcher: Launcher) -> None:
    launcher.data_dir.mkdir()
    (launcher.data_dir / "admin.key").write_text("nonsense\n")
    with launcher.up("--require-keys") as running:
        assert running.process.wait(60) == 2
        assert "admin.key does not hold a key" in running.output
        assert "nonsense" not in running.output


def test_variables_of_the_services_do_not_undo_what_up_decides(launcher: Launcher) -> None:
    variables = {
        "WANLLMDB_REGISTRY_HOST": "0.0.0.0",
        "WANLLMDB_REGISTRY_INSECURE": "1",
        "WANLLMDB_REGISTRY_TLS_CERT": "/nowhere.pem",
        "WANLLMDB_REGISTRY_LOG_FORMAT": "json",
    }
    with launcher.up(environment=variables) as running:
        ready = running.wait_until_ready()
        inherited = psutil.Process(ready["pids"]["registry"][0]).environ()
        assert {name for name in variables if name in inherited} == {"WANLLMDB_REGISTRY_LOG_FORMAT"}
        assert running.stop() == 0
