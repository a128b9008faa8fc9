"""What `wanllmdb launch --on ray` asks Ray for."""

from __future__ import annotations

from typing import Any

import pytest

from wanllmdb.cli.launching.ray_actors import description, resources_of
from wanllmdb.cli.launching.request import LaunchError, LaunchRequest


@pytest.mark.parametrize(
    ("cpus", "gpus", "memory", "expected"),
    [
        ("", 0, "", {"num_cpus": 1.0}),
        ("0.5", 2, "", {"num_cpus": 0.5, "num_gpus": 2}),
        ("4", 0, "16Gi", {"num_cpus": 4.0, "memory": 16 * 1024**3}),
        ("", 0, "1.5G", {"num_cpus": 1.0, "memory": 1_500_000_000}),
        ("", 0, "512MB", {"num_cpus": 1.0, "memory": 512_000_000}),
        ("", 0, "1000", {"num_cpus": 1.0, "memory": 1000}),
    ],
)
def test_resources(cpus: str, gpus: int, memory: str, expected: dict[str, float]) -> None:
    request = LaunchRequest("sweep", 1, cpus=cpus, gpus=gpus, memory=memory)
    assert resources_of(request) == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [({"cpus": "many"}, "--cpus-per-agent many"), ({"memory": "16X"}, "such as 16Gi or 512M")],
)
def test_what_is_no_size_is_an_error(given: dict[str, Any], message: str) -> None:
    with pytest.raises(LaunchError, match=message):
        resources_of(LaunchRequest("sweep", 1, **given))


def test_a_description_holds_no_key() -> None:
    request = LaunchRequest(
        "sweep",
        2,
        command=("python", "train.py"),
        settings={"WANLLMDB_REGISTRY": "host:1", "WANLLMDB_API_KEY": "secret"},
        variables={"EPOCHS": "3"},
    )
    described = description(request, "wanllmdb-sweep-1", "/code")

    assert "secret" not in str(described)
    assert described["actors"] == ["wanllmdb-sweep-1-0", "wanllmdb-sweep-1-1"]
    assert described["each"]["num_cpus"] == 1.0
    assert described["command"][-3:] == ["--", "python", "train.py"]
    assert described["variables"] == {
        "WANLLMDB_REGISTRY": "host:1",
        "EPOCHS": "3",
        "WANLLMDB_RESUME": "1",
    }
