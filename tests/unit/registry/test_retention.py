"""The settings of how long sweeps and their history are kept."""

from __future__ import annotations

from datetime import timedelta

import pytest

from wanllmdb_registry.domain.retention import KeepTime, Retention, parse_keep_time


@pytest.mark.parametrize(
    ("text", "keep"),
    [
        ("forever", KeepTime()),
        ("90", KeepTime(timedelta(days=90))),
        ("vision=30", KeepTime(None, {"vision": timedelta(days=30)})),
        (
            "90, vision = 30, a=b=7, archive=forever",
            KeepTime(
                timedelta(days=90),
                {"vision": timedelta(days=30), "a=b": timedelta(days=7), "archive": None},
            ),
        ),
    ],
)
def test_days_are_stated_for_all_projects_and_for_named_ones(text: str, keep: KeepTime) -> None:
    assert parse_keep_time(text) == keep


@pytest.mark.parametrize(
    "text", ["", "0", "-1", "soon", "1.5", "36501", "=30", "a=", "30,40", "a=1,a=2", "30,"]
)
def test_other_texts_are_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="'"):
        parse_keep_time(text)


def test_nothing_is_deleted_by_default() -> None:
    assert Retention().is_forever
    assert parse_keep_time("forever,archive=forever").is_forever
    assert not parse_keep_time("forever,vision=1").is_forever
