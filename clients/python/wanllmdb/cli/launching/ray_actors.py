"""Agents as detached actors of Ray, by its Python client."""

from __future__ import annotations

import importlib.util
import logging
import os
import re
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

from wanllmdb import _env
from wanllmdb.cli.launching.local import agent_variables
from wanllmdb.cli.launching.ray_agent import MOST_RESTARTS, RayAgent
from wanllmdb.cli.launching.request import (
    NAMESPACE,
    PREFIX,
    EngineName,
    Launch,
    LaunchError,
    LaunchRequest,
)

_ADDRESS = "RAY_ADDRESS"
_CREATE_SECONDS = 2.0
"""How long a launch waits if no node has room for its actors: time for Ray to learn of them."""
_ANSWER_SECONDS = 5.0
"""Seconds after which an actor without an answer counts as waiting for its node."""

_UNITS = {"": 1, **{unit: 1000**power for power, unit in enumerate("KMGT", 1)}}
_UNITS |= {f"{unit}i": 1024**power for power, unit in enumerate("KMGT", 1)}

# Without this, Ray kills an agent together with its actor. With it, the agent's guard ends the
# agent by SIGTERM.
_RUNTIME = {"env_vars": {"RAY_kill_child_processes_on_worker_exit": "0"}}


def resources_of(request: LaunchRequest) -> dict[str, float]:
    """Return what each agent's actor gets of its node.

    Raises:
        LaunchError: a number or a size can't be read.
    """
    try:
        resources: dict[str, float] = {"num_cpus": float(request.cpus or 1)}
    except ValueError:
        raise LaunchError(f"--cpus-per-agent {request.cpus}: give a number, such as 4") from None
    if request.gpus:
        resources["num_gpus"] = request.gpus
    if request.memory:
        size = re.fullmatch(r"(\d+(?:\.\d+)?)([KMGT]i?)?B?", request.memory)
        if size is None:
            raise LaunchError(
                f"--memory-per-agent {request.memory}: give a size, such as 16Gi or 512M"
            )
        resources["memory"] = int(float(size[1]) * _UNITS[size[2] or ""])
    return resources


def description(request: LaunchRequest, name: str, folder: str) -> dict[str, Any]:
    """Return what `submit` would ask Ray for, without the API key."""
    variables = agent_variables(request, name, 0)
    return {
        "namespace": NAMESPACE,
        "actors": [f"{name}-{index}" for index in range(request.agents)],
        "each": {**resources_of(request), "lifetime": "detached", "max_restarts": MOST_RESTARTS},
        "command": ["wanllmdb", *request.agent_arguments()],
        "folder": folder,
        "variables": {
            key: value
            for key, value in variables.items()
            if value and key not in (_env.API_KEY, _env.AGENT_ID)
        },
    }


