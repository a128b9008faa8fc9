"""Checks rendered manifests of the chart beyond their schemas: `check_rendered.py FILE`.

- Each container meets the Pod Security Standard `restricted`, has a read-only root, a memory limit
  and requests.
- Each variable names a setting, and the server's own settings accept the whole environment.
- What a selector, a mount, a probe, a Service and a scaler name exists.
- Pods get the time that their shutdown takes, and no update takes a Pod before another one serves.
- A migration that fails ends while Helm waits, and at once if no further try helps.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from deploy.helm.settings_schema import SERVERS
from tests.certificates import Authority
from wanllmdb import _env
from wanllmdb_common.server.settings import USAGE_EXIT_CODE

Manifest = dict[str, Any]

# What stands for the content of a Secret that the chart does not make.
_SECRETS = {
    "DATABASE_URL": "postgresql://user:password@host/name",
    "ADMIN_KEY": "wsk_root_" + "s" * 40,
    "STATE_KEY": "5e" * 32,
}
# What the images set themselves: all servers listen on all addresses, and the gRPC servers have a
# second port.
_OF_THE_IMAGES = {
    "registry": {"WANLLMDB_REGISTRY_HOST": "0.0.0.0", "WANLLMDB_REGISTRY_LOCAL_PORT": "50061"},
    "suggestion": {
        "WANLLMDB_SUGGESTION_HOST": "0.0.0.0",
        "WANLLMDB_SUGGESTION_LOCAL_PORT": "50062",
    },
    "gateway": {"WANLLMDB_GATEWAY_HOST": "0.0.0.0"},
}
# The kinds that run Pods, in the groups of Kubernetes' own.
_WORKLOADS = ("Deployment", "StatefulSet", "Job", "Pod")
# Seconds: Kubernetes' before a Job's second Pod, and the default of helm's --timeout.
_FIRST_WAIT, _HELM_WAITS = 10, 300
_CLIENT_VARIABLES = {value for name, value in vars(_env).items() if name.isupper()}


def pods(manifests: list[Manifest]) -> Iterator[tuple[Manifest, Manifest]]:
    """Yield each workload with the template of its Pods."""
    for manifest in manifests:
        if manifest["kind"] == "Pod":
            yield manifest, manifest
        elif manifest["kind"] in _WORKLOADS:
            yield manifest, manifest["spec"]["template"]


def security_problems(spec: Manifest) -> Iterator[str]:
    """Yield what the standard `restricted` forbids, and what this chart promises beyond it."""
    pod = spec["securityContext"]
    if not pod.get("runAsNonRoot") or pod.get("runAsUser", 0) == 0:
        yield "may run as root"
    if pod.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield "has no seccomp profile"
    if spec.get("automountServiceAccountToken") is not False:
        yield "has a token of the cluster"
    if spec.get("enableServiceLinks") is not False:
        yield "has the variables of service links, which could be taken for settings"
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(key):
            yield f"has {key}"
    allowed = {"emptyDir", "secret", "configMap", "persistentVolumeClaim", "projected"}
    for volume in spec.get("volumes", []):
        if not allowed & set(volume):
            yield f"has the volume {volume['name']} of a forbidden kind"
    for container in spec["containers"]:
        own = container.get("securityContext", {})
        if own.get("allowPrivilegeEscalation") is not False or own.get("privileged"):
            yield "may gain privileges"
        if own.get("capabilities", {}).get("drop") != ["ALL"] or own["capabilities"].get("add"):
            yield "has capabilities"
        if own.get("readOnlyRootFilesystem") is not True:
            yield "may write to its root"
        if "memory" not in container["resources"].get("limits", {}):
            yield "has no limit of memory"
        if not {"cpu", "memory"} <= set(container["resources"].get("requests", {})):
            yield "does not request processors and memory"


def environment(container: Manifest) -> dict[str, str]:
    """Return the container's variables; those from Secrets have a valid value."""
    values = {}
    for entry in container.get("env", []):
        name = entry["name"]
        ending = next((secret for key, secret in _SECRETS.items() if name.endswith(key)), "s3cret")
        text = str(entry.get("value", ending))
        values[name] = text.replace("$(POSTGRES_PASSWORD)", "s3cret")
    return values


def settings_problems(container: Manifest) -> Iterator[str]:
    """Yield variables that name no setting, and what the server's settings reject."""
    variables = environment(container)
    image = "registry" if container["name"] == "migration" else container["name"]
    server = SERVERS.get(image)
    prefix = server.model_config.get("env_prefix", "") if server else "WANLLMDB_"
    for name in variables:
        is_setting = (
            name.removeprefix(prefix).lower() in server.model_fields
            if server
            else name in _CLIENT_VARIABLES
        )
        if name.startswith("WANLLMDB_") and not (name.startswith(prefix) and is_setting):
            yield f"sets {name}, which is no setting"
    if server is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        _write_certificates(Path(folder))
        os.environ.clear()
        for name, value in {**_OF_THE_IMAGES[image], **variables}.items():
            os.environ[name] = value.replace("/etc/wanllmdb/tls", folder)
        try:
            settings = server(**_arguments(container))
        except ValidationError as error:
            yield f"has settings that the server rejects: {error}"
            return
    ports = [value for name, value in settings if name.endswith("port") and value is not None]
    if len(ports) != len(set(ports)):
        yield f"listens on one port twice: {ports}"


