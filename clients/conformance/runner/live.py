"""A live scenario: a client with real services, and what the registry has afterwards."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

from clients.conformance import live
from clients.conformance.runner.commands import MismatchError
from clients.conformance.runner.discovery import found_in
from clients.conformance.runner.live_client import LiveClient, live_client
from clients.conformance.runner.live_sweep import LiveSweep
from clients.conformance.runner.platform import Platform
from clients.conformance.runner.platforms import Platforms
from clients.conformance.runner.registry import Registry
from clients.conformance.runner.testee import Language


@dataclass(frozen=True, slots=True)
class LiveStage:
    """What a live scenario works with.

    Attributes:
        platform: runs the services.
        registry: what the scenario reads and changes itself.
        languages: whose clients take part.
        folder: for the files of this scenario.
        notes: sentences about the result, for people.
    """

    platform: Platform
    registry: Registry
    languages: Sequence[Language]
    folder: str
    notes: list[str] = field(default_factory=list)

    def client(self, language: Language | None = None) -> AbstractAsyncContextManager[LiveClient]:
        """Start a client, of the first language if none is given."""
        environment = {
            **self.platform.environment,
            "WANLLMDB_SPOOL_DIR": self.folder,
            # Longer than every wait of a scenario, also on a busy computer.
            "WANLLMDB_PATIENCE": "300",
        }
        return live_client(language or self.languages[0], environment)

    async def create(self, config: Mapping[str, Any]) -> LiveSweep:
        """Create a sweep without a client."""
        return await LiveSweep.create(self.registry, config)


LivePlay = Callable[[LiveStage], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class LiveScenario:
    """One live scenario.

    Attributes:
        file: its file, with the folder.
        name: what is right.
        play: raises an exception if a client does something else.
        needs: what not every language can do.
        is_protected: whether the services require keys and certificates.
        is_mixed: whether it is played once, by clients of all languages together.
    """

    file: str
    name: str
    play: LivePlay
    needs: frozenset[str] = frozenset()
    is_protected: bool = False
    is_mixed: bool = False


@dataclass(frozen=True, slots=True)
class Played:
    """How a live scenario went: what was wrong, if anything, and for how long it took."""

    difference: str | None
    seconds: float
    notes: Sequence[str] = ()


class LiveCase:
    """A live scenario for some languages, which is played once, also as a case of each of them."""

    def __init__(
        self, scenario: LiveScenario, platforms: Platforms, languages: Sequence[Language]
    ) -> None:
        self._scenario = scenario
        self._platforms = platforms
        self._languages = languages
        self._played: Played | None = None

    @property
    def file(self) -> str:
        """The row of the table."""
        return self._scenario.file

    @property
    def full_name(self) -> str:
        """The name by which a list of known failures names the scenario."""
        return f"{self._scenario.file}/{self._scenario.name}"

    @property
    def needs(self) -> frozenset[str]:
        """What not every language can do."""
        return self._scenario.needs

    async def played(self) -> Played:
        """Return how it went; without the time in which the services start."""
        if self._played is None:
            self._played = await self._play()
        return self._played

    async def _play(self) -> Played:
        began = time.perf_counter()
        notes: list[str] = []
        try:
            platform, registry = await self._platforms.get(is_protected=self._scenario.is_protected)
            began = time.perf_counter()
            with tempfile.TemporaryDirectory() as folder:
                stage = LiveStage(platform, registry, self._languages, folder, notes)
                await self._scenario.play(stage)
        except MismatchError as error:
            return Played(str(error), time.perf_counter() - began)
        except Exception as error:
            # An error of the registry or of a testee is a failure of this scenario alone.
            return Played(f"{type(error).__name__}: {error}", time.perf_counter() - began)
        return Played(None, time.perf_counter() - began, notes)


def live_scenario(
    name: str,
    *,
    needs: Collection[str] = (),
    is_protected: bool = False,
    is_mixed: bool = False,
) -> Callable[[LivePlay], LiveScenario]:
    """Make a function a live scenario of its module."""

    def made(play: LivePlay) -> LiveScenario:
        file = f"live/{play.__module__.rpartition('.')[2]}"
        return LiveScenario(file, name, play, frozenset(needs), is_protected, is_mixed)

    return made


def live_scenarios() -> list[LiveScenario]:
    """Return the scenarios of the modules in clients/conformance/live."""
    return found_in(live, LiveScenario)