class RayEngine:
    """The launches in one cluster of Ray, that of RAY_ADDRESS or else of this host; see Engine.

    Args:
        begin_seconds: how long `submit` waits for the first answers of its actors.

    Raises:
        LaunchError: the package `ray` is missing, or no cluster answers.
    """

    def __init__(self, begin_seconds: float = 10.0) -> None:
        self._begin_seconds = begin_seconds
        try:
            import ray
        except ImportError as error:
            raise LaunchError(f"this needs Ray ({error}): pip install 'wanllmdb[ray]'") from None
        self._ray = ray
        if ray.is_initialized():
            return
        address = os.environ.get(_ADDRESS) or "auto"
        try:
            ray.init(address, log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise LaunchError(
                f"no cluster of Ray answers ({' '.join(str(error).split())[:200]}): set "
                f"{_ADDRESS} to HOST:PORT of its head, or launch on one of its nodes"
            ) from None

    def lacks(self, request: LaunchRequest) -> bool:
        """Whether no node of now has what one agent asks for."""
        asked = resources_of(request)
        names = {"num_cpus": "CPU", "num_gpus": "GPU", "memory": "memory"}
        return not any(
            all(node["Resources"].get(names[key], 0) >= value for key, value in asked.items())
            for node in self._ray.nodes()
            if node["Alive"]
        )

    def submit(self, request: LaunchRequest, name: str, folder: str) -> str:
        """Create an actor for each agent; return the launch's name.

        Raises:
            LaunchError: an actor can't begin on its node.
        """
        actor = self._ray.remote(RayAgent)
        handles = [
            actor.options(
                name=f"{name}-{index}",
                namespace=NAMESPACE,
                lifetime="detached",
                max_restarts=MOST_RESTARTS,
                runtime_env=_RUNTIME,
                **resources_of(request),
            ).remote(
                f"{name}-{index}",
                request.agent_arguments(),
                agent_variables(request, name, index),
                folder,
                request.kill_delay,
            )
            for index in range(request.agents)
        ]
        # An actor that this process has only begun to create would end with this process.
        answers = [handle.is_there.remote() for handle in handles]
        seconds = _CREATE_SECONDS if self.lacks(request) else self._begin_seconds
        there, _ = self._ray.wait(answers, num_returns=len(answers), timeout=seconds)
        self._check(there, handles)
        return f"{EngineName.RAY}/{name}"

    def launches(self) -> list[Launch]:
        """Return the launches with an agent that has not ended; see Engine."""
        return [self._launch(name, handles) for name, handles in self._actors().items()]

    def stop(self, launch_id: str) -> None:
        """Send SIGTERM to a launch's agents, and remove the actors that wait; see Engine."""
        handles = self._actors().get(launch_id)
        if handles is None:
            raise LaunchError(
                f"this cluster of Ray has no launch {launch_id}: `wanllmdb launches ls --on ray` "
                f"lists those it has"
            )
        asked = {handle.stop.remote(): handle for handle in handles}
        _, silent = self._ray.wait(list(asked), num_returns=len(asked), timeout=_ANSWER_SECONDS)
        for answer in silent:
            self._ray.kill(asked[answer], no_restart=True)

    def _launch(self, name: str, handles: list[Any]) -> Launch:
        answers = [handle.is_there.remote() for handle in handles]
        there, silent = self._ray.wait(answers, num_returns=len(answers), timeout=_ANSWER_SECONDS)
        return Launch(
            f"{EngineName.RAY}/{name}",
            EngineName.RAY,
            name.removeprefix(PREFIX).rpartition("-")[0],
            running=len(there),
            waiting=len(silent),
        )

    def _actors(self) -> dict[str, list[Any]]:
        """Return the handles of each launch's actors, by the launch's id."""
        found: dict[str, list[Any]] = defaultdict(list)
        for actor in self._ray.util.list_named_actors(all_namespaces=True):
            if actor["namespace"] != NAMESPACE or not actor["name"].startswith(PREFIX):
                continue
            try:
                handle = self._ray.get_actor(actor["name"], namespace=NAMESPACE)
            except ValueError:
                # It ended meanwhile.
                continue
            found[actor["name"].rpartition("-")[0]].append(handle)
        return found

    def _check(self, answers: list[Any], handles: list[Any]) -> None:
        for answer in answers:
            try:
                self._ray.get(answer)
            except self._ray.exceptions.RayActorError as error:
                text = str(error)
                if "creation task" not in text:
                    # The agent has ended, and its actor with it.
                    continue
                for handle in handles:
                    self._ray.kill(handle, no_restart=True)
                raise LaunchError(
                    f"an agent can't begin on its node: {text.strip().rpartition(chr(10))[2]}; "
                    f"nodes need this folder, and wanllmdb[cli] in the Python of their workers"
                ) from None


def is_set_up() -> bool:
    """Whether this host has Ray and a cluster's address."""
    if importlib.util.find_spec("ray") is None:
        return False
    return bool(os.environ.get(_ADDRESS)) or _address_file().exists()


def _address_file() -> Path:
    """Return the file in which `ray start` writes the address of this host's cluster."""
    return Path(os.environ.get("RAY_TMPDIR") or tempfile.gettempdir(), "ray", "ray_current_cluster")
