"""W&B's settings: kept for the program that makes them."""

from __future__ import annotations

from typing import Any


class Settings:
    """Any settings, by attribute; what was not given reads as None."""

    def __init__(self, **settings: Any) -> None:
        vars(self).update(settings)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            # Asked by copy, pickle and inspect, which take no for an answer.
            raise AttributeError(f"Settings has no {name!r}")
        return None

    def __setattr__(self, name: str, value: Any) -> None:
        vars(self)[name] = value

    def __repr__(self) -> str:
        # Some of them are secrets.
        return f"<Settings of {', '.join(sorted(vars(self))) or 'nothing'}>"


class Setup:
    """What `setup` returns."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()

    def __repr__(self) -> str:
        return f"Setup({self.settings!r})"
