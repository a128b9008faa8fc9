"""Records through the API what becomes of the Pods of a release while something happens to them."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from kubernetes import watch

from deploy.helm.control_plane import api

COMPONENT = "app.kubernetes.io/component"
SERVERS = ("registry", "suggestion", "gateway")
# How long one watch lasts before it is renewed, so that the end of the block is noticed.
_WATCH_SECONDS = 2


@dataclass(frozen=True)
class PodState:
    """A Pod at one moment.

    Attributes:
        component: The part of the chart that it belongs to.
        is_ready: Whether its containers are ready.
        is_ending: Whether it was deleted and has not ended yet.
        is_gone: Whether it is not there any more.
        has_succeeded: Whether it ended by itself, as the migration does.
    """

    component: str
    is_ready: bool
    is_ending: bool
    is_gone: bool
    has_succeeded: bool


@dataclass
class Record:
    """What was seen, in order.

    Attributes:
        before: The names of the Pods that were there at the beginning.
        pods: For each change of a Pod its time, name and state.
        addresses: For each change of a Service its time, name, and how many Pods callers find.
    """

    before: frozenset[str] = frozenset()
    pods: list[tuple[float, str, PodState]] = field(default_factory=list)
    addresses: list[tuple[float, str, int]] = field(default_factory=list)

    def fewest_addresses(self, component: str) -> int:
        """Return the lowest number of Pods that callers of a part found at any time."""
        return min(count for _, name, count in self.addresses if name.endswith(f"-{component}"))

    def fewest_ready(self, component: str) -> int:
        """Return the lowest number of Pods of a part that were ready and not ending."""
        return min(self._counts(component, lambda pod: pod.is_ready and not pod.is_ending))

    def most_pods(self, component: str) -> int:
        """Return the highest number of Pods of a part, without those that were ending."""
        return max(self._counts(component, lambda pod: not pod.is_ending))

    def replaced(self, component: str) -> int:
        """Return how many new Pods of a part were made."""
        return len({name for _, name, pod in self._new() if pod.component == component})

    def first(self, component: str, holds: Callable[[PodState], bool]) -> float | None:
        """Return when a new Pod of a part first met a condition; None if none ever did."""
        times = [at for at, _, pod in self._new() if pod.component == component and holds(pod)]
        return min(times, default=None)

    def last_old_left(self, component: str) -> float | None:
        """Return when the last old Pod of a part began to end; None if one stays."""
        old = {
            name for _, name, pod in self.pods if name in self.before and pod.component == component
        }
        ends: dict[str, float] = {}
        for at, name, pod in self.pods:
            if name in old and (pod.is_ending or pod.is_gone):
                ends.setdefault(name, at)
        return max(ends.values()) if old and len(ends) == len(old) else None

    def _new(self) -> Iterator[tuple[float, str, PodState]]:
        return ((at, name, pod) for at, name, pod in self.pods if name not in self.before)

    def _counts(self, component: str, counts: Callable[[PodState], bool]) -> Iterator[int]:
        """Yield the number of Pods that count: at the beginning, and after each later change."""
        states: dict[str, PodState] = {}
        waiting = set(self.before)
        for _, name, pod in self.pods:
            waiting.discard(name)
            states[name] = pod
            if not waiting:
                yield sum(
                    pod.component == component and not pod.is_gone and counts(pod)
                    for pod in states.values()
                )


@contextlib.contextmanager
def recording(namespace: str) -> Iterator[Record]:
    """Record what happens to the Pods and Services of a namespace within the block."""
    core, discovery = api("CoreV1Api"), api("DiscoveryV1Api")
    record = Record()
    stop = threading.Event()
    slices: dict[str, tuple[str, int]] = {}

    def see_pod(kind: str, pod: Any) -> None:
        state = _pod_state(pod, is_gone=kind == "DELETED")
        record.pods.append((time.monotonic(), pod.metadata.name, state))

    def count_addresses(service: str) -> None:
        count = sum(number for name, number in slices.values() if name == service)
        record.addresses.append((time.monotonic(), service, count))

    def see_slice(kind: str, part: Any) -> None:
        service = part.metadata.labels["kubernetes.io/service-name"]
        endpoints = (part.endpoints or []) if kind != "DELETED" else []
        slices[part.metadata.name] = (service, sum(bool(e.conditions.ready) for e in endpoints))
        if all_listed:
            count_addresses(service)

    pods = core.list_namespaced_pod(namespace)
    record.before = frozenset(pod.metadata.name for pod in pods.items)
    for pod in pods.items:
        see_pod("ADDED", pod)
    parts = discovery.list_namespaced_endpoint_slice(namespace)
    # A Service may have several, which count together.
    all_listed = False
    for part in parts.items:
        see_slice("ADDED", part)
    all_listed = True
    for service in {service for service, _ in slices.values()}:
        count_addresses(service)
    threads = [
        threading.Thread(target=_follow, args=(listing, namespace, version, see, stop))
        for listing, version, see in (
            (core.list_namespaced_pod, pods.metadata.resource_version, see_pod),
            (discovery.list_namespaced_endpoint_slice, parts.metadata.resource_version, see_slice),
        )
    ]
    for thread in threads:
        thread.start()
    try:
        yield record
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _follow(
    listing: Callable[..., Any],
    namespace: str,
    version: str,
    see: Callable[[str, Any], None],
    stop: threading.Event,
) -> None:
    while not stop.is_set():
        watching: Any = watch.Watch  # its package has no types for it
        events = watching().stream(
            listing, namespace, resource_version=version, timeout_seconds=_WATCH_SECONDS
        )
        for event in events:
            version = event["object"].metadata.resource_version
            see(event["type"], event["object"])


def _pod_state(pod: Any, *, is_gone: bool) -> PodState:
    conditions = pod.status.conditions or []
    return PodState(
        component=(pod.metadata.labels or {}).get(COMPONENT, ""),
        is_ready=any(c.type == "Ready" and c.status == "True" for c in conditions),
        is_ending=pod.metadata.deletion_timestamp is not None,
        is_gone=is_gone,
        has_succeeded=pod.status.phase == "Succeeded",
    )
