"""The manifest of an Indexed Job of Kubernetes: one index is one agent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wanllmdb import _env
from wanllmdb.cli.launching.request import LaunchError, LaunchRequest

SWEEP_LABEL = "wanllmdb/sweep"
MANAGED_BY = "app.kubernetes.io/managed-by"
MANAGER = "wanllmdb-launch"
"""The value of `MANAGED_BY` on the Jobs that `wanllmdb launch` creates."""

CONTAINER = "agent"
_GPU = "nvidia.com/gpu"
_KEY_IN_SECRET = "api-key"
_TLS_FOLDER = "/etc/wanllmdb/tls"
_SPOOL_FOLDER = "/var/spool/wanllmdb"
# Exit codes of `wanllmdb agent`.
_WRONG_COMMAND_LINE = 2
_TERMINATED = 143
_GRACE_SECONDS = 10
_RETRIES = 3
_DAY = 24 * 60 * 60
_INDEX = "WANLLMDB_INDEX"
_LOOPBACK = ("localhost", "127.", "[::1]", "::1")


@dataclass(frozen=True)
class PodOptions:
    """What pods need beside the agents' options.

    Attributes:
        image: the image of the training code, with `wanllmdb[cli]` installed.
        namespace: the namespace; "" for that of the current context.
        key_secret: the Secret that holds the API key, and after a slash the key of its entry;
            "" for services without keys.
        tls_secret: the Secret with ca.crt and, for mutual TLS, tls.crt and tls.key; "" for none.
    """

    image: str
    namespace: str = ""
    key_secret: str = ""
    tls_secret: str = ""


def job_manifest(request: LaunchRequest, name: str, options: PodOptions) -> dict[str, Any]:
    """Return the manifest, which holds no key.

    Raises:
        LaunchError: pods could not reach the services with these settings.
    """
    _check(request, options)
    labels = {MANAGED_BY: MANAGER, SWEEP_LABEL: request.sweep_id}
    metadata = {"name": name, "labels": labels}
    if options.namespace:
        metadata["namespace"] = options.namespace
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": metadata,
        "spec": {
            # The index is a part of the agent's name, by which a new pod resumes the run of a pod
            # that was killed.
            "completionMode": "Indexed",
            "completions": request.agents,
            "parallelism": request.agents,
            # A broken node or image fails one agent, and not the launch.
            "backoffLimitPerIndex": _RETRIES,
            "podFailurePolicy": {"rules": _failure_rules()},
            # Never two agents of one name at a time.
            "podReplacementPolicy": "Failed",
            "ttlSecondsAfterFinished": _DAY,
            "template": {"metadata": {"labels": labels}, "spec": _pod(request, name, options)},
        },
    }


def _failure_rules() -> list[dict[str, Any]]:
    return [
        # Preemption, eviction and a drained node: the run was given back.
        {
            "action": "Ignore",
            "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}],
        },
        # The same without the condition, for example of a pod that a user deleted.
        {"action": "Ignore", "onExitCodes": _exit_code(_TERMINATED)},
        # Every agent would fail in the same way.
        {"action": "FailJob", "onExitCodes": _exit_code(_WRONG_COMMAND_LINE)},
    ]


def _exit_code(code: int) -> dict[str, Any]:
    return {"containerName": CONTAINER, "operator": "In", "values": [code]}


def _pod(request: LaunchRequest, name: str, options: PodOptions) -> dict[str, Any]:
    volumes: list[dict[str, Any]] = [
        {"name": "spool", "emptyDir": {}},
        # The 64 MiB of a container's own are too few for data loaders with workers.
        {"name": "shm", "emptyDir": {"medium": "Memory"}},
    ]
    mounts: list[dict[str, Any]] = [
        {"name": "spool", "mountPath": _SPOOL_FOLDER},
        {"name": "shm", "mountPath": "/dev/shm"},
    ]
    if options.tls_secret:
        volumes.append({"name": "tls", "secret": {"secretName": options.tls_secret}})
        mounts.append({"name": "tls", "mountPath": _TLS_FOLDER, "readOnly": True})
    container = {
        "name": CONTAINER,
        "image": options.image,
        # No shell, which would not pass SIGTERM on.
        "command": ["wanllmdb", *request.agent_arguments()],
        "env": _variables(request, name, options),
        "resources": _resources(request),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": mounts,
    }
    return {
        # Required by the rules of failures; the Job itself makes new pods.
        "restartPolicy": "Never",
        # Time for the agent to give its run back and for its program to end.
        "terminationGracePeriodSeconds": int(request.kill_delay) + _GRACE_SECONDS,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "volumes": volumes,
    }


def _variables(request: LaunchRequest, name: str, options: PodOptions) -> list[dict[str, Any]]:
    index = "metadata.annotations['batch.kubernetes.io/job-completion-index']"
    plain = {
        _env.REGISTRY: request.settings[_env.REGISTRY],
        _env.SUGGESTION: request.settings[_env.SUGGESTION],
        **_tls_variables(request, options),
        **({_env.INSECURE: "1"} if request.settings.get(_env.INSECURE) == "1" else {}),
        **request.variables,
        _env.RESUME: "1",
        _env.SPOOL_DIR: _SPOOL_FOLDER,
    }
    variables: list[dict[str, Any]] = [
        {"name": _INDEX, "valueFrom": {"fieldRef": {"fieldPath": index}}},
        # The pod's index takes the place of the variable's name.
        {"name": _env.AGENT_ID, "value": f"{name}-$({_INDEX})"},
        # Kubernetes would read $(...) in a value as a variable.
        *({"name": key, "value": value.replace("$(", "$$(")} for key, value in plain.items()),
    ]
    if options.key_secret:
        secret, _, entry = options.key_secret.partition("/")
        reference = {"secretKeyRef": {"name": secret, "key": entry or _KEY_IN_SECRET}}
        variables.append({"name": _env.API_KEY, "valueFrom": reference})
    return variables


def _tls_variables(request: LaunchRequest, options: PodOptions) -> dict[str, str]:
    settings = request.settings
    if settings.get(_env.TLS) != "1":
        return {}
    variables = {_env.TLS: "1"}
    if settings.get(_env.TLS_SERVER_NAME):
        variables[_env.TLS_SERVER_NAME] = settings[_env.TLS_SERVER_NAME]
    if options.tls_secret:
        variables[_env.TLS_CA] = f"{_TLS_FOLDER}/ca.crt"
        if settings.get(_env.TLS_CERT):
            variables[_env.TLS_CERT] = f"{_TLS_FOLDER}/tls.crt"
            variables[_env.TLS_KEY] = f"{_TLS_FOLDER}/tls.key"
    return variables


def _resources(request: LaunchRequest) -> dict[str, Any]:
    requests = {
        **({"cpu": request.cpus} if request.cpus else {}),
        **({"memory": request.memory} if request.memory else {}),
    }
    # A limit of processors would only slow training down; memory beyond its request would be
    # taken from other pods.
    limits = {
        **({"memory": request.memory} if request.memory else {}),
        **({_GPU: str(request.gpus)} if request.gpus else {}),
    }
    return {
        **({"requests": requests} if requests else {}),
        **({"limits": limits} if limits else {}),
    }


def _check(request: LaunchRequest, options: PodOptions) -> None:
    settings = request.settings
    for variable, option in (
        (_env.REGISTRY, "--agent-registry"),
        (_env.SUGGESTION, "--agent-suggestion"),
    ):
        address = settings[variable]
        if address.startswith(_LOOPBACK):
            raise LaunchError(
                f"{address} would be the pod itself: give the address at which pods reach the "
                f"service with {option}, for example {option} NAME.NAMESPACE:PORT"
            )
    if (settings.get(_env.API_KEY) or settings.get(_env.API_KEY_FILE)) and not options.key_secret:
        raise LaunchError(
            f"the services take an API key, which no manifest should hold: store an agent's key in "
            f"a Secret (kubectl create secret generic NAME --from-file={_KEY_IN_SECRET}=FILE) and "
            f"give --key-secret NAME"
        )
    if settings.get(_env.TLS_CA) and not options.tls_secret:
        raise LaunchError(
            "pods do not have your file of certificate authorities: store it in a Secret (kubectl "
            "create secret generic NAME --from-file=ca.crt=FILE; with tls.crt and tls.key for "
            "mutual TLS) and give --tls-secret NAME"
        )
