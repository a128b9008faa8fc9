"""Agents as an Indexed Job of Kubernetes, by its Python client."""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from wanllmdb.cli.launching.job_manifest import MANAGED_BY, MANAGER, SWEEP_LABEL
from wanllmdb.cli.launching.request import EngineName, Launch, LaunchError

_TIMEOUT = (10.0, 60.0)
"""Seconds to connect, and to wait for the answer."""

_OWN_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_NOT_FOUND = 404


class KubernetesEngine:
    """The launches in one namespace of the cluster that the current context names; see Engine.

    Args:
        namespace: the namespace; "" for that of the current context.

    Raises:
        LaunchError: the package `kubernetes` is missing, or no cluster is configured.
    """

    def __init__(self, namespace: str = "") -> None:
        try:
            from kubernetes import client, config
        except ImportError as error:
            raise LaunchError(
                f"this needs Kubernetes's client ({error}): pip install 'wanllmdb[kubernetes]'"
            ) from None
        settings = client.Configuration()
        # Without this, the client repeats failed calls and logs each failure.
        settings.retries = False
        try:
            own = _load(config, settings)
        except config.ConfigException as error:
            raise LaunchError(
                f"no cluster is configured ({error}): set KUBECONFIG to a file that `kubectl` "
                f"accepts, or use ~/.kube/config"
            ) from None
        self._namespace = namespace or own
        # It takes a manifest as a dictionary too, which its types do not say.
        self._batch: Any = client.BatchV1Api(client.ApiClient(settings))

    def submit(self, manifest: dict[str, Any]) -> str:
        """Create the Job; return the launch's name.

        Raises:
            LaunchError: Kubernetes does not accept the Job.
        """
        with self._explained():
            created = self._batch.create_namespaced_job(
                self._namespace, manifest, field_validation="Strict", _request_timeout=_TIMEOUT
            )
        return self._name_of(created)

    def launches(self) -> list[Launch]:
        """Return the launches whose Jobs exist, for a day after their end too; see Engine."""
        with self._explained():
            jobs = self._batch.list_namespaced_job(
                self._namespace,
                label_selector=f"{MANAGED_BY}={MANAGER}",
                _request_timeout=_TIMEOUT,
            )
        return [self._launch(job) for job in jobs.items]

    def stop(self, launch_id: str) -> None:
        """Delete a launch's Job, whose pods then get SIGTERM; see Engine."""
        with self._explained(missing=launch_id):
            self._batch.delete_namespaced_job(
                launch_id,
                self._namespace,
                # Without this, its pods would stay.
                propagation_policy="Background",
                _request_timeout=_TIMEOUT,
            )

    def _launch(self, job: Any) -> Launch:
        status = job.status
        ended = status.succeeded or 0
        failed = _count_of_indexes(status.failed_indexes or "")
        is_over = any(
            condition.type in ("Complete", "Failed") and condition.status == "True"
            for condition in status.conditions or ()
        )
        running = 0 if is_over else status.ready or 0
        rest = job.spec.completions - running - ended - failed
        return Launch(
            self._name_of(job),
            EngineName.KUBERNETES,
            job.metadata.labels.get(SWEEP_LABEL, ""),
            running,
            waiting=0 if is_over else max(0, rest),
            ended=ended,
            # A Job that failed as a whole ended the agents that were left.
            failed=failed + (max(0, rest) if is_over else 0),
        )

    def _name_of(self, job: Any) -> str:
        return f"{EngineName.KUBERNETES}/{job.metadata.namespace}/{job.metadata.name}"

    @contextmanager
    def _explained(self, missing: str = "") -> Iterator[None]:
        from kubernetes.client import ApiException
        from urllib3.exceptions import HTTPError

        try:
            yield
        except ApiException as error:
            if missing and error.status == _NOT_FOUND:
                raise LaunchError(
                    f"namespace {self._namespace} has no launch {missing}: `wanllmdb launches ls "
                    f"--on kubernetes` lists those it has"
                ) from None
            raise LaunchError(f"Kubernetes refused this: {_message_of(error)}") from None
        except HTTPError as error:
            raise LaunchError(
                f"Kubernetes does not answer at {self._batch.api_client.configuration.host} "
                f"({_cause_of(error)}): `kubectl cluster-info` shows whether it can be reached"
            ) from None


def is_set_up() -> bool:
    """Whether this host has Kubernetes's client and a cluster's configuration."""
    if importlib.util.find_spec("kubernetes") is None:
        return False
    return _config_file() is not None or _OWN_NAMESPACE.exists()


def _config_file() -> str | None:
    """Return the path of kubectl's configuration; KUBECONFIG may list several files."""
    file = os.environ.get("KUBECONFIG") or os.path.expanduser("~/.kube/config")  # noqa: PTH111
    return file if os.environ.get("KUBECONFIG") or Path(file).exists() else None


def _load(config: Any, settings: Any) -> str:
    """Read the configuration of the current context, or else a pod's own; return its namespace.

    The package reads KUBECONFIG only once, when it is imported, so it gets the file's name.
    """
    file = _config_file()
    if file is None:
        config.load_incluster_config(client_configuration=settings)
        return _OWN_NAMESPACE.read_text().strip()
    config.load_kube_config(config_file=file, client_configuration=settings)
    _, current = config.list_kube_config_contexts(config_file=file)
    return str(current["context"].get("namespace") or "default")


def _count_of_indexes(text: str) -> int:
    """Return how many indexes a text such as 1,3-5 has."""
    count = 0
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        count += int(last or first) - int(first) + 1
    return count


def _message_of(error: Any) -> str:
    """Return the API server's own words."""
    try:
        message = json.loads(error.body)["message"]
    except (TypeError, ValueError, KeyError):
        message = f"{error.status} {error.reason}"
    return str(message)


def _cause_of(error: Exception) -> str:
    cause = getattr(error, "reason", None) or error
    return str(cause).rpartition(": ")[2]
