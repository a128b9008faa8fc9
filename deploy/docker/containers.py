"""Containers of buildah's images under crun, as the services of a Compose file describe them."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

STOP_SECONDS = 10
"""The time that Docker gives a container between SIGTERM and SIGKILL."""


class Images:
    """The images in buildah's storage below a folder."""

    def __init__(self, folder: Path) -> None:
        self._buildah = [
            *("buildah", "--root", str(folder / "storage"), "--runroot", str(folder / "run")),
            *("--storage-driver", "overlay"),
        ]
        self._mounted: dict[str, tuple[str, Path]] = {}

    def config(self, image: str) -> dict[str, Any]:
        """Return the configuration of an image, as Docker has it."""
        described = json.loads(self._call("inspect", "--type", "image", f"localhost/{image}"))
        config: dict[str, Any] = described["Docker"]["config"]
        return config

    def root_of(self, image: str) -> Path:
        """Return the root file system of an image, which any number of containers may share."""
        if image not in self._mounted:
            container = self._call("from", "--pull-never", f"localhost/{image}")
            self._mounted[image] = container, Path(self._call("mount", container))
        return self._mounted[image][1]

    def release(self) -> None:
        """Remove all root file systems."""
        for container, _ in self._mounted.values():
            self._call("rm", container)
        self._mounted.clear()

    def _call(self, *arguments: str) -> str:
        command = [*self._buildah, *arguments]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        return done.stdout.strip()


