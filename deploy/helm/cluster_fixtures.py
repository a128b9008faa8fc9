"""What a cluster has besides the chart, for the values in `ci`: namespaces, Secrets, a volume."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from deploy.helm.control_plane import api

_MONITORING = "monitoring.coreos.com"
# The Secrets that values name, with their keys.
_SECRETS: dict[str, dict[str, tuple[str, ...]]] = {
    "defaults": {"sweeps-database": ("url",)},
    "existing-secrets": {
        "sweeps-database": ("address",),
        "sweeps-keys": ("root", "states", "sessions"),
        "sweeps-certificate": ("tls.crt", "tls.key", "ca.crt"),
        "pull": (".dockerconfigjson",),
    },
}


def make_shared() -> None:
    """Make what all namespaces share: a priority, a volume, and the Prometheus operator's kinds."""
    api("SchedulingV1Api").create_priority_class({"metadata": {"name": "important"}, "value": 1000})
    api("StorageV1Api").create_storage_class(
        {"metadata": {"name": "fast"}, "provisioner": "kubernetes.io/no-provisioner"}
    )
    claims = {
        # For the class that `everything` names, and for claims without a class.
        "fast": "fast",
        "other": "",
    }
    for name, storage_class in claims.items():
        spec = {
            "storageClassName": storage_class,
            "capacity": {"storage": "20Gi"},
            "accessModes": ["ReadWriteOnce"],
            "hostPath": {"path": "/data"},
        }
        api("CoreV1Api").create_persistent_volume({"metadata": {"name": name}, "spec": spec})
    for kind in ("ServiceMonitor", "PrometheusRule"):
        _make_kind(kind)


def _make_kind(kind: str) -> None:
    plural = f"{kind.lower()}s"
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": anything},
    }
    names = {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"}
    api("ApiextensionsV1Api").create_custom_resource_definition(
        {
            "metadata": {"name": f"{plural}.{_MONITORING}"},
            "spec": {
                "group": _MONITORING,
                "scope": "Namespaced",
                "names": names,
                "versions": [version],
            },
        }
    )


def make_namespace(name: str) -> None:
    """Make a namespace that enforces the standard `restricted`, with what its values refer to."""
    core = api("CoreV1Api")
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    core.create_namespace({"metadata": {"name": name, "labels": labels}})
    for secret, keys in _SECRETS.get(name, {}).items():
        data = dict.fromkeys(keys, "no container reads this")
        core.create_namespaced_secret(name, {"metadata": {"name": secret}, "stringData": data})
    core.create_namespaced_config_map(name, {"metadata": {"name": "authority"}, "data": {}})
    if name == "existing-secrets":
        core.create_namespaced_service_account(name, {"metadata": {"name": "sweeps"}})


def missing_references(namespace: str) -> list[str]:
    """Return the Secrets, keys and ConfigMaps that Pods need and that are not there."""
    core = api("CoreV1Api")
    secrets = {
        s.metadata.name: set(s.data or {}) for s in core.list_namespaced_secret(namespace).items
    }
    maps = {m.metadata.name for m in core.list_namespaced_config_map(namespace).items}
    missing: set[str] = set()
    for pod in core.list_namespaced_pod(namespace).items:
        for secret, key in _needed(pod.spec):
            if secret not in secrets:
                missing.add(f"the Secret {secret}")
            elif key is not None and key not in secrets[secret]:
                missing.add(f"the key {key} of the Secret {secret}")
        volumes = [v.config_map.name for v in pod.spec.volumes if v.config_map]
        missing |= {f"the ConfigMap {name}" for name in volumes if name not in maps}
    return sorted(missing)


def _needed(spec: Any) -> Iterator[tuple[str, str | None]]:
    """Yield the Secrets of a Pod, each with a key that it needs, or with None for any."""
    for container in [*(spec.init_containers or []), *spec.containers]:
        for variable in container.env or []:
            source = variable.value_from and variable.value_from.secret_key_ref
            if source:
                yield source.name, source.key
    for volume in spec.volumes or []:
        if volume.secret:
            for item in volume.secret.items or [None]:
                yield volume.secret.secret_name, item and item.key
