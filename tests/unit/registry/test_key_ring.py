"""Authentication by API key: how long a result is cached, and what an invalid key costs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from wanllmdb_common.calls.authentication import MAX_LOOK_UPS
from wanllmdb_common.calls.caller import ANYONE, Caller, Role
from wanllmdb_common.computing.cancellation import current_deadline, set_deadline
from wanllmdb_common.errors import (
    OverloadedError,
    ServiceError,
    UnauthenticatedError,
    UnavailableError,
)
from wanllmdb_registry.domain.api_keys.api_key import (
    ApiKey,
    FoundKey,
    KeyText,
    parse_key,
    parse_root_key,
)
from wanllmdb_registry.domain.api_keys.authentication import (
    MAX_AGE,
    MAX_BATCH,
    MAX_REMEMBERED,
    KeyRing,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECRET = "s" * 43
ALICE = "wsk_alice_" + SECRET
ROOT = "wsk_root_" + "r" * 32


def stored(key_id: str = "alice", lifetime: timedelta | None = None) -> FoundKey:
    key = ApiKey(key_id, "a test", Role.AGENT, ("p",), create_time=NOW)
    return FoundKey(key, KeyText(key_id, SECRET).secret_sha256, lifetime)


@dataclass
class Table:
    """A table of keys; a read takes the state at its beginning, and then waits."""

    keys: dict[str, FoundKey] = field(default_factory=dict)
    reads: list[list[str]] = field(default_factory=list)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    error: Exception | None = None
    deadlines: list[float | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.go_on.set()

    async def find(self, key_ids: Sequence[str]) -> Mapping[str, FoundKey]:
        self.reads.append(list(key_ids))
        self.deadlines.append(current_deadline())
        found = {each: self.keys[each] for each in key_ids if each in self.keys}
        await self.go_on.wait()
        if self.error is not None:
            raise self.error
        return found


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def table() -> Table:
    return Table({"alice": stored()})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ring(table: Table, clock: Clock) -> KeyRing:
    return KeyRing(table, required=True, root=parse_root_key(ROOT), clock=clock)


async def refusal(ring: KeyRing, text: str) -> str:
    with pytest.raises(UnauthenticatedError) as caught:
        await ring.authenticate(text)
    return f"{caught.value.reason} {caught.value.message} {dict(caught.value.metadata)}"


async def test_without_keys_everybody_may_do_everything(table: Table) -> None:
    ring = KeyRing(table, required=False, root=parse_root_key(ROOT))
    for text in ("", "nonsense", ALICE, ROOT):
        assert await ring.authenticate(text) is ANYONE
    assert table.reads == []


async def test_the_callers_key_role_and_projects(ring: KeyRing) -> None:
    caller = await ring.authenticate(ALICE)
    assert caller == Caller("alice", Role.AGENT, frozenset({"p"}))
    assert await ring.authenticate(ROOT) == Caller("root", Role.ADMIN, None)


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "wsk_alice",
        f"wsk_alice_{SECRET[:-1]}x",
        f"wsk_alice_{SECRET[:20]}",
        f"wsk_Alice_{SECRET}",
        f"wsk_bob_{SECRET}",
        f"wsk__{SECRET}",
        f"{ALICE}\n",
        f" {ALICE}",
        f"wsk_root_{SECRET}",
        f"wsk_alice_{'s' * 4000}",
        "wsk_ålice_" + SECRET,
    ],
)
async def test_whatever_is_wrong_with_a_key_the_answer_is_the_same(
    ring: KeyRing, text: str
) -> None:
    answer = await refusal(ring, text)
    assert answer == await refusal(ring, "wsk_nobody_" + SECRET)
    assert answer.startswith("KEY_INVALID ")
    assert SECRET[:20] not in answer


async def test_without_an_operators_key_nobody_has_its_id(table: Table) -> None:
    # Not even with a secret whose hash is that of a missing secret.
    ring = KeyRing(table, required=True)
    assert (await refusal(ring, ROOT)).startswith("KEY_INVALID ")
    assert (await refusal(ring, "")).startswith("KEY_MISSING ")
    assert table.reads == []


async def test_a_key_is_read_again_when_what_is_known_is_too_old(
    ring: KeyRing, table: Table, clock: Clock
) -> None:
    await ring.authenticate(ALICE)
    clock.now += MAX_AGE
    await ring.authenticate(ALICE)
    assert len(table.reads) == 1
    clock.now += 0.001
    await ring.authenticate(ALICE)
    assert len(table.reads) == 2


async def test_a_revocation_elsewhere_is_seen_when_the_key_is_read_again(
    ring: KeyRing, table: Table, clock: Clock
) -> None:
    await ring.authenticate(ALICE)
    key = table.keys["alice"]
    table.keys["alice"] = replace(key, key=replace(key.key, revoke_time=NOW))
    clock.now += MAX_AGE + 0.001
    assert (await refusal(ring, ALICE)).startswith("KEY_REVOKED ")
    # Only a caller that knows the secret gets this reason.
    assert (await refusal(ring, f"wsk_alice_{'x' * 43}")).startswith("KEY_INVALID ")


@pytest.mark.parametrize("waits", [True, False])
async def test_a_revocation_here_is_seen_at_once_also_while_the_key_is_being_read(
    waits: bool, ring: KeyRing, table: Table
) -> None:
    table.go_on.clear()
    under_way = asyncio.create_task(ring.authenticate(ALICE))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert table.reads == [["alice"]]
    key = table.keys["alice"]
    table.keys["alice"] = replace(key, key=replace(key.key, revoke_time=NOW))
    ring.forget("alice")
    if waits:
        # A revoked key is looked up again instead of the cached result.
        later = asyncio.create_task(refusal(ring, ALICE))
        await asyncio.sleep(0)
        table.go_on.set()
        assert (await later).startswith("KEY_REVOKED ")
    table.go_on.set()
    assert (await under_way).key_id == "alice"
    assert (await refusal(ring, ALICE)).startswith("KEY_REVOKED ")


async def test_a_key_expires_by_the_databases_clock(table: Table, clock: Clock) -> None:
    table.keys["alice"] = stored(lifetime=timedelta(seconds=2))
    ring = KeyRing(table, required=True, clock=clock)
    await ring.authenticate(ALICE)
    clock.now += 1.999
    await ring.authenticate(ALICE)
    clock.now += 0.001
    assert (await refusal(ring, ALICE)).startswith("KEY_EXPIRED ")
    assert (await refusal(ring, f"wsk_alice_{'x' * 43}")).startswith("KEY_INVALID ")
    assert len(table.reads) == 1
    table.keys["alice"] = stored(lifetime=timedelta(seconds=-1))
    clock.now += MAX_AGE
    assert (await refusal(ring, ALICE)).startswith("KEY_EXPIRED ")
    assert len(table.reads) == 2


async def test_a_flood_of_bad_keys_costs_one_small_read_at_a_time(
    ring: KeyRing, table: Table
) -> None:
    texts = [f"wsk_nobody{index}_{SECRET}" for index in range(MAX_BATCH + 100)]
    answers = await asyncio.gather(*(refusal(ring, text) for text in [*texts, *texts, ALICE[:-1]]))
    assert len(set(answers)) == 1
    asked = [key_id for read in table.reads for key_id in read]
    assert sorted(asked) == sorted(
        {parsed.key_id for t in [*texts, ALICE] if (parsed := parse_key(t))}
    )
    assert max(map(len, table.reads)) <= MAX_BATCH
    reads = len(table.reads)
    await asyncio.gather(*(refusal(ring, text) for text in texts))
    assert len(table.reads) == reads


async def test_bad_keys_push_no_good_one_out_and_are_forgotten_themselves(
    ring: KeyRing, table: Table
) -> None:
    await ring.authenticate(ALICE)
    for start in range(0, MAX_REMEMBERED + 2, MAX_BATCH):
        await asyncio.gather(
            *(refusal(ring, f"wsk_n{start + index}_{SECRET}") for index in range(MAX_BATCH))
        )
    reads = len(table.reads)
    await ring.authenticate(ALICE)
    assert len(table.reads) == reads
    await refusal(ring, f"wsk_n0_{SECRET}")
    assert len(table.reads) == reads + 1


async def test_a_database_that_is_away_is_told_as_that_and_asked_again(
    ring: KeyRing, table: Table
) -> None:
    table.error = UnavailableError("DATABASE_UNAVAILABLE", "away")
    results = await asyncio.gather(
        *(ring.authenticate(ALICE) for _ in range(3)), return_exceptions=True
    )
    assert [isinstance(r, ServiceError) and r.reason for r in results] == [
        "DATABASE_UNAVAILABLE"
    ] * 3
    table.error = None
    assert (await ring.authenticate(ALICE)).key_id == "alice"


async def test_one_who_gives_up_takes_nobody_with_him(ring: KeyRing, table: Table) -> None:
    table.go_on.clear()
    calls = [asyncio.create_task(ring.authenticate(ALICE)) for _ in range(2)]
    await asyncio.sleep(0)
    calls[0].cancel()
    await asyncio.sleep(0)
    table.go_on.set()
    assert (await calls[1]).key_id == "alice"
    assert calls[0].cancelled()
    assert len(table.reads) == 1


async def test_so_many_unknown_keys_wait_at_once_and_those_that_are_known_never(
    ring: KeyRing, table: Table
) -> None:
    await ring.authenticate(ALICE)
    table.go_on.clear()
    waiting = [
        asyncio.create_task(ring.authenticate(f"wsk_none{number}_{SECRET}"))
        for number in range(MAX_LOOK_UPS)
    ]
    await asyncio.sleep(0)
    with pytest.raises(OverloadedError) as refusal:
        await ring.authenticate(f"wsk_another_{SECRET}")
    assert (refusal.value.reason, refusal.value.retry_after) == ("OVERLOADED", 1.0)
    assert (await ring.authenticate(ALICE)).key_id == "alice"
    waiting[0].cancel()
    await asyncio.sleep(0)
    waiting.append(asyncio.create_task(ring.authenticate(f"wsk_another_{SECRET}")))
    await asyncio.sleep(0)
    table.go_on.set()
    reasons = [
        getattr(each, "reason", "")
        for each in await asyncio.gather(*waiting, return_exceptions=True)
    ]
    assert reasons == ["", *["KEY_INVALID"] * MAX_LOOK_UPS]


async def test_a_read_for_many_has_nothing_of_the_call_that_began_it(
    table: Table, ring: KeyRing
) -> None:
    async def call() -> Caller:
        set_deadline(0.5)
        return await ring.authenticate(ALICE)

    # Each call has a context of its own, as in gRPC.
    assert (await asyncio.create_task(call())).key_id == "alice"
    assert table.deadlines == [None]
