"""The request that each client method sends."""

from __future__ import annotations

import inspect
import re
from datetime import UTC, datetime
from uuid import UUID

import pytest

from wanllmdb import (
    UNSET,
    AlgorithmChoice,
    ArgsStyle,
    AsyncClient,
    Categorical,
    Client,
    Constant,
    CsvRuns,
    EnqueuedRun,
    Failed,
    Goal,
    Hyperband,
    Impute,
    IntUniform,
    InvalidArgumentError,
    LogUniform,
    Method,
    Metric,
    MetricRow,
    Normal,
    PriorRun,
    PriorSweep,
    Quantized,
    RetryPolicy,
    RunState,
    SearchSpace,
    SweepSpec,
    TemplatePlaceholder,
    TemplateUse,
)
from wanllmdb._calls import run_calls, sweep_calls, template_calls
from wanllmdb._types.spec import spec_from_proto, spec_to_proto
from wanllmdb.api.registry.v1 import key_service_pb2 as key_pb
from wanllmdb.api.registry.v1 import registry_service_pb2 as registry_pb
from wanllmdb.api.registry.v1 import run_pb2, sweep_list_pb2, sweep_pb2, watch_pb2
from wanllmdb.api.registry.v1 import template_service_pb2 as template_pb
from wanllmdb.api.suggestion.v1 import analysis_service_pb2 as analysis_pb
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as suggestion_pb

# Calls between the two services, which no client makes.
INTERNAL_RPCS = {"CreateRuns", "SyncRuns", "FinishRuns", "ResumeRuns"}

SPEC = SweepSpec(
    method=Method.BAYES,
    parameters={
        "a": IntUniform(1, 10),
        "b": LogUniform(1e-4, 1e-2),
        "c": Categorical((16, 32.0, "x", None, True)),
        "d": Constant({"k": [1]}),
        "e": Quantized(Normal(0.0, 1.0), 0.5),
    },
    metrics=(
        Metric("acc", Goal.MAXIMIZE, target=0.99, impute=Impute.WORST),
        Metric("loss", impute_while_running=Impute.LATEST),
    ),
    early_termination=Hyperband(min_iter=3, eta=4.0, strict=True),
    run_cap=50,
    seed=7,
    retries=RetryPolicy(lost=0, failed=3),
    args_style=ArgsStyle.WANDB,
)


def rpcs() -> list[str]:
    services = [
        registry_pb.DESCRIPTOR.services_by_name["SweepRegistryService"],
        template_pb.DESCRIPTOR.services_by_name["TemplateService"],
        key_pb.DESCRIPTOR.services_by_name["KeyService"],
        suggestion_pb.DESCRIPTOR.services_by_name["SuggestionService"],
        analysis_pb.DESCRIPTOR.services_by_name["AnalysisService"],
    ]
    return [m.name for s in services for m in s.methods if m.name not in INTERNAL_RPCS]


@pytest.mark.parametrize("rpc", rpcs())
def test_both_clients_have_a_method_for_each_rpc(rpc: str) -> None:
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", rpc).lower()

    for client in (Client, AsyncClient):
        assert inspect.getdoc(getattr(client, name)), f"{client.__name__}.{name}"


def test_the_clients_take_the_same_arguments_and_say_the_same() -> None:
    for name, method in inspect.getmembers(Client, inspect.isfunction):
        if not name.startswith("_"):
            twin = getattr(AsyncClient, name)
            assert inspect.signature(twin).parameters == inspect.signature(method).parameters, name
            assert inspect.getdoc(twin) == inspect.getdoc(method), name


def test_a_typed_spec_comes_back_equal() -> None:
    assert spec_from_proto(spec_to_proto(SPEC)) == SPEC


def test_a_spec_of_the_least_comes_back_equal() -> None:
    spec = SweepSpec(Method.RANDOM, {"a": Constant(None)})

    assert spec_from_proto(spec_to_proto(spec)) == spec


def test_a_dictionary_travels_as_text_and_a_spec_as_a_message() -> None:
    by_dict = sweep_calls.create_sweep({"method": "grid"}, "p", "n", "d").request
    by_text = sweep_calls.create_sweep("method: grid").request
    by_spec = sweep_calls.create_sweep(SPEC).request

    assert isinstance(by_dict, registry_pb.CreateSweepRequest)
    assert (by_dict.project, by_dict.name, by_dict.description) == ("p", "n", "d")
    assert by_dict.config_text.text == '{"method": "grid"}'
    assert isinstance(by_text, registry_pb.CreateSweepRequest)
    assert by_text.config_text.text == "method: grid"
    assert isinstance(by_spec, registry_pb.CreateSweepRequest)
    assert by_spec.spec == spec_to_proto(SPEC)


