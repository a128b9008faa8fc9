"""The plugin's config, and its name for Hydra.

Hydra runs this module without registering it, so annotations can't be texts that Python looks up.
"""

from dataclasses import dataclass
from typing import Any, Optional

from hydra.core.config_store import ConfigStore


# OmegaConf reads these types, and does not know `X | None` in all versions.
@dataclass
class WanllmdbSweeperConf:
    """The settings under `hydra.sweeper`; `WanllmdbSweeper` explains them."""

    _target_: str = "hydra_plugins.wanllmdb_sweeper.sweeper.WanllmdbSweeper"
    method: str = "grid"
    direction: Optional[str] = None  # noqa: UP045 - see above
    metric: str = "objective"
    n_trials: Optional[int] = None  # noqa: UP045 - see above
    max_batch_size: Optional[int] = None  # noqa: UP045 - see above
    sampler: Any = None
    seed: Optional[int] = None  # noqa: UP045 - see above
    project: str = ""
    name: str = ""
    params: Any = None


ConfigStore.instance().store(
    group="hydra/sweeper", name="wanllmdb", node=WanllmdbSweeperConf, provider="wanllmdb"
)
