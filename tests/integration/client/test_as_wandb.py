"""Programs that import `wandb` itself, started by `wanllmdb run` and `wanllmdb agent`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.client.programs import WANLLMDB, end_of, new_sweep, reaches, runs_of, started
from wanllmdb import Client, RunState

RUN = (*WANLLMDB, "run", "--")
PYTHON = sys.executable

SAME_OBJECTS = """
import importlib.metadata, importlib.util, sys
assert importlib.util.find_spec("wandb") is not None
assert importlib.util.find_spec("wandb.sdk.lib") is not None
assert importlib.metadata.version("wandb") == importlib.metadata.metadata("wandb")["Version"]

import wandb
import wandb.env
import wandb.sdk.wandb_run
import wandb.wandb_run
from wandb.integration.sklearn import plot_roc
from wandb.sdk.lib import RunDisabled
from wandb.sdk.lib.disabled import RunDisabled
from wandb.sdk.lib.config_util import ConfigError
from wandb.sklearn import plot_classifier
assert wandb.__version__ == importlib.metadata.version("wandb")
assert (wandb.run, wandb.sklearn.plot_roc) == (None, plot_roc)

import wanllmdb
import wanllmdb.env
import wanllmdb.sdk.wandb_run
import wanllmdb.sklearn
for name in dir(wanllmdb):
    if name != "__version__":
        assert getattr(wandb, name) is getattr(wanllmdb, name), name
assert set(dir(wanllmdb)) <= set(dir(wandb)) >= set(wandb.__all__)
assert wandb.env is wanllmdb.env is sys.modules["wandb.env"]
assert wandb.wandb_run is wandb.sdk.wandb_run is wanllmdb.sdk.wandb_run
assert wandb.sklearn is wanllmdb.sklearn
# A module keeps its own name, and can be loaded again.
assert wanllmdb.env.__spec__.name == "wanllmdb.env"

for name in ("wandb.no_such_module", "wandb._agent"):
    assert importlib.util.find_spec(name) is None, name
assert not hasattr(wandb, "no_such_name")
"""


async def ran(
    *command: str, environment: dict[str, str], code: int = 0, folder: Path | None = None
) -> tuple[str, str]:
    """The output of a command until its end, on stdout and stderr."""
    async with started(
        "env", "-C", str(folder or Path.cwd()), *command, environment=environment
    ) as it:
        out, err = await end_of(it)
        assert it.returncode == code, (it.returncode, out, err)
        return out, err


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A program that imports wandb and reports its parameter x."""
    file = tmp_path / "train.py"
    file.write_text(
        "import wandb\n"
        "with wandb.init(project='any') as run:\n"
        "    run.log({'loss': wandb.config.x})\n"
    )
    return file


async def test_wandb_is_wanllmdb_under_another_name(environment: dict[str, str]) -> None:
    await ran(*RUN, PYTHON, "-c", SAME_OBJECTS, environment=environment)


async def test_wandb_is_not_there_unless_asked_for(environment: dict[str, str]) -> None:
    look = "import importlib.util, wanllmdb; assert importlib.util.find_spec('wandb') is None"

    await ran(PYTHON, "-c", look, environment=environment)


async def test_it_comes_before_an_installed_wandb_and_keeps_the_rest_of_the_path(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "wandb.py").write_text("raise AssertionError('the installed one')")
    (tmp_path / "neighbor.py").touch()
    environment["PYTHONPATH"] = str(tmp_path)

    # Twice, as in a program that starts another one so.
    code = "import neighbor, os, wandb; wandb.run; print(os.environ['PYTHONPATH'])"
    out, _ = await ran(*RUN, *RUN, PYTHON, "-c", code, environment=environment)

    assert [Path(part).name for part in out.strip().split(os.pathsep)] == [
        "_as_wandb",
        tmp_path.name,
    ]


async def test_what_the_program_starts_finds_it_too(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "trains.py").write_text(
        "import multiprocessing, subprocess, sys\n"
        "def look():\n"
        "    import wandb; assert wandb.init.__module__.startswith('wanllmdb')\n"
        "if __name__ == '__main__':\n"
        "    subprocess.run([sys.executable, '-c', 'import wandb; wandb.run'], check=True)\n"
        "    child = multiprocessing.get_context('spawn').Process(target=look)\n"
        "    child.start(); child.join(); assert child.exitcode == 0\n"
        "    look(); print(*sys.argv[1:])\n"
    )

    out, _ = await ran(
        *RUN, PYTHON, "-m", "trains", "--help", "-x", environment=environment, folder=tmp_path
    )

    assert out == "--help -x\n"


async def test_a_program_that_makes_a_sweep_and_works_on_it_runs_unchanged(
    client: Client, environment: dict[str, str]
) -> None:
    code = """
import wandb
def train():
    run = wandb.init()
    wandb.log({"loss": wandb.config["x"]})
sweep_id = wandb.sweep({
    "method": "grid", "metric": {"name": "loss"}, "parameters": {"x": {"values": [3, 1, 2]}},
}, project="unchanged")
wandb.agent(sweep_id, function=train)
print(sweep_id)
"""

    out, _ = await ran(*RUN, PYTHON, "-c", code, environment=environment)

    runs = await runs_of(client, out.split()[-1])
    assert [run.objective for run in runs] == [3, 1, 2]


