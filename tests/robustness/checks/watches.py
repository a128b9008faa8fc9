"""Revisions are unique and ascend; a watch misses nothing, across streams and replicas."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence

from tests.robustness.checks.facts import Facts, without_lease
from tests.robustness.checks.violation import Violation
from tests.robustness.history import Seen

UNIQUE = "a revision belongs to one change"
ORDERED = "a watch's revisions ascend"
COMPLETE = "a watch misses nothing"


def check_revisions(facts: Facts) -> Iterator[Violation]:
    """Check that each revision belongs to one object with one content, for every caller."""
    owners: dict[int, str] = {}
    contents: dict[tuple[int, int], bytes] = {}
    for seen in facts.seen:
        number, revision = seen.run.number, seen.run.revision
        owner = f"run {number}"
        if owners.setdefault(revision, owner) != owner:
            text = f"revision {revision} belongs to {owners[revision]} and to {owner}"
            yield Violation(UNIQUE, text, [seen])
        content = without_lease(seen.run).SerializeToString(deterministic=True)
        if contents.setdefault((number, revision), content) != content:
            others = [one for one in facts.seen if one.run.number == number]
            same = [one for one in others if one.run.revision == revision]
            yield Violation(UNIQUE, f"{owner} has two contents at revision {revision}", same)
    for revision in facts.own_changes:
        if revision in owners:
            text = f"revision {revision} belongs to {owners[revision]} and to the sweep"
            yield Violation(UNIQUE, text)
    newest = facts.final.sweep.revision
    for revision in owners:
        if revision > newest:
            yield Violation(UNIQUE, f"revision {revision} is past the last one, {newest}")


def check_watches(facts: Facts) -> Iterator[Violation]:
    """Check each watcher over all its streams."""
    by_watcher: defaultdict[int, list[Seen]] = defaultdict(list)
    for seen in facts.history.seen:
        by_watcher[seen.watcher].append(seen)
    revisions = {
        number: [seen.order for seen in seen_states]
        for number, seen_states in facts.sightings.items()
    }
    for watcher, messages in by_watcher.items():
        yield from _order(watcher, messages)
        yield from _complete(facts, watcher, messages, revisions)


def _order(watcher: int, messages: Sequence[Seen]) -> Iterator[Violation]:
    last = 0
    for seen in messages:
        is_newer = seen.revision >= last if seen.is_checkpoint else seen.revision > last
        if not is_newer or (seen.since >= seen.revision and not seen.is_checkpoint):
            text = f"watcher {watcher} was sent revision {seen.revision} after {last}"
            yield Violation(ORDERED, text, [seen])
        if seen.run is not None and seen.run.revision != seen.revision:
            text = f"a run of revision {seen.run.revision} was sent as {seen.revision}"
            yield Violation(ORDERED, text, [seen])
        last = max(last, seen.revision)


def _complete(
    facts: Facts, watcher: int, messages: Sequence[Seen], revisions: dict[int, list[int]]
) -> Iterator[Violation]:
    latest: dict[int, int] = {}
    shown = None
    for seen in messages:
        if seen.run is not None:
            latest[seen.run.number] = seen.revision
        elif seen.sweep is not None:
            shown = seen.sweep
        else:
            yield from _checkpoint(watcher, seen, latest, revisions)
    if not messages or messages[-1].revision < facts.final.sweep.revision:
        # A watcher that does not reach the end reports this itself.
        return
    for run in facts.final.runs:
        if latest.get(run.number) != run.revision:
            text = f"watcher {watcher} saw run {run.number} last at {latest.get(run.number)}"
            yield Violation(COMPLETE, text, [run])
    final = facts.final.sweep
    if shown is None or (shown.etag, shown.state) != (final.etag, final.state):
        yield Violation(COMPLETE, f"watcher {watcher} missed the sweep's last change", [final])


def _checkpoint(
    watcher: int, seen: Seen, latest: dict[int, int], revisions: dict[int, list[int]]
) -> Iterator[Violation]:
    """Check that a checkpoint follows all changes known at that time."""
    for number, known in revisions.items():
        place = bisect_right(known, seen.revision)
        if place and latest.get(number, 0) < known[place - 1]:
            text = (
                f"watcher {watcher} got checkpoint {seen.revision}, and saw run "
                f"{number} at {latest.get(number, 0)}, not at {known[place - 1]}"
            )
            yield Violation(COMPLETE, text, [seen])
