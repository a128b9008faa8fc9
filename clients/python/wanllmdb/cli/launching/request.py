"""What a launch asks an engine for, and what an engine reports about a launch."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from wanllmdb._errors import WanllmdbError

PREFIX = "wanllmdb-"
"""How the names of jobs begin that `wanllmdb launch` submitted."""

NAMESPACE = "wanllmdb"
"""The namespace of Ray in which agents have their names."""


class EngineName(StrEnum):
    """Where agents run."""

    LOCAL = "local"
    SLURM = "slurm"
    KUBERNETES = "kubernetes"
    RAY = "ray"


class LaunchError(WanllmdbError):
    """A launch that an engine can't do; the message says what to change."""


@dataclass(frozen=True)
class LaunchRequest:
    """The agents to launch.

    Attributes:
        sweep_id: their sweep.
        agents: the number of agents.
        command: the program of each run; empty for the command in the sweep's config.
        kill_delay: seconds between SIGTERM and SIGKILL when a program is stopped.
        gpus: the number of GPUs of each agent, which works on one run at a time.
        cpus: the number of processors of each agent, "" for the engine's default.
        memory: the memory of each agent with its unit, "" for the engine's default.
        settings: variables with which agents reach the services; the API key may be among them.
        variables: further variables for the agents.
        visible_gpus: the GPUs of each agent, where the launcher itself chooses them.
    """

    sweep_id: str
    agents: int
    command: tuple[str, ...] = ()
    kill_delay: float = 30.0
    gpus: int = 0
    cpus: str = ""
    memory: str = ""
    settings: Mapping[str, str] = field(default_factory=dict, repr=False)
    variables: Mapping[str, str] = field(default_factory=dict)
    visible_gpus: tuple[str, ...] = ()

    def agent_arguments(self) -> list[str]:
        """Return the arguments of `wanllmdb` that start one agent."""
        arguments = ["agent", self.sweep_id, "--plain", "--kill-delay", f"{self.kill_delay:g}"]
        return [*arguments, "--", *self.command] if self.command else arguments


@dataclass(frozen=True, slots=True)
class Launch:
    """A launch as its engine reports it.

    Attributes:
        launch: its name, ENGINE/ID, by which it is stopped.
        engine: the engine.
        sweep_id: the sweep of its agents.
        running: the number of agents that work.
        waiting: the number of agents that wait for their machine.
        ended: the number of agents that have ended, as far as the engine still knows them.
        failed: the number of agents that failed for good, as far as the engine still knows them.
    """

    launch: str
    engine: EngineName
    sweep_id: str
    running: int
    waiting: int = 0
    ended: int = 0
    failed: int = 0


class Engine(Protocol):
    """Lists and stops the launches of one engine."""

    def launches(self) -> list[Launch]:
        """Return the launches that the engine knows.

        Raises:
            LaunchError: the engine does not answer.
        """

    def stop(self, launch_id: str) -> None:
        """End a launch's agents by SIGTERM, so that they give their runs back.

        Raises:
            LaunchError: there is no such launch, or the engine does not answer.
        """


def new_name(sweep_id: str) -> str:
    """Return a name for a launch, in characters that every engine allows."""
    return f"{PREFIX}{sweep_id}-{secrets.token_hex(3)}"
