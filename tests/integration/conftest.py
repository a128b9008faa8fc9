"""A Ray cluster for the tests that deploy/ray/check runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.ray_cluster import ray_cluster


@pytest.fixture(scope="session")
def ray_address() -> Iterator[str]:
    """The address of a cluster, to which this process is connected."""
    import ray

    with ray_cluster() as address:
        ray.init(address, log_to_driver=False)
        try:
            yield address
        finally:
            ray.shutdown()
