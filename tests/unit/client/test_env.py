"""A child process finds its run through the environment."""

from __future__ import annotations

import pytest

from wanllmdb import NoRunError
from wanllmdb._env import RUN_ATTEMPT, RUN_NUMBER, SWEEP_ID, RunEnvironment


def test_what_a_parent_writes_a_child_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    run = RunEnvironment("abc", number=7, attempt=2)
    for name, value in run.variables().items():
        monkeypatch.setenv(name, value)

    assert RunEnvironment.read() == run


def test_without_a_sweep_there_is_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SWEEP_ID, raising=False)

    assert RunEnvironment.read() is None


@pytest.mark.parametrize("number", ["", "-1", "x"])
def test_half_an_environment_is_rejected(number: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWEEP_ID, "abc")
    monkeypatch.setenv(RUN_NUMBER, number)
    monkeypatch.setenv(RUN_ATTEMPT, "1")

    with pytest.raises(NoRunError, match=f"{RUN_NUMBER} must be a whole number"):
        RunEnvironment.read()
