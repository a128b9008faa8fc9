"""Enums between their protobuf numbers and the client's string enums."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, TypeVar

from wanllmdb._errors import FieldProblem, InvalidArgumentError

E = TypeVar("E", bound=StrEnum)


def from_wire(kind: type[E], message: Any, field: str) -> E:
    """The member for the enum field of a message; UNKNOWN for numbers new to this client."""
    return _member(kind, message, field)


def optional_from_wire(kind: type[E], message: Any, field: str) -> E | None:
    """As `from_wire`, None where the field is unspecified."""
    return _member(kind, message, field) if getattr(message, field) else None


def each_from_wire(kind: type[E], message: Any, field: str) -> tuple[E, ...]:
    """As `from_wire`, of a repeated field."""
    descriptor = message.DESCRIPTOR.fields_by_name[field].enum_type
    members = {number: _named(kind, descriptor, number) for number in set(getattr(message, field))}
    return tuple(members[number] for number in getattr(message, field))


def to_wire(value: StrEnum | str | None, kind: type[StrEnum], wire: Any, field: str) -> Any:
    """The protobuf number; 0 (unspecified) for None. Names are taken as well as members.

    Raises:
        InvalidArgumentError: no member has that name.
    """
    if value is None:
        return 0
    descriptor = wire.DESCRIPTOR
    number = descriptor.values_by_name.get(_prefix(descriptor) + str(value).upper())
    if number is None or number.number == 0:
        known = ", ".join(member.value for member in kind if member.value != "unknown")
        raise InvalidArgumentError(
            f"{field}: unknown value {str(value)!r}",
            reason="INVALID_REQUEST",
            fields=[FieldProblem(field, f"unknown value {str(value)!r}, expected one of: {known}")],
        )
    return number.number


def _member(kind: type[E], message: Any, field: str) -> E:
    descriptor = message.DESCRIPTOR.fields_by_name[field].enum_type
    return _named(kind, descriptor, getattr(message, field))


def _named(kind: type[E], descriptor: Any, number: int) -> E:
    value = descriptor.values_by_number.get(number)
    name = value.name.removeprefix(_prefix(descriptor)).lower() if value else "unknown"
    return kind(name) if name in set(kind) else kind("unknown")


def _prefix(descriptor: Any) -> str:
    # RunState's values all start with RUN_STATE_; so does its zero value's name.
    name: str = descriptor.values_by_number[0].name
    return name.removesuffix("UNSPECIFIED")
