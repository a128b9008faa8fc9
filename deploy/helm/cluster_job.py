"""Install, test and upgrade the chart on a real control plane: `deploy/helm/cluster` runs it.

Usage: python -m deploy.helm.cluster_job SERVERS HELM ETCD

SERVERS is the folder with the servers of Kubernetes and kwok, HELM and ETCD are programs. The API,
the controllers and the scheduler are Kubernetes' own. The nodes are simulated: kwok-stages.yaml
says what becomes of a Pod and when, and no container runs. So this shows what the chart makes
Kubernetes do, and not what the servers do, which `deploy/docker/run-main-job` shows.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from kubernetes import client

from deploy.helm.cluster_fixtures import make_namespace, make_shared, missing_references
from deploy.helm.cluster_watch import COMPONENT, SERVERS, PodState, Record, recording
from deploy.helm.control_plane import ControlPlane, add_nodes, api, wait_until

CHART = Path("deploy/helm/wanllmdb")
RELEASE = "sweeps"
INSTALLED = ("trial", "defaults", "existing-secrets", "everything", "high-availability")
# The one that is upgraded: three replicas of each service, over two zones.
UPGRADED = "high-availability"
ZONES, NODES_OF_ZONE = ("a", "b"), 2
_SECONDS = 180.0
_TOO_MANY_REQUESTS = 429


class ClusterError(Exception):
    """Something is not as the chart promises."""


def expect(holds: bool, what: str) -> None:
    """Do nothing if it holds.

    Raises:
        ClusterError: It does not hold.
    """
    if not holds:
        raise ClusterError(what)


class Cluster:
    """What the steps of the job use."""

    def __init__(self, kubeconfig: Path, helm: str, folder: Path) -> None:
        self._helm = helm
        self._environment = {
            **os.environ,
            "KUBECONFIG": str(kubeconfig),
            **{f"HELM_{kind}_HOME": str(folder / kind) for kind in ("CACHE", "CONFIG", "DATA")},
        }
        self.apps = api("AppsV1Api")
        self.core = api("CoreV1Api")

    def run(self, *command: str, fails: bool = False) -> tuple[float, str]:
        """Return the seconds that a command took, and what it printed.

        Raises:
            ClusterError: It failed, or did not although `fails` says so.
        """
        began = time.monotonic()
        result = subprocess.run(command, env=self._environment, capture_output=True, text=True)
        seconds = time.monotonic() - began
        printed = result.stdout + result.stderr
        if (result.returncode != 0) != fails:
            raise ClusterError(f"{' '.join(command)} exits with {result.returncode}:\n{printed}")
        return seconds, printed

    def helm(
        self, verb: str, namespace: str, *flags: str, fails: bool = False
    ) -> tuple[float, str]:
        """Return the seconds that helm took for the release, and what it printed."""
        place = ("--namespace", namespace)
        return self.run(self._helm, verb, RELEASE, *place, *flags, fails=fails)

    def chart(self, verb: str, values: str, *flags: str, fails: bool = False) -> tuple[float, str]:
        """Return the same for a verb that takes the chart, with one of its files of values."""
        file = CHART / "ci" / f"{values}.yaml"
        return self.helm(verb, values, str(CHART), "--values", str(file), *flags, fails=fails)

    def pods(self, namespace: str, component: str = "") -> list[Any]:
        """Return the Pods of one part, or of all."""
        selector = f"{COMPONENT}={component}" if component else None
        pods: list[Any] = self.core.list_namespaced_pod(namespace, label_selector=selector).items
        return pods

    def settle(self, namespace: str) -> float:
        """Return after how many seconds all Pods that are wanted are ready, and no others there."""
        scaling = api("AutoscalingV2Api")

        def settled() -> bool:
            deployments = self.apps.list_namespaced_deployment(namespace).items
            scalers = scaling.list_namespaced_horizontal_pod_autoscaler(namespace).items
            least = {s.spec.scale_target_ref.name: s.spec.min_replicas for s in scalers}
            for item in deployments:
                wanted, status = item.spec.replicas, item.status
                if wanted < least.get(item.metadata.name, 1):
                    return False
                if (status.available_replicas, status.updated_replicas) != (wanted, wanted):
                    return False
                if status.observed_generation != item.metadata.generation:
                    return False
            return all(p.metadata.deletion_timestamp is None for p in self.pods(namespace))

        return wait_until(settled, f"Pods in {namespace}", _SECONDS)


def install(cluster: Cluster, values: str) -> None:
    """Install the chart with one file of values, and test it."""
    make_namespace(values)
    seconds, _ = cluster.chart("install", values, "--wait", "--timeout", "5m")
    seconds += cluster.settle(values)
    say(f"install {values}", f"{len(cluster.pods(values))} Pods ready", seconds)
    missing = missing_references(values)
    expect(not missing, f"Pods of {values} refer to what is not there: {missing}")
    seconds, printed = cluster.helm("test", values, "--timeout", "2m")
    expect("Phase:          Succeeded" in printed, f"helm test printed:\n{printed}")
    say(f"helm test {values}", "succeeded", seconds)


def turn_scaling_on(cluster: Cluster, values: str) -> None:
    """Let autoscalers set the number of replicas that the values stated before."""
    changes = ",".join(f"{name}.autoscaling.enabled=true" for name in SERVERS)
    flags = ("--set", changes, "--wait", "--timeout", "5m")
    with recording(values) as record:
        seconds, _ = cluster.chart("upgrade", values, *flags)
        seconds += cluster.settle(values)
        # Once more, because Helm compares with what it stated the last time.
        again, _ = cluster.chart("upgrade", values, *flags)
        again += cluster.settle(values)
    say("turn autoscaling on, upgrade again", "2 replicas stay", seconds + again)
    say_fewest(record, 2)


def uninstall(cluster: Cluster, values: str) -> None:
    """Uninstall what one file of values made, and print what is kept."""
    seconds, _ = cluster.helm("uninstall", values, "--wait", "--timeout", "5m")
    gone = f"the end of all Pods of {values}"
    seconds += wait_until(lambda: not cluster.pods(values), gone, _SECONDS)
    secrets = cluster.core.list_namespaced_secret(values).items
    policies = {s.metadata.name: s.metadata.annotations or {} for s in secrets}
    kept = [name for name, notes in policies.items() if "helm.sh/resource-policy" in notes]
    say(f"uninstall {values}", f"kept: {', '.join(kept) or 'nothing'}", seconds)


def upgrade(cluster: Cluster) -> None:
    """Change the version and a setting of all services, as the documentation says: in two steps."""
    new = "image.tag=0.2.0,registry.settings.pool_size=48"
    old = ",".join(f"{name}.image.tag=0.1.0" for name in ("suggestion", "gateway"))
    with recording(UPGRADED) as record:
        began = time.monotonic()
        wait = ("--wait", "--timeout", "5m")
        first, _ = cluster.chart("upgrade", UPGRADED, "--set", f"{new},{old}", *wait)
        first += cluster.settle(UPGRADED)
        second, _ = cluster.chart("upgrade", UPGRADED, "--set", new, *wait)
        second += cluster.settle(UPGRADED)
    say("upgrade to 0.2.0, the registries", "3 Pods replaced, one by one", first)
    say("upgrade to 0.2.0, the others", "6 Pods replaced, one by one", second)
    migrated = moment(record, "migration", "a migration that succeeded", lambda p: p.has_succeeded)
    registry, *others = (moment(record, name, f"a new {name}", lambda _: True) for name in SERVERS)
    expect(migrated < registry, "a new registry was made before the migration had ended")
    left = record.last_old_left("registry")
    expect(left is not None and left < min(others), "a new service beside an old registry")
    say("  migration ended", f"first new registry {registry - began:.1f} s", migrated - began)
    say("  first new suggestion service", "no old registry is left then", others[0] - began)
    say_fewest(record, 3)
    for name in SERVERS:
        expect(record.replaced(name) == 3, f"{record.replaced(name)} new Pods of {name}")
        expect(record.most_pods(name) <= 4, f"{record.most_pods(name)} Pods of {name} at once")


def moment(record: Record, part: str, what: str, holds: Callable[[PodState], bool]) -> float:
    """Return when a new Pod of a part first met a condition."""
    at = record.first(part, holds)
    if at is None:
        raise ClusterError(f"there was never {what}")
    return at


def say_fewest(record: Record, least: int) -> None:
    """Print the lowest number of Pods of each service, and check that it is not below `least`."""
    for name in SERVERS:
        found, ready = record.fewest_addresses(name), record.fewest_ready(name)
        say(f"  {name}", f"always at least {ready} ready, and {found} that callers find")
        expect(min(found, ready) >= least, f"callers of the {name} found {found} Pods")


def drain(cluster: Cluster) -> None:
    """Evict two Pods of a service at once, and drain a node."""
    first, second = cluster.pods(UPGRADED, "registry")[:2]
    evict(cluster, first.metadata.name)
    try:
        evict(cluster, second.metadata.name)
    except client.ApiException as error:
        expect(error.status == _TOO_MANY_REQUESTS, f"the eviction failed: {error}")
    else:
        raise ClusterError("two Pods of the registry could be evicted at once")
    seconds = cluster.settle(UPGRADED)
    say("evict two registries at once", "the second is refused (429)", seconds)
    pods = [pod for name in SERVERS for pod in cluster.pods(UPGRADED, name)]
    nodes = [pod.spec.node_name for pod in pods]
    node = max(set(nodes), key=nodes.count)
    with recording(UPGRADED) as record:
        seconds, _ = cluster.run("kubectl", "drain", node, "--delete-emptydir-data", "--timeout=5m")
        cluster.settle(UPGRADED)
    say(f"drain {node}", f"{nodes.count(node)} Pods moved", seconds)
    say_fewest(record, 2)
    cluster.run("kubectl", "uncordon", node)


def evict(cluster: Cluster, name: str) -> None:
    """Ask for the eviction of a Pod, as `kubectl drain` does."""
    body = client.V1Eviction(metadata=client.V1ObjectMeta(name=name, namespace=UPGRADED))
    cluster.core.create_namespaced_pod_eviction(name, UPGRADED, body)


def faults(cluster: Cluster) -> None:
    """Try upgrades that fail: the old Pods must go on."""
    refusals = {
        # An older release than the tables: no further try mends that.
        "upgrade to a release that is older": ("unwilling", "PodFailurePolicy", ""),
        "upgrade without a database": ("unreachable", "BackoffLimitExceeded", "1"),
    }
    for what, (tag, reason, tries) in refusals.items():
        changes = f"image.tag={tag}" + (f",migration.backoffLimit={tries}" if tries else "")
        flags = ("--set", changes, "--wait", "--timeout", "5m")
        with recording(UPGRADED) as record:
            seconds, printed = cluster.chart("upgrade", UPGRADED, *flags, fails=True)
        expect(reason in printed, f"helm did not tell why the migration failed:\n{printed}")
        say(what, f"helm fails: {reason}", seconds)
        expect(not any(record.replaced(name) for name in SERVERS), "a Pod was replaced")
        say_fewest(record, 3)
    with recording(UPGRADED) as record:
        flags = ("--set", "image.tag=unready", "--wait", "--timeout", "40s")
        seconds, _ = cluster.chart("upgrade", UPGRADED, *flags, fails=True)
        say("upgrade whose servers never serve", "helm fails at its --timeout of 40 s", seconds)
        seconds, _ = cluster.helm("rollback", UPGRADED, "3", "--wait", "--timeout", "5m")
        seconds += cluster.settle(UPGRADED)
    say("rollback", "the new Pods are gone", seconds)
    say_fewest(record, 3)


def spread(cluster: Cluster) -> None:
    """Print how the Pods are spread over zones."""
    for name in SERVERS:
        nodes = [pod.spec.node_name for pod in cluster.pods(UPGRADED, name)]
        zones = [sum(node.startswith(f"node-{zone}") for node in nodes) for zone in ZONES]
        say(f"  {name}, spread", f"{' + '.join(map(str, zones))} over the zones")
        expect(max(zones) - min(zones) <= 1, f"the zones have {zones} Pods of {name}")


def say(what: str, result: str, seconds: float | None = None) -> None:
    """Print a line of the table."""
    took = f"{seconds:.1f}" if seconds is not None else ""
    print(f"| {what:<35} | {result:<60} | {took:>5} |", flush=True)


def main(arguments: Sequence[str]) -> int:
    """Return the exit code: 1 if anything is not as the chart promises."""
    servers, helm, etcd = (str(Path(argument).resolve()) for argument in arguments)
    began = time.monotonic()
    # The servers end with this process also when a signal ends it.
    signal.signal(signal.SIGTERM, _end)
    with tempfile.TemporaryDirectory(prefix="wanllmdb-cluster-") as name:
        folder = Path(name)
        plane = ControlPlane(folder, Path(servers), etcd)
        try:
            with plane.running():
                job(plane, helm, folder, began)
        except (ClusterError, TimeoutError, RuntimeError) as error:
            print(f"deploy/helm/cluster: {error}", file=sys.stderr)
            return 1
        finally:
            left = plane.leftovers()
            print(f"{len(plane.pids)} servers ended; left: {', '.join(left) or 'nothing'}")
    return 1 if left else 0


def job(plane: ControlPlane, helm: str, folder: Path, began: float) -> None:
    """Do the steps, in order."""
    version = api("VersionApi").get_code().git_version
    print(
        "Containers are simulated by kwok: a Pod serves 4 s after it has a node, and ends in 8 s."
    )
    say("what", "result", None)
    print(f"| {'-' * 35} | {'-' * 60} | ----: |")
    say("start the control plane", f"Kubernetes {version}, etcd, kwok", time.monotonic() - began)
    seconds = add_nodes(ZONES, NODES_OF_ZONE)
    say("add nodes", f"{len(ZONES) * NODES_OF_ZONE} in {len(ZONES)} zones", seconds)
    make_shared()
    cluster = Cluster(plane.kubeconfig, helm, folder)
    for values in INSTALLED:
        install(cluster, values)
        if values == "defaults":
            turn_scaling_on(cluster, values)
        if values != UPGRADED:
            uninstall(cluster, values)
    spread(cluster)
    upgrade(cluster)
    spread(cluster)
    drain(cluster)
    faults(cluster)
    say("everything", "as the chart promises", time.monotonic() - began)


def _end(signum: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + signum)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
