"""Dictionaries in a run's summary: a value set in the dictionary is set in the run."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Mapping
from typing import Any

import pytest

from wanllmdb._agent.summary import Summary


@pytest.fixture
def reported() -> list[Mapping[str, Any]]:
    return []


@pytest.fixture
def summary(reported: list[Mapping[str, Any]]) -> Summary:
    return Summary(reported.append)


def test_what_is_set_within_a_dictionary_is_reported(
    summary: Summary, reported: list[Mapping[str, Any]]
) -> None:
    summary["best"] = {"epoch": 3, "at": {"loss": 1.0}}
    summary["best"]["epoch"] = 4
    summary["best"].update({"lr": 0.5})
    summary.best.at.loss = 0.25
    summary["best"]["at"].setdefault("loss", 9.0)

    assert reported[1:] == [
        {"best": {"epoch": 4}},
        {"best": {"lr": 0.5}},
        {"best": {"at": {"loss": 0.25}}},
    ]
    assert summary["best"] == {"epoch": 4, "at": {"loss": 0.25}, "lr": 0.5}


def test_nested_values_that_were_logged_are_read_nested_or_by_their_full_name(
    summary: Summary, reported: list[Mapping[str, Any]]
) -> None:
    summary["val"] = {"loss": 9.0, "note": "first"}
    summary.take({"val.loss": 2.0, "val.top.k5": 0.5})

    assert (summary["val.loss"], summary["val"]["loss"], summary.val.top.k5) == (2.0, 2.0, 0.5)
    assert summary["val"] == {"loss": 2.0, "note": "first", "top": {"k5": 0.5}}
    assert "val" in summary
    assert "va" not in summary
    with pytest.raises(KeyError):
        summary["va"]
    with pytest.raises(AttributeError, match=r"summary has no 'val\.nothing'"):
        _ = summary["val"].nothing


def test_a_dictionary_of_the_programs_own_stays_its_own(summary: Summary) -> None:
    mine: dict[str, Any] = {"loss": 1.0}
    mine["itself"] = mine
    summary["best"] = mine
    mine["later"] = 2.0
    assert "later" not in summary["best"]
    summary["best"]["other"] = 3.0
    assert "other" not in mine
    assert summary["best"]["itself"]["itself"]["loss"] == 1.0


def test_copies_of_a_group_are_plain_dictionaries(
    summary: Summary, reported: list[Mapping[str, Any]]
) -> None:
    summary["best"] = {"loss": 1.0}
    for copied in (
        copy.copy(summary["best"]),
        copy.deepcopy(summary["best"]),
        pickle.loads(pickle.dumps(summary["best"])),
        json.loads(json.dumps(summary["best"])),
        summary._as_dict()["best"].copy(),
    ):
        copied["loss"] = 99.0
    assert summary["best"]["loss"] == 1.0
    assert len(reported) == 1
