"""The Helm chart names settings and metrics as the servers have them; needs no helm.

`deploy/helm/check` renders the chart, and checks what comes out.
"""

from __future__ import annotations

import importlib
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from prometheus_client import REGISTRY

from deploy.helm.settings_schema import CHART, OF_THE_CHART, SCHEMA, SERVERS, with_settings
from wanllmdb import _env

ROOT = Path(__file__).parents[2]
CLIENT_VARIABLES = {value for name, value in vars(_env).items() if name.isupper()}

METRICS = (
    "wanllmdb_common.telemetry.call_metrics",
    "wanllmdb_gateway.metrics",
    "wanllmdb_registry.prometheus_metrics",
    "wanllmdb_suggestion.prometheus_metrics",
)

# The templates that compose names of variables, with the prefixes that they get.
ALL = [f"WANLLMDB_{name.upper()}_" for name in SERVERS]
PREFIXES = {
    "wanllmdb.commonEnv": ALL,
    "wanllmdb.grpcEnv": ALL[:2],
    "wanllmdb.clientTlsEnv": [
        "WANLLMDB_",
        "WANLLMDB_SUGGESTION_REGISTRY_",
        "WANLLMDB_GATEWAY_SERVICES_",
    ],
}
DEFINITION = re.compile(r'{{- define "(wanllmdb\.\w+)" -}}\n(.*?)\n{{- end -}}\n', re.DOTALL)
VARIABLE = re.compile(r"- name: (?:{{ [$.]prefix }}([A-Z_]+)|(WANLLMDB_[A-Z_]+))\n")


def variables_of_the_templates() -> Iterator[str]:
    for file in sorted((CHART / "templates").glob("_*.tpl")):
        for name, text in DEFINITION.findall(file.read_text()):
            for ending, whole in VARIABLE.findall(text):
                if whole:
                    yield whole
                else:
                    yield from (f"{prefix}{ending}" for prefix in PREFIXES[name])


def is_a_setting(variable: str) -> bool:
    if variable in CLIENT_VARIABLES:
        return True
    return any(
        variable.removeprefix(prefix).lower() in SERVERS[name].model_fields
        for name, prefix in zip(SERVERS, ALL, strict=True)
        if variable.startswith(prefix)
    )


@pytest.mark.parametrize("variable", sorted(set(variables_of_the_templates())))
def test_each_variable_of_the_pods_names_a_setting(variable: str) -> None:
    assert is_a_setting(variable)


def test_the_templates_were_understood() -> None:
    found = set(variables_of_the_templates())
    assert "WANLLMDB_REGISTRY_DATABASE_URL" in found
    assert "WANLLMDB_GATEWAY_SERVICES_TLS_CA" in found
    assert "WANLLMDB_SUGGESTION_DRAIN_DELAY" in found
    text = "".join(file.read_text() for file in (CHART / "templates").rglob("*.*"))
    for variable in re.findall(r"- name: .*(?:prefix|WANLLMDB).*", text):
        assert VARIABLE.match(f"{variable}\n") or "upper $setting" in variable


def test_every_setting_is_a_value_or_set_by_the_templates() -> None:
    schema = json.loads(SCHEMA.read_text())
    assert schema == with_settings(schema), "run python -m deploy.helm.settings_schema"
    known = {name for server in SERVERS.values() for name in server.model_fields}
    assert known >= OF_THE_CHART


def test_the_scalers_use_metrics_that_exist() -> None:
    schema = json.loads(SCHEMA.read_text())
    named = {
        metric
        for name in SERVERS
        for metric in schema["$defs"][f"{name}Scaling"]["properties"]["metric"]["enum"]
    }
    for module in METRICS:
        importlib.import_module(module)
    gauges = {metric.name for metric in REGISTRY.collect() if metric.type == "gauge"}
    assert named - {"cpu"} <= gauges


def test_the_chart_has_the_version_of_the_project() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert chart["appVersion"] == chart["version"] == project["version"]
