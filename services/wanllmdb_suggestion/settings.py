"""The suggestion server's settings."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import SettingsConfigDict

from wanllmdb import InvalidArgumentError
from wanllmdb._connection.tls import Tls
from wanllmdb_common.server.settings import ServerSettings
from wanllmdb_suggestion.registry_channel import (
    check_tls,
    is_on_this_machine,
    registry_target,
)

DEFAULT_REGISTRY = "127.0.0.1:50051"
MIN_KEY_DIGITS = 32


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
        description="Address of the registry: host:port, several with commas between, or a gRPC "
        "target such as dns:///name:port; where not given, that in WANLLMDB_REGISTRY, else "
        f"{DEFAULT_REGISTRY}.",
    )
    registry_tls: bool = Field(
        False,
        description="Speaks TLS with the registry, and trusts the authorities that gRPC knows, "
        "the public ones.",
    )
    registry_tls_ca: Path | None = Field(
        None,
        description="File with the authorities (PEM) that are trusted instead. Implies "
        "--registry-tls. This and the next two are read again when they change.",
    )
    registry_tls_cert: Path | None = Field(
        None,
        description="File with this server's certificate as a client (PEM), for a registry that "
        "asks for one.",
    )
    registry_tls_key: Path | None = Field(None, description="File with its key (PEM).")
    registry_tls_server_name: str | None = Field(
        None, description="The name that the registry's certificate bears, if not the address's."
    )
    registry_timeout: float = Field(
        30.0,
        gt=0,
        allow_inf_nan=False,
        description="Seconds after which a call of the registry is given up.",
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
        allow_inf_nan=False,
        description="Seconds of choosing parameters after which the answers at hand are sent.",
    )
    state_key: SecretStr | None = Field(
        None,
        description="Secret that signs what samplers store with runs, as at least 32 hexadecimal "
        "digits (openssl rand -hex 32); the same for all replicas. Better given as the variable: "
        "every user of the machine can read flags. Where not given, a random one that ends with "
        "the process.",
    )

    @field_validator("registry")
    @classmethod
    def _check_registry(cls, address: str) -> str:
        try:
            registry_target(address)
        except InvalidArgumentError as error:
            raise PydanticCustomError("registry", "{problem}", {"problem": str(error)}) from None
        return address

    @field_validator("state_key")
    @classmethod
    def _check_state_key(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None:
            text = key.get_secret_value()
            if len(text) < MIN_KEY_DIGITS or not re.fullmatch("([0-9a-fA-F]{2})+", text):
                raise PydanticCustomError(
                    "state_key",
                    f"must be an even number of at least {MIN_KEY_DIGITS} hexadecimal digits",
                )
        return key

    @model_validator(mode="after")
    def _check_way_to_registry(self) -> Self:
        if (self.registry_tls_cert is None) != (self.registry_tls_key is None):
            raise PydanticCustomError(
                "registry_tls", "--registry-tls-cert and --registry-tls-key need each other"
            )
        try:
            check_tls(self.tls_to_registry)
        except InvalidArgumentError as error:
            raise PydanticCustomError(
                "registry_tls", "to the registry: {problem}", {"problem": str(error)}
            ) from None
        if (
            self.tls_to_registry is None
            and not self.insecure
            and not is_on_this_machine(self.registry)
        ):
            raise PydanticCustomError(
                "registry_tls",
                "--registry {address} is on another machine, and callers' API keys would go there "
                "in plain text: give --registry-tls or --registry-tls-ca; or --insecure, where "
                "nobody is on the way",
                {"address": self.registry},
            )
        return self

    @property
    def tls_to_registry(self) -> Tls | None:
        """How this server makes sure that it speaks to the registry; None for plain text."""
        tls = Tls(
            ca=self.registry_tls_ca,
            cert=self.registry_tls_cert,
            key=self.registry_tls_key,
            server_name=self.registry_tls_server_name,
        )
        return tls if self.registry_tls or tls != Tls() else None

    @property
    def state_key_bytes(self) -> bytes | None:
        """The key; None where none was given."""
        return None if self.state_key is None else bytes.fromhex(self.state_key.get_secret_value())
