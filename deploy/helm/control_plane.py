"""A Kubernetes control plane on this machine alone, with kwok in place of nodes.

etcd, kube-apiserver, kube-controller-manager, kube-scheduler and kwok listen on 127.0.0.1. They
keep what they store in a folder of the caller's, and end with the block that runs them.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

_STAGES = Path(__file__).parent / "kwok-stages.yaml"
_SECONDS_TO_START = 120.0
_SECONDS_TO_END = 20.0
_ETCD_PORTS = 2
# Lists by watches need a newer etcd than Debian 12 has. Refused, clients turn to ordinary lists.
_WITHOUT_WATCH_LISTS = ("--feature-gates=WatchList=false",)

Labels = Mapping[str, str]


def wait_until(holds: Callable[[], bool], what: str, seconds: float) -> float:
    """Return after how many seconds `holds` was true.

    Raises:
        TimeoutError: It was not within `seconds`.
    """
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.1)
    return time.monotonic() - began


def api(name: str) -> Any:
    """Return one of the client's APIs, without its types, which call every field optional."""
    return getattr(client, name)()


class ControlPlane:
    """The servers of a cluster without nodes of its own.

    Attributes:
        kubeconfig: The file by which kubectl, helm and clients reach it, as an administrator.
    """

    def __init__(self, folder: Path, tools: Path, etcd: str) -> None:
        self.kubeconfig = folder / "kubeconfig"
        self._folder = folder
        self._tools = tools
        self._etcd = etcd
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._ports = _free_ports(_ETCD_PORTS + 1)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Run the servers within the block."""
        try:
            self._start()
            yield
        finally:
            self._end()

    @property
    def pids(self) -> Sequence[int]:
        """The processes that were started."""
        return [process.pid for process in self._processes.values()]

    def leftovers(self) -> list[str]:
        """Return what still runs of the processes, or listens on their ports."""
        left = [f"process {pid}" for pid in self.pids if Path(f"/proc/{pid}").exists()]
        for port in self._ports:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    left.append(f"a listener on port {port}")
        return left

    def _start(self) -> None:
        folder, tools = self._folder, self._tools
        etcd_port, peer_port, port = self._ports
        etcd, peer = f"http://127.0.0.1:{etcd_port}", f"http://127.0.0.1:{peer_port}"
        key = folder / "accounts.key"
        subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
        token = os.urandom(24).hex()
        tokens = folder / "tokens.csv"
        tokens.touch(mode=0o600)
        tokens.write_text(f"{token},administrator,administrator,system:masters\n")
        self._write_kubeconfig(port, token)
        self._spawn(
            "etcd",
            [self._etcd, f"--data-dir={folder / 'etcd'}", "--unsafe-no-fsync=true"],
            [f"--listen-client-urls={etcd}", f"--advertise-client-urls={etcd}"],
            [f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}"],
            [f"--initial-cluster=default={peer}"],
        )
        self._spawn(
            "kube-apiserver",
            [tools / "kube-apiserver", f"--etcd-servers={etcd}", f"--secure-port={port}"],
            ["--bind-address=127.0.0.1", f"--cert-dir={folder}", "--endpoint-reconciler-type=none"],
            [f"--token-auth-file={tokens}", "--authorization-mode=RBAC"],
            ["--service-account-issuer=https://kubernetes.default.svc"],
            [f"--service-account-key-file={key}", f"--service-account-signing-key-file={key}"],
            ["--service-cluster-ip-range=10.96.0.0/16", *_WITHOUT_WATCH_LISTS],
        )
        wait_until(self._serves, "kube-apiserver", _SECONDS_TO_START)
        access = [f"--kubeconfig={self.kubeconfig}"]
        alone = ["--leader-elect=false", "--bind-address=127.0.0.1", "--secure-port=0"]
        self._spawn(
            "kube-controller-manager",
            [tools / "kube-controller-manager", *access, *alone],
            [f"--service-account-private-key-file={key}"],
        )
        self._spawn("kube-scheduler", [tools / "kube-scheduler", *access, *alone])
        self._spawn(
            "kwok",
            [tools / "kwok", *access, f"--config={_STAGES}", "--manage-all-nodes=true"],
            ["--node-lease-duration-seconds=40", "--cidr=10.244.0.0/16"],
        )

    def _spawn(self, name: str, *arguments: Sequence[str | Path]) -> None:
        # Each ends with this process even if it is killed, and not by Ctrl-C, before the others.
        command = ["setpriv", "--pdeathsig", "KILL"]
        command += [str(argument) for part in arguments for argument in part]
        with (self._folder / f"{name}.log").open("wb") as log:
            self._processes[name] = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                start_new_session=True,
            )

    def _serves(self) -> bool:
        for name, process in self._processes.items():
            if process.poll() is not None:
                log = (self._folder / f"{name}.log").read_text(errors="replace")
                raise RuntimeError(f"{name} has ended:\n" + "\n".join(log.splitlines()[-15:]))
        certificate = self._folder / "apiserver.crt"
        if not certificate.exists():
            return False
        try:
            config.load_kube_config(str(self.kubeconfig))  # type: ignore[no-untyped-call]  # the package has no types
            api("CoreV1Api").read_namespace("default", _request_timeout=5)
        except (ApiException, HTTPError):
            return False
        return True

    def _end(self) -> None:
        for process in reversed(self._processes.values()):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(_SECONDS_TO_END)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _write_kubeconfig(self, port: int, token: str) -> None:
        cluster = {
            "server": f"https://127.0.0.1:{port}",
            "certificate-authority": str(self._folder / "apiserver.crt"),
        }
        document: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "here",
            "clusters": [{"name": "here", "cluster": cluster}],
            "users": [{"name": "administrator", "user": {"token": token}}],
            "contexts": [{"name": "here", "context": {"cluster": "here", "user": "administrator"}}],
        }
        self.kubeconfig.touch(mode=0o600)
        self.kubeconfig.write_text(yaml.safe_dump(document))


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def add_nodes(zones: Sequence[str], nodes_of_zone: int) -> float:
    """Return after how many seconds all of the new nodes were ready."""
    core = api("CoreV1Api")
    began = time.monotonic()
    size = {"cpu": "16", "memory": "64Gi", "pods": "110"}
    names = [f"node-{zone}{number}" for zone in zones for number in range(1, nodes_of_zone + 1)]
    for name in names:
        labels = {
            "kubernetes.io/hostname": name,
            "kubernetes.io/os": "linux",
            "topology.kubernetes.io/zone": name.removeprefix("node-")[:-1],
        }
        status = {"allocatable": size, "capacity": size}
        core.create_node({"metadata": {"name": name, "labels": labels}, "status": status})

    def all_ready() -> bool:
        return all(_is_ready(node) for node in core.list_node().items)

    wait_until(all_ready, "nodes", 60.0)
    return time.monotonic() - began


def _is_ready(node: Any) -> bool:
    conditions = node.status.conditions or []
    is_ready = any(c.type == "Ready" and c.status == "True" for c in conditions)
    # The controllers take the taint of a new node away a moment after it is ready.
    return is_ready and not node.spec.taints