def test_a_config_of_another_kind_is_rejected() -> None:
    with pytest.raises(
        InvalidArgumentError, match="dict, YAML or JSON text, a SweepSpec or a TemplateUse"
    ):
        sweep_calls.parse_sweep_config(5)  # type: ignore[arg-type]  # what is tested


def test_each_mutation_gets_a_request_id_of_its_own_unless_given_one() -> None:
    first = sweep_calls.pause_sweep("s", "", None).request
    second = sweep_calls.pause_sweep("s", "", None).request
    given = sweep_calls.pause_sweep("s", "", "my-id").request

    assert isinstance(first, registry_pb.PauseSweepRequest)
    assert isinstance(second, registry_pb.PauseSweepRequest)
    assert isinstance(given, registry_pb.PauseSweepRequest)
    assert UUID(first.request_id) != UUID(second.request_id)
    assert given.request_id == "my-id"


def test_an_update_names_what_is_given_and_none_clears() -> None:
    request = sweep_calls.update_sweep(
        "s", name="new", run_cap=None, retries=RetryPolicy(failed=1), target=None, etag="tag"
    ).request

    assert isinstance(request, registry_pb.UpdateSweepRequest)
    assert list(request.update_mask.paths) == [
        "name",
        "spec.run_cap",
        "spec.retries",
        "spec.metrics",
    ]
    assert (request.sweep.sweep_id, request.sweep.name, request.sweep.etag) == ("s", "new", "tag")
    assert not request.sweep.spec.HasField("run_cap")
    assert request.sweep.spec.retries == sweep_pb2.RetryPolicy(failed=1)


def test_an_update_reaches_every_field_that_can_be_changed() -> None:
    request = sweep_calls.update_sweep(
        "s",
        description="d",
        early_termination=None,
        terminator=AlgorithmChoice("no_improvement", {"runs": 20}),
        max_failed_runs=3,
        targets={"acc": 0.9, "latency": None},
        search_space=SearchSpace({"x": Normal()}, ("x < 3",)),
    ).request

    assert isinstance(request, registry_pb.UpdateSweepRequest)
    assert set(request.update_mask.paths) == {
        "description",
        "spec.early_termination",
        "spec.terminator",
        "spec.max_failed_runs",
        "spec.metrics",
        "spec.search_space",
    }
    spec = request.sweep.spec
    assert spec.terminator.options["runs"].int_value == 20
    assert spec.max_failed_runs == 3
    assert [(metric.name, metric.HasField("target")) for metric in spec.metrics] == [
        ("acc", True),
        ("latency", False),
    ]
    assert [parameter.name for parameter in spec.search_space.parameters] == ["x"]
    assert list(spec.search_space.constraints) == ["x < 3"]


def test_a_sweep_is_created_from_a_template_and_with_prior_runs() -> None:
    request = sweep_calls.create_sweep(
        TemplateUse("sklearn", {"runs": 30, "metric": "f1"}), prior_runs=CsvRuns("x\n1\n")
    ).request

    assert isinstance(request, registry_pb.CreateSweepRequest)
    assert request.template.template == "sklearn"
    assert request.template.values["runs"].int_value == 30
    assert request.prior_run_source.csv == "x\n1\n"
    assert not request.prior_run_source.skip_unfit


def test_prior_runs_come_one_by_one_or_from_a_sweep() -> None:
    one = run_calls.import_runs(
        "s", [PriorRun({"n": 1}, RunState.PRUNED, (0.5,), last_step=3, source="a book")], True, None
    ).request
    other = run_calls.import_runs("s", PriorSweep("t"), False, None).request
    none = run_calls.import_runs("s", [], False, None).request

    assert isinstance(one, registry_pb.ImportRunsRequest)
    (run,) = one.source.runs.runs
    assert (run.state, run.objectives[0], run.last_step) == (run_pb2.RUN_STATE_PRUNED, 0.5, 3)
    assert run.parameters["n"].int_value == 1
    assert one.source.skip_unfit
    assert isinstance(other, registry_pb.ImportRunsRequest)
    assert other.source.sweep_id == "t"
    assert isinstance(none, registry_pb.ImportRunsRequest)
    assert none.source.WhichOneof("source") == "runs"


def test_a_placeholder_without_a_default_differs_from_one_that_is_null() -> None:
    request = template_calls.create_template(
        "t",
        {"run_cap": "$(runs)"},
        "",
        [TemplatePlaceholder("runs", example=50), TemplatePlaceholder("note", default=None)],
        None,
    ).request

    assert isinstance(request, template_pb.CreateTemplateRequest)
    assert request.template.config_text == '{"run_cap": "$(runs)"}'
    runs, note = request.template.placeholders
    assert (runs.HasField("default"), runs.example.int_value) == (False, 50)
    assert note.default.WhichOneof("kind") == "null_value"


