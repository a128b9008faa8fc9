"""`hydra/sweeper: wanllmdb`: Hydra's own tests of sweepers pass, and jobs are runs of a sweep."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hydra.test_utils.launcher_common_tests import (
    BatchedSweeperTestSuite,
    IntegrationTestSuite,
    LauncherTestSuite,
)
from omegaconf import OmegaConf

from tests.e2e.up_process import UpProcess
from wanllmdb import Client, Method, RunState, SweepState

OURS = "hydra/sweeper=wanllmdb"

PROGRAM = """
import hydra

@hydra.main(version_base=None, config_path=None)
def main(config):
    if config.get("x", 0) == "bad":
        raise ValueError("a bad x")
    return (float(config.get("x", 0.5)) - 0.3) ** 2 + config.get("layers", 1)

main()
"""


@pytest.fixture(autouse=True)
def _services(platform: UpProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in platform.environment().items():
        if name.startswith("WANLLMDB_"):
            monkeypatch.setenv(name, value)


@pytest.mark.parametrize(("launcher_name", "overrides"), [("basic", [OURS])])
class TestLauncher(LauncherTestSuite):
    """Hydra's tests of a launcher under our sweeper."""


@pytest.mark.parametrize(
    ("launcher_name", "overrides"), [("basic", [OURS, "hydra.sweeper.max_batch_size=2"])]
)
class TestBatches(BatchedSweeperTestSuite):
    """Hydra's test of batches."""


@pytest.mark.parametrize(("task_launcher_cfg", "extra_flags"), [({}, ["-m", OURS])])
class TestIntegration(IntegrationTestSuite):
    """Hydra's tests of programs, each in a process of its own."""


def test_hydra_finds_the_plugin_and_loads_no_client_for_it() -> None:
    program = """
import sys
from hydra.core.plugins import Plugins
from hydra.plugins.sweeper import Sweeper

print([each.__name__ for each in Plugins.instance().discover(Sweeper)], "grpc" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert "'WanllmdbSweeper'" in done.stdout
    assert done.stdout.endswith("False\n")


def multirun(folder: Path, *overrides: str) -> subprocess.CompletedProcess[str]:
    """Run the program as a user does."""
    (folder / "program.py").write_text(PROGRAM)
    command = [sys.executable, "program.py", "-m", OURS, "hydra.sweep.dir=out", *overrides]
    return subprocess.run(
        command, cwd=folder, env=dict(os.environ), capture_output=True, text=True, check=False
    )


def results(folder: Path) -> Any:
    """What the sweeper wrote at its end."""
    return OmegaConf.load(folder / "out" / "optimization_results.yaml")


def test_a_search_learns_from_what_jobs_return(platform: UpProcess, tmp_path: Path) -> None:
    done = multirun(
        tmp_path,
        *("hydra.sweeper.method=bayes", "hydra.sweeper.direction=minimize"),
        *("hydra.sweeper.n_trials=4", "hydra.sweeper.seed=1", "hydra.sweeper.metric=loss"),
        *("+x=interval(0.0, 1.0)", "+layers=int(interval(1, 4))"),
    )
    assert done.returncode == 0, done.stderr

    written = results(tmp_path)
    with Client(platform.ready["registry"], platform.ready["suggestion"]) as client:
        sweep = client.get_sweep(written.sweep_id)
        runs = list(client.list_runs(written.sweep_id))
    assert (sweep.state, sweep.spec.method) == (SweepState.FINISHED, Method.BAYES)
    assert [run.state for run in runs] == [RunState.FINISHED] * 4
    for run in runs:
        x, layers = run.parameters["+x"], run.parameters["+layers"]
        assert isinstance(layers, int)
        assert run.objective == pytest.approx((x - 0.3) ** 2 + layers)
        overrides = OmegaConf.load(tmp_path / "out" / str(run.number) / ".hydra/overrides.yaml")
        assert set(overrides) == {f"+x={x!r}", f"+layers={layers}"}
    assert written.best_evaluated_value == min(run.objective or 0.0 for run in runs)


def test_a_job_that_fails_is_a_failed_run_and_ends_the_sweep(
    platform: UpProcess, tmp_path: Path
) -> None:
    done = multirun(tmp_path, "hydra.sweeper.max_batch_size=1", "+x=0.5,bad,0.25")

    assert done.returncode == 1
    assert "a bad x" in done.stderr
    with Client(platform.ready["registry"], platform.ready["suggestion"]) as client:
        sweep = next(iter(client.list_sweeps()))
        runs = sorted(client.list_runs(sweep.sweep_id), key=lambda run: run.number)
    assert sweep.state is SweepState.CANCELED
    assert [run.state for run in runs][:2] == [RunState.FINISHED, RunState.FAILED]


@pytest.mark.parametrize(
    ("overrides", "problem"),
    [
        (["+x=interval(0, 1)"], "set random or bayes"),
        (["hydra.sweeper.method=bayes", "+x=1,2"], "needs hydra.sweeper.direction"),
        (["hydra.sweeper.method=random", "+x=1,2"], "needs hydra.sweeper.n_trials"),
    ],
)
def test_settings_that_make_no_sweep_are_rejected(
    tmp_path: Path, overrides: list[str], problem: str
) -> None:
    done = multirun(tmp_path, *overrides)

    assert done.returncode == 1
    assert problem in done.stderr
