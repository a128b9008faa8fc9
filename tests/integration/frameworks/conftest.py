"""Programs that train with a framework, each in a process of its own."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from wanllmdb import Client

HERE = Path(__file__).parent
WANLLMDB_RUN = (sys.executable, "-m", "wanllmdb.cli.main", "run", "--")
# Importing a framework on a machine that is busy takes long.
SECONDS = 150.0


@pytest.fixture(scope="session")
def environment(registry_address: str, suggestion_address: str) -> dict[str, str]:
    """The environment of a program that uses the services."""
    return os.environ | {
        "WANLLMDB_REGISTRY": registry_address,
        "WANLLMDB_SUGGESTION": suggestion_address,
        "KERAS_BACKEND": "jax",
        "JAX_PLATFORMS": "cpu",
        "CUDA_VISIBLE_DEVICES": "",
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
    }


@pytest.fixture(scope="session")
def client(registry_address: str, suggestion_address: str) -> Iterator[Client]:
    """Blocking; call it through asyncio.to_thread."""
    with Client(registry_address, suggestion_address) as client:
        yield client


async def ran(
    *command: str, environment: Mapping[str, str], folder: Path | None = None, code: int = 0
) -> str:
    """Runs a command to its end; returns what it said on stderr."""
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        _, err = await asyncio.wait_for(process.communicate(), SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == code, err.decode()
    return err.decode()


async def trained(
    program: str,
    sweeps: Mapping[str, str],
    environment: Mapping[str, str],
    folder: Path,
    *,
    is_own: bool = False,
) -> str:
    """Lets a program here train by each of its functions; returns what it said on stderr.

    Args:
        program: a file in this folder.
        sweeps: the sweep for each function.
        environment: as the fixture gives it.
        folder: the program's working directory.
        is_own: whether it imports wandb, which `wanllmdb run` has it find.
    """
    pairs = [f"{name}={sweep_id}" for name, sweep_id in sweeps.items()]
    python = (sys.executable, str(HERE / program))
    command = (*WANLLMDB_RUN, *python, "--own", *pairs) if is_own else (*python, *pairs)
    return await ran(*command, environment=environment, folder=folder)
