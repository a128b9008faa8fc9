"""The content of a spool file: requests that a registry has not confirmed."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Self

from google.protobuf.message import DecodeError, Message

from wanllmdb._errors import WanllmdbError
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb

VERSION = 1

_REQUESTS: Mapping[str, type[Message]] = {
    "UpdateRun": pb.UpdateRunRequest,
    "ReportMetrics": pb.ReportMetricsRequest,
    "FinishRun": pb.FinishRunRequest,
}


class BadSpoolFileError(WanllmdbError):
    """A spool file can't be read: it has a newer version, or is broken."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """The registry's permanent error for a file, with the time of the error."""

    message: str
    reason: str
    time: datetime


@dataclass(frozen=True, slots=True)
class SpooledRun:
    """Requests about one attempt of a run, in the order in which they must be sent.

    `registry` is the address of their registry, `time` the time of writing. The file holds no
    API key: the agent that delivers the requests uses its own.
    """

    registry: str
    sweep_id: str
    number: int
    attempt: int
    requests: tuple[Message, ...]
    time: datetime = field(default_factory=lambda: datetime.now(UTC))
    rejection: Rejection | None = None

    @property
    def is_end(self) -> bool:
        """Whether the requests include the run's end."""
        return any(isinstance(request, pb.FinishRunRequest) for request in self.requests)

    @property
    def outcome(self) -> str:
        """The outcome of the run: "succeeded", "failed", ...; empty if the end is not included."""
        for request in self.requests:
            if isinstance(request, pb.FinishRunRequest):
                return request.WhichOneof("outcome") or ""
        return ""

    @property
    def values(self) -> int:
        """The number of metric values in the requests."""
        return sum(
            len(row.values)
            for request in self.requests
            if isinstance(request, pb.FinishRunRequest | pb.ReportMetricsRequest)
            for row in request.rows
        )

    def rejected(self, error: WanllmdbError) -> Self:
        """The same requests, with the registry's error."""
        return replace(self, rejection=Rejection(error.message, error.reason, datetime.now(UTC)))

    def to_json(self) -> bytes:
        """The file's content."""
        content: dict[str, Any] = {
            "version": VERSION,
            "registry": self.registry,
            "sweep_id": self.sweep_id,
            "number": self.number,
            "attempt": self.attempt,
            "time": self.time.isoformat(),
            "requests": [
                {
                    "rpc": request.DESCRIPTOR.name.removesuffix("Request"),
                    "message": base64.b64encode(request.SerializeToString()).decode(),
                }
                for request in self.requests
            ],
        }
        if self.rejection is not None:
            content["refused"] = {
                "message": self.rejection.message,
                "reason": self.rejection.reason,
                "time": self.rejection.time.isoformat(),
            }
        return json.dumps(content, indent=1).encode() + b"\n"

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Parse a file's content.

        Raises:
            BadSpoolFileError: the content is broken, or has a newer version.
        """
        try:
            content = json.loads(data)
            if content["version"] != VERSION:
                raise BadSpoolFileError(
                    f"it has format {content['version']!r:.40}, but this wanllmdb reads format "
                    f"{VERSION}: use the wanllmdb that wrote it, or a newer one"
                )
            return cls(
                registry=_text(content["registry"]),
                sweep_id=_text(content["sweep_id"]),
                number=_number(content["number"]),
                attempt=_number(content["attempt"]),
                requests=tuple(_request(entry) for entry in content["requests"]),
                time=_time(content["time"]),
                rejection=_rejection(content.get("refused")),
            )
        except RecursionError:
            raise BadSpoolFileError(
                "it is not a spool file, or is broken: it is nested too deeply"
            ) from None
        except (ValueError, KeyError, TypeError, AttributeError, DecodeError) as error:
            raise BadSpoolFileError(
                f"it is not a spool file, or is broken: {error!r:.200}"
            ) from None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.40} is not a text")
    return value


def _number(value: Any) -> int:
    # JSON's true is an int to Python.
    if type(value) is not int or not 0 <= value < 2**63:
        raise ValueError(f"{value!r:.40} is not the number of a run")
    return value


def _time(value: Any) -> datetime:
    time = datetime.fromisoformat(_text(value))
    if time.tzinfo is None:
        raise ValueError(f"{value!r} has no time zone")
    return time


def _request(entry: Mapping[str, str]) -> Message:
    try:
        data = base64.b64decode(entry["message"], validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None
    return _REQUESTS[entry["rpc"]].FromString(data)


def _rejection(content: Mapping[str, str] | None) -> Rejection | None:
    if content is None:
        return None
    return Rejection(_text(content["message"]), _text(content["reason"]), _time(content["time"]))
