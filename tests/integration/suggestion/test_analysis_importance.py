"""Importance through both services, on runs whose importances are known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests.integration.suggestion.finished_sweeps import (
    BOTH,
    CONDITIONAL,
    Analysis,
    Row,
    drawn,
    end,
    new_sweep,
    point,
    sweep_of,
)
from tests.sweeps import Registry
from wanllmdb.api.registry.v1 import plots_pb2
from wanllmdb.api.suggestion.v1 import analysis_service_pb2 as pb
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as suggestion_pb
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2_grpc as suggestion_grpc
from wanllmdb_common.search_space.proto_conversion import (
    parameters_from_proto,
)


async def test_importance_with_correlations(registry: Registry, analysis: Analysis) -> None:
    rng = np.random.default_rng(1)
    rows: list[Row] = []
    for _ in range(60):
        x, lr = float(rng.uniform(0, 4)), float(10 ** rng.uniform(-3, 1))
        size = int(rng.choice([16, 32, 64]))
        rows.append((point(x=x, lr=lr, size=size), 3 * x + 0.01 * math.log(lr)))
    sweep_id = await sweep_of(registry, rows)
    for evaluator in (
        pb.IMPORTANCE_EVALUATOR_UNSPECIFIED,
        pb.IMPORTANCE_EVALUATOR_FANOVA,
        pb.IMPORTANCE_EVALUATOR_MEAN_DECREASE_IMPURITY,
        pb.IMPORTANCE_EVALUATOR_PED_ANOVA,
    ):
        answer = await analysis.GetParameterImportance(
            pb.GetParameterImportanceRequest(sweep_id=sweep_id, evaluator=evaluator, metric="loss")
        )
        found = {entry.name: entry for entry in answer.importances}
        assert answer.importances[0].name == "x"
        assert set(found) == {"lr", "optimizer", "size", "x"}
        assert math.fsum(e.importance for e in answer.importances) == pytest.approx(1.0)
        assert found["x"].importance > 0.5
        assert found["x"].linear_correlation == pytest.approx(1.0, abs=0.01)
        assert found["x"].rank_correlation == pytest.approx(1.0, abs=0.01)
        assert found["size"].HasField("linear_correlation")
        # The parameter never varies here, and has no order.
        assert not found["optimizer"].HasField("linear_correlation")
        assert not found["optimizer"].HasField("rank_correlation")
        assert {entry.runs for entry in answer.importances} == {60}
        assert answer.runs_used == 60


async def test_logarithmic_parameters_correlate_by_their_logarithm(
    registry: Registry, analysis: Analysis
) -> None:
    rows: list[Row] = [(point(lr=10.0**k, x=0.5 + k / 10), 1.0 - k) for k in range(-3, 2)]
    sweep_id = await sweep_of(registry, rows)
    answer = await analysis.GetParameterImportance(
        pb.GetParameterImportanceRequest(sweep_id=sweep_id)
    )
    lr = next(entry for entry in answer.importances if entry.name == "lr")
    assert lr.linear_correlation == pytest.approx(-1.0)
    assert lr.rank_correlation == pytest.approx(-1.0)


async def test_importance_of_conditional_parameters_in_groups(
    registry: Registry, analysis: Analysis
) -> None:
    rng = np.random.default_rng(2)
    rows: list[Row] = []
    for i in range(120):
        parameters: dict[str, Any] = {"lr": float(rng.random())}
        if i % 3:
            parameters |= {"optimizer": "sgd", "sgd/momentum": float(rng.random())}
            rows.append((parameters, 10 * parameters["sgd/momentum"]))
        else:
            parameters |= {"optimizer": "adam", "adam/beta": float(rng.random())}
            rows.append((parameters, 5.0))
    sweep_id = await sweep_of(registry, rows, CONDITIONAL)
    for evaluator in pb.ImportanceEvaluator.values():
        answer = await analysis.GetParameterImportance(
            pb.GetParameterImportanceRequest(sweep_id=sweep_id, evaluator=evaluator)
        )
        found = {entry.name: entry for entry in answer.importances}
        assert answer.importances[0].name == "sgd/momentum"
        assert found["adam/beta"].importance < 0.1
        assert (found["sgd/momentum"].runs, found["adam/beta"].runs) == (80, 40)
        assert found["lr"].runs == 120
        assert found["sgd/momentum"].linear_correlation == pytest.approx(1.0)
        # The objective never varies among its runs.
        assert not found["adam/beta"].HasField("linear_correlation")


async def test_importance_of_each_of_several_metrics(
    registry: Registry, analysis: Analysis
) -> None:
    rng = np.random.default_rng(3)
    rows: list[Row] = []
    for _ in range(40):
        x, lr = float(rng.uniform(0, 4)), float(10 ** rng.uniform(-3, 1))
        rows.append((point(x=x, lr=lr), {"loss": x, "accuracy": math.log(lr)}))
    sweep_id = await sweep_of(registry, rows, metrics=BOTH)
    for metric, first in (("loss", "x"), ("accuracy", "lr")):
        answer = await analysis.GetParameterImportance(
            pb.GetParameterImportanceRequest(sweep_id=sweep_id, metric=metric)
        )
        assert answer.importances[0].name == first
        assert answer.importances[0].linear_correlation == pytest.approx(1.0)


async def test_every_distribution_has_an_axis_and_an_importance(
    registry: Registry, analysis: Analysis
) -> None:
    parameters: dict[str, Any] = {
        "beta": {"distribution": "beta", "a": 2, "b": 3},
        "ints": {"min": 1, "max": 9},
        "lognormal": {"distribution": "log_normal", "mu": 0, "sigma": 1},
        "loguniform": {"distribution": "log_uniform_values", "min": 0.1, "max": 10},
        "normal": {"distribution": "normal", "mu": 0, "sigma": 1},
        "qbeta": {"distribution": "q_beta", "a": 2, "b": 3, "q": 0.25},
        "qlognormal": {"distribution": "q_log_normal", "mu": 0, "sigma": 1, "q": 0.5},
        "qloguniform": {
            "distribution": "q_log_uniform_values", "min": 1, "max": 100, "q": 1
        },
        "qnormal": {"distribution": "q_normal", "mu": 0, "sigma": 9, "q": 1},
        "quniform": {"distribution": "q_uniform", "min": 0.3, "max": 9.7, "q": 1},
        "weighted": {"values": ["a", "b"], "probabilities": [0.2, 0.8]},
    }  # fmt: skip
    sweep_id = await new_sweep(registry, parameters)
    runs = await drawn(registry, sweep_id, 30)
    for run in runs:
        values = parameters_from_proto(run.parameters)
        await end(registry, run, float(values["beta"]))  # type: ignore[arg-type]  # a number
    answer = await analysis.GetSlices(pb.GetSlicesRequest(sweep_id=sweep_id))
    columns = {column.axis.name: column for column in answer.parameters}
    assert set(columns) == set(parameters)
    logarithmic = {"lognormal", "loguniform", "qloguniform"}
    for name, column in columns.items():
        axis = column.axis
        assert all(axis.min <= value <= axis.max for value in column.values), name
        expected = (
            plots_pb2.AXIS_SCALE_CATEGORY
            if name == "weighted"
            else plots_pb2.AXIS_SCALE_LOG
            if name in logarithmic
            else plots_pb2.AXIS_SCALE_LINEAR
        )
        assert axis.scale == expected, name
    for evaluator in pb.ImportanceEvaluator.values():
        importance = await analysis.GetParameterImportance(
            pb.GetParameterImportanceRequest(sweep_id=sweep_id, evaluator=evaluator)
        )
        assert {entry.name for entry in importance.importances} == set(parameters)
        assert math.fsum(e.importance for e in importance.importances) == pytest.approx(1.0)
        beta = next(e for e in importance.importances if e.name == "beta")
        assert beta.linear_correlation == pytest.approx(1.0)


async def test_the_evaluators_are_listed(
    suggestion: suggestion_grpc.SuggestionServiceAsyncStub,
) -> None:
    answer = await suggestion.ListAlgorithms(suggestion_pb.ListAlgorithmsRequest())
    kind = suggestion_pb.ALGORITHM_KIND_IMPORTANCE_EVALUATOR
    listed = {a.name: a for a in answer.algorithms if a.kind == kind}
    prefix = "IMPORTANCE_EVALUATOR_"
    names = {name.removeprefix(prefix).lower() for name, _ in pb.ImportanceEvaluator.items()}
    assert set(listed) == names - {"unspecified"}
    for algorithm in listed.values():
        assert algorithm.title
        assert algorithm.description
        assert algorithm.reference
        assert algorithm.is_installed
        assert algorithm.takes_conditions
    assert list(listed["fanova"].requires) == ["scikit-learn"]
    assert list(listed["ped_anova"].requires) == []
