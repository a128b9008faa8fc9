"""A platform, started by `up` as users start it, for the tests that do not break it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.program import Program
from tests.e2e.up_process import UpProcess, temporary_data_dir, up


@pytest.fixture(scope="session")
def platform() -> Iterator[UpProcess]:
    """A running platform; each test creates sweeps of its own."""
    with (
        temporary_data_dir() as data_dir,
        up(data_dir, "--dashboard-port", "0", dashboard=True) as running,
    ):
        running.wait_until_ready()
        yield running
        assert running.stop() == 0


@pytest.fixture
def wanllmdb(platform: UpProcess) -> Program:
    """The `wanllmdb` program with the addresses of the platform."""
    return Program(platform.environment())
