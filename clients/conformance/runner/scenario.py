"""A scenario: a script for the services, a command for the testee, and what must have arrived."""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from clients.conformance import scenarios
from clients.conformance.runner.commands import Commands, MismatchError
from clients.conformance.runner.discovery import found_in
from clients.conformance.runner.scripted_services import ScriptedServices, serving
from clients.conformance.runner.testee import Testee, TesteeError


@dataclass(frozen=True, slots=True)
class Stage:
    """What a scenario works with: the scripted services, and the testee that calls them."""

    services: ScriptedServices
    testee: Testee
    address: str
    folder: str

    async def ask(self, operation: str, **given: Any) -> Any:
        """Return the result of a command to the testee, whose client calls the services.

        Raises:
            MismatchError: it is an error.
        """
        return await self._commands.ask(operation, **given)

    async def ask_for_error(self, operation: str, **given: Any) -> Mapping[str, Any]:
        """Return the error that a command to the testee ends with.

        Raises:
            MismatchError: there is none.
        """
        return await self._commands.ask_for_error(operation, **given)

    @property
    def _commands(self) -> Commands:
        environment = {
            "WANLLMDB_REGISTRY": self.address,
            "WANLLMDB_SUGGESTION": self.address,
            "WANLLMDB_SPOOL_DIR": self.folder,
            "WANLLMDB_PATIENCE": "30",
        }
        return Commands(self.testee, environment)


Play = Callable[[Stage], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario; `play` raises MismatchError if a client does something else."""

    file: str
    name: str
    play: Play
    needs: frozenset[str] = frozenset()

    @property
    def full_name(self) -> str:
        """The name by which a list of known failures names the scenario."""
        return f"{self.file}/{self.name}"

    async def difference(self, testee: Testee) -> str | None:
        """Return what the client did instead; None if it did what it must.

        Raises:
            TesteeError: the testee does not answer any more.
        """
        async with serving() as (services, address):
            with tempfile.TemporaryDirectory() as folder:
                try:
                    await self.play(Stage(services, testee, address, folder))
                except TesteeError as error:
                    raise TesteeError(f"{self.full_name}: {error}\n{_received(services)}") from None
                except MismatchError as error:
                    return f"{error}\n{_received(services)}"
                except Exception as error:
                    # A scenario reads requests that this client may not have sent.
                    return f"{type(error).__name__}: {error}\n{_received(services)}"
        return None


def _received(services: ScriptedServices) -> str:
    return f"received: {' '.join(each.rpc for each in services.received)}"


def expect(actual: Any, expected: Any, what: str) -> None:
    """Check that two values are equal.

    Raises:
        MismatchError: they are not.
    """
    if actual != expected:
        raise MismatchError(f"{what}: expected {expected}, got {actual}")


def expect_true(is_true: bool, what: str) -> None:
    """Check a condition; `what` states it.

    Raises:
        MismatchError: it does not hold.
    """
    if not is_true:
        raise MismatchError(f"not so: {what}")


def scenario(name: str, *, needs: Collection[str] = ()) -> Callable[[Play], Scenario]:
    """Make a function a scenario of its module."""

    def made(play: Play) -> Scenario:
        return Scenario(play.__module__.rpartition(".")[2], name, play, frozenset(needs))

    return made


def scenarios_of_all_files() -> list[Scenario]:
    """Return the scenarios of the modules in clients/conformance/scenarios."""
    return found_in(scenarios, Scenario)
