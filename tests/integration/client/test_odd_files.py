"""Files that no agent wrote block neither agents nor the program, inside and outside the spool."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.client.many_runs import run_each
from tests.integration.client.programs import WANLLMDB, end_of, new_sweep, started
from wanllmdb import Client, Succeeded, Tls
from wanllmdb._calls import run_calls
from wanllmdb._connection.credentials import given_key
from wanllmdb._connection.tls import tls_of
from wanllmdb._errors import InvalidArgumentError
from wanllmdb._spool import BadSpoolFileError, Spool, SpoolDelivery, SpooledRun

# What hangs does not end; what does not hang takes a moment, on a busy machine some.
SECONDS = 60.0
DEEP = b"[" * 200_000 + b"]" * 200_000
GOOD = SpooledRun(
    "127.0.0.1:1",
    "s",
    0,
    1,
    (run_calls.finish_run("s", 0, 1, Succeeded(1.0), [], {}, None).request,),
).to_json()


def changed(**fields: object) -> bytes:
    return json.dumps(json.loads(GOOD) | fields).encode()


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        # Its path has a bound of about 100 bytes.
        here = Path.cwd()
        os.chdir(path.parent)
        try:
            listener.bind(path.name)
        finally:
            os.chdir(here)


def make_sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


def writes(data: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(data)


ODD: dict[str, Callable[[Path], object]] = {
    "fifo": os.mkfifo,
    "socket": make_socket,
    "directory": Path.mkdir,
    "link to a device": lambda path: path.symlink_to("/dev/zero"),
    "link to itself": lambda path: path.symlink_to(path),
    "link to nothing": lambda path: path.symlink_to("nothing"),
    "link out of the folder": lambda path: path.symlink_to("/etc/passwd"),
    "sparse": make_sparse,
    "deep": writes(DEEP),
    "deep within": writes(GOOD.replace(b'"requests": [', b'"requests": [' + DEEP + b",")),
    "empty": writes(b""),
    "NUL": writes(b"\0" * 5_000),
    "no UTF-8": writes(b"\xff\xfe\xfd" * 100),
    "another shape": writes(b'["registry", 1]'),
    "a text": writes(b'"version"'),
    "null": writes(b"null"),
    "huge int": writes(GOOD.replace(b'"number": 0', b'"number": ' + b"9" * 5_000)),
    "large int": writes(GOOD.replace(b'"number": 0', b'"number": 1' + b"0" * 30)),
    "infinite": writes(GOOD.replace(b'"number": 0', b'"number": 1e999')),
    "NaN": writes(GOOD.replace(b'"number": 0', b'"number": NaN')),
    "true": writes(changed(number=True)),
    "long version": writes(changed(version="v" * 100_000)),
    "version of any shape": writes(changed(version=[{}])),
    "time without a zone": writes(changed(time="2026-01-01T00:00:00")),
    "time that is none": writes(changed(time=5)),
    "rejection of another shape": writes(changed(refused=["x"])),
    "requests of another shape": writes(changed(requests=5)),
    "request that is none": writes(changed(requests=[{"rpc": ["x"], "message": "eA=="}])),
    "request of garbage": writes(changed(requests=[{"rpc": "FinishRun", "message": "////"}])),
    "registry of another shape": writes(changed(registry=["x"])),
    "registry with a long port": writes(changed(registry="h:" + "1" * 5_000)),
    "half written": writes(GOOD[: len(GOOD) // 2]),
}
OF_ANOTHER_REGISTRY = {"registry with a long port"}


@pytest.fixture
def client(registry_address: str, suggestion_address: str) -> Client:
    return Client(registry_address, suggestion_address)


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    (tmp_path / "spool").mkdir()
    return Spool(tmp_path / "spool")


def environment_of(client: Client, spool: Spool) -> dict[str, str]:
    return {**os.environ, **client.environment, "WANLLMDB_SPOOL_DIR": str(spool.path)}


async def program(client: Client, spool: Spool, *arguments: str) -> tuple[int | None, str, str]:
    environment = environment_of(client, spool)
    async with started(*WANLLMDB, *arguments, environment=environment) as process:
        out, err = await asyncio.wait_for(end_of(process), SECONDS)
    return process.returncode, out, err


async def a_result(client: Client, spool: Spool) -> str:
    """A sweep whose only run is done, and is only in the spool."""
    sweep_id = await new_sweep(client, run_cap=1)
    (run,) = (await asyncio.to_thread(client.suggest, sweep_id, agent_id="gone")).runs
    end = run_calls.finish_run(sweep_id, run.number, 1, Succeeded(1.0), [], {}, None)
    spool.put(SpooledRun(client.registry_address, sweep_id, 0, 1, (end.request,))).close()
    return sweep_id


async def is_finished(client: Client, sweep_id: str) -> bool:
    run = await asyncio.to_thread(client.get_run, sweep_id, 0)
    return str(run.state) == "finished"


@pytest.mark.parametrize("kind", ODD)
async def test_an_odd_file_is_left_alone_and_the_others_are_delivered(
    kind: str, client: Client, spool: Spool
) -> None:
    # It comes before the result, in the order in which they are delivered.
    odd = spool.path / "!-0-1.end.json"
    ODD[kind](odd)
    sweep_id = await a_result(client, spool)
    lines: list[str] = []
    delivery = SpoolDelivery(client, spool, lines.append)

    assert await asyncio.wait_for(asyncio.to_thread(delivery.has_any), SECONDS)
    done = await asyncio.wait_for(asyncio.to_thread(delivery.deliver), SECONDS)

    assert done.delivered == 1
    assert await is_finished(client, sweep_id)
    assert odd in spool.paths()
    if kind not in OF_ANOTHER_REGISTRY:
        assert done.left == 1
        (line,) = [line for line in lines if "was skipped" in line]
        assert len(line) < 600
        with pytest.raises(BadSpoolFileError):
            spool.read(odd)


async def test_agents_and_commands_pass_by_all_of_them(client: Client, spool: Spool) -> None:
    for number, make in enumerate(ODD.values()):
        make(spool.path / f"!-{number}-1.end.json")
    sweep_id = await a_result(client, spool)

    code, out, err = await program(client, spool, "spool", "ls")
    assert (code, "Traceback" in err) == (0, False)
    assert out.count("unreadable") == len(ODD) - len(OF_ANOTHER_REGISTRY)
    assert (await program(client, spool, "spool", "ls", "--json"))[0] == 0

    code, out, err = await program(client, spool, "agent", sweep_id, "--", sys.executable, "-c", "")
    assert (code, "Traceback" in err) == (0, False)
    assert err.count("was skipped") >= len(ODD) - len(OF_ANOTHER_REGISTRY)
    assert await is_finished(client, sweep_id)

    other = await a_result(client, spool)
    code, out, err = await program(client, spool, "spool", "send")
    assert (code, "Traceback" in err) == (1, False)
    assert "1 delivered, 0 refused" in out
    assert await is_finished(client, other)


async def test_what_cant_be_read_can_be_dropped(client: Client, spool: Spool) -> None:
    kinds = {f"x-{number}-1.end.json": kind for number, kind in enumerate(ODD)}
    for name, kind in kinds.items():
        ODD[kind](spool.path / name)

    drops = [["spool", "drop", name] for name in (*kinds, "../spool")]
    *said, outside = await run_each(drops, environment_of(client, spool), seconds=SECONDS)

    for kind, each in zip(ODD, said, strict=True):
        assert "Traceback" not in each.err
        assert each.code == (1 if kind == "directory" else 0), (kind, each)
    assert [kinds[path.name] for path in spool.paths()] == ["directory"]
    assert outside.code == 2


@pytest.mark.parametrize("place", ["the spool", "its refused folder", "unfinished files"])
async def test_a_folder_that_is_none_is_reported(place: str, client: Client, spool: Spool) -> None:
    sweep_id = await a_result(client, spool)
    if place == "the spool":
        (result,) = spool.paths()
        result.unlink()
        spool.path.rmdir()
        spool.path.write_text("a file")
    elif place == "its refused folder":
        (spool.path / "refused").write_text("a file")
    else:
        old = spool.path / f".x-0-1.end.json.{'0' * 32}"
        old.mkdir()
        os.utime(old, (0, 0))
        (spool.path / ".snapshot").mkdir()
        os.utime(spool.path / ".snapshot", (0, 0))

    code, _, err = await program(client, spool, "spool", "ls")
    assert "Traceback" not in err
    if place != "unfinished files":
        assert code == 1
        assert "can't be read: Not a directory" in err
        assert "the output" not in err
    agent = ("agent", sweep_id, "--", sys.executable, "-c", "")
    code, _, err = await program(client, spool, *agent)
    assert (code, "Traceback" in err) == (0, False)
    assert await is_finished(client, sweep_id) == (place != "the spool")


async def test_a_link_in_the_spool_takes_no_room_of_it(client: Client, spool: Spool) -> None:
    make_sparse(spool.path / "a-0-1.end.json")
    (spool.path / "b-0-1.end.json").symlink_to("b-0-1.end.json")

    assert await a_result(client, spool)


@pytest.mark.parametrize(
    "kind", ["fifo", "directory", "link to a device", "sparse", "link to itself"]
)
def test_a_key_or_a_certificate_is_read_from_no_odd_file(kind: str, tmp_path: Path) -> None:
    odd = tmp_path / "odd"
    ODD[kind](odd)

    with pytest.raises(InvalidArgumentError, match="odd"):
        given_key(odd)
    with pytest.raises(InvalidArgumentError, match="odd"):
        Client("127.0.0.1:1", "127.0.0.1:1", tls=tls_of(Tls(ca=odd)))


@pytest.mark.parametrize(
    "arguments",
    [
        ["sweep", "create", "FILE"],
        ["runs", "import", "x", "FILE.csv"],
        ["runs", "enqueue", "x", "--file", "FILE"],
        ["template", "create", "FILE"],
        ["--api-key-file", "FILE", "sweep", "ls"],
        ["--tls-ca", "FILE", "sweep", "ls"],
    ],
    ids=" ".join,
)
async def test_a_file_that_is_named_holds_nothing_up(
    arguments: list[str], client: Client, spool: Spool, tmp_path: Path
) -> None:
    kinds = ["directory", "sparse", "deep", "NUL", "no UTF-8", "link to itself"]
    if arguments[0] == "sweep":
        # A pipe may be silent for a while, which need not be waited for each time.
        kinds.append("fifo")
    given = []
    for kind in kinds:
        file = tmp_path / f"odd {kind}"
        for suffix in ("", ".csv", ".jsonl"):
            ODD[kind](file.with_name(file.name + suffix))
        given.append([each.replace("FILE", str(file)) for each in arguments])

    said = await run_each(given, environment_of(client, spool), seconds=SECONDS)

    for kind, each in zip(kinds, said, strict=True):
        assert each.code in (1, 2), (kind, each)
        assert "Traceback" not in each.err, (kind, each)


async def test_a_pipe_of_a_shell_is_as_good_as_a_file(client: Client, spool: Spool) -> None:
    reading, writing = os.pipe()
    os.write(
        writing,
        b'{"method": "random", "metric": {"name": "l"}, "parameters": {"x": {"values": [1]}}}',
    )
    os.close(writing)
    environment = environment_of(client, spool)
    process = await asyncio.create_subprocess_exec(
        *(*WANLLMDB, "sweep", "create", f"/dev/fd/{reading}"),
        env=environment,
        pass_fds=[reading],
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await asyncio.wait_for(process.communicate(), SECONDS)
    os.close(reading)
    assert (process.returncode, out[:13]) == (0, b"Created sweep")
