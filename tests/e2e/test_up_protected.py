"""`up` on a network: mutual TLS, API keys, two replicas of each service."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from tests.certificates import Authority
from tests.e2e.program import Program
from tests.e2e.up_process import UpProcess, temporary_data_dir, up, wait_until

SWEEP = {
    "method": "random",
    "metric": {"name": "score", "goal": "maximize"},
    "parameters": {"x": {"min": 0.0, "max": 1.0}},
    "run_cap": 6,
    "seed": 1,
}
TRAINING = "import wanllmdb; wanllmdb.init(); wanllmdb.log({'score': wanllmdb.config.x})"


def on_this_machine(running: UpProcess) -> dict[str, str]:
    """The environment with addresses of this machine, whatever its host name."""
    environment = running.environment()
    for variable in ("WANLLMDB_REGISTRY", "WANLLMDB_SUGGESTION"):
        ports = [address.rpartition(":")[2] for address in environment[variable].split(",")]
        environment[variable] = ",".join(f"127.0.0.1:{port}" for port in ports)
    return environment


def test_a_sweep_over_mutual_tls_with_keys(tmp_path: Path) -> None:
    ours, clients = Authority(tmp_path), Authority(tmp_path, "clients")
    files, me = ours.issue(), clients.issue("agent", file="client")
    options = [
        *("--host", "0.0.0.0", "--replicas", "2", "--require-keys"),
        *("--tls-cert", str(files.cert), "--tls-key", str(files.key)),
        *("--tls-client-ca", str(clients.file)),
    ]
    with temporary_data_dir() as data_dir, up(data_dir, *options) as running:
        ready = running.wait_until_ready()
        stranger = on_this_machine(running) | {"WANLLMDB_TLS_CA": str(ours.file)}
        keyless = stranger | {"WANLLMDB_TLS_CERT": str(me.cert), "WANLLMDB_TLS_KEY": str(me.key)}
        known = keyless | {"WANLLMDB_API_KEY_FILE": str(data_dir / "admin.key")}
        program = Program(known)
        sweep_id = program.create(SWEEP)
        # Later calls go to the remaining replicas of both services.
        os.kill(ready["pids"]["registry"][0], signal.SIGKILL)
        os.kill(ready["pids"]["suggestion"][1], signal.SIGKILL)
        program("agent", sweep_id, "--", sys.executable, "-c", TRAINING)
        runs = program.json("runs", "ls", sweep_id)
        assert [(run["number"], run["state"]) for run in runs] == [
            (number, "finished") for number in range(6)
        ]
        wait_until(
            lambda: (
                not {ready["pids"]["registry"][0], ready["pids"]["suggestion"][1]}
                & {pid for pids in running.ready["pids"].values() for pid in pids}
            )
        )
        Program(keyless)("runs", "ls", sweep_id, code=1)
        Program(stranger)("runs", "ls", sweep_id, code=1)
        secret = (data_dir / "admin.key").read_text().strip()
        said = [running.output, *(log.read_text() for log in (data_dir / "logs").iterdir())]
        assert not any(secret in text or "wsk_root_" in text for text in said)
        assert running.stop() == 0