@pytest.mark.parametrize("way", ["option", "variable"])
async def test_an_agent_s_programs_find_it(
    client: Client, environment: dict[str, str], program: Path, way: str
) -> None:
    sweep_id = await new_sweep(client, run_cap=2)
    option = ["--as-wandb"] if way == "option" else []
    if way == "variable":
        environment["WANLLMDB_AS_WANDB"] = "1"

    await ran(
        *(*WANLLMDB, "agent", *option, sweep_id, "--", PYTHON, str(program)),
        environment=environment,
    )

    runs = await runs_of(client, sweep_id)
    assert [run.state for run in runs] == [RunState.FINISHED] * 2
    assert [run.objective for run in runs] == [run.parameters["x"] for run in runs]


async def test_an_agent_s_programs_do_not_find_it_unless_asked_for(
    client: Client, environment: dict[str, str], program: Path
) -> None:
    sweep_id = await new_sweep(client, run_cap=1)

    await ran(*(*WANLLMDB, "agent", sweep_id, "--", PYTHON, str(program)), environment=environment)

    (run,) = await runs_of(client, sweep_id)
    assert run.error is not None
    assert "No module named 'wandb'" in run.error.traceback


async def test_the_program_takes_the_place_of_run(environment: dict[str, str]) -> None:
    code = """
import os, signal, sys
for name in ("SIGINT", "SIGTERM"):
    signal.signal(getattr(signal, name), lambda number, _: sys.exit(number))
print(os.getpid(), flush=True)
signal.pause()
"""
    for number in (signal.SIGINT, signal.SIGTERM):
        async with started(*RUN, PYTHON, "-c", code, environment=environment) as process:
            await reaches(process, str(process.pid))
            process.send_signal(number)
            await end_of(process)
            assert process.returncode == number

    code = "import signal; print('here', flush=True); signal.pause()"
    async with started(*RUN, PYTHON, "-c", code, environment=environment) as process:
        await reaches(process, "here")
        process.send_signal(signal.SIGTERM)
        await end_of(process)
        assert process.returncode == -signal.SIGTERM


async def test_signals_that_python_ignores_are_not_ignored_in_the_program(
    environment: dict[str, str],
) -> None:
    # SIGPIPE ends `yes` when its reader has closed the pipe. Where SIGPIPE is ignored, `yes`
    # exits with 1.
    shell = f"{' '.join(RUN)} yes | head -n 1; exit ${{PIPESTATUS[0]}}"

    await ran("bash", "-c", shell, environment=environment, code=128 + signal.SIGPIPE)


async def test_its_exit_status_is_the_program_s(environment: dict[str, str]) -> None:
    await ran(*RUN, PYTHON, "-c", "raise SystemExit(7)", environment=environment, code=7)
    # `--` may be left out: what stands after the program is the program's.
    await ran(*RUN[:-1], PYTHON, "-c", "raise SystemExit(8)", environment=environment, code=8)


async def test_the_program_talks_to_the_services_of_the_command_line(
    environment: dict[str, str],
) -> None:
    code = "import json, os; print(json.dumps(dict(os.environ)))"
    environment["WANLLMDB_API_KEY"] = "another one"
    options = ("--registry", "one:1", "--api-key-file", "key", "--no-tls", "--insecure")

    out, _ = await ran(*WANLLMDB, *options, "run", PYTHON, "-c", code, environment=environment)

    found = json.loads(out)
    assert (found["WANLLMDB_REGISTRY"], found["WANLLMDB_API_KEY_FILE"]) == ("one:1", "key")
    assert found["WANLLMDB_SUGGESTION"] == environment["WANLLMDB_SUGGESTION"]
    assert (found["WANLLMDB_TLS"], found["WANLLMDB_INSECURE"]) == ("0", "1")
    assert "WANLLMDB_API_KEY" not in found
    assert "WANLLMDB_TLS_CA" not in found


async def test_what_can_not_be_run_is_said(environment: dict[str, str], program: Path) -> None:
    _, err = await ran(*RUN, environment=environment, code=2)
    assert "wanllmdb run -- python train.py" in " ".join(err.replace("│", " ").split())

    _, err = await ran(*RUN, "no-such-program", environment=environment, code=127)
    assert err == "wanllmdb: no-such-program: program not found\n"

    _, err = await ran(*RUN, str(program), "--lr", "1", environment=environment, code=126)
    assert f"`wanllmdb run -- python {program} --lr 1`" in err

    _, err = await ran(*RUN, str(program.parent), environment=environment, code=127)
    assert err.endswith("program not found\n")


async def test_a_python_without_wanllmdb_says_so(environment: dict[str, str]) -> None:
    environment.pop("PYTHONPATH", None)
    # -S: without the packages that are installed.
    _, err = await ran(*RUN, PYTHON, "-S", "-c", "import wandb", environment=environment, code=1)

    assert "`wandb` stands for wanllmdb here" in err
    assert "has no wanllmdb: install wanllmdb there" in err


def test_a_wheel_has_it(tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    subprocess.run(
        [PYTHON, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        check=True,
        cwd=root,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    shipped = subprocess.run(
        [PYTHON, "-m", "zipfile", "-l", str(wheel)], check=True, capture_output=True, text=True
    ).stdout

    folder = root / "clients/python/wanllmdb/_as_wandb"
    for file in folder.rglob("*"):
        if file.is_file() and file.suffix != ".pyc":
            assert f"wanllmdb/_as_wandb/{file.relative_to(folder)}" in shipped
