"""The projects of sweeps: which are cached, and which are never looked up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from wanllmdb_registry.domain.api_keys.sweep_projects import MAX_LOOKED_UP, SweepProjects


@dataclass
class Table:
    """A table of sweeps that records the requested ids."""

    projects: dict[str, str] = field(default_factory=dict)
    asked: list[set[str]] = field(default_factory=list)

    async def find_projects(self, sweep_ids: Iterable[str]) -> Mapping[str, str]:
        wanted = set(sweep_ids)
        self.asked.append(wanted)
        return {each: self.projects[each] for each in wanted if each in self.projects}


async def test_a_sweep_is_looked_up_once_and_one_that_is_none_each_time() -> None:
    table = Table({"a": "p", "b": "q"})
    projects = SweepProjects(table)
    for _ in range(2):
        assert await projects.of({"a", "b", "none"}, {"p", "q"}) == {"a": "p", "b": "q"}
    assert table.asked == [{"a", "b", "none"}, {"none"}]
    # The sweep may have been created meanwhile.
    table.projects["none"] = "r"
    assert await projects.of({"none"}, {"p"}) == {"none": "r"}


async def test_one_in_another_project_is_looked_up_like_one_that_is_nowhere() -> None:
    table = Table({"elsewhere": "p"})
    projects = SweepProjects(table)
    assert await projects.of({"elsewhere"}, {"p"}) == {"elsewhere": "p"}
    for sweep_id in ("elsewhere", "nowhere"):
        await projects.of({sweep_id}, {"q"})
    assert table.asked == [{"elsewhere"}, {"elsewhere"}, {"nowhere"}]


async def test_what_can_be_no_id_is_not_looked_for() -> None:
    table = Table()
    assert await SweepProjects(table).of({"", "\x00", "a\x00", "x" * 201}, {"p"}) == {}
    assert table.asked == []


async def test_one_call_looks_for_no_more_than_one_may_be_about() -> None:
    table = Table({str(number): "p" for number in range(5 * MAX_LOOKED_UP)})
    found = await SweepProjects(table).of(table.projects.keys(), {"p"})
    assert len(found) == len(table.asked[0]) == MAX_LOOKED_UP
    assert len(table.asked) == 1
