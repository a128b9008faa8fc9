"""Ids of sweeps and runs, in the forms in which users write them."""

from __future__ import annotations

import pytest

from wanllmdb import InvalidArgumentError
from wanllmdb._ids import run_of, sweep_id_of


@pytest.mark.parametrize(
    "text",
    [
        "abc234",
        "vision/abc234",
        "me/vision/abc234",
        "https://wandb.example.com/me/vision/sweeps/abc234",
        "http://localhost:8080/me/vision/sweeps/abc234?tab=runs",
    ],
)
def test_a_sweep_is_named_by_its_id_a_path_or_a_url(text: str) -> None:
    assert sweep_id_of(text) == "abc234"


@pytest.mark.parametrize(
    "text",
    ["", "/", "a//b", "a/", "/a", "a/b/c/d", "a b", "a\n", "https://x.org/me/vision/runs/abc-3"],
)
def test_what_names_no_sweep_is_rejected_with_the_forms_that_do(text: str) -> None:
    with pytest.raises(InvalidArgumentError, match="entity/project/id") as refused:
        sweep_id_of(text)
    assert repr(text) in str(refused.value)


def test_a_long_text_is_rejected_in_short() -> None:
    with pytest.raises(InvalidArgumentError) as refused:
        sweep_id_of("a/" * 10_000)
    assert len(str(refused.value)) < 250


@pytest.mark.parametrize(
    "text", ["abc-3", "vision/abc-3", "me/vision/abc-3", "https://x.org/me/vision/runs/abc-3"]
)
def test_a_run_is_named_by_its_id_a_path_or_a_url(text: str) -> None:
    assert run_of(text) == ("abc", 3)


@pytest.mark.parametrize("text", ["abc", "abc-", "-3", "abc-x", "abc-\u0663", "a/b/c/d-3"])
def test_what_names_no_run_is_rejected(text: str) -> None:
    with pytest.raises(InvalidArgumentError, match="a run's id, such as SWEEP-3"):
        run_of(text)
