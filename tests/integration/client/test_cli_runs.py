"""`wanllmdb runs ...`: lists, queues, imports and exports runs."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import optuna
import pyarrow.parquet as pq
import pytest
from optuna.storages.journal import JournalFileBackend

import wanllmdb
from tests.integration.client.command_line import CommandLine
from wanllmdb import AsyncClient, Failed, MetricRow, Pruned, Succeeded

CONFIG = {
    "method": "random",
    "metric": {"name": "loss"},
    "parameters": {
        "lr": {"distribution": "log_uniform", "min": 0.0001, "max": 0.1},
        "layers": {"min": 1, "max": 7, "q": 2},
        "opt": {"values": ["adam", "sgd"]},
        "sgd": {"when": {"opt": "sgd"}, "parameters": {"momentum": {"min": 0.0, "max": 1.0}}},
        "noise": {"distribution": "normal"},
        "mixed": {"values": [1, True, [2, 3]]},
        "fixed": {"value": None},
    },
    "seed": 11,
}
SEVERAL = {
    "method": "random",
    "metrics": [{"name": "loss"}, {"name": "acc", "goal": "maximize"}],
    "parameters": {"x": {"min": 0.0, "max": 1.0}},
}


@pytest.fixture
async def sweep_id(cli: CommandLine, async_client: AsyncClient) -> str:
    """A sweep with ten ended runs: the third failed, the fourth pruned."""
    made = await cli.create(CONFIG)
    for run in (await async_client.suggest(made, agent_id='a, "b"', count=10)).runs:
        rows = [MetricRow(step, {"loss": run.number + 1 / (step + 1)}) for step in range(3)]
        outcome: wanllmdb.Outcome = Succeeded(float(run.number))
        if run.number == 2:
            outcome = Failed("line one\nline two", "trace")
        elif run.number == 3:
            outcome = Pruned("too slow")
        await async_client.finish_run(made, run.number, 1, outcome, rows=rows)
    return made


async def test_runs_are_listed_and_shown(cli: CommandLine, sweep_id: str) -> None:
    table = (await cli("runs", "ls", sweep_id, "--limit", "4")).out
    assert "line one" in table
    assert "There are more runs than the 4 shown" in table
    best = await cli.json("runs", "ls", sweep_id, "--order", "objective_asc", "--state", "finished")
    assert [run["number"] for run in best] == [0, 1, 4, 5, 6, 7, 8, 9]
    shown = (await cli("runs", "show", sweep_id, "2")).out
    assert "line one" in shown
    assert "trace" in shown
    assert "failed" in shown
    assert (await cli.json("runs", "show", sweep_id, "0"))["objective"] == 0.0
    assert "has no run 77" in (await cli("runs", "show", sweep_id, "77", code=1)).err


async def test_metrics_are_columns(cli: CommandLine, sweep_id: str) -> None:
    lines = (await cli("runs", "metrics", sweep_id, "1")).out.splitlines()

    assert lines == ["step\tloss", "0\t2.0", "1\t1.5", f"2\t{1 + 1 / 3!r}"]
    assert (await cli.json("runs", "metrics", sweep_id, "1"))["loss"]["points"][0]["value"] == 2.0


async def test_a_run_is_renamed_and_labelled(cli: CommandLine, sweep_id: str) -> None:
    run = await cli.json(
        *("runs", "update", sweep_id, "1", "--name", "mine", "--label", "gpu=a=b"),
        *("--label", "n=1", "--external-run-id", "x-1"),
    )

    assert (run["name"], run["labels"], run["external_run_id"]) == (
        "mine",
        {"gpu": "a=b", "n": "1"},
        "x-1",
    )
    assert "nothing to change" in (await cli("runs", "update", sweep_id, "1", code=2)).err
    stale = await cli(
        *("runs", "update", sweep_id, "1", "--name", "theirs"),
        *("--if-revision", str(run["revision"] - 1)),
        code=1,
    )
    assert "has changed since revision" in stale.err


async def test_parameters_are_queued(cli: CommandLine) -> None:
    sweep_id = await cli.create(CONFIG)

    said = await cli("runs", "enqueue", sweep_id, "lr=1e-3", "opt=sgd", "mixed=[2, 3]")
    assert "Queued run 0." in said.out
    queued = await cli.json(
        *("runs", "enqueue", sweep_id, "--file", "-", "--label", "by=me"),
        stdin='{"layers": 3}\n\n{"opt": "adam"}\n',
    )
    assert [run["number"] for run in queued] == [1, 2]
    assert queued[0]["labels"] == {"by": "me"}
    first = await cli.json("runs", "show", sweep_id, "0")
    assert first["parameters"] == {"lr": 0.001, "opt": "sgd", "mixed": [2, 3]}
    assert "lr" in (await cli("runs", "enqueue", sweep_id, "lr=5", code=1)).err
    for wrong in ((), ("lr",), ("lr=1", "--file", "-"), ("lr=1", "lr=2")):
        await cli("runs", "enqueue", sweep_id, *wrong, code=2)
    said = await cli("runs", "enqueue", sweep_id, "--file", "-", stdin="[1]\n", code=2)
    assert "line 1" in said.err


async def test_csv_goes_out_and_comes_in(cli: CommandLine, sweep_id: str, tmp_path: Path) -> None:
    file = tmp_path / "runs.csv"
    assert "Wrote 10 runs" in (await cli("runs", "export", sweep_id, "-o", str(file))).out
    rows = list(csv.DictReader(io.StringIO(file.read_text(), newline="")))
    assert [row["number"] for row in rows] == [str(number) for number in range(10)]
    assert rows[2]["error"] == "line one\nline two"
    assert rows[0]["agent_id"] == 'a, "b"'
    assert (await cli("runs", "export", sweep_id)).out == file.read_text()

    other = await cli.create(CONFIG)
    assert "10 prior runs imported." in (await cli("runs", "import", other, str(file))).out
    prior = await cli.json("runs", "ls", other, "--prior")
    assert [run["state"] for run in prior[:4]] == ["finished", "finished", "failed", "pruned"]
    assert prior[1]["objectives"] == [1.0]
    assert prior[1]["source"] == "CSV line 3"
    table = (await cli("runs", "ls", other, "--prior")).out
    assert "SOURCE" in table
    assert "No prior runs" in (await cli("runs", "ls", sweep_id, "--prior")).out


async def test_json_lines_go_out_and_start_a_sweep(
    cli: CommandLine, sweep_id: str, tmp_path: Path
) -> None:
    file = tmp_path / "runs.jsonl"
    written = await cli.json(
        "runs", "export", sweep_id, "--format", "jsonl", "-o", str(file), "--state", "finished"
    )
    assert written == {"runs": 8, "target": str(file)}
    assert [json.loads(line)["number"] for line in file.read_text().splitlines()] == [
        *(0, 1, 4, 5, 6, 7, 8, 9)
    ]

    narrow = json.loads(json.dumps(CONFIG))
    narrow["parameters"]["layers"] = {"min": 1, "max": 3}
    created = await cli(
        *("sweep", "create", "-", "--prior-runs", str(file), "--skip-unfit"),
        stdin=json.dumps(narrow),
    )
    assert "skipped because they do not fit" in created.out
    refused = await cli(
        "sweep", "create", "-", "--prior-runs", str(file), stdin=json.dumps(narrow), code=1
    )
    assert "layers" in refused.err


async def test_another_sweep_gives_its_runs(cli: CommandLine, sweep_id: str) -> None:
    other = await cli.create(CONFIG, "--prior-sweep", sweep_id)
    assert (await cli.json("sweep", "show", other))["prior_runs"] == 10
    result = await cli.json("runs", "import", other, "--sweep", sweep_id)
    assert result["imported_runs"] == 10
    for wrong in ((), ("a.csv", "--sweep", "b"), ("a.csv", "--study", "b"), ("a.txt",)):
        await cli("runs", "import", other, *wrong, code=2)


async def test_a_file_of_many_runs_comes_in_in_pieces(
    cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wanllmdb.cli.runs_import._MOST_CHARACTERS", 400)
    config = {**CONFIG, "parameters": {"x": {"min": 0.0, "max": 1.0}}}
    as_csv, as_lines = tmp_path / "r.csv", tmp_path / "r.jsonl"
    # As spreadsheets write it.
    as_csv.write_text("\ufeffnote,x,loss\n" + "".join(f'"a\nb",0.{n:03},{n}\n' for n in range(100)))
    as_lines.write_text("".join(f'{{"x": 0.{n:03}, "loss": {n}}}\n' for n in range(100)))
    for file in (as_csv, as_lines):
        sweep_id = await cli.create(config)
        assert (await cli.json("runs", "import", sweep_id, str(file)))["imported_runs"] == 100
        prior = await cli.json("runs", "ls", sweep_id, "--prior")
        assert [run["objectives"][0] for run in prior] == [float(n) for n in range(100)]


async def test_parquet_has_typed_columns(cli: CommandLine, sweep_id: str, tmp_path: Path) -> None:
    file = tmp_path / "runs.parquet"
    assert "Wrote 10 runs" in (await cli("runs", "export", sweep_id, "-o", str(file))).out
    runs = await cli.json("runs", "ls", sweep_id)

    table = pq.read_table(file)

    kinds = {field.name: str(field.type) for field in table.schema}
    assert kinds["number"] == "int64"
    assert kinds["start_time"] == "timestamp[us, tz=UTC]"
    assert (kinds["lr"], kinds["layers"], kinds["opt"]) == ("double", "int64", "string")
    assert kinds["loss"] == "double"
    # Several types, or nulls: JSON texts.
    assert (kinds["mixed"], kinds["fixed"]) == ("string", "string")
    columns = table.to_pydict()
    assert columns["lr"] == [run["parameters"]["lr"] for run in runs]
    assert [json.loads(text) for text in columns["mixed"]] == [
        run["parameters"]["mixed"] for run in runs
    ]
    assert columns["fixed"] == ["null"] * 10
    assert columns["sgd/momentum"] == [run["parameters"].get("sgd/momentum") for run in runs]
    assert columns["loss"][0] == 0.0
    assert columns["error"][2] == "line one\nline two"
    assert table.schema.metadata[b"sweep_id"].decode() == sweep_id


async def test_formulas_are_quoted_unless_they_are_asked_for(
    cli: CommandLine, tmp_path: Path
) -> None:
    formula = '=HYPERLINK("http://example.com")'
    values = {"text": {"values": [formula, "y"]}}
    sweep_id = await cli.create({**CONFIG, "parameters": values})
    await cli("runs", "enqueue", sweep_id, f"text={formula}")
    for options, quote in (((), "'"), (("--raw-cells",), "")):
        out = (await cli("runs", "export", sweep_id, *options)).out
        (row,) = csv.DictReader(io.StringIO(out, newline=""))
        assert row["text"] == quote + formula


async def test_a_csv_that_can_not_be_cut_into_pieces_is_refused(
    cli: CommandLine, sweep_id: str, tmp_path: Path
) -> None:
    file = tmp_path / "large.csv"
    cell = "x" * 4_300_000
    file.write_text(f"lr,opt,loss\n0.1,{cell},1\n")
    assert "line 2" in (await cli("runs", "import", sweep_id, str(file), code=2)).err


async def test_wrong_exports(cli: CommandLine, sweep_id: str, tmp_path: Path) -> None:
    for wrong in (
        ("--format", "parquet"),
        ("--json",),
        ("--study", "s"),
        ("--optuna", "sqlite:///x.db", "-o", "y.csv"),
        ("-o", str(tmp_path / "no-folder" / "x.csv")),
        ("--raw-cells", "--format", "jsonl"),
    ):
        await cli("runs", "export", sweep_id, *wrong, code=2)
    target = tmp_path / "x.csv"
    assert (
        "no sweep" in (await cli("runs", "export", "nosuchsweep1", "-o", str(target), code=1)).err
    )
    assert not target.exists()


async def test_a_run_that_finished_without_an_objective_is_shown_and_exported(
    cli: CommandLine, async_client: AsyncClient, tmp_path: Path
) -> None:
    """Optuna has no complete trials without a value."""
    made = await cli.create(CONFIG)
    rows = [MetricRow(0, {"Loss": 1.0})]
    for run in (await async_client.suggest(made, agent_id="a", count=2)).runs:
        outcome = Succeeded(0.5) if run.number else Succeeded()
        await async_client.finish_run(made, run.number, 1, outcome, rows=rows)
    shown = (await cli("runs", "show", made, "0")).out
    assert "did you mean 'Loss'?" in " ".join(shown.split())
    assert "did you mean" in " ".join((await cli("runs", "ls", made)).out.split())
    address = f"sqlite:///{tmp_path}/study.db"
    await cli("runs", "export", made, "--optuna", address, "--study", "mine")
    study = optuna.load_study(study_name="mine", storage=address)
    assert [trial.state.name for trial in study.trials] == ["FAIL", "COMPLETE"]


@pytest.mark.parametrize("kind", ["sqlite", "journal"])
async def test_an_optuna_study_goes_out_and_comes_in(
    cli: CommandLine, sweep_id: str, tmp_path: Path, kind: str
) -> None:
    address = {
        "sqlite": f"sqlite:///{tmp_path}/study.db",
        "journal": f"journal:///{tmp_path}/study.log",
    }[kind]
    said = await cli("runs", "export", sweep_id, "--optuna", address, "--study", "mine")
    assert f"Wrote 10 runs to study mine in {address}." in said.out
    said = await cli("runs", "export", sweep_id, "--optuna", address, "--study", "mine", code=1)
    assert "there is a study 'mine'" in said.err

    storage: optuna.storages.BaseStorage | str = address
    if kind == "journal":
        backend = JournalFileBackend(f"{tmp_path}/study.log")
        storage = optuna.storages.JournalStorage(backend)
    study = optuna.load_study(study_name="mine", storage=storage)
    assert study.direction == optuna.study.StudyDirection.MINIMIZE
    assert study.metric_names == ["loss"]
    assert study.best_trial.number == 0
    runs = await cli.json("runs", "ls", sweep_id)
    states = [trial.state.name for trial in study.trials]
    assert states == ["COMPLETE", "COMPLETE", "FAIL", "PRUNED", *["COMPLETE"] * 6]
    for trial, run in zip(study.trials, runs, strict=True):
        assert trial.params["lr"] == run["parameters"]["lr"]
        assert trial.params["layers"] == run["parameters"]["layers"]
        assert trial.params.get("sgd/momentum") == run["parameters"].get("sgd/momentum")
        assert json.loads(trial.params["mixed"]) == run["parameters"]["mixed"]
        assert trial.user_attrs["wanllmdb"]["number"] == run["number"]
        assert trial.datetime_start is not None
    assert study.trials[0].intermediate_values == {0: 1.0, 1: 0.5, 2: pytest.approx(1 / 3)}
    first = study.trials[0].distributions
    assert first["lr"] == optuna.distributions.FloatDistribution(0.0001, 0.1, log=True)
    assert first["layers"] == optuna.distributions.IntDistribution(1, 7, step=2)
    assert first["opt"] == optuna.distributions.CategoricalDistribution(("adam", "sgd"))
    # Optuna can go on with it.
    study.optimize(lambda trial: trial.suggest_float("lr", 0.0001, 0.1, log=True), n_trials=1)

    other = await cli.create(CONFIG)
    result = await cli.json("runs", "import", other, "--optuna", address, "--skip-unfit")
    assert result["imported_runs"] == 10
    # The trial above has one parameter of six.
    assert result["skipped_runs"] == 1
    prior = await cli.json("runs", "ls", other, "--prior")
    for one, run in zip(prior, runs, strict=True):
        assert one["parameters"] == run["parameters"]
        assert one["state"] == run["state"]
        if run["state"] == "finished":
            assert one["objectives"] == [run["objective"]]
    assert prior[3]["last_step"] == 2
    assert prior[0]["source"] == "Optuna study mine trial 0"


async def test_a_study_made_by_optuna_comes_in(cli: CommandLine, tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/own.db"

    def objective(trial: optuna.Trial) -> tuple[float, float]:
        x = trial.suggest_float("group.x", 0.0, 1.0)
        trial.suggest_categorical("kind", ["a", "b"])
        if trial.number == 1:
            raise RuntimeError("broken")
        return x, -x

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        storage=address, study_name="own", directions=["maximize", "minimize"]
    )
    study.set_metric_names(["acc", "loss"])
    study.optimize(objective, n_trials=4, catch=(RuntimeError,))
    config = {
        "method": "bayes",
        "metrics": [{"name": "loss"}, {"name": "acc", "goal": "maximize"}],
        "parameters": {
            "group": {"parameters": {"x": {"min": 0.0, "max": 1.0}}},
            "kind": {"values": ["a", "b"]},
            "version": {"value": 3},
        },
    }
    sweep_id = await cli.create(config)

    result = await cli.json("runs", "import", sweep_id, "--optuna", address)

    assert result["imported_runs"] == 4
    prior = await cli.json("runs", "ls", sweep_id, "--prior")
    x = study.trials[0].params["group.x"]
    assert prior[0]["parameters"] == {
        "group/x": x,
        "kind": study.trials[0].params["kind"],
        "version": 3,
    }
    assert prior[0]["objectives"] == [-x, x]
    assert prior[1]["state"] == "failed"

    one_metric = await cli.create({**config, "metrics": [{"name": "loss"}]})
    said = await cli("runs", "import", one_metric, "--optuna", address, code=1)
    assert "2 objectives, the sweep 1" in said.err
    goals = [{"name": "loss", "goal": "maximize"}, {"name": "acc", "goal": "maximize"}]
    other_goal = await cli.create({**config, "metrics": goals})
    said = await cli("runs", "import", other_goal, "--optuna", address, code=1)
    assert "has the direction minimize for the metric loss" in said.err


async def test_optuna_studies_that_are_not_there(cli: CommandLine, tmp_path: Path) -> None:
    sweep_id = await cli.create(CONFIG)
    missing = f"sqlite:///{tmp_path}/missing.db"
    said = await cli("runs", "import", sweep_id, "--optuna", missing, code=1)
    assert "missing.db does not exist" in said.err
    assert not (tmp_path / "missing.db").exists()
    said = await cli("runs", "import", sweep_id, "--optuna", "bogus", code=1)
    assert "is not an Optuna storage" in said.err
    said = await cli("runs", "export", sweep_id, "--optuna", "sqlite:////no/folder/x.db", code=1)
    assert "the folder /no/folder does not exist" in said.err
    two = f"sqlite:///{tmp_path}/two.db"
    for name in ("a", "b"):
        optuna.create_study(storage=two, study_name=name)
    said = await cli("runs", "import", sweep_id, "--optuna", two, code=1)
    assert "needs --study; its studies are: a, b" in said.err
    said = await cli("runs", "import", sweep_id, "--optuna", two, "--study", "c", code=1)
    assert "has no study 'c'; its studies are: a, b" in said.err
    plain = await cli.create({"method": "random", "parameters": {"x": {"min": 0.0, "max": 1.0}}})
    said = await cli("runs", "import", plain, "--optuna", two, "--study", "a", code=1)
    assert "has no metric" in said.err
    said = await cli("runs", "export", plain, "--optuna", two, code=1)
    assert "has no metric" in said.err


async def test_runs_that_wait_can_go_to_optuna_too(cli: CommandLine, tmp_path: Path) -> None:
    sweep_id = await cli.create(CONFIG)
    await cli("runs", "enqueue", sweep_id, "lr=0.01", "mixed=true")
    address = f"sqlite:///{tmp_path}/waiting.db"

    await cli("runs", "export", sweep_id, "--optuna", address, "--state", "queued")

    (trial,) = optuna.load_study(study_name=sweep_id, storage=address).trials
    assert trial.state is optuna.trial.TrialState.WAITING
    assert trial.params == {"lr": 0.01, "mixed": "true"}


async def test_several_metrics_go_to_optuna_and_back(
    cli: CommandLine, async_client: AsyncClient, tmp_path: Path
) -> None:
    sweep_id = await cli.create(SEVERAL)
    for run in (await async_client.suggest(sweep_id, agent_id="a", count=3)).runs:
        values = {"loss": 1.0 * run.number, "acc": 0.5 * run.number}
        await async_client.finish_run(sweep_id, run.number, 1, Succeeded(objectives=values))
    address = f"sqlite:///{tmp_path}/several.db"
    await cli("runs", "export", sweep_id, "--optuna", address)

    study = optuna.load_study(study_name=sweep_id, storage=address)
    assert [direction.name for direction in study.directions] == ["MINIMIZE", "MAXIMIZE"]
    assert [trial.values for trial in study.trials] == [[0.0, 0.0], [1.0, 0.5], [2.0, 1.0]]

    other = await cli.create(SEVERAL)
    await cli("runs", "import", other, "--optuna", address)
    prior = await cli.json("runs", "ls", other, "--prior")
    assert [run["objectives"] for run in prior] == [[0.0, 0.0], [1.0, 0.5], [2.0, 1.0]]
