"""Programs that train with a framework, each in its own process."""

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
# Seconds for importing a framework, which takes long on a busy machine.
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
    """A blocking client; call it through asyncio.to_thread."""
    with Client(registry_address, suggestion_address) as client:
        yield client


async def ran(
    *command: str,
    environment: Mapping[str, str],
    folder: Path | None = None,
    code: int = 0,
    seconds: float = SECONDS,
) -> str:
    """Run a command to its end and return its stderr."""
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        _, err = await asyncio.wait_for(process.communicate(), seconds)
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
    """Run a program of this folder with each of its functions and return its stderr.

    Args:
        program: A file in this folder.
        sweeps: The sweep for each function.
        environment: The environment from the fixture.
        folder: The program's working directory.
        is_own: Whether the program imports wandb, which `wanllmdb run` provides.
    """
    pairs = [f"{name}={sweep_id}" for name, sweep_id in sweeps.items()]
    python = (sys.executable, str(HERE / program))
    command = (*WANLLMDB_RUN, *python, "--own", *pairs) if is_own else (*python, *pairs)
    return await ran(*command, environment=environment, folder=folder)
