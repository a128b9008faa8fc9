"""A Ray cluster of this machine alone, with 2 processors and 2 GPUs that exist in name only."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.e2e.up_process import wait_until
from tests.ports import free_ports

CPUS = 2
GPUS = 2
_STORE_BYTES = 100 * 1024 * 1024
_VARIABLE = "WANLLMDB_TEST_RAY"
_STARTED = "until terminated by a signal"
_START_SECONDS = 120.0
_END_SECONDS = 60.0

# By the option of `ray start`, the name under which a process of Ray's states its port in a file.
# Ray gives these processes 15 s, in which a busy machine does not start them; so this module, which
# chooses the ports, writes the files.
_STATED = {
    "dashboard-agent-grpc-port": "metrics_agent_port",
    "dashboard-agent-listen-port": "dashboard_agent_listen_port",
    "runtime-env-agent-port": "runtime_env_agent_port",
    "metrics-export-port": "metrics_export_port",
}
_OPTIONS = ("port", "ray-client-server-port", *_STATED)


def why_not() -> str:
    """Return why no cluster shall run here; nothing if one shall."""
    if _VARIABLE not in os.environ:
        return f"deploy/ray/check runs these tests, with {_VARIABLE} set"
    if importlib.util.find_spec("ray") is None:
        return "no package ray here: deploy/ray/check installs it"
    return ""


@contextlib.contextmanager
def ray_cluster() -> Iterator[str]:
    """Run a cluster for the block; yield its address."""
    node = secrets.token_hex(28)
    ports = dict(zip(_OPTIONS, free_ports(len(_OPTIONS)), strict=True))
    patience = {
        "RAY_gcs_server_port_wait_time_s": "120",
        "RAY_raylet_start_wait_time_s": "120",
        "RAY_worker_register_timeout_seconds": "120",
    }
    # Ray's sockets need a short path.
    with tempfile.TemporaryDirectory(prefix="ray-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        output = stack.enter_context((folder / "start.log").open("wb"))
        process = subprocess.Popen(
            _command(folder, ports),
            env={
                **os.environ,
                **patience,
                "RAY_OVERRIDE_NODE_ID_FOR_TESTING": node,
            },
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
        )
        stack.callback(_end, process)
        _wait(process, folder, (folder / "session_latest").exists)
        for option, stated in _STATED.items():
            file = folder / "session_latest" / f"{stated}_{node}"
            file.write_text(str(ports[option]))
        _wait(process, folder, lambda: _STARTED in (folder / "start.log").read_text())
        yield f"127.0.0.1:{ports['port']}"


def _command(folder: Path, ports: dict[str, int]) -> list[str]:
    return [
        *(sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block"),
        *("--node-ip-address=127.0.0.1", f"--temp-dir={folder}", "--disable-usage-stats"),
        *("--include-dashboard=false", "--include-log-monitor=false", "--no-monitor"),
        *(f"--num-cpus={CPUS}", f"--num-gpus={GPUS}"),
        *(f"--object-store-memory={_STORE_BYTES}", "--min-worker-port=0", "--max-worker-port=0"),
        *(f"--{option}={port}" for option, port in ports.items()),
    ]


def _wait(process: subprocess.Popen[bytes], folder: Path, condition: Callable[[], bool]) -> None:
    wait_until(lambda: condition() or process.poll() is not None, seconds=_START_SECONDS)
    assert process.poll() is None, (folder / "start.log").read_text()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(_END_SECONDS)
