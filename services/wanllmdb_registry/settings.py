"""Settings of the registry, from flags, WANLLMDB_REGISTRY_* variables and defaults."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from wanllmdb_common.server.secret_files import file_of
from wanllmdb_common.server.settings import ServerSettings, missing_protection
from wanllmdb_registry.domain.api_keys.api_key import KeyText, parse_root_key
from wanllmdb_registry.domain.retention import FOREVER, Retention, parse_keep_time
from wanllmdb_registry.store.database_address import DatabaseAddress

DEFAULT_PORT = 50051


class RegistrySettings(ServerSettings):
    """The sweep registry: the system of record for sweeps, runs and metrics."""

    model_config = SettingsConfigDict(env_prefix="WANLLMDB_REGISTRY_")

    port: int = Field(
        DEFAULT_PORT, ge=0, le=65535, description="Port to listen on; 0 picks a free port."
    )
    database_url: SecretStr = Field(
        description="Address of the PostgreSQL database: postgresql://user:password@host:port/name."
        " Of several host:port, separated by commas, the one that takes writes is used."
    )
    database_url_file: Path | None = file_of("--database-url")
    listen_database_url: SecretStr | None = Field(
        None,
        description="Address of the same database for notifications, if --database-url leads to a "
        "connection pooler such as PgBouncer: PostgreSQL's own address.",
    )
    listen_database_url_file: Path | None = file_of("--listen-database-url")
    pool_size: int = Field(
        16,
        ge=1,
        le=1000,
        description="Maximum number of PostgreSQL connections, besides the one for notifications.",
    )
    lease_seconds: float = Field(
        60.0,
        ge=1,
        le=86_400,
        description="Seconds for which an agent keeps a run without a heartbeat.",
    )
    migrate_only: bool = Field(
        False,
        description="Bring the tables up to date and exit, without serving.",
    )
    keep_sweeps_days: str = Field(
        FOREVER,
        description="Days after its end for which a sweep is kept: a number, or forever, and "
        "others for projects, for example 365,vision=90,archive=forever.",
    )
    keep_history_days: str = Field(
        FOREVER,
        description="The same for the values of an ended sweep's metrics by step. The results of "
        "its runs, with the last value of each metric, remain.",
    )
    require_keys: bool = Field(False, description="Require an API key on every call.")
    admin_key: SecretStr | None = Field(
        None,
        description="Key with all permissions that is not stored, used to create the other keys: "
        "wsk_root_ followed by a secret of at least 32 characters. Implies --require-keys. Prefer "
        "--admin-key-file or the variable WANLLMDB_REGISTRY_ADMIN_KEY, because other users can see "
        "a process's flags.",
    )
    admin_key_file: Path | None = file_of("--admin-key")

    @field_validator("listen_database_url")
    @classmethod
    def _check_listen_url(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            DatabaseAddress(value.get_secret_value())
        return value

    @field_validator("keep_sweeps_days", "keep_history_days")
    @classmethod
    def _check_keep_time(cls, value: str) -> str:
        parse_keep_time(value)
        return value

    @field_validator("admin_key")
    @classmethod
    def _check_admin_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            parse_root_key(value.get_secret_value())
        return value

    def missing_protection(self) -> list[str]:
        if self.migrate_only:
            return []
        return missing_protection(has_tls=self.tls_cert is not None, has_keys=self.keys_required)

    @property
    def retention(self) -> Retention:
        """How long sweeps and their history are kept."""
        return Retention(
            parse_keep_time(self.keep_sweeps_days), parse_keep_time(self.keep_history_days)
        )

    @property
    def keys_required(self) -> bool:
        """Whether callers need an API key."""
        return self.require_keys or self.admin_key is not None

    @property
    def root_key(self) -> KeyText | None:
        """The operator's own key; None if there is none."""
        return None if self.admin_key is None else parse_root_key(self.admin_key.get_secret_value())