def _arguments(container: Manifest) -> dict[str, Any]:
    """Return the settings that flags set: those that the chart passes are all switches."""
    flags = container.get("args", [])
    return {flag.removeprefix("--").replace("-", "_"): True for flag in flags}


def _write_certificates(folder: Path) -> None:
    """Write what a Secret for TLS holds."""
    authority = Authority(folder)
    files = authority.issue()
    files.cert.rename(folder / "tls.crt")
    files.key.rename(folder / "tls.key")
    authority.file.rename(folder / "ca.crt")


def reference_problems(manifest: Manifest, template: Manifest) -> Iterator[str]:
    """Yield mounts without a volume, and probes of a port that the container does not have."""
    spec = template["spec"]
    volumes = {volume["name"] for volume in spec.get("volumes", [])}
    claims = manifest["spec"].get("volumeClaimTemplates", [])
    volumes |= {claim["metadata"]["name"] for claim in claims}
    for container in spec["containers"]:
        for mount in container.get("volumeMounts", []):
            if mount["name"] not in volumes:
                yield f"mounts {mount['name']}, which is no volume"
        ports = container.get("ports", [])
        known = {port["name"] for port in ports} | {port["containerPort"] for port in ports}
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            for kind in ("grpc", "httpGet"):
                port = container.get(probe, {}).get(kind, {}).get("port")
                if port is not None and port not in known:
                    yield f"has a {probe} of the port {port}, which it does not have"


def shutdown_problems(manifest: Manifest) -> Iterator[str]:
    """Yield why a Pod of a Deployment would lose calls when it is replaced."""
    spec = manifest["spec"]
    if spec["strategy"]["rollingUpdate"]["maxUnavailable"] != 0:
        yield "loses a Pod before a new one serves"
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    sleep = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    grace = next(float(v) for k, v in environment(container).items() if k.endswith("_GRACE"))
    if pod["terminationGracePeriodSeconds"] < sleep + grace + 1:
        yield "is killed before it has drained"


def migration_problems(job: Manifest) -> Iterator[str]:
    """Yield why an upgrade would not end with the reason of a migration that fails."""
    spec = job["spec"]
    # Kubernetes waits before each further try, twice as long each time.
    seconds = sum(_FIRST_WAIT * 2**tried for tried in range(spec["backoffLimit"]))
    if seconds >= _HELM_WAITS:
        yield f"goes on trying for {seconds} s, longer than Helm waits"
    rules = spec.get("podFailurePolicy", {}).get("rules", [])
    ending = [r["onExitCodes"]["values"] for r in rules if r["action"] == "FailJob"]
    if [USAGE_EXIT_CODE] not in ending:
        yield "is tried again although no further try helps"


def graph_problems(manifests: list[Manifest]) -> Iterator[str]:
    """Yield selectors that select no Pod, and scalers of nothing."""
    labels = [template["metadata"].get("labels", {}) for _, template in pods(manifests)]
    names = {(m["kind"], m["metadata"]["name"]) for m in manifests}
    for manifest in manifests:
        kind, spec = manifest["kind"], manifest.get("spec", {})
        where = f"{kind} {manifest['metadata']['name']}"
        if kind == "Service":
            selector = spec["selector"]
        elif kind == "NetworkPolicy":
            selector = spec["podSelector"]["matchLabels"]
        elif kind in ("PodDisruptionBudget", "Deployment", "StatefulSet"):
            selector = spec["selector"]["matchLabels"]
        else:
            selector = {}
        if not any(selector.items() <= candidate.items() for candidate in labels):
            yield f"{where} selects no Pod"
        target = spec.get("scaleTargetRef")
        if target and (target["kind"], target["name"]) not in names:
            yield f"{where} scales what is not there"


def problems(manifests: list[Manifest]) -> Iterator[str]:
    """Yield everything that is wrong, each with the manifest that it concerns."""
    yield from graph_problems(manifests)
    for manifest, template in pods(manifests):
        where = f"{manifest['kind']} {manifest['metadata']['name']}"
        found = [*security_problems(template["spec"]), *reference_problems(manifest, template)]
        if manifest["kind"] == "Deployment":
            found += shutdown_problems(manifest)
        if manifest["kind"] == "Job":
            found += migration_problems(manifest)
        for container in template["spec"]["containers"]:
            found += settings_problems(container)
        yield from (f"{where} {problem}" for problem in found)


def main() -> int:
    """Return the exit code: 1 if anything is wrong."""
    documents = yaml.safe_load_all(Path(sys.argv[1]).read_text())
    manifests = [document for document in documents if document]
    found = list(problems(manifests))
    print("\n".join(found) or f"{len(manifests)} manifests, {len(list(pods(manifests)))} with Pods")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
