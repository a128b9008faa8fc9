"""Where the services listen when nobody says where. Needs nothing, so that any program may look."""

from __future__ import annotations

HOST = "127.0.0.1"
REGISTRY_PORT = 50051
SUGGESTION_PORT = 50052
