"""Events are written by the statement of their change, and by no other change."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.contract.stored import Stored, create, finish, key, report
from wanllmdb_registry.domain.command import Command
from wanllmdb_registry.domain.sweep_events import (
    MAX_DETAIL,
    Requester,
    SweepEventKind,
    cut,
    runs_named,
)
from wanllmdb_registry.domain.sweep_lifecycle import PauseSweep, ResumeSweep
from wanllmdb_registry.store import unit_writes
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.event_reads import EventReads
from wanllmdb_registry.store.statement import Statement
from wanllmdb_registry.store.sweep_statements import write_statement

USER = Requester("key", "10.0.0.7")


def pause() -> PauseSweep:
    return PauseSweep(key(), lambda sweep: sweep.etag.encode(), etag="", requester=USER)


def resume() -> ResumeSweep:
    return ResumeSweep(None, lambda sweep: sweep.etag.encode(), etag="")


async def test_the_trial_loop_writes_no_event_and_needs_no_further_statement(
    stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[tuple[str, ...]] = []

    def recorded(parts: tuple[str, ...], *, own_fields: bool) -> Statement:
        written.append(parts)
        return write_statement(parts, own_fields=own_fields)

    monkeypatch.setattr(unit_writes, "write_statement", recorded)
    sweep_id = await stored.sweep(run_cap=3)
    loop: Sequence[Command] = [create(0), create(1), report(0, 1, 0.5), finish(0, 0.5)]
    for command in (*loop, create(2), finish(1, 1.0), pause(), finish(2, 1.0)):
        await stored.store.apply(sweep_id, [command])
    # The first assignment starts the sweep, a user pauses it, and the last end finishes it.
    assert ["new_events" in parts for parts in written] == [
        *(True, False, False, False),
        *(False, False, True, True),
    ]
    assert len(written) == 8


async def test_commands_of_one_transaction_have_events_of_their_own(
    stored: Stored, database: Database
) -> None:
    sweep_id = await stored.sweep()
    request = pause()
    await stored.store.apply(sweep_id, [create(0), request, resume(), request, pause()])
    await stored.store.apply(sweep_id, [request])
    found = (await EventReads(database).list(sweep_id, None, 10)).items
    assert [(event.index, event.kind, event.requester.key_id) for event in found] == [
        (3, SweepEventKind.PAUSED, "key"),
        (2, SweepEventKind.RESUMED, ""),
        (1, SweepEventKind.PAUSED, "key"),
        (0, SweepEventKind.STARTED, ""),
    ]
    assert len({event.revision for event in found}) == 4
    # A command whose caller is unknown does not get the caller of the one before it.
    assert [event.requester.address for event in found] == ["10.0.0.7", "", "10.0.0.7", ""]


def test_numbers_are_named_in_ranges() -> None:
    assert runs_named([7]) == "run 7"
    assert runs_named([0, 1]) == "runs 0 to 1"
    assert runs_named([0, 1, 2, 5, 7, 8]) == "runs 0 to 2, 5 and 7 to 8"
    scattered = list(range(0, 2_000, 2))
    assert runs_named(scattered) == ("runs 0, 2, 4, 6, 8, 10, 12, 14, 16, 18 and 990 more")
    assert len(runs_named([number + 2**62 for number in scattered])) < MAX_DETAIL


def test_a_detail_has_a_limit() -> None:
    assert cut("x" * MAX_DETAIL) == "x" * MAX_DETAIL
    assert cut("x" * (MAX_DETAIL + 1)) == "x" * (MAX_DETAIL - 3) + "..."
