"""Texts of other users reach a terminal as plain text, wherever the program prints them."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import sys
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.client.command_line import CommandLine
from tests.integration.client.many_runs import run_each
from wanllmdb import (
    AsyncClient,
    EnqueuedRun,
    Failed,
    InvalidArgumentError,
    MetricRow,
    PriorRun,
    RunState,
    Succeeded,
    TemplatePlaceholder,
)

# A window title, a color, C1 controls, an overwritten line, a turned one, what is not seen,
# a private and an unassigned character, line ends of Unicode, a tag of rich's, and a flood.
HOSTILE = (
    "A\x1b]0;title\x07\x1b[31m\x9b1m\x9d8;;http://e\x9c\r\b\x7f\u202eB\u2066\u200f\u061c"
    "\u200b\u2060\ufeff\u00ad\u3164\ue000\U000e0041\U000e0101\u2028\u2029[link=http://e]C[/]"
    "[red]D\\" + "\u0301" * 40 + "Z"
)
VALUE = "v\x1b[2J\u202ev"
# Each of them must be seen in its escaped form where the text is.
ESCAPED = r"A\x1b]0;title\x07\x1b[31m\x9b1m\x9d8;;http://e\x9c\r\x08\x7f\u202eB\u2066\u200f"
STYLES = re.compile(r"\x1b\[[0-9;]*m")
COMMANDS = (
    "sweep ls",
    "sweep show SWEEP",
    "sweep export SWEEP",
    "sweep export SWEEP --json",
    "sweep update SWEEP --description x",
    "runs ls SWEEP",
    "runs ls SWEEP --prior",
    "runs show SWEEP 0",
    "runs show SWEEP 1",
    "runs metrics SWEEP 1",
    "best SWEEP",
    "importance SWEEP",
    "history SWEEP",
    "slices SWEEP",
    "contour SWEEP x opt",
    "correlations SWEEP",
    "compare SWEEP",
    "edf SWEEP",
    "timeline SWEEP",
    "watch SWEEP",
    "template ls",
    "template show hostile",
    "template show hostile --file",
    "template render hostile",
    "key ls",
)
WITH_JSON = (
    *("sweep ls", "sweep show SWEEP", "runs ls SWEEP", "runs ls SWEEP --prior", "best SWEEP"),
    *("runs show SWEEP 0", "runs metrics SWEEP 1", "slices SWEEP", "correlations SWEEP"),
    *("timeline SWEEP", "compare SWEEP", "watch SWEEP", "template ls", "key ls"),
    "template show hostile",
)


def hidden(text: str) -> set[str]:
    """The characters that a terminal interprets or hides, except the program's own colors."""
    return {
        character
        for character in STYLES.sub("", text)
        if character not in "\n\t"
        and unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    }


@dataclass(frozen=True)
class Hostile:
    """A sweep with hostile texts in every text field."""

    sweep_id: str

    def words(self, command: str) -> list[str]:
        return command.replace("SWEEP", self.sweep_id).split()


@pytest.fixture(scope="module")
async def hostile(registry_address: str, suggestion_address: str) -> Hostile:
    async with AsyncClient(registry_address, suggestion_address) as client:
        config = {
            "method": "random",
            "metric": {"name": f"loss {HOSTILE}"},
            "parameters": {
                "x": {"min": 0.0, "max": 1.0},
                "opt": {"values": [VALUE, HOSTILE]},
            },
            "description": f"{HOSTILE}\nmore",
            "program": HOSTILE,
            "command": [HOSTILE, "${args}"],
            "run_cap": 5,
        }
        prior = [PriorRun({"x": 0.5, "opt": VALUE}, RunState.FINISHED, (1.0,), source=HOSTILE)]
        made = await client.create_sweep(
            config, name=HOSTILE, project=f"p {HOSTILE}", prior_runs=prior
        )
        sweep_id = made.sweep.sweep_id
        labels = {HOSTILE: HOSTILE}
        await client.enqueue_runs(sweep_id, [EnqueuedRun({"opt": HOSTILE}, labels)])
        for run in (await client.suggest(sweep_id, agent_id=HOSTILE, count=5)).runs:
            rows = [MetricRow(0, {f"loss {HOSTILE}": float(run.number), HOSTILE: 1.0})]
            await client.update_run(
                sweep_id, run.number, name=HOSTILE, labels=labels, config={HOSTILE: HOSTILE}
            )
            await client.update_run(sweep_id, run.number, external_run_id=f"{run.number}{HOSTILE}")
            failed = Failed(f"{HOSTILE}\n{HOSTILE}", f"Traceback\n  {HOSTILE}\r\n")
            outcome = failed if run.number == 0 else Succeeded()
            await client.finish_run(sweep_id, run.number, 1, outcome, rows=rows)
        await client.create_template(
            "hostile",
            "# \u202e a comment\nmethod: random\nmetric: {name: loss}\n"
            "parameters:\n  x:\n    values: $(values)\n",
            description=HOSTILE,
            placeholders=[TemplatePlaceholder("values", HOSTILE, [HOSTILE], HOSTILE)],
        )
        await client.create_key(HOSTILE, role="reader", projects=[f"p {HOSTILE}"])
        return Hostile(sweep_id)