class Container:
    """One container; it runs from `start` to its end or `stop`.

    Args:
        name: Its name, and that of its log.
        service: Its service in the Compose file.
        images: Where its image is.
        volumes: The folder of the named volumes.
        folder: Where its bundle and log are written.
        namespace: Its network.
        hosts: The file of hosts.
        command: The arguments of the entry point.
        environment: Variables besides those of the service.
        entrypoint: Replaces the service's, or the image's.
    """

    def __init__(
        self,
        name: str,
        service: Mapping[str, Any],
        images: Images,
        *,
        volumes: Path,
        folder: Path,
        namespace: Path | None,
        hosts: Path,
        command: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        entrypoint: Sequence[str] = (),
    ) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self._service = service
        self._image = images.config(service["image"])
        self._root = images.root_of(service["image"])
        self._volumes = volumes
        self._bundle = folder / name
        self._crun = ["crun", "--root", str(folder / "crun"), "--cgroup-manager=disabled"]
        self._id = f"wanllmdb-{name}"
        self._process: subprocess.Popen[bytes] | None = None
        arguments = [
            *(entrypoint or service.get("entrypoint") or self._image["Entrypoint"]),
            *(command or service.get("command") or ()),
        ]
        shutil.rmtree(self._bundle, ignore_errors=True)
        self._bundle.mkdir(parents=True)
        config = self._config(arguments, dict(environment or {}), namespace, hosts)
        self._process_config = config["process"]
        (self._bundle / "config.json").write_text(json.dumps(config, indent=1))

    def start(self) -> None:
        """Start it; its output goes to its log."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._crun, "run", "--bundle", str(self._bundle), self._id],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def output(self, text: str = "") -> str:
        """Run it to its end with this standard input; return what it printed.

        Raises:
            RuntimeError: its exit code is not 0.
        """
        done = subprocess.run(
            [*self._crun, "run", "--bundle", str(self._bundle), self._id],
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{self.name} ended with {done.returncode}: {done.stderr}")
        return done.stdout

    def execute(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command within the container, as its first process runs."""
        file = self._bundle / "process.json"
        file.write_text(json.dumps(self._process_config | {"args": command}))
        return subprocess.run(
            [*self._crun, "exec", "--process", str(file), self._id],
            capture_output=True,
            text=True,
            check=False,
        )

    def image_health(self) -> subprocess.CompletedProcess[str]:
        """Run the HEALTHCHECK of its image."""
        return self._test(self._image["Healthcheck"]["Test"])

    def wait_until_healthy(self, seconds: float = 180) -> str:
        """Return what the health check of its service printed when it succeeded.

        Raises:
            RuntimeError: it has ended, or does not become healthy.
        """
        began = time.monotonic()
        while (done := self._test(self._service["healthcheck"]["test"])).returncode != 0:
            if self.has_ended or time.monotonic() - began > seconds:
                raise RuntimeError(f"{self.name} is not healthy: {done.stderr}{self.said()}")
        return done.stdout.strip()

    def said(self) -> str:
        """Return what it has printed."""
        return self.log.read_text(errors="replace")

    @property
    def has_ended(self) -> bool:
        """Whether it has ended."""
        return self._process is None or self._process.poll() is not None

    def wait(self, seconds: float) -> int:
        """Return its exit code.

        Raises:
            subprocess.TimeoutExpired: it runs on.
        """
        assert self._process is not None
        return self._process.wait(seconds)

    def stop(self) -> tuple[int, float]:
        """Stop it as Docker does; return its exit code and the seconds that it took.

        Raises:
            subprocess.TimeoutExpired: it did not end in time.
        """
        began = time.monotonic()
        subprocess.run([*self._crun, "kill", self._id, signal.SIGTERM.name], check=True)
        return self.wait(STOP_SECONDS), time.monotonic() - began

    def remove(self) -> None:
        """Kill it if it runs."""
        if not self.has_ended:
            subprocess.run([*self._crun, "delete", "--force", self._id], check=False)
            self.wait(STOP_SECONDS)

    def _test(self, test: Sequence[str]) -> subprocess.CompletedProcess[str]:
        kind, *command = test
        return self.execute(*(["/bin/sh", "-c", *command] if kind == "CMD-SHELL" else command))

    def _config(
        self,
        arguments: Sequence[str],
        environment: dict[str, str],
        namespace: Path | None,
        hosts: Path,
    ) -> dict[str, Any]:
        """Return the configuration of the runtime's specification."""
        service, image = self._service, self._image
        own = {name: text for name, text in service["environment"].items() if text is not None}
        variables = dict(text.split("=", 1) for text in image["Env"]) | own | environment
        user, group = map(int, (service.get("user") or image["User"]).split(":"))
        capabilities = [f"CAP_{name}" for name in service.get("cap_add", ())]
        network = {"type": "network"} | ({} if namespace is None else {"path": str(namespace)})
        return {
            "ociVersion": "1.0.2",
            "process": {
                "user": {"uid": user, "gid": group},
                "args": list(arguments),
                "env": [f"{name}={text}" for name, text in variables.items()],
                "cwd": image["WorkingDir"],
                "noNewPrivileges": "no-new-privileges:true" in service["security_opt"],
                "capabilities": dict.fromkeys(("bounding", "effective", "permitted"), capabilities),
            },
            "root": {"path": str(self._root), "readonly": service["read_only"]},
            "mounts": [
                {"destination": "/proc", "type": "proc", "source": "proc"},
                _tmpfs("/dev", "nosuid", "mode=755"),
                *(
                    _tmpfs(there, "nosuid", "nodev", "mode=1777")
                    for there in ("/dev/shm", *service.get("tmpfs", ()))
                ),
                _bind(hosts, "/etc/hosts", "ro"),
                *(self._mount(volume) for volume in service["volumes"]),
            ],
            "linux": {
                "namespaces": [
                    network,
                    *({"type": kind} for kind in ("pid", "mount", "ipc", "uts")),
                ]
            },
        }

    def _mount(self, volume: Mapping[str, Any]) -> dict[str, Any]:
        there = volume["target"]
        options = "ro" if volume.get("read_only") else "rw"
        if volume["type"] == "bind":
            return _bind(Path(volume["source"]), there, options)
        here = self._volumes / volume["source"]
        if not here.exists():
            here.mkdir(parents=True)
            in_image = self._root / there.lstrip("/")
            if in_image.exists():
                # As Docker does with a new volume.
                shutil.copystat(in_image, here)
                shutil.chown(here, in_image.stat().st_uid, in_image.stat().st_gid)
        return _bind(here, there, options)


def _tmpfs(there: str, *options: str) -> dict[str, Any]:
    return {"destination": there, "type": "tmpfs", "source": "tmpfs", "options": list(options)}


def _bind(here: Path, there: str, options: str) -> dict[str, Any]:
    return {
        "destination": there,
        "type": "bind",
        "source": str(here),
        "options": ["rbind", options],
    }
