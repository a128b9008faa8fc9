"""The summary of a run, as W&B's public API shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from wanllmdb.apis.public._errors import ReadOnlyApiError
from wanllmdb.apis.public._unsupported import SETTING_OF_RUN


class _NoSuchKeyError(KeyError, AttributeError):
    """W&B raises a KeyError for an attribute too; `hasattr` expects an AttributeError."""


class Summary(Mapping[str, Any]):
    """The last value of each metric, by item or attribute, in addition to `_step` and `_runtime`.

    A metric that was logged in a dictionary, such as `{"val": {"loss": 0.5}}`, is at
    `["val"]["loss"]` and at `["val.loss"]`.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._json_dict = dict(values)

    def __getitem__(self, key: str) -> Any:
        if isinstance(key, str):
            key = key.strip()
            if key in self._json_dict:
                return self._json_dict[key]
            prefix = f"{key}."
            inner = {
                name.removeprefix(prefix): value
                for name, value in self._json_dict.items()
                if name.startswith(prefix)
            }
            if inner:
                return Summary(inner)
        raise _NoSuchKeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._json_dict)

    def __len__(self) -> int:
        return len(self._json_dict)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self[name]

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_"):
            self._refuse()
        super().__setattr__(name, value)

    def __setitem__(self, key: str, value: Any) -> NoReturn:
        self._refuse()

    def __delitem__(self, key: str) -> NoReturn:
        self._refuse()

    def update(self, key_vals: Any = None, overwrite: bool = True) -> NoReturn:
        """Raise a ReadOnlyApiError."""
        self._refuse()

    def __repr__(self) -> str:
        return repr(self._json_dict)

    def _refuse(self) -> NoReturn:
        raise ReadOnlyApiError(
            "a run's summary can't be set here: wandb.Api reads only. The program of a run sets "
            f"it, by wandb.log or wandb.summary. {SETTING_OF_RUN}"
        )
