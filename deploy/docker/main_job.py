"""Run the main job between containers: the services of compose.yaml, and a sweep by an agent.

Usage: python -m deploy.docker.main_job FOLDER PROJECT

FOLDER is that of `deploy/docker/build`, and PROJECT the project of compose.yaml as JSON. Every
container runs as compose.yaml says: with its entry point, variables, volumes, user and health
check, a read-only root and no capabilities, on a network with its names. PostgreSQL is not a
container here but the embedded one, and Prometheus and Grafana are left out, because their images
are not built here.

A registry, a suggestion service and two agents are stopped within a run; nothing may be lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg

from deploy.docker.containers import Container, Images
from deploy.docker.network import Network, forwarded
from wanllmdb_local.postgres import embedded_postgres

IN_ORDER = ("registry-1", "registry-2", "suggestion-1", "suggestion-2", "gateway")
RUNS = 12
PROJECT = "containers"
SWEEP = {
    "project": PROJECT,
    "method": "bayes",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"x": {"min": -1.0, "max": 1.0}, "layers": {"min": 1, "max": 8}},
    "run_cap": RUNS,
}
TRAINING = """
import wanllmdb
wanllmdb.init()
config = wanllmdb.config
for step in range(3):
    wanllmdb.log({"loss": (config.x - 0.3) ** 2 + config.layers / (1 + step)})
"""
# Goes on until the agent stops it: a program of a command agent, and a function.
ENDLESS = "import threading, wanllmdb; wanllmdb.init(); threading.Event().wait()"
ENDLESS_FUNCTION = """
import sys, threading, wanllmdb
wanllmdb.agent(sys.argv[1], function=lambda: threading.Event().wait())
print("not ended by the signal")
"""


class Platform:
    """The project's containers."""

    def __init__(
        self, stack: contextlib.ExitStack, images: Images, project: Mapping[str, Any], folder: Path
    ) -> None:
        self._stack = stack
        self._images = images
        self._services = project["services"]
        self._folder = folder
        self._volumes = folder / "volumes"
        self._hosts = folder / "hosts"
        self._network = Network()
        self._began = time.monotonic()
        self._clients = 0
        # One for all clients, because the containers of a job are many and short.
        self._of_clients: Path | None = None
        stack.enter_context(self._network.running())
        self._hosts.write_text("")

    def say(self, text: str) -> None:
        """Print a line with the seconds since the start."""
        print(f"{time.monotonic() - self._began:6.1f} s  {text}", flush=True)

    def secret(self, name: str) -> str:
        """Return a file of a volume of secrets, such as `registry-secrets/admin.key`."""
        return (self._volumes / name).read_text()

    def make_secrets(self) -> None:
        """Run the init service, twice: the second time it has nothing to do."""
        first = self._container("init", "init").output()
        second = self._container("init-again", "init").output()
        assert not second, second
        made = len(first.splitlines())
        self.say(f"init made {made} files of certificates and secrets, and none when run again")

    def add_database(self) -> None:
        """Start PostgreSQL as `postgres` of the network, with the user of the Compose file."""
        text = self._stack.enter_context(tempfile.TemporaryDirectory())
        # Under root the server runs as a user of its own, which must be able to enter the folder.
        Path(text).chmod(0o755)
        url = self._stack.enter_context(embedded_postgres(Path(text) / "data"))
        asyncio.run(_add_owner(url, self.secret("database-secrets/password")))
        port = urlsplit(url).port
        assert port is not None
        self._stack.enter_context(forwarded(self._network.gateway, 5432, port))
        self._network.add_names(self._network.gateway, "postgres")
        self.say("PostgreSQL answers as postgres:5432")

    def start_services(self) -> dict[str, Container]:
        """Start the services in the order of their dependencies, each once those are healthy."""
        started: dict[str, Container] = {}
        for name in IN_ORDER:
            for needed in self._services[name]["depends_on"]:
                if needed in started:
                    started[needed].wait_until_healthy()
            aliases = (self._services[name]["networks"]["default"] or {}).get("aliases", ())
            started[name] = self._container(name, name, self._namespace(name, *aliases))
            started[name].start()
        for container in started.values():
            self.say(f"health check of compose.yaml: {container.wait_until_healthy()}")
            self.say(f"HEALTHCHECK of the image:     {container.image_health().stdout.strip()}")
        return started

    def client(
        self, service: str, *command: str, key: str = "", entrypoint: Sequence[str] = ()
    ) -> Container:
        """Return a container of the service `admin` or `agent`, with a command of the client."""
        self._clients += 1
        if self._of_clients is None:
            self._of_clients = self._namespace()
        return self._container(
            f"{service}-{self._clients}",
            service,
            self._of_clients,
            command=command,
            environment={"WANLLMDB_API_KEY": key} if key else {},
            entrypoint=entrypoint,
        )

    def _namespace(self, *names: str) -> Path:
        """Return a new namespace of the network, which all containers find by these names."""
        made = self._stack.enter_context(self._network.namespace(*names))
        # In place, so that the containers that run see it too.
        self._hosts.write_text(self._network.hosts())
        return made

    def _container(
        self, name: str, service: str, namespace: Path | None = None, **settings: Any
    ) -> Container:
        """Return a new container, which is removed at the end; by default without a network."""
        made = Container(
            name,
            self._services[service],
            self._images,
            volumes=self._volumes,
            folder=self._folder,
            namespace=namespace,
            hosts=self._hosts,
            **settings,
        )
        self._stack.callback(made.remove)
        return made


