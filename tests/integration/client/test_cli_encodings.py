"""No output raises, even if the terminal's encoding lacks its characters."""

from __future__ import annotations

import asyncio
import io
import sys
from pathlib import Path

import pytest

from tests.cli_commands import all_commands
from wanllmdb import (
    AsyncClient,
    EnqueuedRun,
    Failed,
    MetricRow,
    PriorRun,
    RunState,
    Succeeded,
    TemplatePlaceholder,
)
from wanllmdb._agent import Console
from wanllmdb.cli import rich_console
from wanllmdb.cli.main import main

ENCODINGS = ["ascii", "latin-1", "cp1252", "utf-16"]
TEXT = "訓練 größe 🙂 …"

# What a command is called with; those that are not here are called with -h alone.
ARGUMENTS = {
    "algorithms": [],
    "best": ["SWEEP"],
    "compare": ["SWEEP", "SWEEP"],
    "contour": ["SWEEP", "x", "opt"],
    "correlations": ["SWEEP"],
    "edf": ["SWEEP"],
    "health": [],
    "history": ["SWEEP"],
    "importance": ["SWEEP"],
    "key create": ["--role", "reader", "--project", TEXT, "--name", TEXT],
    "key ls": [],
    "key revoke": [TEXT],
    "key whoami": [],
    "launches ls": ["--on", "local"],
    "runs cancel": ["SWEEP", "0", "--reason", TEXT],
    "runs enqueue": ["SWEEP", f"{TEXT}=1"],
    "runs export": ["SWEEP"],
    "runs import": ["SWEEP", f"{TEXT}.csv"],
    "runs ls": ["SWEEP"],
    "runs metrics": ["SWEEP", "1"],
    "runs retry": ["SWEEP", "--lost"],
    "runs show": ["SWEEP", "0"],
    "runs update": ["SWEEP", "0", "--name", TEXT],
    "slices": ["SWEEP"],
    "spool ls": [],
    "spool send": [],
    "sweep create": ["FILE"],
    "sweep export": ["SWEEP"],
    "sweep ls": [],
    "sweep show": ["SWEEP"],
    "sweep start": [TEXT.replace(" ", "")],
    "sweep update": ["SWEEP", "--description", TEXT],
    "template ls": [],
    "template render": ["encodings"],
    "template show": ["encodings"],
    "timeline": ["SWEEP"],
    "watch": ["SWEEP"],
}


def run_main(encoding: str, *arguments: str) -> tuple[int, bytes, str]:
    """The whole program in this process: its exit code and what it printed.

    With the streams that Python makes where PYTHONIOENCODING names the encoding.
    """
    before = sys.argv, sys.stdout, sys.stderr
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict")
    err = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="backslashreplace")
    sys.argv, sys.stdout, sys.stderr = ["wanllmdb", *arguments], out, err
    try:
        main()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    finally:
        sys.argv, sys.stdout, sys.stderr = before
    printed = []
    for stream in (out, err):
        stream.flush()
        stream.seek(0)
        printed.append(stream.buffer.read())
    return code, printed[0], printed[1].decode(encoding)


@pytest.fixture(scope="module")
async def sweep_id(registry_address: str, suggestion_address: str) -> str:
    async with AsyncClient(registry_address, suggestion_address) as client:
        config = {
            "method": "random",
            "metric": {"name": f"loss {TEXT}"},
            "parameters": {"x": {"min": 0.0, "max": 1.0}, "opt": {"values": [TEXT, "b"]}},
            "description": TEXT,
            "program": TEXT,
            "run_cap": 4,
        }
        prior = [PriorRun({"x": 0.5, "opt": TEXT}, RunState.FINISHED, (1.0,), source=TEXT)]
        made = await client.create_sweep(config, name=TEXT, project=TEXT, prior_runs=prior)
        sweep_id = made.sweep.sweep_id
        await client.enqueue_runs(sweep_id, [EnqueuedRun({"opt": TEXT}, {TEXT: TEXT})])
        for run in (await client.suggest(sweep_id, agent_id=TEXT, count=4)).runs:
            outcome = Failed(TEXT, f"{TEXT}\n{TEXT}") if run.number == 0 else Succeeded()
            rows = [MetricRow(0, {f"loss {TEXT}": float(run.number), TEXT: 1.0})]
            await client.finish_run(sweep_id, run.number, 1, outcome, rows=rows)
        await client.create_template(
            "encodings",
            f"# {TEXT}\nmethod: random\nmetric: {{name: loss}}\n"
            "parameters: {x: {values: $(values)}}\n",
            description=TEXT,
            placeholders=[TemplatePlaceholder("values", TEXT, [TEXT], TEXT)],
        )
        return sweep_id


@pytest.fixture
def options(
    registry_address: str, suggestion_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    monkeypatch.setenv("WANLLMDB_SPOOL_DIR", str(tmp_path))
    return ["--registry", registry_address, "--suggestion", suggestion_address]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
@pytest.mark.parametrize("command", sorted(ARGUMENTS))
async def test_every_command_prints_in_every_encoding(
    command: str, encoding: str, sweep_id: str, options: list[str], tmp_path: Path
) -> None:
    file = tmp_path / f"{TEXT}.yaml"
    file.write_text(f'method: random\nname: "{TEXT}"\nparameters: {{x: {{value: "{TEXT}"}}}}\n')
    words = command.split() + ARGUMENTS[command]
    words = [{"SWEEP": sweep_id, "FILE": str(file)}.get(word, word) for word in words]
    code, out, err = await asyncio.to_thread(run_main, encoding, *options, *words)
    assert "Traceback" not in err
    assert code in (0, 1, 2)
    assert out or err


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
async def test_every_help_page_prints_in_every_encoding(encoding: str) -> None:
    def walk() -> None:
        for names in [(), ("sweep",), ("runs",), *all_commands()]:
            code, out, err = run_main(encoding, *names, "-h")
            assert (code, err) == (0, ""), names
            assert "Usage" in out.decode(encoding)

    await asyncio.to_thread(walk)


@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_typos_tables_and_json_print_in_every_encoding(
    encoding: str, sweep_id: str, options: list[str]
) -> None:
    code, _, err = await asyncio.to_thread(run_main, encoding, TEXT)
    assert (code, "Traceback" in err) == (2, False)
    for words in (("sweep", "ls"), ("runs", "ls", sweep_id), ("sweep", "show", sweep_id)):
        code, _, err = await asyncio.to_thread(run_main, encoding, *options, *words)
        assert (code, err) == (0, "")
    code, out, _ = await asyncio.to_thread(run_main, encoding, *options, *words, "--json")
    assert code == 0
    assert out.decode(encoding).lstrip().startswith("{")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_lines_and_tables_of_agents_print_in_every_encoding(encoding: str) -> None:
    for make in (Console, rich_console.Console):
        raw = io.BytesIO()
        stream = io.TextIOWrapper(raw, encoding=encoding, errors="strict")
        console = make(stream)
        (console.line if isinstance(console, Console) else console.print)(f"{TEXT} │ █ ▁▂")
        stream.flush()
        assert raw.getvalue()


def test_all_commands_are_tried() -> None:
    # These move or delete sweeps, run programs, servers or a browser, or change templates.
    rest = {
        *(
            "agent",
            "run",
            "demo",
            "up",
            "ui",
            "hypervolume",
            "launch",
            "launches stop",
            "spool drop",
            "template create",
            "template rm",
        ),
        *("template update", "sweep cancel", "sweep delete", "sweep finish", "sweep pause"),
        "sweep resume",
    }
    assert {" ".join(names) for names in all_commands()} - rest <= ARGUMENTS.keys()
