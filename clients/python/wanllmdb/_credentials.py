"""What a client shows to the services, and where it may: its API key, over TLS or not."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, field
from typing import Self

import grpc

from wanllmdb import _env
from wanllmdb._addresses import Service, is_loopback
from wanllmdb._api_key import GivenKey, given_key, read_again
from wanllmdb._errors import InvalidArgumentError
from wanllmdb._tls import Tls, channel_credentials, tls_of, tls_variables


@dataclass(slots=True)
class Credentials:
    """One client's.

    Attributes:
        key: The API key; one without text for none. One from a file may be replaced.
        tls: None for plain text.
        channel: What gRPC makes of `tls`.
        insecure: Whether the key may go in plain text anywhere.
    """

    key: GivenKey
    tls: Tls | None
    channel: grpc.ChannelCredentials | None = field(repr=False)
    insecure: bool

    @classmethod
    def of(
        cls,
        api_key: str | os.PathLike[str] | None,
        tls: bool | Tls | None,
        insecure: bool | None,
    ) -> Self:
        """From a client's arguments, else from the environment.

        Raises:
            InvalidArgumentError: something given is not as it should be.
        """
        chosen = tls_of(tls)
        return cls(
            key=given_key(api_key),
            tls=chosen,
            channel=None if chosen is None else channel_credentials(chosen),
            insecure=_env.switch(_env.INSECURE, default=False) if insecure is None else insecure,
        )

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        """What is sent with each call."""
        return (("authorization", f"Bearer {self.key.text}"),) if self.key.text else ()

    def has_other_key_than(self, refused: str) -> bool:
        """Whether there is another one by now, in the file from which the refused one was read."""
        if self.key.file is not None:
            # What is wrong with the file now is no better to know than the refusal.
            with contextlib.suppress(InvalidArgumentError):
                self.key = read_again(self.key)
        return self.key.text != refused

    def check_target(self, service: Service, address: str, target: str) -> None:
        """Passes if the key may be sent there.

        Raises:
            InvalidArgumentError: it would go to another machine in plain text.
        """
        if self.key.text and self.tls is None and not self.insecure and not is_loopback(target):
            raise InvalidArgumentError(
                f"the API key would go to the {service.name} at {address} in plain text, for all "
                f"on the way to read: use TLS ({_env.TLS}=1, {_env.TLS_CA}=FILE, or the argument "
                f"tls=), or, in a network that you trust, set {_env.INSECURE}=1 (or the argument "
                "insecure=True)"
            )

    def variables(self) -> dict[str, str]:
        """The environment by which a child process gets the same; holds the key."""
        return {
            **self.key.variables(),
            **tls_variables(self.tls),
            _env.INSECURE: "1" if self.insecure else "0",
        }
