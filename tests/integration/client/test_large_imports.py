"""A source of prior runs has as many bytes as a message may have, and no more."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.integration.client.command_line import CommandLine
from tests.integration.client.programs import new_sweep
from wanllmdb import Client, CsvRuns, ResourceExhaustedError
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb

# The servers' default.
MOST = 4 * 1024 * 1024


def source_of(size: int, sweep_id: str, request_id: str) -> str:
    """Return a CSV source whose request takes exactly `size` bytes."""
    rows = [f"0.5,16,{number}" for number in range(1_000)]
    text = "x,n,loss,note\n" + "".join(f"{row},\n" for row in rows)
    source = pb.PriorRunSource(csv=text)
    request = pb.ImportRunsRequest(sweep_id=sweep_id, source=source, request_id=request_id)
    # A column that is no parameter is ignored.
    padded = text[:-1] + "x" * (size - request.ByteSize()) + "\n"
    source.csv = padded
    request.source.CopyFrom(source)
    # Longer lengths take some bytes more.
    return padded[: -1 - (request.ByteSize() - size)] + "\n"


async def test_a_source_at_the_bound_is_imported_and_a_larger_one_names_the_way(
    client: Client,
) -> None:
    sweep_id = await new_sweep(client)
    key = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"
    text = source_of(MOST, sweep_id, key)
    request = pb.ImportRunsRequest(
        sweep_id=sweep_id, source=pb.PriorRunSource(csv=text), request_id=key
    )
    assert request.ByteSize() == MOST
    done = await asyncio.to_thread(client.import_runs, sweep_id, CsvRuns(text), request_id=key)
    assert (done.imported_runs, done.skipped_runs) == (1_000, 0)

    larger = text[:-1] + "x\n"
    with pytest.raises(ResourceExhaustedError) as raised:
        await asyncio.to_thread(client.import_runs, sweep_id, CsvRuns(larger), request_id=key)
    assert str(raised.value).startswith("a message of ImportRuns is too large for the registry")
    assert "import the source in parts, each part of a CSV with its own header" in str(raised.value)
    # It will not pass by waiting.
    assert raised.value.retry_after is None


async def test_the_command_line_imports_such_a_file_in_parts(
    client: Client, cli: CommandLine, tmp_path: Path
) -> None:
    sweep_id = await new_sweep(client)
    file = tmp_path / "runs.csv"
    note = "x" * 1_000
    file.write_text("x,n,loss,note\n" + "".join(f"0.5,16,{i},{note}\n" for i in range(5_000)))
    assert file.stat().st_size > MOST
    assert "5000 prior runs imported." in (await cli("runs", "import", sweep_id, str(file))).out