def test_an_update_of_nothing_is_rejected() -> None:
    with Client() as client:
        with pytest.raises(InvalidArgumentError, match="has nothing to change"):
            client.update_sweep("s")
        with pytest.raises(InvalidArgumentError, match="has nothing to change"):
            client.update_run("s", 0)
        with pytest.raises(InvalidArgumentError, match="has nothing to change"):
            client.update_template("t")


def test_filters_take_names_and_members() -> None:
    page = sweep_calls.list_sweeps(
        "p", ["running"], [Method.GRID], "x", None, None, "name_asc", "basic", 5
    )

    request = page("token").request

    assert request == sweep_list_pb2.ListSweepsRequest(
        filter=sweep_list_pb2.SweepFilter(
            project="p",
            states=[sweep_pb2.SWEEP_STATE_RUNNING],
            methods=[sweep_pb2.METHOD_GRID],
            query="x",
        ),
        order=sweep_list_pb2.SWEEP_ORDER_NAME_ASC,
        view=sweep_list_pb2.SWEEP_VIEW_BASIC,
        page_size=5,
        page_token="token",
    )


def test_the_request_of_a_watched_list_counts_in_nanoseconds() -> None:
    request = sweep_calls.watch_sweeps("p", [], [], "", None, None, "runs_desc", 7, 0.25)().request

    assert isinstance(request, watch_pb2.WatchSweepsRequest)
    assert (request.max_sweeps, request.min_interval.nanos) == (7, 250_000_000)
    assert request.order == sweep_list_pb2.SWEEP_ORDER_RUNS_DESC
    assert request.filter.project == "p"


def test_an_unknown_name_is_rejected_with_those_that_are_known() -> None:
    with pytest.raises(InvalidArgumentError, match="unknown value 'done', expected one of: queued"):
        run_calls.list_runs("s", ["done"], None, 0)


def test_a_run_is_named_by_number_or_by_the_outside_id() -> None:
    for number, external in ((None, None), (1, "x")):
        with pytest.raises(InvalidArgumentError, match="either number or external_run_id"):
            run_calls.get_run("s", number, external)
    # Run 0 is a run, although 0 is false.
    assert run_calls.get_run("s", 0, None).request == registry_pb.GetRunRequest(
        sweep_id="s", number=0
    )


def test_enqueued_parameters_keep_their_types_and_name_what_is_wrong() -> None:
    request = run_calls.enqueue_runs("s", [{"n": 32}, EnqueuedRun({"n": 1.0}, {"by": "me"})], "i")
    runs = request.request.runs  # type: ignore[attr-defined]  # a Message by its static type

    assert runs[0].parameters["n"].int_value == 32
    assert runs[1].parameters["n"].double_value == 1.0
    assert runs[1].labels == {"by": "me"}
    with pytest.raises(InvalidArgumentError) as refused:
        run_calls.enqueue_runs("s", [{"n": 1}, {"n": {2}}], None)
    assert refused.value.fields[0].path == "runs[1].parameters.n"


def test_an_end_carries_its_outcome_and_the_last_rows() -> None:
    rows = [MetricRow(3, {"loss": 0.5}, datetime(2026, 1, 1, tzinfo=UTC))]

    request = run_calls.finish_run(
        "s", 1, 2, Failed("broke", "trace"), rows, {"epochs": 3, "opt": {"lr": 0.5}}, "id"
    ).request

    assert isinstance(request, registry_pb.FinishRunRequest)
    assert request.WhichOneof("outcome") == "failed"
    assert (request.failed.error.message, request.failed.error.traceback) == ("broke", "trace")
    assert (request.rows[0].step, dict(request.rows[0].values)) == (3, {"loss": 0.5})
    assert request.rows[0].time.seconds == 1767225600
    assert request.config["epochs"].int_value == 3
    assert request.config["opt"].json_value == '{"lr": 0.5}'


def test_an_update_of_a_run_names_what_is_given() -> None:
    request = run_calls.update_run("s", 1, "mine", UNSET, {"a": 1.0}, UNSET, 7, "id").request

    assert isinstance(request, registry_pb.UpdateRunRequest)
    assert list(request.update_mask.paths) == ["name", "config"]
    assert (request.run.number, request.run.name, request.if_revision) == (1, "mine", 7)
    assert request.run.config["a"].double_value == 1.0
