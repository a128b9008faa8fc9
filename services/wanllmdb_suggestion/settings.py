"""The settings of the suggestion server."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import SettingsConfigDict

from wanllmdb import InvalidArgumentError
from wanllmdb._connection.addresses import REGISTRY, target_of
from wanllmdb._connection.tls import Tls
from wanllmdb_common.server.secret_files import file_of
from wanllmdb_common.server.settings import ServerSettings
from wanllmdb_common.service_channel import check_tls, is_on_this_machine

DEFAULT_REGISTRY = "127.0.0.1:50051"
MIN_KEY_DIGITS = 32


class SuggestionSettings(ServerSettings):
    """Proposes the parameters of a sweep's runs. Stateless: the registry stores everything.

    Every setting is a flag, or a WANLLMDB_SUGGESTION_* variable.
    """

    model_config = SettingsConfigDict(env_prefix="WANLLMDB_SUGGESTION_")

    port: int = Field(50052, ge=0, le=65535, description="Port to listen on; 0 picks a free one.")
    registry: str = Field(
        # Clients find the registry by this variable, and a server on the same machine can too.
        default_factory=lambda: os.environ.get("WANLLMDB_REGISTRY") or DEFAULT_REGISTRY,
        min_length=1,
        description="Address of the registry: host:port, several of them separated by commas, or a "
        "gRPC target such as dns:///name:port. Defaults to the value of WANLLMDB_REGISTRY, else "
        f"{DEFAULT_REGISTRY}.",
    )
    registry_tls: bool = Field(
        False,
        description="Use TLS for calls of the registry, and trust the public certificate "
        "authorities that gRPC knows.",
    )
    registry_tls_ca: Path | None = Field(
        None,
        description="File with the certificate authorities (PEM) to trust for the registry instead "
        "of the public ones. Implies --registry-tls. Read again when it changes.",
    )
    registry_tls_cert: Path | None = Field(
        None,
        description="File with the client certificate (PEM) of this server, for a registry that "
        "requires one. Read again when it changes.",
    )
    registry_tls_key: Path | None = Field(
        None,
        description="File with the private key (PEM) of --registry-tls-cert. Read again when it "
        "changes.",
    )
    registry_tls_server_name: str | None = Field(
        None,
        description="Name in the registry's certificate, if not that of its address.",
    )
    registry_timeout: float = Field(
        30.0,
        gt=0,
        allow_inf_nan=False,
        description="Timeout of a call of the registry, in seconds.",
    )
    cached_sweeps: int = Field(
        200,
        ge=1,
        description="Most sweeps whose models stay in memory; other models are rebuilt on demand.",
    )
    cached_runs: int = Field(
        1_000_000, ge=1, description="Most runs of all models in memory together (3 KB each)."
    )
    sampling_threads: int = Field(
        16, ge=1, description="Most sweeps that choose parameters at the same time."
    )
    sampling_budget: float = Field(
        0.05,
        ge=0,
        allow_inf_nan=False,
        description="Seconds after which a batch of Suggests stops choosing parameters for further "
        "Suggests, and answers those that are done.",
    )
    state_key: SecretStr | None = Field(
        None,
        description="Secret that signs the states that samplers store with runs: at least 32 "
        "hexadecimal digits (openssl rand -hex 32), the same for all replicas. Prefer "
        "--state-key-file or the environment variable, because every user of the machine can read "
        "flags. Defaults to a random secret that is lost when the process ends.",
    )
    state_key_file: Path | None = file_of("--state-key")

    @field_validator("registry")
    @classmethod
    def _check_registry(cls, address: str) -> str:
        try:
            target_of(address, REGISTRY)
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
                "registry_tls", "--registry-tls-cert and --registry-tls-key must be given together"
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
            and not is_on_this_machine(self.registry, REGISTRY)
        ):
            raise PydanticCustomError(
                "registry_tls",
                "--registry {address} is on another machine, and callers' API keys would be sent "
                "there in plain text: pass --registry-tls or --registry-tls-ca; or --insecure, if "
                "the network between them is trusted",
                {"address": self.registry},
            )
        return self

    @property
    def tls_to_registry(self) -> Tls | None:
        """The TLS files and server name for calls of the registry; None for plain text."""
        tls = Tls(
            ca=self.registry_tls_ca,
            cert=self.registry_tls_cert,
            key=self.registry_tls_key,
            server_name=self.registry_tls_server_name,
        )
        return tls if self.registry_tls or tls != Tls() else None

    @property
    def state_key_bytes(self) -> bytes | None:
        """The bytes of the state key; None if no key is set."""
        return None if self.state_key is None else bytes.fromhex(self.state_key.get_secret_value())
