"""Reads and validates the fields of requests, and reports all problems together."""

from __future__ import annotations

import hashlib
import math
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import islice
from typing import Any, Protocol, TypeVar

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message

from wanllmdb.api.registry.v1 import run_pb2, search_space_pb2
from wanllmdb_common.errors import FieldViolation, invalid_request
from wanllmdb_common.search_space.distributions import ParameterValue
from wanllmdb_common.search_space.proto_conversion import parameters_from_proto
from wanllmdb_registry.domain.bounds import (
    ENTRY_BYTES,
    MAX_CONFIG_BYTES,
    MAX_ERROR_MESSAGE,
    MAX_LABELS_BYTES,
    MAX_NAME,
    MAX_PARAMETERS_BYTES,
    MAX_TRACEBACK,
    MAX_VALUES,
    size_of_labels,
    size_of_name,
    size_of_values,
)
from wanllmdb_registry.domain.model import MetricRow, RunError
from wanllmdb_registry.domain.unit_of_work import RequestKey
from wanllmdb_registry.rpc.conversion import time_from_proto

MAX_PARAMETERS = 500
MAX_DEPTH = 100
# The most problems of one request that are collected.
MAX_PROBLEMS = 1_000
MAX_LABELS = 100
MAX_FILTERS = 100
MAX_METRIC_NAMES = 1_000
# Runs that a request may name.
MAX_NUMBERS = 1_000
MAX_CONFIG_ENTRIES = 1_000
_MAX_INT64 = 2**63 - 1

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)


class NamesRun(Protocol):
    """A message that names a run by its number."""

    number: int

    def HasField(self, field_name: Any, /) -> bool:
        """Return whether the field is set."""


class NamesAttempt(NamesRun, Protocol):
    """A message that names an attempt of a run."""

    attempt: int


class EnumNames(Protocol):
    """The names and numbers of a generated enum."""

    def keys(self) -> Sequence[str]:
        """The names, in the order of definition."""

    def values(self) -> Sequence[Any]:
        """The numbers, in the same order."""


class ProblemCollector:
    """Collects what is wrong with the fields of a message.

    Attributes:
        problems: One violation for each problem, at most `limit` of them.
    """

    def __init__(self, limit: int | None = None) -> None:
        self.problems: list[FieldViolation] = []
        self._limit = limit

    def problem(self, field: str, text: str) -> None:
        """Record a problem of a field."""
        if self._limit is None or len(self.problems) < self._limit:
            self.problems.append(FieldViolation(field, text))

    def attempt(self, field: str, read: Callable[[], T]) -> T | None:
        """Return the result of `read`; record a problem and return None if its value is invalid."""
        try:
            return read()
        except (ValueError, OverflowError) as error:
            self.problem(field, str(error))
        except RecursionError:
            self.problem(field, "contains a value that is nested too deeply")
        return None


