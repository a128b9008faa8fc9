"""The sweeper, as Hydra loads it at the start of every program: without what it needs to run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf


class WanllmdbSweeper(Sweeper):
    """Run the jobs of a multirun as the runs of a sweep.

    Args:
        method: the sweep's method: "grid", "random" or "bayes".
        direction: "minimize" or "maximize" what the job's function returns; None if it returns
            no number. Required by "bayes".
        metric: the name of what it returns.
        n_trials: the run cap; required unless the method is "grid".
        max_batch_size: how many jobs the launcher gets together; by default all, and with "bayes"
            one, because each proposal learns from the results before.
        sampler: the sweep's sampler, `{name, options}`.
        seed: the sweep's seed.
        project: the sweep's project.
        name: the sweep's name.
        params: overrides by key, as for Hydra's basic sweeper; the command line's replace them.
    """

    def __init__(
        self,
        method: str = "grid",
        direction: str | None = None,
        metric: str = "objective",
        n_trials: int | None = None,
        max_batch_size: int | None = None,
        sampler: Mapping[str, Any] | None = None,
        seed: int | None = None,
        project: str = "",
        name: str = "",
        params: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__()
        self.hydra_context: HydraContext | None = None
        self.config: DictConfig | None = None
        self.launcher: Launcher | None = None
        self._params = params or {}
        self._settings: dict[str, Any] = {
            "method": method,
            "direction": direction,
            "metric": metric,
            "n_trials": n_trials,
            "max_batch_size": max_batch_size,
            "sampler": sampler,
            "seed": seed,
            "project": project,
            "name": name,
        }

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Make the launcher, as Hydra's other sweepers do."""
        self.hydra_context = hydra_context
        self.config = config
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> list[Sequence[JobReturn]]:
        """Run the jobs; return what the launcher returned for each batch.

        Raises:
            HydraException: the settings or overrides make no sweep.
        """
        from hydra_plugins.wanllmdb_sweeper._search import Search, Settings
        from hydra_plugins.wanllmdb_sweeper._space import OverrideSpace

        assert self.config is not None
        assert self.hydra_context is not None
        lines = [f"{key}={value}" for key, value in self._params.items()]
        parser = OverridesParser.create(config_loader=self.hydra_context.config_loader)
        space = OverrideSpace()
        for override in parser.parse_overrides([*lines, *arguments]):
            space.add(override)
        folder = Path(self.config.hydra.sweep.dir)
        folder.mkdir(parents=True, exist_ok=True)
        OmegaConf.save(self.config, folder / "multirun.yaml")
        return Search(Settings(**self._settings), space, self._launch).run(folder)

    def _launch(self, batch: list[list[str]], first: int) -> Sequence[JobReturn]:
        assert self.launcher is not None
        # A job that can't be composed fails here, before any job of the batch runs.
        self.validate_batch_is_legal(batch)
        return self.launcher.launch(batch, initial_job_idx=first)
