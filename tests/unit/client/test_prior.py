"""Runs that become prior runs of another sweep, by their ids."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.client.runs import run as a_run
from wanllmdb import RunState
from wanllmdb._types.prior_runs import as_prior


@pytest.mark.parametrize(
    ("objective", "objectives", "state", "given"),
    [
        (None, (), RunState.FAILED, ()),
        (0.5, (), RunState.FINISHED, (0.5,)),
        (None, (1.0, 2.0), RunState.FINISHED, (1.0, 2.0)),
    ],
)
def test_a_run_that_finished_without_an_objective_is_a_failed_result(
    objective: float | None,
    objectives: tuple[float, ...],
    state: RunState,
    given: tuple[float, ...],
) -> None:
    run = replace(a_run(), state=RunState.FINISHED, objective=objective, objectives=objectives)

    prior = as_prior(run)

    assert (prior.state, tuple(prior.objectives)) == (state, given)
