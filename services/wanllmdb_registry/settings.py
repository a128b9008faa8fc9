"""Settings of the registry: flags, else WANLLMDB_REGISTRY_* variables, else defaults."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from wanllmdb_common.settings import ServerSettings

DEFAULT_PORT = 50051


class RegistrySettings(ServerSettings):
    """The sweep registry: the system of record for sweeps, runs and metrics."""

    model_config = SettingsConfigDict(env_prefix="WANLLMDB_REGISTRY_")

    port: int = Field(
        DEFAULT_PORT, ge=0, le=65535, description="Port to listen on; 0 picks a free one."
    )
    database_url: SecretStr = Field(
        description="PostgreSQL to keep everything in: postgresql://user:password@host:port/name."
    )
    pool_size: int = Field(
        16,
        ge=1,
        le=1000,
        description="Connections to PostgreSQL, at most, beside the one that tells of changes.",
    )
    lease_seconds: float = Field(
        60.0, ge=1, le=86_400, description="How long a run is held without a heartbeat."
    )
