"""The connection of the API's objects to the registry."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from wanllmdb._client import Client
from wanllmdb._errors import InvalidArgumentError, NotFoundError
from wanllmdb._notes import note
from wanllmdb._types.enums import RunOrder, RunState, SweepOrder
from wanllmdb._types.runs import Run
from wanllmdb._types.sweeps import Sweep
from wanllmdb.apis.public._errors import (
    ProjectNotFoundError,
    RunNotFoundError,
    SweepNotFoundError,
)
from wanllmdb.apis.public._lazy import MOST_A_PAGE

_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)


class RunOfSweep(NamedTuple):
    """The records of a run and its sweep."""

    sweep: Sweep
    run: Run


class Reader:
    """Reads sweeps and runs; shared by all objects of one `Api`.

    Attributes:
        client: reaches the services.
        entity: W&B's entity for the paths of objects; the platform has none.
    """

    def __init__(self, client: Client, entity: str) -> None:
        self.client = client
        self.entity = entity

    def of_entity(self, entity: str | None) -> Reader:
        """The same reader with another entity; the same entity if none is given."""
        return Reader(self.client, entity or self.entity)

    def sweep(self, sweep_id: str, project: str = "") -> Sweep:
        """A sweep by its id. A note is printed if the sweep is in another project.

        Raises:
            SweepNotFoundError: there is no such sweep.
        """
        try:
            sweep = self.client.get_sweep(sweep_id)
        except (NotFoundError, InvalidArgumentError) as error:
            raise SweepNotFoundError(
                f"there is no sweep {sweep_id!r}: `wanllmdb sweep ls` lists the sweeps",
                reason="SWEEP_NOT_FOUND",
                metadata={"sweep_id": sweep_id},
            ) from error
        if project and sweep.project != project:
            note(
                f"sweep {sweep_id} is in project {sweep.project!r}, not {project!r}; its id is "
                f"enough to find it"
            )
        return sweep

    def run(self, run_id: str, project: str = "") -> RunOfSweep:
        """A run by its id: its sweep's id, a hyphen and its number.

        Raises:
            RunNotFoundError: there is no such run.
        """
        sweep_id, _, number = run_id.rpartition("-")
        missing = RunNotFoundError(
            f"there is no run {run_id!r}: a run's id is its sweep's id, a hyphen and its number, "
            f"such as k6rsniyyjhjy-0; `wanllmdb runs ls SWEEP` lists a sweep's runs",
            reason="RUN_NOT_FOUND",
            metadata={"sweep_id": sweep_id, "number": number},
        )
        # A number of 19 digits may be more than the registry's 64 bits.
        if not sweep_id or not number.isdecimal() or len(number) > 18:
            raise missing
        try:
            sweep = self.sweep(sweep_id, project)
            return RunOfSweep(sweep, self.client.get_run(sweep_id, int(number)))
        except NotFoundError as error:
            raise missing from error

    def sweeps(self, project: str = "", order: SweepOrder | None = None) -> Iterator[Sweep]:
        """The sweeps of a project, newest first; of all projects if the name is empty."""
        return self.client.list_sweeps(project=project, order=order, page_size=MOST_A_PAGE)

    def sweeps_for(self, project: str, sweep_ids: Collection[str] | None) -> list[Sweep]:
        """The named sweeps, or all of a project, oldest first.

        Raises:
            SweepNotFoundError: one of the sweeps does not exist.
            ProjectNotFoundError: the project has no sweeps.
        """
        if sweep_ids is not None:
            return [self.sweep(sweep_id, project) for sweep_id in sorted(sweep_ids)]
        found = list(self.sweeps(project, SweepOrder.CREATE_TIME_ASC))
        if not found:
            raise ProjectNotFoundError(
                f"there is no project {project!r}: a project begins with its first sweep; "
                f"`wanllmdb sweep ls` shows each sweep's project",
                metadata={"project": project},
            )
        return found

    def runs(
        self,
        sweeps: Sequence[Sweep],
        states: Collection[RunState],
        page_size: int,
        *,
        newest_first: bool = False,
    ) -> Iterator[RunOfSweep]:
        """The runs of sweeps by their time of creation.

        A sweep's runs are listed once the other sweeps' runs reach its creation time.
        """
        if len(sweeps) == 1:
            return self._runs_of(sweeps[0], states, page_size, newest_first)
        sweeps = [sweep for sweep in sweeps if sweep.stats.total_runs]
        if newest_first:
            return _by_time(
                # A sweep that has ended gets no more runs.
                [(_negative(sweep.end_time or _LAST), sweep) for sweep in sweeps],
                lambda sweep: self._runs_of(sweep, states, page_size, True),
                lambda time: _negative(time),
            )
        return _by_time(
            [(_seconds(sweep.create_time or _FIRST), sweep) for sweep in sweeps],
            lambda sweep: self._runs_of(sweep, states, page_size, False),
            _seconds,
        )

    def _runs_of(
        self, sweep: Sweep, states: Collection[RunState], page_size: int, newest_first: bool
    ) -> Iterator[RunOfSweep]:
        runs = self.client.list_runs(
            sweep.sweep_id,
            states=sorted(states),
            order=RunOrder.NUMBER_DESC if newest_first else RunOrder.NUMBER_ASC,
            page_size=page_size,
        )
        return (RunOfSweep(sweep, run) for run in runs)


def _by_time(
    starts: list[tuple[float, Sweep]],
    runs_of: Callable[[Sweep], Iterator[RunOfSweep]],
    place: Callable[[datetime], float],
) -> Iterator[RunOfSweep]:
    """Merge sweeps' runs by creation time; a sweep's runs are never older than the sweep."""
    waiting = sorted(((start, sweep.sweep_id, sweep) for start, sweep in starts), reverse=True)
    heads: list[tuple[float, str, RunOfSweep, Iterator[RunOfSweep]]] = []

    def push(sweep_id: str, runs: Iterator[RunOfSweep]) -> None:
        head = next(runs, None)
        if head is not None:
            created = place(head.run.create_time or _FIRST)
            heapq.heappush(heads, (created, sweep_id, head, runs))

    while heads or waiting:
        while waiting and (not heads or waiting[-1][0] <= heads[0][0]):
            _, sweep_id, sweep = waiting.pop()
            push(sweep_id, runs_of(sweep))
        if heads:
            _, sweep_id, head, runs = heapq.heappop(heads)
            yield head
            push(sweep_id, runs)


def _seconds(time: datetime) -> float:
    return (time - _FIRST).total_seconds()


def _negative(time: datetime) -> float:
    return -_seconds(time)


def attributes(owner: Any, names: Sequence[str]) -> dict[str, Any]:
    """An object's attributes as a dictionary with W&B's keys, in camel case."""
    return {_camel_case(name): getattr(owner, name) for name in names}


def _camel_case(name: str) -> str:
    first, *more = name.split("_")
    return first + "".join(part.title() for part in more)
