"""Values of a hundred thousand characters: cut for people, whole for programs."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from tests.integration.client.command_line import CommandLine
from wanllmdb import AsyncClient, EnqueuedRun, Failed, MetricRow, Succeeded, TemplatePlaceholder

LONG = "x" * 90_000
# 130,000 characters in all.
MANY = [f"value {number:07}" for number in range(10_000)]
COMMANDS = (
    "sweep show SWEEP",
    "runs ls SWEEP",
    "runs show SWEEP 0",
    "runs show SWEEP 1",
    "best SWEEP",
    "slices SWEEP",
    "contour SWEEP a b",
    "watch SWEEP",
    "template ls",
    "template show long-values",
)
# Of everything that one command prints, and of a line of it.
MOST, MOST_IN_LINE = 30_000, 3_000


@dataclass(frozen=True)
class Long:
    """A sweep with long values in every field."""

    sweep_id: str

    def words(self, command: str) -> list[str]:
        return command.replace("SWEEP", self.sweep_id).split()


@pytest.fixture(scope="module")
async def long(registry_address: str, suggestion_address: str) -> Long:
    async with AsyncClient(registry_address, suggestion_address) as client:
        config = {
            "method": "random",
            "metric": {"name": "loss"},
            "parameters": {
                "a": {"values": [LONG, "short"]},
                "b": {"values": MANY},
                "c": {"value": [LONG]},
                "x": {"min": 0.0, "max": 1.0},
            },
            "command": ["python", "train.py", "y" * 9_000],
            "run_cap": 4,
        }
        sweep_id = (await client.create_sweep(config)).sweep.sweep_id
        await client.enqueue_runs(sweep_id, [EnqueuedRun({"a": LONG})] * 2)
        for run in (await client.suggest(sweep_id, agent_id="agent", count=4)).runs:
            await client.update_run(
                sweep_id,
                run.number,
                config={"given": LONG, **{f"key {n}": n for n in range(900)}},
            )
            values = {f"metric {n}": 1.0 for n in range(3_000)} | {"loss": float(run.number)}
            outcome = Failed("why " * 5_000) if run.number == 0 else Succeeded()
            rows = [MetricRow(0, values)]
            await client.finish_run(sweep_id, run.number, 1, outcome, rows=rows)
        await client.create_template(
            "long-values",
            "method: random\nmetric: {name: loss}\nparameters: {x: {values: $(values)}}\n",
            placeholders=[TemplatePlaceholder("values", "Many.", [LONG])],
        )
        return Long(sweep_id)


@pytest.mark.parametrize("columns", [80, 240])
@pytest.mark.parametrize("command", COMMANDS)
async def test_people_are_shown_the_beginning_of_long_values(
    command: str, columns: int, cli: CommandLine, long: Long
) -> None:
    said = await cli(*long.words(command), columns=columns)
    assert sum(len(line.strip()) for line in said.out.splitlines()) < MOST
    assert max(map(len, said.out.splitlines())) < MOST_IN_LINE
    if command.startswith(("sweep show", "runs show")):
        assert "characters)" in said.out
        assert "more" in said.out


@pytest.mark.parametrize(
    ("command", "holds"),
    [
        ("sweep show SWEEP", LONG),
        ("sweep show SWEEP", MANY[-1]),
        ("runs show SWEEP 0", LONG),
        ("runs ls SWEEP", LONG),
        ("runs show SWEEP 1", "metric 2999"),
        ("template show long-values", LONG),
    ],
)
async def test_programs_get_long_values_whole(
    command: str, holds: str, cli: CommandLine, long: Long
) -> None:
    assert holds in json.dumps(await cli.json(*long.words(command)))
    if command.startswith("sweep"):
        assert holds in (await cli("sweep", "export", long.sweep_id)).out


async def test_what_is_refused_is_repeated_in_short(cli: CommandLine, long: Long) -> None:
    for words in (
        ("runs", "enqueue", long.sweep_id, LONG),
        ("runs", "enqueue", long.sweep_id, f"a={LONG}y"),
        ("sweep", "show", f"{LONG}//"),
        ("sweep", LONG),
        ("sweep", "update", long.sweep_id, "--run-cap", LONG),
        (LONG,),
    ):
        said = await cli(*words, code=1 if "=" in words[-1] else 2)
        assert 0 < len(said.err) < 6_000, words[:2]
    config = {"method": LONG, "metric": LONG, "parameters": {"a": {"values": LONG}, LONG: 1}}
    said = await cli("sweep", "create", "-", stdin=json.dumps(config), code=1)
    assert len(said.err) < MOST
