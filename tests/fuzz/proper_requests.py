"""Valid requests as a starting point, by RPC; an RPC without any gets only generated requests."""

from __future__ import annotations

import json
from collections.abc import Mapping

from google.protobuf import duration_pb2, field_mask_pb2, timestamp_pb2
from google.protobuf.message import Message

from tests.fuzz.rpcs import Rpc
from wanllmdb.api.registry.v1 import (
    activity_pb2,
    plots_pb2,
    run_columns_pb2,
    run_pb2,
    sweep_list_pb2,
    sweep_pb2,
    watch_pb2,
)
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import search_space_pb2 as space_pb
from wanllmdb.api.registry.v1 import template_service_pb2 as template_pb
from wanllmdb.api.suggestion.v1 import analysis_service_pb2 as analysis_pb
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as suggestion_pb
from wanllmdb_common.internal.registry.v1 import internal_registry_service_pb2 as internal_pb
from wanllmdb_common.search_space.proto_conversion import parameters_to_proto

_POINT = parameters_to_proto({"x": 0.5, "n": 1, "opt": "adam"})
_ROWS = [run_pb2.MetricRow(step=9, values={"loss": 0.5}, time=timestamp_pb2.Timestamp(seconds=1))]
_SPEC = sweep_pb2.SweepSpec(
    method=sweep_pb2.METHOD_BAYES,
    metrics=[sweep_pb2.Metric(name="loss", goal=sweep_pb2.GOAL_MINIMIZE)],
    search_space=space_pb.SearchSpace(
        parameters=[
            space_pb.Parameter(name="x", uniform=space_pb.UniformDistribution(min=0, max=1)),
            space_pb.Parameter(name="n", int_uniform=space_pb.IntUniformDistribution(min=1, max=9)),
            space_pb.Parameter(
                name="opt",
                categorical=space_pb.CategoricalDistribution(
                    values=parameters_to_proto({"a": 1, "b": "x"}).values()
                ),
                conditions=[
                    space_pb.ParameterCondition(
                        parameter="n", values=[space_pb.ParameterValue(int_value=2)]
                    )
                ],
            ),
            space_pb.Parameter(
                name="q",
                quantized=space_pb.QuantizedDistribution(
                    normal=space_pb.NormalDistribution(mu=0, sigma=1), q=0.5
                ),
            ),
        ],
        constraints=["x < n"],
    ),
    early_termination=sweep_pb2.EarlyTermination(
        pruner=sweep_pb2.AlgorithmChoice(name="median", options={})
    ),
    run_cap=10,
    seed=1,
    retries=sweep_pb2.RetryPolicy(lost=1, failed=1),
    sampler=sweep_pb2.AlgorithmChoice(
        name="tpe", options={"n_startup_trials": space_pb.ParameterValue(int_value=3)}
    ),
    program="train.py",
    command=["python", "${program}"],
)
_CONFIG = {"method": "random", "parameters": {"x": {"min": 0.0, "max": 1.0}}}
_LOSS_CONFIG = {**_CONFIG, "metric": {"name": "loss", "goal": "minimize"}}
_TEXT = pb.ConfigText(text=json.dumps(_LOSS_CONFIG))
_USE = pb.TemplateUse(template="@template", values=parameters_to_proto({"most": 2}))
_PRIOR = run_pb2.PriorRun(
    parameters=_POINT, state=run_pb2.RUN_STATE_FINISHED, objectives=[0.5], source="a"
)


def _run(kind: type[Message], **more: object) -> Message:
    """Return a request about run 4 of a sweep, which is running."""
    return kind(sweep_id="@random", number=4, attempt=1, request_id="@id", **more)


def _change(kind: type[Message], sweep: str = "@random", **more: object) -> Message:
    return kind(sweep_id=sweep, request_id="@id", **more)


