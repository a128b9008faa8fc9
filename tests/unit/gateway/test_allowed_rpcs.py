"""Each RPC of the public protos is allowed or withheld by name."""

from __future__ import annotations

from pathlib import Path

from wanllmdb_gateway.allowed_rpcs import (
    ALLOWED,
    PUBLIC_FILES,
    WITHHELD,
    allowed_rpcs,
    undecided_rpcs,
    withheld_rpcs,
)

PROTOS = Path(__file__).parents[3] / "protos"


def test_each_public_rpc_is_decided_about_and_no_table_names_another_one() -> None:
    assert undecided_rpcs() == []


def test_no_rpc_is_both_allowed_and_withheld() -> None:
    for service, withheld in WITHHELD.items():
        assert not ALLOWED.get(service, frozenset()) & set(withheld)


def test_each_file_of_the_public_protos_with_a_service_is_known() -> None:
    files = {
        str(file.relative_to(PROTOS))
        for file in PROTOS.rglob("*.proto")
        if "\nservice " in file.read_text() and "internal" not in file.parts
    }
    assert files == {file.DESCRIPTOR.name for file, _ in PUBLIC_FILES}


def test_agents_work_is_withheld() -> None:
    names = {path.rpartition("/")[2] for path in withheld_rpcs()}
    agents = {"Suggest", "ShouldStop", "ReportMetrics", "FinishRun", "ReleaseRun", "Heartbeat"}
    assert agents <= names
    assert not agents & {rpc.method.name for rpc in allowed_rpcs()}
