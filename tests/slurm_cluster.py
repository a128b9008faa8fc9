"""A Slurm cluster of one node on loopback, from the system's packages, without systemd.

Its daemons run in the foreground with a configuration, a key, ports and state of their own, and
end with the block, so a cluster of the machine's is left alone.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from tests.ports import free_port

NODE = "node"
CPUS = 8
GPUS = 2
URGENT = "urgent"
"""The partition whose jobs preempt those of the default one."""
START_SECONDS = 30.0
_VARIABLE = "WANLLMDB_TEST_SLURM"
_PROGRAMS = ("munged", "munge", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol")
_PATH = f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin{os.pathsep}/sbin"


def why_not() -> str:
    """Return why no cluster shall run here; nothing if one shall."""
    if _VARIABLE not in os.environ:
        return f"deploy/slurm/check runs these tests, with {_VARIABLE} set"
    missing = [program for program in _PROGRAMS if shutil.which(program, path=_PATH) is None]
    if missing:
        return f"no {', '.join(missing)} here: deploy/slurm/check installs Debian's slurm-wlm"
    if os.geteuid() != 0:
        return "slurmd starts tasks as their users, so it must be root"
    return ""


@contextlib.contextmanager
def slurm_cluster(folder: Path) -> Iterator[dict[str, str]]:
    """Run a cluster for the block; yield the variables with which Slurm's commands find it."""
    conf = _write_configuration(folder)
    environment = {**os.environ, "SLURM_CONF": str(conf), "PATH": _PATH}
    with contextlib.ExitStack() as stack:
        for command in (
            _munged(folder),
            ["slurmctld", "-D", "-f", str(conf)],
            ["slurmd", "-D", "-f", str(conf), "-N", NODE],
        ):
            stack.enter_context(_daemon(command, folder, environment))
        _wait_for_node(folder, environment)
        yield environment


@contextlib.contextmanager
def _daemon(command: list[str], folder: Path, environment: dict[str, str]) -> Iterator[None]:
    log = folder / f"{command[0]}.output"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=environment, stdout=output, stderr=output, stdin=subprocess.DEVNULL
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _munged(folder: Path) -> list[str]:
    # munged requires folders that only its user can write.
    home = folder / "munge"
    home.mkdir(mode=0o755)
    key = home / "key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o600)
    files = {"key": key, "socket": home / "socket", "pid": home / "pid", "log": home / "log"}
    return [
        "munged",
        "--foreground",
        # It warns of folders above that others can write, such as /tmp.
        "--force",
        f"--key-file={files['key']}",
        f"--socket={files['socket']}",
        f"--pid-file={files['pid']}",
        f"--log-file={files['log']}",
        f"--seed-file={home / 'seed'}",
    ]


def _write_configuration(folder: Path) -> Path:
    for name in ("state", "spool"):
        (folder / name).mkdir()
    # Further names of /dev/null stand in for the devices of GPUs.
    null = Path(os.devnull).stat()
    for number in range(GPUS):
        os.mknod(folder / f"gpu{number}", null.st_mode, null.st_rdev)
    (folder / "gres.conf").write_text(f"Name=gpu File={folder}/gpu[0-{GPUS - 1}]\n")
    conf = folder / "slurm.conf"
    conf.write_text(f"""\
ClusterName=loopback
SlurmctldHost={socket.gethostname()}(127.0.0.1)
SlurmctldPort={free_port()}
SlurmdPort={free_port()}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
GresTypes=gpu
ReturnToService=2
SchedulerParameters=sched_interval=2,bf_interval=2
KillWait=20
NodeName={NODE} NodeHostname={socket.gethostname()} NodeAddr=127.0.0.1 CPUs={CPUS} Gres=gpu:{GPUS}
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
PartitionName=main Nodes={NODE} Default=YES MaxTime=INFINITE State=UP PriorityTier=1
PartitionName={URGENT} Nodes={NODE} MaxTime=INFINITE State=UP PriorityTier=2
""")
    return conf


def _wait_for_node(folder: Path, environment: dict[str, str]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        asked = subprocess.run(
            ["sinfo", "-h", "-o", "%t"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=False,
        )
        if asked.stdout.strip() == "idle":
            return
        if time.monotonic() > deadline:
            logs = "\n".join(file.read_text()[-2000:] for file in sorted(folder.glob("slurm*.log")))
            raise AssertionError(f"no idle node: {asked.stdout}{asked.stderr}\n{logs}")
        time.sleep(0.2)
