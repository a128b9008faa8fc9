"""Each answer about a sweep says up to which revision it includes every change."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

import pytest

from tests.integration.suggestion.conftest import NewSweep
from tests.integration.suggestion.sweeps import Sweep, new_id
from wanllmdb.api.registry.v1 import plots_pb2, run_pb2
from wanllmdb.api.registry.v1 import registry_service_pb2 as rpb
from wanllmdb.api.suggestion.v1 import analysis_service_pb2 as pb
from wanllmdb.api.suggestion.v1 import analysis_service_pb2_grpc as analysis_grpc
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as suggestion_pb

Analysis: TypeAlias = "analysis_grpc.AnalysisServiceAsyncStub"

RUNS = 60


@dataclass(frozen=True)
class Included:
    """An answer's revision, and the number of finished runs that it includes."""

    revision: int
    finished: int


@dataclass(frozen=True)
class Asker:
    """Asks for every answer about a sweep that has a revision."""

    sweep: Sweep
    analysis: Analysis

    @property
    def questions(self) -> dict[str, Callable[[], Awaitable[Included]]]:
        return {
            "importance": self.importance,
            "history": self.history,
            "slices": self.slices,
            "contour": self.contour,
            "correlations": self.correlations,
            "edf": self.edf,
            "comparison": self.comparison,
            "best runs": self.best_runs,
            "timeline": self.timeline,
            "parallel coordinates": self.parallel_coordinates,
        }

    async def importance(self) -> Included:
        request = pb.GetParameterImportanceRequest(
            sweep_id=self.sweep.sweep_id, evaluator=pb.IMPORTANCE_EVALUATOR_PED_ANOVA
        )
        answer = await self.analysis.GetParameterImportance(request)
        return Included(answer.revision, answer.runs_used)

    async def history(self) -> Included:
        request = pb.GetOptimizationHistoryRequest(sweep_id=self.sweep.sweep_id)
        answer = await self.analysis.GetOptimizationHistory(request)
        return Included(answer.revision, len(answer.run_numbers))

    async def slices(self) -> Included:
        answer = await self.analysis.GetSlices(pb.GetSlicesRequest(sweep_id=self.sweep.sweep_id))
        return Included(answer.revision, len(answer.run_numbers))

    async def contour(self) -> Included:
        request = pb.GetContourRequest(
            sweep_id=self.sweep.sweep_id, x_parameter="lr", y_parameter="layers"
        )
        answer = await self.analysis.GetContour(request)
        return Included(answer.revision, len(answer.run_numbers))

    async def correlations(self) -> Included:
        request = pb.GetCorrelationsRequest(sweep_id=self.sweep.sweep_id)
        answer = await self.analysis.GetCorrelations(request)
        return Included(answer.revision, max(answer.runs))

    async def edf(self) -> Included:
        request = pb.GetEdfRequest(sweep_ids=[self.sweep.sweep_id])
        (curve,) = (await self.analysis.GetEdf(request)).curves
        return Included(curve.revision, curve.finished_runs)

    async def comparison(self) -> Included:
        request = pb.CompareSweepsRequest(sweep_ids=[self.sweep.sweep_id])
        (curve,) = (await self.analysis.CompareSweeps(request)).curves
        ended = max(curve.ended_runs, default=0)
        return Included(curve.revision, min(curve.finished_runs, ended))

    async def best_runs(self) -> Included:
        request = suggestion_pb.GetBestRunsRequest(sweep_id=self.sweep.sweep_id, count=100)
        answer = await self.sweep.suggestion.GetBestRuns(request)
        return Included(answer.revision, len(answer.runs))

    async def timeline(self) -> Included:
        request = plots_pb2.GetTimelineRequest(sweep_id=self.sweep.sweep_id)
        answer = await self.sweep.registry.GetTimeline(request)
        return Included(answer.revision, sum(not math.isnan(s) for s in answer.end_seconds))

    async def parallel_coordinates(self) -> Included:
        request = plots_pb2.GetParallelCoordinatesRequest(sweep_id=self.sweep.sweep_id)
        answer = await self.sweep.registry.GetParallelCoordinates(request)
        return Included(answer.revision, len(answer.run_numbers))


async def finish(sweep: Sweep, run: run_pb2.Run, objective: float) -> int:
    """Finish the run; return the revision of its end."""
    request = rpb.FinishRunRequest(
        sweep_id=sweep.sweep_id,
        number=run.number,
        attempt=run.attempt,
        succeeded=rpb.RunSucceeded(objective=objective),
        request_id=new_id(),
    )
    return (await sweep.registry.FinishRun(request)).run.revision


async def test_no_answer_claims_a_change_that_it_does_not_include(
    new_sweep: NewSweep, analysis: Analysis
) -> None:
    sweep = await new_sweep()
    runs = list((await sweep.suggest(count=RUNS)).runs)
    ends = [await finish(sweep, run, float(run.number)) for run in runs[:2]]
    asker = Asker(sweep, analysis)
    answers: list[tuple[str, Included]] = []
    finishing = True

    async def ask(name: str, question: Callable[[], Awaitable[Included]]) -> None:
        while finishing:
            answers.append((name, await question()))

    async def finish_all() -> None:
        nonlocal finishing
        chance = Random(7)
        for run in runs[2:]:
            ends.append(await finish(sweep, run, float(run.number)))
            # Changes that alter no analysis raise the sweep's revision, too.
            if run is not runs[-1] and chance.random() < 0.3:
                await sweep.report(runs[-1], [1.0])
        finishing = False

    await asyncio.gather(finish_all(), *(ask(*entry) for entry in asker.questions.items()))
    assert {name for name, _ in answers} == set(asker.questions)
    for name, included in answers:
        due = sum(revision <= included.revision for revision in ends)
        assert included.finished >= due, (name, included, due)


@pytest.mark.parametrize("name", Asker(None, None).questions)  # type: ignore[arg-type]  # names
async def test_an_answer_is_as_recent_as_the_sweep_when_it_was_requested(
    new_sweep: NewSweep, analysis: Analysis, name: str
) -> None:
    sweep = await new_sweep()
    await sweep.trials(3)
    question = Asker(sweep, analysis).questions[name]
    first = await question()
    assert first.revision == (await sweep.get()).revision
    # The answer is cached; the sweep changes in another way than by a further result.
    await sweep.enqueue({})
    again = await question()
    assert again.finished == first.finished == 3
    assert again.revision == (await sweep.get()).revision > first.revision


async def test_the_front_of_several_metrics_and_its_hypervolume_have_a_revision(
    new_sweep: NewSweep, analysis: Analysis
) -> None:
    sweep = await new_sweep(
        metric=False, more="metrics: [{name: a, goal: minimize}, {name: b, goal: maximize}]"
    )
    for run in (await sweep.suggest(count=3)).runs:
        await sweep.report_row(run, {"a": run.number, "b": run.number})
        await sweep.finish(run)
    best = await sweep.suggestion.GetBestRuns(
        suggestion_pb.GetBestRunsRequest(sweep_id=sweep.sweep_id)
    )
    volume = await analysis.GetHypervolumeHistory(
        pb.GetHypervolumeHistoryRequest(sweep_id=sweep.sweep_id)
    )
    assert len(best.runs) == 3
    assert best.revision == volume.revision == (await sweep.get()).revision
