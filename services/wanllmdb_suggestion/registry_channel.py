"""The channel to the registry's replicas: how calls are spread, repeated and kept alive."""

from __future__ import annotations

import json
from typing import Any

import grpc.aio

from wanllmdb._addresses import REGISTRY, is_loopback, target_of

# Every call is safe to repeat: those that write carry request ids.
_SERVICE_CONFIG = {
    "loadBalancingConfig": [{"round_robin": {}}],
    # A replica that is about to stop gets no more calls.
    "healthCheckConfig": {"serviceName": REGISTRY.full_name},
    "methodConfig": [
        {
            # Of the registry, all of them.
            "name": [{}],
            "retryPolicy": {
                "maxAttempts": 5,
                "initialBackoff": "0.2s",
                "maxBackoff": "2s",
                "backoffMultiplier": 2.5,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ],
}


def registry_target(address: str) -> str:
    """The gRPC target for `host:port`, several of them with commas between, or a gRPC target.

    Raises:
        wanllmdb.InvalidArgumentError: it is none of these, or a name does not resolve.
    """
    return target_of(address, REGISTRY)


def open_registry_channel(address: str) -> grpc.aio.Channel:
    """Opens a channel to the registry at `address`, see `registry_target`."""
    target = registry_target(address)
    options: list[tuple[str, Any]] = [
        ("grpc.service_config", json.dumps(_SERVICE_CONFIG)),
        ("grpc.enable_retries", 1),
        # Pages of thousands of runs pass the default of 4 MiB.
        ("grpc.max_receive_message_length", 64 * 1024 * 1024),
        # The default waits up to two minutes before it looks for a registry again.
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 1_000),
        # How long a connection may take to come about.
        ("grpc.min_reconnect_backoff_ms", 3_000),
        # Not more often than the server permits, see wanllmdb_common.server.
        ("grpc.keepalive_time_ms", 30_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        # A proxy for the world outside can't reach this machine's own services.
        ("grpc.enable_http_proxy", 0 if is_loopback(target) else 1),
    ]
    return grpc.aio.insecure_channel(target, options=options)