@pytest.mark.parametrize("on_terminal", [False, True], ids=["pipe", "styled"])
@pytest.mark.parametrize("command", COMMANDS)
async def test_no_text_of_others_reaches_a_terminal_raw(
    command: str, on_terminal: bool, cli: CommandLine, hostile: Hostile, monkeypatch: Any
) -> None:
    if on_terminal:
        monkeypatch.setenv("FORCE_COLOR", "1")

    said = await cli(*hostile.words(command), columns=400)

    assert not hidden(said.out + said.err)
    assert "\x1b]8" not in said.out


@pytest.mark.parametrize(
    "command",
    [
        *("sweep ls", "sweep show SWEEP", "runs ls SWEEP", "runs ls SWEEP --prior"),
        *("runs show SWEEP 0", "runs show SWEEP 1", "runs metrics SWEEP 1", "best SWEEP"),
        *("correlations SWEEP", "compare SWEEP", "edf SWEEP", "timeline SWEEP"),
        *("template ls", "template show hostile", "key ls", "slices SWEEP"),
    ],
)
async def test_what_is_escaped_can_be_read(
    command: str, cli: CommandLine, hostile: Hostile
) -> None:
    out = (await cli(*hostile.words(command), columns=2_000)).out

    assert ESCAPED in out
    # Tags of rich's are text in a name, and the marks on one character are cut.
    assert "[link=http://e]C[/][red]D\\" + "\u0301" * 8 + "…Z" in out


async def test_a_line_end_in_a_name_makes_no_line(
    cli: CommandLine, async_client: AsyncClient
) -> None:
    config = {
        "method": "random",
        "metric": {"name": "loss\n9  finished"},
        "parameters": {"x": {"min": 0.0, "max": 1.0}},
    }
    said = await cli("sweep", "create", "-", "--name", "one\ntwo", stdin=json.dumps(config))
    assert r": one\ntwo, in project" in said.out.splitlines()[0]
    sweep_id = said.out.split()[2].rstrip(":")

    await async_client.suggest(sweep_id, agent_id="a\nb\tc")
    assert r"a\nb\tc │" in (await cli("timeline", sweep_id)).out
    assert r"loss\n9  finished" in (await cli("runs", "ls", sweep_id)).out


@pytest.mark.parametrize("command", WITH_JSON)
async def test_json_is_the_same_document_with_escapes(
    command: str, cli: CommandLine, hostile: Hostile
) -> None:
    out = (await cli(*hostile.words(command), "--json")).out

    assert not hidden(out)
    texts = [json.loads(line) for line in (out.splitlines() if "watch" in command else [out])]
    assert _holds(texts, HOSTILE)


def _holds(value: Any, text: str) -> bool:
    if isinstance(value, dict):
        return any(_holds(each, text) for each in [*value, *value.values()])
    if isinstance(value, list):
        return any(_holds(each, text) for each in value)
    return isinstance(value, str) and text in value


async def test_documents_give_the_same_sweep_again(cli: CommandLine, hostile: Hostile) -> None:
    for options in ([], ["--json"]):
        text = (await cli("sweep", "export", hostile.sweep_id, *options)).out
        again = await cli.create_from(text)
        assert (await cli.json("sweep", "show", again))["name"] == HOSTILE


TYPED = (
    ["sweep", "show", "TEXT"],
    ["sweep", "ls", "--state", "TEXT"],
    ["sweep", "create", "TEXT"],
    ["sweep", "create", "--template", "x", "--set", "TEXT"],
    ["sweep", "create", "--template", "TEXT"],
    ["sweep", "TEXT"],
    ["TEXT"],
    ["--TEXT"],
    ["sweep", "ls", "--TEXT=1"],
    ["runs", "show", "TEXT", "1"],
    ["runs", "enqueue", "x", "TEXT"],
    ["runs", "enqueue", "x", "--file", "TEXT"],
    ["runs", "import", "x", "TEXT.csv"],
    ["runs", "import", "x", "TEXT"],
    ["best", "TEXT"],
    ["hypervolume", "x", "--reference", "TEXT"],
    ["key", "create", "--role", "TEXT", "--project", "p"],
    ["key", "create", "--role", "agent", "--project", "p", "--expires", "TEXT"],
    ["key", "revoke", "TEXT"],
    ["template", "show", "TEXT"],
    ["template", "create", "TEXT"],
    ["spool", "send", "TEXT"],
    ["spool", "drop", "TEXT"],
    ["agent", "TEXT"],
    ["agent", "x", "--", "TEXT"],
    ["watch", "TEXT"],
    ["sweep", "update", "x", "--run-cap", "TEXT"],
    ["sweep", "update", "x", "--pruner", "TEXT"],
    ["algorithms", "TEXT"],
    ["--api-key-file", "TEXT", "sweep", "ls"],
    ["--tls-ca", "TEXT", "sweep", "ls"],
    ["--registry", "TEXT", "sweep", "ls"],
)