class RequestReader(ProblemCollector):
    """Reads and validates the fields of a request; `done` raises if any of them is invalid.

    Attributes:
        size: Bytes that all parameters and labels read so far take in a response.
    """

    def __init__(self) -> None:
        super().__init__(MAX_PROBLEMS)
        self.size = 0

    def done(self) -> None:
        """Check that no problem was recorded.

        Raises:
            InvalidArgumentError: INVALID_REQUEST with every problem.
        """
        if self.problems:
            raise invalid_request(*self.problems)

    def text(self, field: str, value: str, *, limit: int = MAX_NAME, required: bool = False) -> str:
        """Return a text that PostgreSQL can store."""
        if required and not value:
            self.problem(field, "is required")
        if len(value) > limit:
            self.problem(field, f"has {len(value)} characters, at most {limit:,} are allowed")
        if "\x00" in value:
            self.problem(field, "contains a NUL character, which cannot be stored")
        return value

    def sweep_id(self, value: str) -> str:
        """Return a sweep's id, which is required."""
        return self.text("sweep_id", value, required=True)

    def etag(self, value: str, field: str = "etag") -> str:
        """Return an etag; empty for none."""
        return self.text(field, value)

    def texts(self, field: str, values: Sequence[str], *, most: int) -> list[str]:
        """Return texts, none of which may be empty."""
        if len(values) > most:
            self.problem(field, f"has {len(values):,} entries, at most {most:,} are allowed")
            return []
        return [self.text(field, value, required=True) for value in values]

    def key(self, request: Message, field: str = "request_id") -> RequestKey | None:
        """Return the key that makes the request exactly-once; None without a request id."""
        value: str = getattr(request, "request_id")  # noqa: B009  # every mutation has it
        return self.key_of(field, value, type(request).__name__, request)

    def key_of(
        self, field: str, value: str, kind: str, content: Message | bytes
    ) -> RequestKey | None:
        """Return the key of a request id and the content sent under it."""
        if not value:
            return None
        try:
            request_id = str(uuid.UUID(value))
        except ValueError:
            self.problem(field, f"must be a UUID, is '{value:.60}'")
            return None
        if isinstance(content, Message):
            content = content.SerializeToString(deterministic=True)
        digest = hashlib.sha256(kind.encode() + b"\0" + content).digest()[:16]
        return RequestKey(request_id, digest)

    def limit(self, field: str, value: int, *, default: int, maximum: int) -> int:
        """Return a page size or count; 0 means the default."""
        if value < 0 or value > maximum:
            self.problem(field, f"must be 1 to {maximum:,} (0 for {default:,}), is {value}")
            return default
        return value or default

    def interval(self, given: Duration, *, least: float, most: float) -> float:
        """Return the seconds of `min_interval`; 0 if it is not set."""
        seconds = given.seconds + given.nanos / 1e9
        if seconds and not least <= seconds <= most:
            text = f"is {seconds:g} seconds, must be 0 or {least:g} to {most:g} seconds"
            self.problem("min_interval", text)
        return seconds

    def number(self, field: str, value: int) -> int:
        """Return a number that may not be negative, such as a run's."""
        if value < 0:
            self.problem(field, f"must be at least 0, is {value}")
        return value

    def run_number(self, message: NamesRun, prefix: str = "") -> int:
        """Return the number of a run, which must be set because 0 is a number.

        Args:
            message: The message with the field `number`.
            prefix: The path of the message, with a dot at its end; empty for the request.
        """
        if not message.HasField("number"):
            self.problem(f"{prefix}number", "is required: the number of a run, from 0 on")
        return self.number(f"{prefix}number", message.number)

    def run_attempt(self, message: NamesAttempt, prefix: str = "") -> tuple[int, int]:
        """Return the number of a run and its attempt, which is at least 1 once a run is assigned.

        The arguments are those of `run_number`.
        """
        number = self.run_number(message, prefix)
        if message.attempt < 1:
            self.problem(
                f"{prefix}attempt",
                "is required: the run's attempt, as Suggest returned it, from 1 on; "
                f"is {message.attempt}",
            )
        return number, message.attempt

    def run_numbers(self, field: str, values: Sequence[int]) -> list[int]:
        """Return the numbers of 1 to MAX_NUMBERS runs, each once."""
        if not 1 <= len(values) <= MAX_NUMBERS:
            self.problem(field, f"must have 1 to {MAX_NUMBERS:,} entries, has {len(values):,}")
            return []
        twice = sorted(number for number, count in Counter(values).items() if count > 1)
        if twice:
            self.problem(field, f"names run {twice[0]} more than once")
        return [self.number(field, value) for value in values]

    def parameters(
        self, field: str, messages: Mapping[str, search_space_pb2.ParameterValue]
    ) -> dict[str, ParameterValue]:
        """Return parameter values by name."""
        if len(messages) > MAX_PARAMETERS:
            count = f"{len(messages):,} values"
            self.problem(field, f"has {count}, at most {MAX_PARAMETERS} are allowed")
            return {}
        try:
            parameters = parameters_from_proto(messages)
            for name, value in parameters.items():
                self.text(f"{field}.{name:.100}", name)
                if isinstance(value, float) and not math.isfinite(value):
                    self.problem(f"{field}.{name:.100}", f"must be finite, is {value}")
                for part in _strings(value):
                    self.text(f"{field}.{name:.100}", part, limit=100_000)
        except (ValueError, RecursionError) as error:
            self.problem(field, f"has a value that cannot be read: {error!s:.200}")
            return {}
        size = _size(messages, parameters)
        self.size += size
        if size > MAX_PARAMETERS_BYTES:
            self.problem(
                field,
                f"takes {size:,} bytes, at most {MAX_PARAMETERS_BYTES:,} are allowed: replace long "
                "values by short ones, for example by the paths of files that contain them",
            )
            return {}
        return parameters

    def config(
        self, field: str, messages: Mapping[str, search_space_pb2.ParameterValue]
    ) -> dict[str, ParameterValue]:
        """Return what a program set in its config: any values, within bounds."""
        if len(messages) > MAX_CONFIG_ENTRIES:
            self.problem(
                field, f"has {len(messages)} values, at most {MAX_CONFIG_ENTRIES:,} are allowed"
            )
            return {}
        for name in messages:
            self.text(f"{field}.{name:.100}", name, required=True)
        # Checked before any value is converted.
        size = sum(message.ByteSize() for message in messages.values())
        values: dict[str, ParameterValue] = {}
        if size <= MAX_CONFIG_BYTES:
            try:
                values = parameters_from_proto(messages)
                size = _size(messages, values)
            except (ValueError, RecursionError) as error:
                self.problem(field, f"has a value that cannot be read: {error}")
                return {}
        if size > MAX_CONFIG_BYTES:
            self.problem(
                field,
                f"takes {size:,} bytes, at most {MAX_CONFIG_BYTES:,} are allowed: log large "
                "values as files, not as config",
            )
            return {}
        return values

    def labels(self, field: str, labels: Mapping[str, str]) -> dict[str, str]:
        """Return a run's labels."""
        if len(labels) > MAX_LABELS:
            self.problem(field, f"has {len(labels)} labels, at most {MAX_LABELS} are allowed")
            return {}
        for key, value in labels.items():
            self.text(f"{field}.{key:.100}", key, required=True)
            self.text(f"{field}.{key:.100}", value, limit=1_000)
        size = size_of_labels(labels)
        self.size += size
        if size > MAX_LABELS_BYTES:
            self.problem(field, f"takes {size:,} bytes, at most {MAX_LABELS_BYTES:,} are allowed")
        return dict(labels)

    def rows(self, messages: Sequence[run_pb2.MetricRow]) -> list[MetricRow]:
        """Return rows of metric values."""
        total = sum(len(row.values) for row in messages)
        if total > MAX_VALUES:
            self.problem("rows", f"has {total:,} values, at most {MAX_VALUES:,} are allowed")
            return []
        if len(messages) > MAX_VALUES:
            self.problem(
                "rows", f"has {len(messages):,} entries, at most {MAX_VALUES:,} are allowed"
            )
            return []
        rows = []
        # Most rows have the same names.
        valid: set[str] = set()
        for index, row in enumerate(messages):
            # `dict` of a map would take twice the time.
            given, step, time = row.values, row.step, None
            values = {name: given[name] for name in given}
            if step < 0:
                self.problem(f"rows[{index}].step", f"must be at least 0, is {step}")
            if not valid.issuperset(values):
                before = len(self.problems)
                self._metric_names(f"rows[{index}].values", values)
                if len(self.problems) == before:
                    valid.update(values)
            if row.HasField("time"):
                try:
                    time = time_from_proto(row.time)
                except (ValueError, OverflowError) as error:
                    self.problem(f"rows[{index}].time", str(error))
            rows.append(MetricRow(step, values, time, row.is_summary))
        return rows

    def _metric_names(self, field: str, names: Iterable[str]) -> None:
        for name in names:
            if not name:
                self.problem(field, "contains a metric value with an empty name")
            self.text(field, name)

    def members(
        self,
        field: str,
        numbers: Sequence[int],
        names: EnumNames,
        kind: type[E],
    ) -> list[E]:
        """Return the domain's members for enum values that are named PREFIX_MEMBER."""
        if len(numbers) > MAX_FILTERS:
            self.problem(field, f"has {len(numbers):,} entries, at most {MAX_FILTERS} are allowed")
            return []
        prefix = names.keys()[0].removesuffix("UNSPECIFIED")
        by_number = dict(zip(names.values(), names.keys(), strict=True))
        members = []
        for number in numbers:
            name = by_number.get(number, "")
            member = kind.__members__.get(name.removeprefix(prefix))
            if member is None:
                self.problem(field, f"{name or number} is not a value to filter by; omit it")
            else:
                members.append(member)
        return members

    def mask(self, field: str, paths: Iterable[str], known: Sequence[str]) -> frozenset[str]:
        """Return the fields that an update names."""
        named = frozenset(islice(paths, MAX_FILTERS + 1))
        if len(named) > MAX_FILTERS:
            self.problem(field, f"names more than {MAX_FILTERS} fields")
            return frozenset()
        if not named:
            self.problem(field, f"must name at least one of {', '.join(known)}")
        for path in sorted(named - set(known)):
            self.problem(field, f"'{path:.100}' cannot be changed; {', '.join(known)} can")
        return named


