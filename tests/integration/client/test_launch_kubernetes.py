"""`wanllmdb launch --on kubernetes`: its calls to an API server, and its answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.integration.client.command_agents import plain_sweep
from tests.integration.client.command_line import CommandLine
from tests.kubernetes_api import KubernetesApi, failure, kubernetes_api
from tests.ports import free_port
from wanllmdb import Client

JOBS = "/apis/batch/v1/namespaces/vision/jobs"
ASKED = (
    *("--on", "kubernetes", "--image", "train:1", "--agents", "3"),
    *("--agent-registry", "registry.sweeps:50051"),
    *("--agent-suggestion", "suggestion.sweeps:50052"),
)


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KubernetesApi]:
    """An API server that the current context names, with the namespace `vision`."""
    with kubernetes_api() as api:
        file = tmp_path / "config"
        api.write_config(file, "vision")
        monkeypatch.setenv("KUBECONFIG", str(file))
        yield api


def job(name: str, sweep_id: str, completions: int = 3, **status: Any) -> dict[str, Any]:
    """Return a Job as the API server returns it."""
    labels = {"app.kubernetes.io/managed-by": "wanllmdb-launch", "wanllmdb/sweep": sweep_id}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": "vision", "labels": labels},
        "spec": {"completions": completions, "template": {"spec": {"containers": []}}},
        "status": status,
    }


async def test_a_job_is_created_in_the_namespace_of_the_context(
    api: KubernetesApi, cli: CommandLine, client: Client
) -> None:
    sweep_id = await plain_sweep(client)
    api.answers["POST", JOBS] = (201, job("made", sweep_id))
    launched = await cli.json("launch", sweep_id, *ASKED, "--json", "--", "python", "train.py")

    assert launched == {"launch": "kubernetes/vision/made", "agents": 3}
    (asked,) = api.asked
    assert (asked.method, asked.path) == ("POST", JOBS)
    # The API server itself rejects a field that it does not know.
    assert asked.query["fieldValidation"] == ["Strict"]
    assert asked.body["spec"]["completions"] == 3
    newest = kubernetes_validate.latest_version()
    assert kubernetes_validate.validate(asked.body, newest, strict=True)


async def test_a_dry_run_prints_yaml_for_kubectl_and_asks_no_cluster(
    api: KubernetesApi, cli: CommandLine, client: Client
) -> None:
    sweep_id = await plain_sweep(client, run_cap=2)
    said = await cli(
        *("launch", sweep_id, *ASKED, "--namespace", "nlp", "--gpus-per-agent", "1", "--dry-run"),
        *("--", "python", "train.py"),
    )

    manifest = yaml.safe_load(said.out)
    newest = kubernetes_validate.latest_version()
    assert kubernetes_validate.validate(manifest, newest, strict=True)
    assert manifest["metadata"]["namespace"] == "nlp"
    assert manifest["metadata"]["labels"]["wanllmdb/sweep"] == sweep_id
    assert manifest["spec"]["completions"] == 2
    assert f"note: sweep {sweep_id} has 2 runs left" in said.err
    assert api.asked == []


async def test_launches_are_listed_by_label_and_stopped_with_their_pods(
    api: KubernetesApi, cli: CommandLine
) -> None:
    over = [{"type": "Failed", "status": "True", "reason": "PodFailurePolicy"}]
    jobs = [
        job("first", "aaaaaaaaaaaa", 8, ready=3, active=4, succeeded=1, failedIndexes="2,4-5"),
        job("second", "bbbbbbbbbbbb", 2, succeeded=1, failed=1, conditions=over),
    ]
    api.answers["GET", JOBS] = (200, {"apiVersion": "batch/v1", "kind": "JobList", "items": jobs})
    api.answers["DELETE", f"{JOBS}/first"] = (200, {"kind": "Status", "status": "Success"})
    first, second = await cli.json("launches", "ls", "--on", "kubernetes")
    await cli("launches", "stop", first["launch"])

    assert first["launch"] == "kubernetes/vision/first"
    counts = [
        (one["running"], one["waiting"], one["ended"], one["failed"]) for one in (first, second)
    ]
    assert counts == [(3, 1, 1, 3), (0, 0, 1, 1)]
    listed, deleted = api.asked
    assert listed.query["labelSelector"] == ["app.kubernetes.io/managed-by=wanllmdb-launch"]
    assert (deleted.method, deleted.path) == ("DELETE", f"{JOBS}/first")
    assert deleted.query["propagationPolicy"] == ["Background"]


async def test_what_kubernetes_refuses_is_explained(
    api: KubernetesApi, cli: CommandLine, client: Client
) -> None:
    sweep_id = await plain_sweep(client)
    quota = 'jobs.batch "made" is forbidden: exceeded quota: gpus'
    api.answers["POST", JOBS] = failure(403, "Forbidden", quota)
    said = await cli("launch", sweep_id, *ASKED, "--", "true", code=1)
    assert f"Kubernetes refused this: {quota}" in said.err
    said = await cli("launches", "stop", "kubernetes/vision/absent", code=1)
    assert "namespace vision has no launch absent" in said.err
    said = await cli("launches", "stop", "absent", code=2)
    assert "is not the name of a launch" in " ".join(said.err.replace("│", " ").split())


async def test_a_cluster_that_does_not_answer_hides_no_other_launches(
    api: KubernetesApi, cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = KubernetesApi(f"http://127.0.0.1:{free_port()}")
    gone.write_config(tmp_path / "config", "vision")
    said = await cli("launches", "ls", "--on", "kubernetes", code=1)
    assert f"Kubernetes does not answer at {gone.address}" in said.err
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    said = await cli("launches", "ls")
    assert "No launches" in said.out
    assert f"note: kubernetes: Kubernetes does not answer at {gone.address}" in said.err


async def test_what_is_missing(
    cli: CommandLine, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep_id = await plain_sweep(client)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "absent"))
    said = await cli("launch", sweep_id, *ASKED, "--", "true", code=1)
    assert "no cluster is configured" in said.err
    said = await cli("launch", sweep_id, "--on", "kubernetes", "--", "true", code=2)
    assert "needs --image" in " ".join(said.err.replace("│", " ").split())
    loopback = ("--on", "kubernetes", "--image", "train:1")
    said = await cli("launch", sweep_id, *loopback, "--", "true", code=1)
    assert "would be the pod itself" in said.err
