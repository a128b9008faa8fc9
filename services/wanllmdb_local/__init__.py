"""The whole platform on one machine: `wanllmdb up`, `wanllmdb demo`, the embedded PostgreSQL.

This module imports nothing heavy, so that any program may read the default addresses.
"""

from __future__ import annotations

HOST = "127.0.0.1"
REGISTRY_PORT = 50051
SUGGESTION_PORT = 50052
DASHBOARD_PORT = 8080
