"""The suggestion server's settings."""

from __future__ import annotations

import os

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from wanllmdb_common.settings import ServerSettings

DEFAULT_REGISTRY = "127.0.0.1:50051"


class SuggestionSettings(ServerSettings):
    """Proposes what the runs of a sweep try next; keeps nothing, asks the registry.

    Every setting is a flag, or a WANLLMDB_SUGGESTION_* variable.
    """

    model_config = SettingsConfigDict(env_prefix="WANLLMDB_SUGGESTION_")

    port: int = Field(50052, ge=0, le=65535, description="Port to listen on; 0 picks a free one.")
    registry: str = Field(
        # Clients find the registry by this variable, so a server on the same
        # machine need not be told again.
        default_factory=lambda: os.environ.get("WANLLMDB_REGISTRY") or DEFAULT_REGISTRY,
        min_length=1,
        description="Address of the registry: host:port, or a gRPC target such as "
        f"dns:///name:port; where not given, that in WANLLMDB_REGISTRY, else {DEFAULT_REGISTRY}.",
    )
    registry_timeout: float = Field(
        30.0, gt=0, description="Seconds after which a call of the registry is given up."
    )
    cached_sweeps: int = Field(
        200, ge=1, description="Sweeps whose models are kept; others are built anew when needed."
    )
    cached_runs: int = Field(
        1_000_000, ge=1, description="Runs that all kept models may have together (3 KB each)."
    )
    sampling_threads: int = Field(
        16, ge=1, description="Sweeps for which parameters are chosen at the same time."
    )
    sampling_budget: float = Field(
        0.05,
        ge=0,
        description="Seconds of choosing parameters after which the answers at hand are sent.",
    )
