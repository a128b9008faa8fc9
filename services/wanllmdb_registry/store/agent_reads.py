"""Reads of a sweep's agents.

An agent has no row of its own: it is what the runs with its name show. A page reads all runs of
the sweep, in 0.1 to 0.2 s for 100,000 runs of 1,000 agents. An index on the agents' names makes
that 10 to 15 ms for a page of 100 agents, but each report and each end of a run would have to write
it, so there is none.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Interval, Text, and_, bindparam, func, or_, select

from wanllmdb_registry.domain.agents import MAX_NAMED_RUNS, AgentActivity
from wanllmdb_registry.domain.model import RunState
from wanllmdb_registry.domain.reads import Page
from wanllmdb_registry.domain.unit_of_work import sweep_not_found
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.query_parts import is_state, of_sweep
from wanllmdb_registry.store.schema import runs, sweeps
from wanllmdb_registry.store.statement import Row, Statement

_SWEEP = Statement(select(sweeps.c.sweep_id).where(sweeps.c.sweep_id == bindparam("sweep_id")))

_c = runs.c
_name = _c.agent_id.collate("C")
_is_held = is_state(_c.state, RunState.RUNNING)
_has_ended = is_state(_c.state, *(state for state in RunState if state.is_final))
_went_wrong = is_state(_c.state, RunState.FAILED, RunState.LOST)
# A run that is LOST ended without its agent, and so did a run that was lost before and then
# canceled with its sweep.
_ended_by_agent = or_(
    is_state(_c.state, RunState.FINISHED, RunState.PRUNED, RunState.FAILED),
    and_(is_state(_c.state, RunState.CANCELED), _c.losses == 0),
)
_last_seen = func.greatest(
    func.max(_c.start_time),
    func.max(_c.lease_expire_time) - bindparam("lease", type_=Interval),
    func.max(_c.end_time).filter(_ended_by_agent),
)
_agents = (
    select(
        _c.agent_id,
        func.array_agg(_c.number).filter(_is_held).label("running"),
        func.count().filter(_is_held).label("held"),
        func.count().filter(_has_ended).label("ended"),
        func.count().filter(_went_wrong).label("failed"),
        _last_seen.label("last_seen"),
    )
    .where(
        of_sweep(_c),
        _c.agent_id != "",
        _name > bindparam("after", type_=Text),
    )
    .group_by(_c.agent_id)
    .order_by(_name)
    .limit(bindparam("limit"))
)
_ALL = Statement(_agents)
_WITH_RUNS = Statement(_agents.having(func.count().filter(_is_held) > 0))


class AgentReads:
    """Reads of agents.

    Args:
        database: The database.
        lease: How long a lease lasts.
    """

    def __init__(self, database: Database, lease: timedelta) -> None:
        self._database = database
        self._lease = lease

    async def list(
        self, sweep_id: str, after: str, limit: int, *, with_idle: bool
    ) -> Page[AgentActivity]:
        """Return at most `limit` agents after a name, "" for the first, by name.

        Args:
            sweep_id: The sweep.
            after: The last name of the page before.
            limit: The maximum number of agents.
            with_idle: Whether to return also agents that hold no run.

        Raises:
            NotFoundError: SWEEP_NOT_FOUND.
        """
        statement = _ALL if with_idle else _WITH_RUNS
        async with self._database.read_many() as connection:
            rows = await statement.fetch(
                connection, sweep_id=sweep_id, after=after, limit=limit + 1, lease=self._lease
            )
            if not rows and await _SWEEP.fetch_one(connection, sweep_id=sweep_id) is None:
                raise sweep_not_found(sweep_id)
        return Page([_agent(row) for row in rows[:limit]], len(rows) > limit, size=0)


def _agent(row: Row) -> AgentActivity:
    return AgentActivity(
        agent_id=row["agent_id"],
        running=sorted(row["running"] or ())[:MAX_NAMED_RUNS],
        held=row["held"],
        ended=row["ended"],
        failed=row["failed"],
        last_seen=row["last_seen"],
    )
