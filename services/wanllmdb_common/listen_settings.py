"""Where a server listens, and what protects it there."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings

UNIX_SCHEMES = ("unix:", "unix-abstract:")


class ListenSettings(BaseSettings):
    """A server that other machines reach has TLS and API keys, or was told to go without."""

    host: str = Field(
        "127.0.0.1",
        min_length=1,
        description="Address to listen on, or unix:PATH. One that other machines reach is refused "
        "without TLS and API keys.",
    )
    port: int = Field(0, ge=0, le=65535, description="Port to listen on; 0 picks a free one.")
    local_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="A second port, on 127.0.0.1 and without TLS, for programs of this machine.",
    )
    tls_cert: Path | None = Field(
        None,
        description="File with the server's certificate and then its issuers' (PEM): then it "
        "speaks TLS alone. It is read again when it changes.",
    )
    tls_key: Path | None = Field(None, description="File with the certificate's key (PEM).")
    tls_client_ca: Path | None = Field(
        None,
        description="File with the authorities (PEM) by one of which a client's certificate must "
        "be signed (mutual TLS).",
    )
    insecure: bool = Field(
        False, description="Listens where other machines reach it, also without TLS or API keys."
    )

    @property
    def is_exposed(self) -> bool:
        """Whether other machines may reach it."""
        return not is_local(self.host)

    def missing_protection(self) -> list[str]:
        """What these settings lack of what an exposed server needs, each in words for people."""
        return missing_protection(has_tls=self.tls_cert is not None)

    @model_validator(mode="after")
    def _check_protection(self) -> Self:
        problems = listen_problems(
            self.host,
            tls_cert=self.tls_cert,
            tls_key=self.tls_key,
            tls_client_ca=self.tls_client_ca,
            missing=() if self.insecure else self.missing_protection(),
        )
        if problems:
            raise PydanticCustomError("listen", "{problems}", {"problems": "; ".join(problems)})
        return self


def missing_protection(*, has_tls: bool, has_keys: bool = True) -> list[str]:
    """What an exposed server needs and does not have, each in words for people."""
    needed = {
        "TLS (--tls-cert and --tls-key)": has_tls,
        "API keys (--require-keys)": has_keys,
    }
    return [what for what, is_there in needed.items() if not is_there]


def listen_problems(
    host: str,
    *,
    tls_cert: Path | None,
    tls_key: Path | None,
    tls_client_ca: Path | None,
    missing: Sequence[str],
) -> list[str]:
    """Why a server may not listen so, each in words for people; nothing where it may.

    Args:
        host: Where it is to listen.
        tls_cert: These as in ListenSettings.
        tls_key: See there.
        tls_client_ca: See there.
        missing: What it lacks if it is exposed, of `missing_protection`.
    """
    problems = []
    if (tls_cert is None) != (tls_key is None):
        problems.append("--tls-cert and --tls-key need each other")
    if tls_client_ca is not None and tls_cert is None:
        problems.append("--tls-client-ca needs --tls-cert and --tls-key")
    if missing and not is_local(host):
        problems.append(
            f"--host {host} can be reached from other machines, so it needs "
            f"{' and '.join(missing)}; or give --insecure, where everyone who reaches it may "
            "read and change everything"
        )
    return problems


def is_local(host: str) -> bool:
    """Whether only this machine reaches what listens there: a loopback address or a Unix socket.

    `localhost` is taken for what it says; of other names, whatever they resolve to
    now, nobody knows where they will lead.
    """
    if host.startswith(UNIX_SCHEMES) or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False
