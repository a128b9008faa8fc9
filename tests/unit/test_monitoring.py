"""The alert rules, their tests and their runbooks belong together."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from tests.monitoring.faults import FAULTS
from tests.monitoring.prometheus import hurried

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "monitoring"


def alerts() -> dict[str, dict[str, Any]]:
    groups = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def expected_alerts() -> list[set[str]]:
    """Return what each look of alerts_test.yml expects to fire."""
    tests = yaml.safe_load((FOLDER / "alerts_test.yml").read_text())["tests"]
    looks = [look for test in tests for look in test["promql_expr_test"]]
    assert {look["expr"] for look in looks} == {'ALERTS{alertstate="firing"}'}
    return [set(re.findall(r'alertname="(\w+)"', str(look["exp_samples"]))) for look in looks]


def test_each_alert_has_a_test_in_which_it_fires_and_all_have_one_without_a_fault() -> None:
    looks = expected_alerts()
    assert set.union(*looks) == set(alerts())
    assert set() in looks


def test_each_alert_has_a_runbook_and_each_runbook_an_alert() -> None:
    page = (ROOT / "docs" / "runbooks.md").read_text()
    sections = re.findall(r"^## (Wanllmdb\w+)$", page, re.MULTILINE)
    assert sections == list(alerts())
    for name, rule in alerts().items():
        assert rule["annotations"]["runbook_url"] == f"docs/runbooks.md#{name.lower()}"
        assert rule["labels"]["severity"] in ("critical", "warning")


def test_each_alert_has_a_fault_for_a_real_prometheus() -> None:
    assert {alert for fault in FAULTS for alert in fault.alerts} == set(alerts())


def test_rules_in_a_hurry_have_other_durations_alone() -> None:
    rules = (FOLDER / "alerts.yml").read_text()
    shorter = hurried(rules)
    durations = re.compile(r"(\[|offset |for: )\d+([ms])")
    assert {unit for _, unit in durations.findall(rules)} == {"m"}
    assert {unit for _, unit in durations.findall(shorter)} == {"s"}
    assert durations.sub(r"\1", rules) == durations.sub(r"\1", shorter)
