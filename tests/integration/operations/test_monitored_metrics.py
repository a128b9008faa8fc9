"""The metrics in alert rules and dashboards are those that the services serve."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import yaml

import wanllmdb_common.telemetry.call_metrics
import wanllmdb_gateway.metrics
import wanllmdb_registry.prometheus_metrics
import wanllmdb_suggestion.prometheus_metrics
from deploy.monitoring.grafana.queries import FOLDER as DASHBOARDS
from deploy.monitoring.grafana.queries import queries_of
from tests.integration.operations.server_process import registry, server, suggestion

ALERTS = DASHBOARDS.parents[1] / "alerts.yml"
# Labels that Prometheus adds to what it scrapes, and the bounds of a histogram's buckets.
_ADDED_LABELS = {"job", "instance", "le"}
_NAME = re.compile(r"\b(?:wanllmdb|process)_\w+")
_LABELS = re.compile(r'\bby \(([^)]*)\)|(\w+)=~?"')


def queries() -> Iterator[str]:
    """Yield the queries of all panels and all alerts."""
    for file in DASHBOARDS.glob("*.json"):
        yield from queries_of(file)
    for group in yaml.safe_load(ALERTS.read_text())["groups"]:
        for rule in group["rules"]:
            yield rule["expr"]


@pytest.fixture(scope="module")
def served(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names of the metrics that the three services serve."""
    folder = tmp_path_factory.mktemp("served")
    metrics = ("--metrics-port", "0")
    with (
        registry(postgres_url, folder, "r", *metrics) as r,
        suggestion(r.address, folder, "s", *metrics) as s,
        server(
            "wanllmdb_gateway",
            *("--port", "0", "--registry", r.address, "--suggestion", s.address, *metrics),
            log_file=folder / "gateway.log",
        ) as g,
    ):
        return r.metric_names() | s.metric_names() | g.metric_names()


def test_every_metric_in_a_panel_or_a_rule_is_served(served: set[str]) -> None:
    used = {name for query in queries() for name in _NAME.findall(query)}
    assert len(used) > 25
    assert used <= served
    assert "wanllmdb_rpcs" not in served


def test_every_metric_of_ours_is_in_a_panel_or_a_rule(served: set[str]) -> None:
    used = {_family(name) for query in queries() for name in _NAME.findall(query)}
    # The library serves the time of each counter's first value too.
    ours = {name for name in served if re.match("wanllmdb_.*(?<!_created)$", name)}
    assert {_family(name) for name in ours} <= used


def test_every_label_in_a_panel_or_a_rule_is_one_of_its_metrics() -> None:
    labels_of: dict[str, set[str]] = {}
    for module in (
        wanllmdb_common.telemetry.call_metrics,
        wanllmdb_registry.prometheus_metrics,
        wanllmdb_suggestion.prometheus_metrics,
        wanllmdb_gateway.metrics,
    ):
        for metric in vars(module).values():
            if hasattr(metric, "_labelnames"):
                labels_of[metric._name] = set(metric._labelnames)
    for query in queries():
        known = set[str]()
        for name in _NAME.findall(query):
            known |= labels_of.get(_family(name), set())
        used = {
            label.strip()
            for group, matched in _LABELS.findall(query)
            for label in (group or matched).split(",")
        }
        assert used <= known | _ADDED_LABELS, query


def _family(name: str) -> str:
    return re.sub("_(total|bucket|count|sum)$", "", name)