async def _add_owner(url: str, password: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        # A secret of URL-safe characters, which need no quoting.
        await connection.execute(f"CREATE ROLE wanllmdb LOGIN PASSWORD '{password}'")
        await connection.execute("ALTER DATABASE wanllmdb OWNER TO wanllmdb")
    finally:
        await connection.close()


def check_confinement(service: Container) -> None:
    """Check that the container is what its description promises."""
    assert service.execute("id", "-u").stdout.strip() == "10001"
    assert "Read-only file system" in service.execute("touch", "/opt/x").stderr
    status = service.execute("cat", "/proc/1/status").stdout
    held = [line.split()[1] for line in status.splitlines() if line.startswith("Cap")]
    assert len(held) == 5, status
    assert {int(text, 16) for text in held} == {0}, held
    assert "NoNewPrivs:\t1" in status, status


def run(platform: Platform) -> None:
    """Run the job."""
    platform.make_secrets()
    platform.add_database()
    services = platform.start_services()
    for service in services.values():
        check_confinement(service)
    platform.say("each has a read-only root, user 10001, no capabilities and no new privileges")
    asked = platform.client("agent", "health", "registry", "suggestion", "gateway", "--ready")
    platform.say(f"asked from the agent's image, without a key: {asked.output().splitlines()}")

    create = ("key", "create", "--role", "editor", "--project", PROJECT)
    key = platform.client("admin", *create).output().strip()
    sweep = platform.client("agent", "sweep", "create", "-", "--quiet", key=key)
    sweep_id = sweep.output(json.dumps(SWEEP)).strip()
    platform.say(f"sweep {sweep_id} created, with a key for its project")

    def runs() -> list[dict[str, Any]]:
        listing = platform.client("agent", "runs", "ls", sweep_id, "--json", key=key)
        shown: list[dict[str, Any]] = json.loads(listing.output())
        return shown

    # Each is the first process of its container, which a signal without a handler does not end.
    for kind, program, command in (
        ("command", "wanllmdb", ["agent", sweep_id, "--", "python", "-c", ENDLESS]),
        ("function", "python", ["-c", ENDLESS_FUNCTION, sweep_id]),
    ):
        endless = platform.client("agent", *command, key=key, entrypoint=[program])
        endless.start()
        while [run["state"] for run in runs()] != ["running"]:
            assert not endless.has_ended, endless.said()
        code, seconds = endless.stop()
        assert code == 128 + signal.SIGTERM, (code, endless.said())
        assert [run["state"] for run in runs()] == ["queued"]
        platform.say(f"a {kind} agent gave its run back on SIGTERM, and ended in {seconds:.1f} s")

    agent = platform.client("agent", "agent", sweep_id, "--", "python", "-c", TRAINING, key=key)
    agent.start()
    while len(runs()) < 3:
        assert not agent.has_ended, agent.said()
    for name in ("registry-1", "suggestion-2"):
        code, seconds = services.pop(name).stop()
        assert code == 0, code
        platform.say(f"{name} drained on SIGTERM in {seconds:.1f} s, while the agent worked")
    assert agent.wait(300) == 0, agent.said()
    ended = runs()
    states = [(run["number"], run["state"]) for run in ended]
    assert states == [(number, "finished") for number in range(RUNS)], states
    best = min(run["objective"] for run in ended)
    platform.say(f"the agent ran {len(ended)} runs, all finished; the best loss is {best:.4f}")

    root_key = platform.secret("registry-secrets/admin.key")
    for name, service in services.items():
        code, seconds = service.stop()
        assert code == 0, (name, code, service.said())
        assert root_key not in service.said(), name
        platform.say(f"{name} stopped in {seconds:.1f} s")


@contextlib.contextmanager
def mounted(folder: Path) -> Iterator[Images]:
    """Yield the images, and release what was mounted of them."""
    images = Images(folder)
    try:
        yield images
    finally:
        images.release()


def main() -> None:
    """Run the job with what the command line names."""
    folder = Path(sys.argv[1]).absolute()
    project = json.loads(Path(sys.argv[2]).read_text())
    work = folder / "main-job"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    with mounted(folder) as images, contextlib.ExitStack() as stack:
        run(Platform(stack, images, project, work))
    print("the main job ran between the containers of compose.yaml")


if __name__ == "__main__":
    main()