_PROPER: Mapping[str, list[Message]] = {
    "CreateSweep": [
        pb.CreateSweepRequest(name="a", spec=_SPEC, request_id="@id"),
        pb.CreateSweepRequest(
            config_text=_TEXT,
            request_id="@id",
            prior_run_source=pb.PriorRunSource(csv="x,loss\n0.5,1\n"),
        ),
        pb.CreateSweepRequest(
            template=_USE, prior_run_source=pb.PriorRunSource(sweep_id="@random")
        ),
    ],
    "ParseSweepConfig": [
        pb.ParseSweepConfigRequest(spec=_SPEC),
        pb.ParseSweepConfigRequest(config_text=_TEXT),
        pb.ParseSweepConfigRequest(template=_USE),
    ],
    "ListSweeps": [
        sweep_list_pb2.ListSweepsRequest(page_size=1, page_token="@token8"),
        sweep_list_pb2.ListSweepsRequest(
            filter=sweep_list_pb2.SweepFilter(
                project="default",
                states=[sweep_pb2.SWEEP_STATE_RUNNING],
                methods=[sweep_pb2.METHOD_BAYES],
                created_after=timestamp_pb2.Timestamp(seconds=1),
            )
        ),
        *(
            sweep_list_pb2.ListSweepsRequest(
                filter=sweep_list_pb2.SweepFilter(query="a"),
                order=order,
                view=sweep_list_pb2.SWEEP_VIEW_BASIC,
                include_total_count=True,
                page_size=1,
                page_token=token,
            )
            for order, token in (
                (sweep_list_pb2.SWEEP_ORDER_UPDATE_TIME_DESC, "@token8"),
                (sweep_list_pb2.SWEEP_ORDER_RUNS_DESC, "@token15"),
                (sweep_list_pb2.SWEEP_ORDER_STATE_ASC, "@token15"),
                (sweep_list_pb2.SWEEP_ORDER_NAME_ASC, "@token16"),
            )
        ),
    ],
    "ListProjects": [sweep_list_pb2.ListProjectsRequest(page_size=1, page_token="@token2")],
    "WatchSweeps": [
        watch_pb2.WatchSweepsRequest(
            filter=sweep_list_pb2.SweepFilter(project="default"),
            order=sweep_list_pb2.SWEEP_ORDER_UPDATE_TIME_DESC,
            max_sweeps=2,
        )
    ],
    "BatchGetRuns": [pb.BatchGetRunsRequest(sweep_id="@random", numbers=[1, 0])],
    "GetMetricHistories": [
        plots_pb2.GetMetricHistoriesRequest(
            sweep_id="@random", numbers=[0, 1], name="loss", max_points=2
        )
    ],
    "UpdateSweep": [
        pb.UpdateSweepRequest(
            sweep=sweep_pb2.Sweep(sweep_id="@random", name="b", description="c", spec=_SPEC),
            update_mask=field_mask_pb2.FieldMask(paths=[path]),
            request_id="@id",
        )
        for path in ("name", "spec.search_space", "spec.run_cap", "spec.early_termination")
    ],
    "ExportSweep": [pb.ExportSweepRequest(sweep_id="@multi")],
    "DeleteSweep": [_change(pb.DeleteSweepRequest, "@empty")],
    "StartSweep": [_change(pb.StartSweepRequest, "@empty")],
    "PauseSweep": [_change(pb.PauseSweepRequest, "@unmeasured")],
    "ResumeSweep": [_change(pb.ResumeSweepRequest, "@paused")],
    "FinishSweep": [_change(pb.FinishSweepRequest, "@unmeasured", message="enough")],
    "CancelSweep": [_change(pb.CancelSweepRequest, "@unmeasured")],
    "CreateRuns": [
        internal_pb.CreateRunsRequest(
            sweep_id="@random",
            requests=[
                internal_pb.RunsForAgent(
                    request_id="@id",
                    agent_id="agent",
                    count=1,
                    proposals=[
                        internal_pb.RunProposal(number=6, parameters=_POINT, sampler_state=b"x")
                    ],
                )
            ],
        )
    ],
    "FinishRuns": [
        internal_pb.FinishRunsRequest(
            sweep_id="@random",
            ended_runs=[
                pb.FinishRunRequest(
                    sweep_id="@random",
                    number=4,
                    attempt=1,
                    rows=_ROWS,
                    succeeded=pb.RunSucceeded(objective=0.5),
                    request_id="@id",
                )
            ],
            sync=internal_pb.SyncRunsRequest(sweep_id="@random", since_revision=1),
        )
    ],
    "GetRun": [pb.GetRunRequest(sweep_id="@random", number=1)],
    "ListRuns": [
        pb.ListRunsRequest(sweep_id="@random", page_size=1, page_token="@token3"),
        pb.ListRunsRequest(
            sweep_id="@random", order=pb.RUN_ORDER_OBJECTIVE_ASC, page_token="@token6"
        ),
    ],
    "UpdateRun": [
        pb.UpdateRunRequest(
            run=run_pb2.Run(
                sweep_id="@random",
                number=1,
                name="a",
                labels={"a": "b"},
                config=_POINT,
                external_run_id="elsewhere-1",
            ),
            update_mask=field_mask_pb2.FieldMask(
                paths=["name", "labels", "config", "external_run_id"]
            ),
            request_id="@id",
        )
    ],
    "SyncRuns": [internal_pb.SyncRunsRequest(sweep_id="@halving", include_objective_points=True)],
    "EnqueueRuns": [
        _change(pb.EnqueueRunsRequest, runs=[pb.EnqueuedRun(parameters=_POINT, labels={"a": "b"})])
    ],
    "CancelRuns": [_change(pb.CancelRunsRequest, numbers=[5, 0], reason="a")],
    "RetryRuns": [
        _change(pb.RetryRunsRequest, numbers=[1, 2], etag="a"),
        _change(pb.RetryRunsRequest, states=[run_pb2.RUN_STATE_FAILED, run_pb2.RUN_STATE_LOST]),
    ],
    "ImportRuns": [
        _change(pb.ImportRunsRequest, source=pb.PriorRunSource(csv="x,n,opt,loss\n.5,1,adam,1\n")),
        _change(
            pb.ImportRunsRequest,
            source=pb.PriorRunSource(json_lines='{"x": 0.5, "n": 1, "opt": "adam", "loss": 1}\n'),
        ),
        _change(
            pb.ImportRunsRequest,
            source=pb.PriorRunSource(runs=pb.PriorRunList(runs=[_PRIOR])),
        ),
        _change(pb.ImportRunsRequest, source=pb.PriorRunSource(sweep_id="@bayes")),
    ],
    "ListPriorRuns": [
        pb.ListPriorRunsRequest(sweep_id="@random"),
        pb.ListPriorRunsRequest(sweep_id="@random", page_token="@token17"),
    ],
    "ExportRuns": [
        pb.ExportRunsRequest(sweep_id="@random", format=pb.RUN_FORMAT_CSV),
        pb.ExportRunsRequest(sweep_id="@multi", format=pb.RUN_FORMAT_JSON_LINES),
    ],
    "ReportMetrics": [_run(pb.ReportMetricsRequest, rows=_ROWS)],
    "FinishRun": [
        _run(pb.FinishRunRequest, rows=_ROWS, succeeded=pb.RunSucceeded(objective=0.5)),
        _run(
            pb.FinishRunRequest,
            failed=pb.RunFailed(error=run_pb2.RunError(message="a", traceback="b")),
        ),
        _run(pb.FinishRunRequest, pruned=pb.RunPruned(reason="a"), config=_POINT),
        _run(pb.FinishRunRequest, canceled=pb.RunCanceled(reason="a")),
    ],
    "ReleaseRun": [_run(pb.ReleaseRunRequest, reason="a")],
    "ResumeRuns": [_change(internal_pb.ResumeRunsRequest, agent_id="agent", count=2)],
    "TerminateSweep": [_change(internal_pb.TerminateSweepRequest, "@unmeasured", message="a")],
    "Heartbeat": [
        pb.HeartbeatRequest(leases=[pb.RunLease(sweep_id="@random", number=4, attempt=1)])
    ],
    "GetMetricHistory": [
        pb.GetMetricHistoryRequest(sweep_id="@random", number=1),
        pb.GetMetricHistoryRequest(
            sweep_id="@random", number=1, names=["loss"], page_size=1, page_token="@token5"
        ),
    ],
    "GetParallelCoordinates": [plots_pb2.GetParallelCoordinatesRequest(sweep_id="@multi")],
    "GetTimeline": [plots_pb2.GetTimelineRequest(sweep_id="@random")],
    "ReadRunColumns": [
        run_columns_pb2.ReadRunColumnsRequest(sweep_id="@multi"),
        run_columns_pb2.ReadRunColumnsRequest(
            sweep_id="@random",
            columns=[
                run_columns_pb2.RunColumnKey(summary="loss"),
                run_columns_pb2.RunColumnKey(label="note"),
                run_columns_pb2.RunColumnKey(field=run_columns_pb2.RUN_FIELD_AGENT_ID),
                run_columns_pb2.RunColumnKey(field=run_columns_pb2.RUN_FIELD_DURATION),
            ],
            states=[run_pb2.RUN_STATE_FINISHED],
        ),
    ],
    "WatchSweep": [
        watch_pb2.WatchSweepRequest(sweep_id="@random"),
        watch_pb2.WatchSweepRequest(
            sweep_id="@random",
            min_interval=duration_pb2.Duration(nanos=250_000_000),
            columns=[run_columns_pb2.RunColumnKey(summary="loss")],
        ),
        watch_pb2.WatchSweepRequest(sweep_id="@random", without_runs=True),
    ],
    "ListAgents": [
        activity_pb2.ListAgentsRequest(sweep_id="@random", include_idle=True, page_size=1)
    ],
    "ListSweepEvents": [
        activity_pb2.ListSweepEventsRequest(sweep_id="@random", page_size=1, page_token="@token17")
    ],
    "CreateTemplate": [
        template_pb.CreateTemplateRequest(
            template=template_pb.Template(
                name="@id",
                config_text="method: random\nparameters:\n  x:\n    min: 0\n    max: $(most)\n",
                placeholders=[
                    template_pb.TemplatePlaceholder(
                        name="most", default=space_pb.ParameterValue(int_value=1)
                    )
                ],
            ),
            request_id="@id",
        )
    ],
    "UpdateTemplate": [
        template_pb.UpdateTemplateRequest(
            template=template_pb.Template(name="@template", description="a"),
            update_mask=field_mask_pb2.FieldMask(paths=["description"]),
            request_id="@id",
        )
    ],
    "ListTemplates": [template_pb.ListTemplatesRequest(page_size=1, page_token="@token2")],
    "RenderTemplate": [template_pb.RenderTemplateRequest(template=_USE)],
    "Suggest": [
        _change(suggestion_pb.SuggestRequest, sweep, agent_id="agent", count=2)
        for sweep in ("@random", "@bayes", "@grid", "@multi", "@halving")
    ],
    "ShouldStop": [suggestion_pb.ShouldStopRequest(sweep_id="@halving", number=4)],
    "GetBestRuns": [suggestion_pb.GetBestRunsRequest(sweep_id="@multi", count=2)],
    "GetContour": [
        analysis_pb.GetContourRequest(sweep_id="@random", x_parameter="x", y_parameter="n")
    ],
    "GetSlices": [analysis_pb.GetSlicesRequest(sweep_id="@random", parameters=["x"])],
    "GetHypervolumeHistory": [
        analysis_pb.GetHypervolumeHistoryRequest(sweep_id="@multi", reference_point={"loss": 2})
    ],
    "GetEdf": [analysis_pb.GetEdfRequest(sweep_ids=["@random", "@bayes"])],
    "CompareSweeps": [analysis_pb.CompareSweepsRequest(sweep_ids=["@random", "@bayes"])],
}


def proper_requests(rpc: Rpc) -> list[Message]:
    """Return requests that the RPC carries out."""
    return _PROPER.get(rpc.path.rpartition("/")[2], [])
