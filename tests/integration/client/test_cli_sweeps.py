"""`wanllmdb sweep ...` and `template ...`."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest
import yaml

from tests.integration.client.command_line import CommandLine
from wanllmdb import AsyncClient

CONFIG = {
    "method": "bayes",
    "metric": {"name": "loss"},
    "parameters": {
        "lr": {"distribution": "log_uniform", "min": 0.0001, "max": 0.1},
        "layers": {"min": 1, "max": 8, "q": 2},
        "opt": {"values": ["adam", "sgd"]},
        "sgd": {"when": {"opt": "sgd"}, "parameters": {"momentum": {"min": 0.0, "max": 1.0}}},
        "noise": {"distribution": "q_normal", "mu": 1, "sigma": 2, "q": 0.5},
        "seed": {"value": 3},
    },
    "constraints": ["lr < 1"],
    "early_terminate": {"type": "hyperband", "max_iter": 27, "s": 2},
    "program": "train.py",
    "run_cap": 9,
}


async def test_show_says_a_spec_in_words(cli: CommandLine) -> None:
    sweep_id = await cli.create(CONFIG)

    shown = (await cli("sweep", "show", sweep_id)).out

    for text in (
        "0.0001 to 0.1, log",
        "1 to 8, integer, in steps of 2",
        "one of adam, sgd",
        "sgd/momentum  0 to 1; when opt is sgd",
        "normal, mean 1, deviation 2, rounded to multiples of 0.5",
        "always 3",
        "lr < 1",
        "hyperband, max_iter 27, s 2, eta 3",
        "sampler tpe",
        "train.py",
    ):
        assert text in shown, shown
    assert "Uniform(" not in shown


async def test_ls_searches_and_orders(cli: CommandLine) -> None:
    project = uuid.uuid4().hex[:8]
    ids = {
        name: await cli.create(CONFIG, "--project", project, "--name", name)
        for name in ("Zebra fish", "zebra crossing", "horse")
    }
    await cli("sweep", "start", ids["Zebra fish"])

    options = ("--project", project, "--query", "ZEBRA")
    by_time = json.loads((await cli("sweep", "ls", *options, "--json")).out)
    by_update = json.loads(
        (await cli("sweep", "ls", *options, "--order", "update_time_desc", "--json")).out
    )
    table = (await cli("sweep", "ls", *options, "--order", "state_asc", columns=200)).out

    assert [sweep["name"] for sweep in by_time] == ["zebra crossing", "Zebra fish"]
    assert [sweep["name"] for sweep in by_update] == ["Zebra fish", "zebra crossing"]
    assert by_time[0]["spec"]["parameters"]
    assert table.index("zebra crossing") < table.index("Zebra fish")
    assert "horse" not in table


@pytest.mark.parametrize("columns", [40, 80, 240])
async def test_no_id_is_cut_in_a_narrow_terminal(cli: CommandLine, columns: int) -> None:
    project = uuid.uuid4().hex[:8]
    sweep_id = await cli.create(CONFIG, "--project", project, "--name", "a name " * 10)

    table = (await cli("sweep", "ls", "--project", project, columns=columns)).out

    assert sweep_id in table
    assert ("METHOD" in table) == (columns == 240)


@pytest.mark.parametrize(
    ("names", "says"), [(4, "has 4,096 points"), (30, "has at least 9,223,372,036,854,775,807")]
)
async def test_create_says_how_large_a_grid_is(cli: CommandLine, names: int, says: str) -> None:
    grid = {"method": "grid", "parameters": {f"p{i}": {"min": 1, "max": 8} for i in range(names)}}

    assert f"The grid {says}" in (await cli("sweep", "create", "-", stdin=json.dumps(grid))).out


async def test_update_changes_what_is_given(cli: CommandLine, tmp_path: Path) -> None:
    sweep_id = await cli.create(CONFIG)
    wider = json.loads(json.dumps(CONFIG))
    wider["parameters"]["lr"]["max"] = 1.0
    wider["constraints"] = []
    file = tmp_path / "wider.json"
    file.write_text(json.dumps(wider))

    updated = await cli.json(
        *("sweep", "update", sweep_id, "--name", "new", "--run-cap", "20"),
        *("--target", "0.5", "--max-failed-runs", "4", "--space", str(file)),
        *("--retries", '{"failed": 1}', "--pruner", '{"name": "median"}'),
        *("--terminate", '{"name": "no_improvement", "options": {"runs": 5}}'),
    )

    spec = updated["sweep"]["spec"]
    assert updated["sweep"]["name"] == "new"
    assert spec["run_cap"] == 20
    assert spec["metrics"][0]["target"] == 0.5
    assert spec["max_failed_runs"] == 4
    assert spec["parameters"]["lr"]["max"] == 1.0
    assert spec["constraints"] == []
    assert spec["retries"] == {"lost": 2, "failed": 1}
    assert spec["early_termination"]["name"] == "median"
    assert spec["terminator"] == {"name": "no_improvement", "options": {"runs": 5}}
    said = await cli(
        *("sweep", "update", sweep_id, "--run-cap", "none", "--target", "none"),
        *("--early-terminate", "none", "--terminate", "none"),
    )
    assert "run cap" in said.out
    spec = (await cli.json("sweep", "show", sweep_id))["spec"]
    assert spec["run_cap"] is None
    assert spec["metrics"][0]["target"] is None
    assert spec["early_termination"] is None
    assert spec["terminator"] is None


async def test_an_update_tells_what_is_wrong(cli: CommandLine) -> None:
    sweep_id = await cli.create(CONFIG)

    assert "nothing to change" in (await cli("sweep", "update", sweep_id, code=2)).err
    said = await cli("sweep", "update", sweep_id, "--early-terminate", '{"type": "x"}', code=1)
    assert "early_terminate.type" in said.err
    for wrong in ("--run-cap=x", "--target=x", "--terminate=x", "--retries=[1]"):
        assert "nor 'none'" in (await cli("sweep", "update", sweep_id, wrong, code=2)).err


async def test_targets_of_several_metrics_go_by_name(cli: CommandLine) -> None:
    metrics = [{"name": "loss"}, {"name": "acc", "goal": "maximize"}]
    config = {"method": "random", "metrics": metrics, "parameters": {"x": {"min": 0.0, "max": 1.0}}}
    sweep_id = await cli.create(config)

    updated = await cli.json(
        "sweep", "update", sweep_id, "--target", "acc=0.9", "--target", "loss=0.1"
    )

    assert [metric["target"] for metric in updated["sweep"]["spec"]["metrics"]] == [0.1, 0.9]
    said = await cli("sweep", "update", sweep_id, "--target", "1", "--target", "acc=1", code=2)
    assert "METRIC=X" in said.err


async def test_finish_takes_a_message(cli: CommandLine) -> None:
    sweep_id = await cli.create(CONFIG)
    await cli("sweep", "start", sweep_id)

    finished = await cli.json("sweep", "finish", sweep_id, "--message", "good enough")

    assert finished["end_message"] == "good enough"
    assert "good enough" in (await cli("sweep", "show", sweep_id)).out


async def test_create_from_a_template(cli: CommandLine) -> None:
    created = await cli.json(
        "sweep", "create", "--template", "sklearn", "--set", "runs=7", "--set", "metric=f1"
    )

    assert created["sweep"]["spec"]["run_cap"] == 7
    assert created["sweep"]["spec"]["metrics"][0]["name"] == "f1"
    said = await cli("sweep", "create", "--template", "llm-fine-tuning", code=1)
    assert "values.model: is required" in said.err
    said = await cli("sweep", "create", "--template", "no-such", code=1)
    assert "there is no template 'no-such'" in said.err


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("a.yaml", "--template", "sklearn"),
        ("-", "--set", "a=1"),
        ("--template", "sklearn", "--set", "a"),
        ("--template", "sklearn", "--prior-sweep", "a", "--prior-runs", "b.csv"),
        ("--template", "sklearn", "--prior-runs", "b.txt"),
    ],
)
async def test_create_with_wrong_arguments(cli: CommandLine, arguments: tuple[str, ...]) -> None:
    await cli("sweep", "create", *arguments, code=2)


async def test_too_many_runs_to_start_with(cli: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "many.csv"
    file.write_text("x,loss\n" + "0.5,1.0\n" * 400_000)
    said = await cli("sweep", "create", "--template", "sklearn", "--prior-runs", str(file), code=2)
    assert "too large" in said.err


async def test_templates_from_a_file_and_back(cli: CommandLine, tmp_path: Path) -> None:
    name = f"t-{uuid.uuid4().hex[:8]}"
    file = tmp_path / "template.yaml"
    file.write_text(
        f"name: {name}\n"
        "description: For tests. Nothing more.\n"
        "placeholders:\n"
        "  runs: {description: how many, default: 5}\n"
        "  low: {example: 1.0e-4}\n"
        "  note: {default: null}\n"
        "config: |\n"
        "  method: random\n"
        "  run_cap: $(runs)\n"
        "  parameters:\n"
        "    x: {min: $(low), max: 1.0}\n"
        "    note: {value: $(note)}\n"
    )
    assert f"Created template {name}." in (await cli("template", "create", str(file))).out
    assert name in (await cli("template", "ls")).out
    shown = (await cli("template", "show", name)).out
    assert "how many (default 5)" in shown
    assert "required, as 0.0001" in shown
    assert "run_cap: $(runs)" in shown

    printed = (await cli("template", "show", name, "--file")).out
    assert yaml.safe_load(printed) == yaml.safe_load(file.read_text())
    await cli("template", "update", "-", stdin=printed.replace("For tests.", "Still for tests."))
    template = await cli.json("template", "show", name)
    assert template["description"] == "Still for tests. Nothing more."
    # What is not there differs from what is null.
    assert template["placeholders"][2] == {"name": "note", "description": "", "default": None}
    assert "default" not in template["placeholders"][1]

    rendered = (await cli("template", "render", name, "--set", "low=0.5")).out
    assert yaml.safe_load(rendered)["parameters"]["x"]["min"] == 0.5
    created = await cli.json("sweep", "create", "-", stdin=rendered)
    assert created["sweep"]["spec"]["run_cap"] == 5
    assert await cli.json("template", "rm", name) == {"deleted": name}
    assert "there is no template" in (await cli("template", "show", name, code=1)).err


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("[1]", "must hold name"),
        ("name: a\nconfig: {method: random}\n", "config: |"),
        ("name: a\nconfig: x\nplaceholder: {}\n", "unknown placeholder"),
        ("name: a\nconfig: x\nplaceholders: [a]\n", "must map names"),
        ("name: a\nconfig: x\nplaceholders: {a: {defualt: 1}}\n", "unknown defualt"),
        ("a: [", "is not valid YAML"),
    ],
)
async def test_a_template_file_that_is_wrong(cli: CommandLine, text: str, hint: str) -> None:
    said = await cli("template", "create", "-", stdin=text, code=2)
    assert hint in said.err.replace("\n", " ")


async def test_the_clients_do_the_same_with_templates(async_client: AsyncClient) -> None:
    name = f"t-{uuid.uuid4().hex[:8]}"
    made = await async_client.create_template(
        name, {"method": "grid", "parameters": {"x": {"values": [1, 2]}}}, description="d"
    )
    changed = await async_client.update_template(name, description="e", etag=made.etag)
    assert (changed.description, changed.config_text) == ("e", made.config_text)
    assert await async_client.get_template(name) == changed
    names = [template.name async for template in async_client.list_templates(page_size=2)]
    assert names == sorted(names)
    assert {name, "sklearn"} <= set(names)
    text = await async_client.render_template(name, config_format="json")
    assert json.loads(text)["method"] == "grid"
    await async_client.delete_template(name, etag=changed.etag)