async def test_what_was_typed_is_repeated_escaped(
    registry_address: str, suggestion_address: str
) -> None:
    hostile = "A\x1b]0;t\x07\x9b31m\u202eB\u200b\udcffC"
    addresses = ["--registry", registry_address, "--suggestion", suggestion_address]
    typed = [[each.replace("TEXT", hostile) for each in arguments] for arguments in TYPED]
    given = [[*addresses, *arguments] for arguments in typed]
    answers = await run_each(given, os.environ | {"COLUMNS": "300"}, seconds=120)

    for arguments, said in zip(TYPED, answers, strict=True):
        text = said.out + said.err
        assert said.code in (1, 2), (arguments, text)
        assert not hidden(text), (arguments, text)
        assert "Traceback" not in text, (arguments, text)
        # Where it is quoted, its backslashes are escaped in turn.
        plain = text.replace("\\\\", "\\").lower()
        assert r"a\x1b]0;t\x07\x9b31m\u202eb" in plain, (arguments, text)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
async def test_a_terminal_without_a_character_gets_its_escape(
    encoding: str, hostile: Hostile, registry_address: str, suggestion_address: str
) -> None:
    for command in ("sweep ls", "runs show SWEEP 0", "history SWEEP", "sweep ls --json", "--help"):
        done = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", "from wanllmdb.cli.main import main; main()"),
            *("--registry", registry_address, "--suggestion", suggestion_address),
            *hostile.words(command),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=os.environ | {"PYTHONIOENCODING": encoding, "LC_ALL": "C", "COLUMNS": "300"},
        )
        out, err = await asyncio.wait_for(done.communicate(), 60)
        assert done.returncode == 0, err
        assert not hidden(out.decode(encoding))
        if "--json" in command:
            assert _holds(json.loads(out.decode(encoding)), HOSTILE)


async def test_an_export_is_exact_in_a_pipe_and_shown_on_a_terminal(
    hostile: Hostile, registry_address: str, suggestion_address: str
) -> None:
    program = [
        *(sys.executable, "-c", "from wanllmdb.cli.main import main; main()"),
        *("--registry", registry_address, "--suggestion", suggestion_address),
        *("runs", "export", hostile.sweep_id, "--format", "csv"),
    ]
    piped = await asyncio.create_subprocess_exec(*program, stdout=asyncio.subprocess.PIPE)
    exact, _ = await asyncio.wait_for(piped.communicate(), 60)
    assert VALUE in exact.decode() or HOSTILE in exact.decode()

    screen, terminal = pty.openpty()
    try:
        on_terminal = await asyncio.create_subprocess_exec(*program, stdout=terminal)
        reading = asyncio.get_running_loop().run_in_executor(None, _read_all, screen)
        assert await asyncio.wait_for(on_terminal.wait(), 60) == 0
    finally:
        os.close(terminal)
    text = (await reading).decode().replace("\r\n", "\n")
    assert r"\x1b" in text
    assert not hidden(text)
    os.close(screen)


def _read_all(screen: int) -> bytes:
    pieces: list[bytes] = []
    while True:
        try:
            piece = os.read(screen, 65_536)
        except OSError:
            # Linux says so where the last one that has the terminal open is gone.
            piece = b""
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)


async def test_an_error_of_the_client_is_shown_where_its_text_is_exact(
    async_client: AsyncClient,
) -> None:
    with pytest.raises(InvalidArgumentError) as refused:
        await async_client.create_sweep({"method": "random", "parameters": {"x": {HOSTILE: 1}}})

    assert not hidden(str(refused.value))
    assert any(HOSTILE in path for path, _ in refused.value.fields)


async def test_an_agents_lines_hold_no_text_of_others_raw(
    cli: CommandLine, async_client: AsyncClient, tmp_path: Path
) -> None:
    program = tmp_path / "train.py"
    program.write_text("raise SystemExit(3)\n")
    config = {
        "method": "random",
        "metric": {"name": HOSTILE},
        "parameters": {"opt": {"values": [HOSTILE]}},
        "run_cap": 1,
    }
    sweep_id = (await async_client.create_sweep(config, name=HOSTILE)).sweep.sweep_id

    agent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from wanllmdb.cli.main import main; main()"),
        *("--registry", cli.registry, "--suggestion", cli.suggestion),
        *("agent", sweep_id, "--", sys.executable, str(program), "\x1b[31m\u202e", "${args}"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=os.environ | {"PYTHONUTF8": "1"},
    )
    out, _ = await asyncio.wait_for(agent.communicate(), 120)

    text = out.decode()
    assert r"A\x1b]0;title" in text
    assert not hidden(text)
    runs = [run async for run in async_client.list_runs(sweep_id)]
    assert [run.state for run in runs] == [RunState.FAILED]
