"""`up` with servers that can be made to misbehave."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.e2e.up_process import UpProcess, up

REPOSITORY = Path(__file__).parents[3]


class Launcher:
    """Starts `up` with the fake servers and without a database."""

    def __init__(self, folder: Path) -> None:
        self.data_dir = folder / "data"
        self.log = folder / "stops"
        self._packages = folder / "packages"
        for name in ("registry", "suggestion", "gateway"):
            package = self._packages / f"wanllmdb_{name}"
            package.mkdir(parents=True)
            (package / "__init__.py").touch()
            (package / "__main__.py").write_text(
                f"from tests.unit.local.fake_server import main\n\nmain({name!r})\n"
            )

    def up(
        self,
        *arguments: str,
        broken: str = "",
        ports: tuple[int, int] = (0, 0),
        dashboard: bool = False,
        environment: Mapping[str, str] | None = None,
    ) -> AbstractContextManager[UpProcess]:
        variables = {
            **(environment or {}),
            # The fakes hide the real packages of the same names.
            "PYTHONPATH": f"{self._packages}{os.pathsep}{REPOSITORY}",
            "FAKE_LOG": str(self.log),
            "FAKE_BREAK": broken,
        }
        url = "postgresql://nobody@127.0.0.1:1/none"
        return up(
            self.data_dir,
            *("--database-url", url),
            *arguments,
            ports=ports,
            dashboard=dashboard,
            environment=variables,
        )


def answers(address: str) -> bool:
    with grpc.insecure_channel(address) as channel:
        try:
            reply = health_pb2_grpc.HealthStub(channel).Check(
                health_pb2.HealthCheckRequest(), timeout=2
            )
        except grpc.RpcError:
            return False
    return bool(reply.status == health_pb2.HealthCheckResponse.SERVING)
