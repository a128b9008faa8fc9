"""The replica to which a sweep's calls go first."""

from __future__ import annotations

from collections import Counter

import pytest

from wanllmdb._connection import routing
from wanllmdb._connection.routing import Routing
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as pb

REPLICAS = ("a:1", "b:1", "c:1")
SWEEPS = [f"sweep{number}" for number in range(300)]


def chosen(replicas: Routing) -> dict[str, str | None]:
    return {sweep: replicas.replica_for(pb.SuggestRequest(sweep_id=sweep)) for sweep in SWEEPS}


def test_all_clients_agree_in_whatever_order_they_list_the_replicas() -> None:
    assert chosen(Routing(REPLICAS)) == chosen(Routing(REPLICAS[::-1]))


def test_sweeps_are_spread_over_the_replicas() -> None:
    counts = Counter(chosen(Routing(REPLICAS)).values())

    assert set(counts) == set(REPLICAS)
    assert min(counts.values()) > len(SWEEPS) / 5


def test_only_the_sweeps_of_a_replica_that_goes_move() -> None:
    before, after = chosen(Routing(REPLICAS)), chosen(Routing(REPLICAS[:2]))

    assert all(after[sweep] == home for sweep, home in before.items() if home != "c:1")


def test_one_that_does_not_answer_is_left_alone_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    replicas = Routing(REPLICAS)
    before = chosen(replicas)
    replicas.mark_unavailable("b:1")
    assert chosen(replicas) == {
        sweep: None if home == "b:1" else home for sweep, home in before.items()
    }

    monkeypatch.setattr(routing, "_AWAY_SECONDS", -1.0)
    replicas.mark_unavailable("b:1")
    assert chosen(replicas) == before


def test_there_is_nothing_to_choose_among_one_or_without_a_sweep() -> None:
    for addresses in ((), ("a:1",), ("a:1", "a:1")):
        assert Routing(addresses).replica_for(pb.SuggestRequest(sweep_id="s")) is None
    assert Routing(REPLICAS).replica_for(pb.ListAlgorithmsRequest()) is None
