"""The telemetry of servers: metrics, traces, logs and the audit log, all of one platform."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pool, message_factory
from prometheus_client import REGISTRY

import wanllmdb_common.telemetry.call_metrics
import wanllmdb_gateway.metrics
import wanllmdb_registry.prometheus_metrics
import wanllmdb_suggestion.prometheus_metrics
from tests.integration.operations.collector import Collector, Span, collector
from tests.integration.operations.server_process import ServerProcess, registry, suggestion
from wanllmdb import Client, PermissionDeniedError, Succeeded, UnauthenticatedError
from wanllmdb_common.calls.audit import AuditTableError, check_audit_table, mutating_rpcs
from wanllmdb_local.postgres import create_database
from wanllmdb_registry.rpc.rpc_table import AUDIT_TABLE
from wanllmdb_registry.rpc.services import SERVICES
from wanllmdb_suggestion.app import SERVICES as SUGGESTION_SERVICES
from wanllmdb_suggestion.rpc.rpc_table import AUDIT_TABLE as SUGGESTION_AUDIT_TABLE

DOCS = Path(__file__).parents[3] / "docs" / "operations.md"
SECRET = "S3cretOfTheOperator" * 2
ADMIN_KEY = f"wsk_root_{SECRET}"
CONFIG = {
    "method": "random",
    "metric": {"name": "loss"},
    "parameters": {"x": {"min": 0.0, "max": 1.0}},
}


@dataclass
class Observed:
    """The telemetry of a platform on which an agent worked; all of its servers have ended."""

    sweep_id: str = ""
    agent_key: str = ""
    reader_key: str = ""
    wrong_key: str = ""
    metrics: dict[str, dict[str, float]] = field(default_factory=dict)
    spans: list[Span] = field(default_factory=list)
    audit: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict)


@pytest.fixture(scope="module")
def observed(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Observed:
    folder = tmp_path_factory.mktemp("observed")
    database = create_database(postgres_url, "observed")
    seen = Observed()
    os.environ["OTEL_BSP_SCHEDULE_DELAY"] = "100"
    with collector() as traces:
        options = [*("--metrics-port", "0"), *("--log-format", "json")]
        options += ["--otlp-endpoint", traces.endpoint]
        keys = ("--admin-key", ADMIN_KEY)
        with (
            registry(database, folder, "r", *options, *keys, "--audit-log", f"{folder}/ra") as r,
            suggestion(r.address, folder, "s", *options, "--audit-log", f"{folder}/sa") as s,
        ):
            work(seen, traces, r, s)
            seen.metrics = {"registry": scrape(r), "suggestion": scrape(s)}
            for server in (s, r):
                code, _ = server.end()
                assert code == 0, server.log()
            seen.logs = {"registry": r.log(), "suggestion": s.log()}
    del os.environ["OTEL_BSP_SCHEDULE_DELAY"]
    seen.spans = traces.spans
    for name, file in (("registry", "ra"), ("suggestion", "sa")):
        seen.audit[name] = [json.loads(line) for line in (folder / file).read_text().splitlines()]
    return seen


def work(seen: Observed, traces: Collector, r: ServerProcess, s: ServerProcess) -> None:
    with Client(r.address, s.address, api_key=ADMIN_KEY) as admin:
        seen.agent_key = admin.create_key("a", role="agent", projects="default").text
        seen.reader_key = admin.create_key("r", role="reader", projects="default").text
        seen.sweep_id = admin.create_sweep(CONFIG).sweep.sweep_id
        module = "tests.integration.operations.traced_agent"
        program = [sys.executable, "-m", module, traces.endpoint, r.address, s.address]
        subprocess.run([*program, seen.sweep_id, seen.agent_key], check=True, timeout=120)
        with Client(r.address, s.address, api_key=seen.reader_key) as reader:
            with pytest.raises(PermissionDeniedError):
                reader.pause_sweep(seen.sweep_id)
            list(reader.list_runs(seen.sweep_id))
        seen.wrong_key = seen.agent_key[:-8] + "-garbled"
        with (
            Client(r.address, s.address, api_key=seen.wrong_key) as stranger,
            pytest.raises(UnauthenticatedError),
        ):
            stranger.cancel_sweep(seen.sweep_id)
        (run,) = admin.suggest(seen.sweep_id, agent_id="by hand").runs
        admin.finish_run(seen.sweep_id, run.number, run.attempt, Succeeded(0.5))


def scrape(server: ServerProcess) -> dict[str, float]:
    """Return every sample, once the event loop's lag is among them."""
    deadline = time.monotonic() + 60
    # The first look at the event loop's lag comes half a second after the start.
    while not (metrics := server.metrics())["wanllmdb_event_loop_lag_seconds_count"]:
        assert time.monotonic() < deadline, metrics
        time.sleep(0.05)
    return metrics