def _size(
    messages: Mapping[str, search_space_pb2.ParameterValue],
    values: Mapping[str, ParameterValue],
) -> int:
    """Return the bytes that values take in a response, where lists and objects become JSON."""
    written = {name: value for name, value in values.items() if isinstance(value, list | dict)}
    return size_of_values(written) + sum(
        size_of_name(name) + ENTRY_BYTES + message.ByteSize()
        for name, message in messages.items()
        if name not in written
    )


def run_error(message: run_pb2.RunError) -> RunError:
    """Return the error cut to the stored length, so that no agent loses a result over it."""
    return RunError(
        head(storable(message.message), MAX_ERROR_MESSAGE),
        tail(storable(message.traceback), MAX_TRACEBACK),
    )


def head(text: str, limit: int) -> str:
    """Return at most `limit` characters from the start, with a note on how many were cut."""
    if len(text) <= limit:
        return text
    mark = f" ... ({len(text) - limit:,} more characters were cut)"
    return text[: limit - len(mark)] + mark


def tail(text: str, limit: int) -> str:
    """Return at most `limit` characters from the end, whole lines, with a note on the cut."""
    if len(text) <= limit:
        return text
    mark = f"({len(text) - limit:,} characters were cut here) ...\n"
    kept = text[-(limit - len(mark)) :]
    # A very long first line is cut in the middle.
    line = kept.find("\n", 0, limit // 4) + 1
    return mark + kept[line:]


def storable(text: str) -> str:
    """Return the text with NUL characters replaced, which PostgreSQL cannot store."""
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}")


def _strings(value: Any) -> Iterable[str]:
    """Yield every text in a value, keys included.

    Raises:
        ValueError: the value is nested more than MAX_DEPTH deep.
    """
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        inner: list[Any] = []
        for each in level:
            if isinstance(each, str):
                yield each
            elif isinstance(each, list):
                inner += each
            elif isinstance(each, dict):
                yield from each
                inner += each.values()
        if not inner:
            return
        level = inner
    raise ValueError(f"it is nested more than {MAX_DEPTH} deep")
