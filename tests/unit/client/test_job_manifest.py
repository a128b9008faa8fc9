"""The manifest of an Indexed Job, by Kubernetes's own schemas and by what its rules mean."""

from __future__ import annotations

from typing import Any

import kubernetes_validate
import pytest

from wanllmdb.cli.launching.job_manifest import PodOptions, job_manifest
from wanllmdb.cli.launching.request import LaunchError, LaunchRequest

SERVICES = {
    "WANLLMDB_REGISTRY": "registry.sweeps:50051",
    "WANLLMDB_SUGGESTION": "suggestion.sweeps:50052",
}
TLS = {
    **SERVICES,
    "WANLLMDB_TLS": "1",
    "WANLLMDB_TLS_CA": "/home/me/ca.pem",
    "WANLLMDB_TLS_CERT": "/home/me/me.pem",
    "WANLLMDB_TLS_KEY": "/home/me/me.key",
    "WANLLMDB_TLS_SERVER_NAME": "sweeps.example",
}
KEY = "wsk_abc_secret"


def asked(**more: Any) -> LaunchRequest:
    return LaunchRequest("abcdefghij12", 4, **{"settings": SERVICES, **more})


def made(request: LaunchRequest, **options: str) -> dict[str, Any]:
    return job_manifest(request, "wanllmdb-abcdefghij12-1a2b3c", PodOptions("train:1", **options))


def container(manifest: dict[str, Any]) -> dict[str, Any]:
    (only,) = manifest["spec"]["template"]["spec"]["containers"]
    assert isinstance(only, dict)
    return only


def variables(manifest: dict[str, Any]) -> dict[str, Any]:
    return {
        entry["name"]: entry.get("value", entry.get("valueFrom"))
        for entry in container(manifest)["env"]
    }


@pytest.mark.parametrize(
    "manifest",
    [
        made(asked()),
        made(asked(gpus=2, cpus="500m", memory="16Gi", command=("python", "train.py"))),
        made(asked(settings=TLS, variables={"EPOCHS": "3"}), tls_secret="ca", key_secret="key"),
    ],
    ids=["bare", "resources", "protected"],
)
def test_kubernetes_schema_accepts_it_strictly(manifest: dict[str, Any]) -> None:
    newest = kubernetes_validate.latest_version()
    assert kubernetes_validate.validate(manifest, newest, strict=True)


def test_each_index_is_one_agent_whose_next_pod_resumes_its_run() -> None:
    manifest = made(asked())
    spec = manifest["spec"]
    assert (spec["completionMode"], spec["completions"], spec["parallelism"]) == ("Indexed", 4, 4)
    assert spec["podReplacementPolicy"] == "Failed"
    names = [entry["name"] for entry in container(manifest)["env"]]
    # A variable is replaced in those that follow it.
    assert names.index("WANLLMDB_INDEX") < names.index("WANLLMDB_AGENT_ID")
    found = variables(manifest)
    assert found["WANLLMDB_AGENT_ID"] == "wanllmdb-abcdefghij12-1a2b3c-$(WANLLMDB_INDEX)"
    assert found["WANLLMDB_RESUME"] == "1"


def test_preempted_pods_do_not_count_and_a_wrong_command_fails_all() -> None:
    spec = made(asked())["spec"]
    disrupted, terminated, wrong = spec["podFailurePolicy"]["rules"]
    assert disrupted["action"] == "Ignore"
    assert disrupted["onPodConditions"] == [{"type": "DisruptionTarget", "status": "True"}]
    assert (terminated["action"], terminated["onExitCodes"]["values"]) == ("Ignore", [143])
    assert (wrong["action"], wrong["onExitCodes"]["values"]) == ("FailJob", [2])
    # Kubernetes rejects such rules with any other policy.
    assert spec["template"]["spec"]["restartPolicy"] == "Never"


def test_the_agent_gets_the_signal_and_the_time_to_give_its_run_back() -> None:
    manifest = made(asked(kill_delay=45.0, command=("python", "train.py")))
    assert container(manifest)["command"] == [
        *("wanllmdb", "agent", "abcdefghij12", "--plain", "--kill-delay", "45"),
        *("--", "python", "train.py"),
    ]
    assert manifest["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == 55


def test_resources() -> None:
    assert container(made(asked()))["resources"] == {}
    assert container(made(asked(gpus=2, cpus="4", memory="16Gi")))["resources"] == {
        "requests": {"cpu": "4", "memory": "16Gi"},
        "limits": {"memory": "16Gi", "nvidia.com/gpu": "2"},
    }


def test_the_key_and_the_files_come_from_secrets() -> None:
    settings = {**TLS, "WANLLMDB_API_KEY": KEY}
    manifest = made(asked(settings=settings), tls_secret="tls", key_secret="keys/agent")
    found = variables(manifest)
    assert KEY not in str(manifest)
    assert found["WANLLMDB_API_KEY"] == {"secretKeyRef": {"name": "keys", "key": "agent"}}
    assert found["WANLLMDB_TLS_CA"] == "/etc/wanllmdb/tls/ca.crt"
    assert found["WANLLMDB_TLS_KEY"] == "/etc/wanllmdb/tls/tls.key"
    assert found["WANLLMDB_TLS_SERVER_NAME"] == "sweeps.example"
    assert variables(made(asked(), key_secret="keys"))["WANLLMDB_API_KEY"] == {
        "secretKeyRef": {"name": "keys", "key": "api-key"}
    }


def test_values_stay_texts() -> None:
    found = variables(made(asked(variables={"HOMES": "$(HOME) $HOME"})))
    assert found["HOMES"] == "$$(HOME) $HOME"


@pytest.mark.parametrize(
    ("settings", "advice"),
    [
        ({"WANLLMDB_REGISTRY": "localhost:50051"}, "with --agent-registry"),
        ({"WANLLMDB_SUGGESTION": "127.0.0.1:50052"}, "with --agent-suggestion"),
        ({"WANLLMDB_API_KEY": KEY}, "give --key-secret NAME"),
        ({"WANLLMDB_API_KEY_FILE": "/home/me/key"}, "give --key-secret NAME"),
        ({"WANLLMDB_TLS": "1", "WANLLMDB_TLS_CA": "ca.pem"}, "give --tls-secret NAME"),
    ],
)
def test_what_pods_could_not_reach_is_refused(settings: dict[str, str], advice: str) -> None:
    with pytest.raises(LaunchError, match=advice):
        made(asked(settings={**SERVICES, **settings}))
