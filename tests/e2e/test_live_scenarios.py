"""The live scenarios of clients/conformance, without a client: none may be green."""

from __future__ import annotations

import sys

import pytest

from clients.conformance.runner.known_failing import KnownFailing
from clients.conformance.runner.live import LiveCase, live_scenarios
from clients.conformance.runner.platforms import Platforms
from clients.conformance.runner.testee import Language
from clients.conformance.runner.trial import Verdict, tried

# Answers every command without calling a service.
LIAR = """
import json, sys

for line in sys.stdin:
    command = json.loads(line)
    result = {"language": "liar", "can": []} if command["operation"] == "hello" else {}
    print(json.dumps({"id": command["id"], "result": result}), flush=True)
"""


@pytest.mark.processes
@pytest.mark.postgres
async def test_no_live_scenario_is_green_without_a_call() -> None:
    liar = Language("liar", [sys.executable, "-c", LIAR])
    async with Platforms() as platforms:
        cases = [LiveCase(each, platforms, [liar]) for each in live_scenarios()]
        trial = await tried(liar, cases, KnownFailing())

    assert trial.problems == []
    assert [o.case.full_name for o in trial.outcomes if o.verdict is not Verdict.FAILED] == []
    assert not any("PlatformError" in outcome.detail for outcome in trial.outcomes)
