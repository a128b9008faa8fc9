"""The engines by name, and those that are set up on this host."""

from __future__ import annotations

from wanllmdb.cli.launching import kubernetes_jobs, ray_actors, slurm
from wanllmdb.cli.launching.local_records import LocalEngine
from wanllmdb.cli.launching.request import Engine, EngineName


def engine_of(name: EngineName, namespace: str = "") -> Engine:
    """Return an engine, which lists and stops launches.

    Args:
        name: the engine.
        namespace: for Kubernetes: the namespace of its launches; "" for that of the context.

    Raises:
        LaunchError: the engine's client is missing, or no cluster is configured.
    """
    match name:
        case EngineName.LOCAL:
            return LocalEngine()
        case EngineName.SLURM:
            return slurm.SlurmEngine()
        case EngineName.KUBERNETES:
            return kubernetes_jobs.KubernetesEngine(namespace)
        case EngineName.RAY:
            return ray_actors.RayEngine()


def engines_here() -> list[EngineName]:
    """Return the engines that are set up on this host."""
    found = [EngineName.LOCAL]
    if slurm.is_set_up():
        found.append(EngineName.SLURM)
    if kubernetes_jobs.is_set_up():
        found.append(EngineName.KUBERNETES)
    if ray_actors.is_set_up():
        found.append(EngineName.RAY)
    return found