def test_metrics_count_what_happened(observed: Observed) -> None:
    registry_metrics, suggestion_metrics = observed.metrics.values()
    assert suggestion_metrics["wanllmdb_rpcs_total code=OK rpc=Suggest"] == 3
    # The agent's second Suggest brought the end of its first run.
    assert registry_metrics["wanllmdb_rpcs_total code=OK rpc=FinishRun"] == 2
    assert registry_metrics["wanllmdb_registry_run_ends_total outcome=succeeded"] == 3
    assert registry_metrics["wanllmdb_rpcs_total code=PERMISSION_DENIED rpc=PauseSweep"] == 1
    assert registry_metrics["wanllmdb_rpc_duration_seconds_count rpc=FinishRun"] == 2
    assert registry_metrics["wanllmdb_rpcs_in_flight rpc=FinishRun"] == 0
    assert suggestion_metrics["wanllmdb_suggestion_proposals_total sampler=random"] == 3
    assert suggestion_metrics["wanllmdb_suggestion_sampling_seconds_count sampler=random"] == 3
    assert suggestion_metrics["wanllmdb_suggestion_suggest_seconds_count sampler=random"] == 3
    assert suggestion_metrics["wanllmdb_suggestion_thread_wait_seconds_count"] >= 3
    assert suggestion_metrics["wanllmdb_suggestion_model_misses_total"] == 1
    assert suggestion_metrics["wanllmdb_suggestion_model_hits_total"] >= 2
    assert suggestion_metrics["wanllmdb_suggestion_models"] == 1
    assert suggestion_metrics["wanllmdb_suggestion_model_runs"] >= 2
    assert registry_metrics["wanllmdb_registry_commit_changes_count"] >= 5
    assert registry_metrics["wanllmdb_registry_pool_wait_seconds_count pool=trials"] >= 5
    assert registry_metrics["wanllmdb_registry_pool_connections pool=trials"] >= 1
    assert registry_metrics["wanllmdb_registry_pool_connections_max pool=trials"] == 3
    for metrics in (registry_metrics, suggestion_metrics):
        assert metrics["wanllmdb_ready"] == 1
        assert metrics["wanllmdb_event_loop_lag_seconds_count"] >= 1


def test_the_page_names_every_metric_as_it_is() -> None:
    rows = re.findall(
        r"^\| `(wanllmdb_\w+)` \| (\w+) \| ([\w, ]*) \| (.+) \|$", DOCS.read_text(), re.M
    )
    modules = (
        wanllmdb_common.telemetry.call_metrics,
        wanllmdb_registry.prometheus_metrics,
        wanllmdb_suggestion.prometheus_metrics,
        wanllmdb_gateway.metrics,
    )
    defined = [
        metric
        for module in modules
        for metric in vars(module).values()
        if hasattr(metric, "_labelnames")
    ]
    known = []
    for metric in defined:
        name = metric._name + ("_total" if metric._type == "counter" else "")
        labels = ", ".join(metric._labelnames)
        known.append((name, metric._type, labels, metric._documentation.rstrip(".")))
    assert sorted(row[:3] for row in rows) == sorted(row[:3] for row in known)
    assert {row[0]: row[3].rstrip(".") for row in rows} == {row[0]: row[3] for row in known}
    # And nothing else of ours is served.
    served = {family.name for family in REGISTRY.collect() if family.name.startswith("wanllmdb_")}
    assert served == {name.removesuffix("_total") for name, *_ in known}


def test_one_trace_goes_from_the_agent_to_the_sql(observed: Observed) -> None:
    by_id = {span.span_id: span for span in observed.spans}

    def line(span: Span) -> list[str]:
        names = [span.name]
        while span.parent_id in by_id:
            span = by_id[span.parent_id]
            names.append(span.name)
        return names[::-1]

    suggest = "wanllmdb.api.suggestion.v1.SuggestionService/Suggest"
    create = "wanllmdb.internal.registry.v1.InternalRegistryService/CreateRuns"
    lines = {tuple(line(span)) for span in observed.spans}
    whole = [names for names in lines if names[:3] == ("wanllmdb.trial", suggest, create)]
    assert any(len(names) == 4 and names[3] in ("WITH", "UPDATE", "SELECT") for names in whole), (
        lines
    )
    # What the program did in the trial is in the same trace, with its own service.
    (first, *_) = [span for span in observed.spans if span.name == "epoch"]
    together = {span.service for span in observed.spans if span.trace_id == first.trace_id}
    assert together == {"training", "wanllmdb-registry", "wanllmdb-suggestion"}
    finish = "wanllmdb.api.registry.v1.SweepRegistryService/FinishRun"
    assert ("wanllmdb.trial", finish) in lines
    # Nothing that the servers do by themselves, and no values.
    assert not [span for span in observed.spans if span.name == "SELECT" and not span.parent_id]
    assert all("db.statement.parameters" not in span.attributes for span in observed.spans)


