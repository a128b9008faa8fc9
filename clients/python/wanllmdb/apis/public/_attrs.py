"""The base of the API's objects: read-only attributes with W&B's spellings."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any, ClassVar, NoReturn

from wanllmdb.apis.public._errors import ReadOnlyApiError

_HUMP = re.compile(r"(?<=[a-z0-9])([A-Z])")


def snake_case(name: str) -> str:
    """`created_at` for `createdAt`."""
    return _HUMP.sub(lambda hump: f"_{hump[1].lower()}", name)


class Attrs:
    """An object whose attributes can be read by W&B's names, in camel case too.

    An attribute that W&B offers and the platform does not raises a ReadOnlyApiError that lists
    the available ones.
    """

    _UNSUPPORTED: ClassVar[Mapping[str, str]] = {}
    """By W&B's name: why a method or property is missing, and what to use instead."""

    _NO_WRITES: ClassVar[str] = ""
    """The calls that change such an object, since attributes can't be set."""

    def display(self, height: int = 420, hidden: bool = False) -> bool:
        """False: there are no pages to display."""
        del height, hidden
        return False

    def to_html(self, height: int = 420, hidden: bool = False) -> str:
        """The object's text, as HTML."""
        del height, hidden
        return html.escape(repr(self))

    def _repr_html_(self) -> str:
        return self.to_html()

    def __getattr__(self, name: str) -> Any:
        # Python calls this only for attributes that are not found otherwise.
        if name.startswith("_"):
            raise AttributeError(name)
        snake = snake_case(name)
        if snake != name and hasattr(type(self), snake):
            return getattr(self, snake)
        if snake in self._UNSUPPORTED:
            return _Unsupported(self, snake)
        raise AttributeError(f"{type(self).__name__} has no {name!r}; it has {self._offered()}")

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_"):
            raise ReadOnlyApiError(
                f"{type(self).__name__}.{name} can't be set: wandb.Api reads only. "
                f"{self._NO_WRITES}"
            )
        super().__setattr__(name, value)

    def _refuse(self, name: str) -> NoReturn:
        raise ReadOnlyApiError(
            f"{type(self).__name__}.{name}: wandb.Api reads only, and {self._UNSUPPORTED[name]}. "
            f"{type(self).__name__} has {self._offered()}"
        )

    @classmethod
    def _offered(cls) -> str:
        return ", ".join(name for name in dir(cls) if not name.startswith("_"))


class _Unsupported:
    """A placeholder for a missing method or property: every use of it raises."""

    _owner: Attrs
    _name: str

    def __init__(self, owner: Attrs, name: str) -> None:
        self._owner = owner
        self._name = name

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        self._owner._refuse(self._name)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        self._owner._refuse(self._name)

    def __iter__(self) -> NoReturn:
        self._owner._refuse(self._name)

    def __getitem__(self, key: Any) -> NoReturn:
        self._owner._refuse(self._name)

    def __len__(self) -> NoReturn:
        self._owner._refuse(self._name)

    def __str__(self) -> NoReturn:
        self._owner._refuse(self._name)

    def __repr__(self) -> str:
        return f"<{type(self._owner).__name__}.{self._name}, which wandb.Api does not offer>"
