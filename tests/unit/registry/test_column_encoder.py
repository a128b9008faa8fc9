"""The categories that a stream of columns remembers are bounded, and each row keeps its own."""

from __future__ import annotations

import pytest

from wanllmdb_common.search_space.distributions import Parameter, SearchSpace, Uniform
from wanllmdb_common.search_space.proto_conversion import value_from_proto
from wanllmdb_registry.domain.model import AlgorithmChoice, Method, SweepSpec
from wanllmdb_registry.domain.run_columns import LabelColumn, RunBatch
from wanllmdb_registry.rpc import column_encoder
from wanllmdb_registry.rpc.column_encoder import ColumnEncoder

SPACE = SearchSpace((Parameter("x", Uniform(0.0, 1.0)),))
SPEC = SweepSpec(Method.RANDOM, SPACE, AlgorithmChoice("random"))


def test_forgotten_categories_are_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(column_encoder, "_MAX_REMEMBERED", 20)
    # Rows so long that chunks are split, whose categories are then encoded a second time.
    monkeypatch.setattr(column_encoder, "CHUNK_BYTES", 100)
    encoder = ColumnEncoder([LabelColumn("team")], SPEC)
    teams = [f"team {number % 25}" for number in range(100)]
    categories: list[object] = []
    found: list[object] = []
    for first in range(0, 100, 20):
        batch = RunBatch(
            numbers=range(first, first + 20),
            states=["FINISHED"] * 20,
            labels=[{"team": team} for team in teams[first : first + 20]],
        )
        for _, chunk in encoder.chunks(batch):
            (column,) = chunk.columns
            categories += map(value_from_proto, column.new_categories)
            found += [categories[position - 1] for position in column.categories]
    assert found == teams
    assert 25 < len(categories) < 100