def test_the_audit_log_has_each_change_and_its_caller(observed: Observed) -> None:
    lines = observed.audit["registry"]
    agent_id, reader_id = (key.split("_")[1] for key in (observed.agent_key, observed.reader_key))
    (created,) = [line for line in lines if line["event"] == "CreateSweep"]
    assert created["sweep_id"] == observed.sweep_id
    assert (created["project"], created["key_id"], created["code"]) == ("default", "root", "OK")
    assert created["peer"].startswith("ipv4:127.0.0.1:")
    assert created["request_id"]
    keys = [line["created_key_id"] for line in lines if line["event"] == "CreateKey"]
    assert keys == [agent_id, reader_id]
    roles = [line["role"] for line in lines if line["event"] == "CreateKey"]
    assert roles == ["agent", "reader"]
    (unknown,) = [line for line in lines if line["event"] == "CancelSweep"]
    assert (unknown["code"], unknown["reason"]) == ("UNAUTHENTICATED", "KEY_INVALID")
    assert (unknown["key_id"], unknown["claimed_key_id"]) == ("anonymous", agent_id)
    (refused,) = [line for line in lines if line["event"] == "PauseSweep"]
    assert (refused["code"], refused["reason"]) == ("PERMISSION_DENIED", "PERMISSION_DENIED")
    assert (refused["key_id"], refused["sweep_id"]) == (reader_id, observed.sweep_id)
    finished = [line for line in lines if line["event"] == "FinishRun"]
    assert sorted((line["number"], line["key_id"]) for line in finished) == [
        (1, agent_id),
        (2, "root"),
    ]
    handed_out = [line for line in lines if line["event"] == "CreateRuns"]
    (brought,) = [line for line in handed_out if "ended_runs" in line]
    assert brought["key_id"] == agent_id
    [ended] = brought["ended_runs"]
    assert (ended["number"], ended["attempt"], ended["outcome"]) == (0, 1, "succeeded")
    assert [number for line in handed_out for number in line.get("numbers", [])] == [0, 1, 2]
    suggests = observed.audit["suggestion"]
    assert [line["event"] for line in suggests] == ["Suggest"] * 3
    # The same request by the same key, in the log of either server.
    of_suggests = [(line["request_id"], line["key_id"]) for line in suggests]
    of_create = [(line["request_ids"][0], line["key_id"]) for line in handed_out]
    assert of_suggests == of_create
    # What changes nothing has no line.
    assert not [line for line in lines if line["event"] in ("ListRuns", "GetSweep", "SyncRuns")]


def test_every_line_of_the_log_is_json_and_none_holds_a_secret(observed: Observed) -> None:
    for name, log in observed.logs.items():
        lines = [line for line in log.splitlines() if not line.startswith("ready ")]
        events = [json.loads(line) for line in lines]
        assert all({"timestamp", "level", "event", "logger"} <= event.keys() for event in events)
        assert any(event["event"] == "serving" for event in events), name
    (failed,) = [
        json.loads(line)
        for line in observed.logs["registry"].splitlines()
        if '"call failed"' in line and "PERMISSION_DENIED" in line
    ]
    (audited,) = [line for line in observed.audit["registry"] if line["event"] == "PauseSweep"]
    assert failed["request_id"] == audited["request_id"]
    assert re.fullmatch("[0-9a-f]{32}", failed["trace_id"])
    told = "".join(observed.logs.values()) + json.dumps(observed.audit)
    told += "".join(str(span) for span in observed.spans)
    for key in (ADMIN_KEY, observed.agent_key, observed.reader_key, observed.wrong_key):
        assert key.split("_", 2)[2] not in told
    assert "postgres:" not in told


def test_every_rpc_that_changes_something_has_a_row_in_the_audit_table() -> None:
    check_audit_table(AUDIT_TABLE, SERVICES)
    check_audit_table(SUGGESTION_AUDIT_TABLE, SUGGESTION_SERVICES)
    some = next(iter(AUDIT_TABLE))
    with pytest.raises(AuditTableError, match=re.escape(f"{some} has no row")):
        check_audit_table({rpc: AUDIT_TABLE[rpc] for rpc in AUDIT_TABLE if rpc != some}, SERVICES)
    with pytest.raises(AuditTableError, match="matches no mutating RPC"):
        check_audit_table({**AUDIT_TABLE, "/a.B/C": AUDIT_TABLE[some]}, SERVICES)


def test_a_rule_takes_any_request() -> None:
    """Rejected calls are logged too, whatever they hold."""
    tables = {**AUDIT_TABLE, **SUGGESTION_AUDIT_TABLE}
    assert len(tables) == sum(map(len, map(mutating_rpcs, (*SERVICES, *SUGGESTION_SERVICES))))
    pool = descriptor_pool.Default()
    for rpc, rule in tables.items():
        service, name = rpc[1:].split("/")
        method = pool.FindServiceByName(service).methods_by_name[name]
        request = message_factory.GetMessageClass(method.input_type)()
        response = message_factory.GetMessageClass(method.output_type)()
        json.dumps(dict(rule(request, None)))
        json.dumps(dict(rule(request, response)))
