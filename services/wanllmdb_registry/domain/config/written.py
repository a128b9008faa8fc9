"""Where each part of a spec stands in its config, so that a problem can say it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from wanllmdb_registry.domain.model import SweepSpec


def parameter_path(name: str) -> str:
    """The path of a parameter by its full name: `parameters.optimizer.parameters.lr`."""
    return "parameters." + name.replace("/", ".parameters.")


@dataclass(frozen=True, slots=True)
class Written:
    """How a spec was written.

    Attributes:
        metrics_are_listed: Under `metrics`, not under `metric`.
        conditions: The paths of conditions, by parameter and by the parameter that they name;
            a condition of a group stands at the group.
        unreadable: Parameters whose law could not be read; the spec lacks them.
    """

    metrics_are_listed: bool = False
    conditions: Mapping[tuple[str, str], str] = field(default_factory=dict)
    unreadable: frozenset[str] = frozenset()

    def metric(self, index: int) -> str:
        """The path of a metric."""
        return f"metrics[{index}]" if self.metrics_are_listed else "metric"

    def condition(self, parameter: str, parent: str) -> str:
        """The path of a parameter's condition on another one."""
        path = self.conditions.get((parameter, parent))
        return f"{parameter_path(parameter)}.when.{parent}" if path is None else path


def as_exported(spec: SweepSpec) -> Written:
    """How the spec would be written by `config_of`."""
    return Written(metrics_are_listed=len(spec.metrics) > 1)
