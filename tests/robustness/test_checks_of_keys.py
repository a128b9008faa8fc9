"""The checker finds each rule about keys and certificates in a history that breaks it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.robustness.breaks import Breaks, properties_of
from tests.robustness.certificates import ShownCertificate
from tests.robustness.checks import certificates, check, keys
from tests.robustness.checks.certificates import check_certificates
from tests.robustness.history import Peek, Try
from tests.robustness.keys import Key, Refusal
from tests.robustness.made_history import SWEEP, Made, sweep_of
from wanllmdb.api.registry.v1 import key_service_pb2 as key_pb
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import sweep_list_pb2, sweep_pb2
from wanllmdb_common.calls.caller import Role

PROJECT = "own"


class MadeWithKeys(Made):
    """The history with keys: a valid key, one that was revoked at 5 s, and others."""

    def __init__(self) -> None:
        super().__init__()
        self.history.project = PROJECT
        self.editor = Key("editor", "wsk_1", PROJECT, Role.EDITOR)
        self.revoked = Key("revoked", "wsk_2", PROJECT, Role.EDITOR)
        self.revoked.revoking, self.revoked.revoked = 4.5, 5.0
        self.revoked.revoked_by = "another replica"
        self.expired = Key("expired", "wsk_3", PROJECT, Role.EDITOR, expires=6.0)
        self.foreign = Key("foreign", "wsk_4", "another", Role.ADMIN)
        self.reader = Key("reader", "wsk_5", PROJECT, Role.READER)
        self.bad = Key("bad", "wsk_6", never=Refusal.INVALID)
        for one in self.history.tries:
            one.by = self.editor
        self.read.answer.sweep.project = PROJECT  # type: ignore[union-attr]
        self.sweep.project = PROJECT
        # Calls that are correct.
        self.read_by(self.revoked, 4.0)
        self.refuse_to(self.revoked, 4.8, Refusal.REVOKED)
        self.refuse_to(self.expired, 5.0, Refusal.EXPIRED)
        self.intrude(self.revoked, 9.0, Refusal.REVOKED)
        self.intrude(self.expired, 7.0, Refusal.EXPIRED)
        self.intrude(self.foreign, 1.0, Refusal.DENIED)
        self.intrude(self.reader, 1.0, Refusal.DENIED)
        self.intrude(self.bad, 1.0, Refusal.INVALID)
        self.peek(self.revoked, 1.0, 9.0)

    def read_by(self, key: Key, at: float) -> Try:
        """Add a call that is answered."""
        one = Try(
            "ListRuns", "read-k", "a replica", pb.ListRunsRequest(), at, 1.0, at + 0.1, by=key
        )
        one.answer = pb.ListRunsResponse()
        self.history.tries.append(one)
        return one

    def refuse_to(self, key: Key, at: float, reason: Refusal) -> Try:
        """Add a call that is rejected although it could have been answered."""
        one = self.read_by(key, at)
        one.answer, one.code, one.reason = None, "UNAUTHENTICATED", reason
        return one

    def intrude(self, key: Key, at: float, reason: Refusal) -> Try:
        """Add a rejected call without permission."""
        request = pb.CancelSweepRequest(sweep_id=SWEEP)
        one = Try("CancelSweep", "x", "a replica", request, at, 1.0, at + 0.1, by=key)
        one.code, one.reason = "UNAUTHENTICATED", reason
        self.history.intrusions.append(one)
        return one

    def peek(self, key: Key, opened: float, at: float) -> None:
        """Add a message of a watch."""
        self.history.peeks.append(Peek(key, "a replica", opened, at))


def test_nothing_is_found_in_a_good_history() -> None:
    assert check(MadeWithKeys().history) == []


breaks = Breaks[MadeWithKeys]()


@breaks(keys.GOOD)
def a_good_key_is_unknown_for_a_moment(made: MadeWithKeys) -> None:
    made.refuse_to(made.editor, 3.0, Refusal.INVALID)


@breaks(keys.GOOD)
def a_good_key_may_not_do_what_its_role_may(made: MadeWithKeys) -> None:
    made.refuse_to(made.editor, 3.0, Refusal.DENIED)


@breaks(keys.GOOD)
def a_key_is_revoked_before_anybody_asked_for_it(made: MadeWithKeys) -> None:
    made.refuse_to(made.revoked, 2.0, Refusal.REVOKED)


@breaks(keys.GOOD)
def a_key_expires_long_before_its_time(made: MadeWithKeys) -> None:
    made.refuse_to(made.expired, 1.0, Refusal.EXPIRED)


@breaks(keys.FORBIDDEN)
def a_revoked_key_goes_on(made: MadeWithKeys) -> None:
    made.intrude(made.revoked, 8.6, Refusal.REVOKED).answer = pb.CancelSweepResponse()


@breaks(keys.FORBIDDEN)
def the_replica_that_revoked_a_key_takes_it_a_moment_later(made: MadeWithKeys) -> None:
    made.revoked.revoked_by = "a replica"
    made.intrude(made.revoked, 5.1, Refusal.REVOKED).answer = pb.CancelSweepResponse()


@breaks(keys.FORBIDDEN)
def an_expired_key_goes_on(made: MadeWithKeys) -> None:
    made.intrude(made.expired, 6.6, Refusal.EXPIRED).answer = pb.CancelSweepResponse()


@breaks(keys.FORBIDDEN)
def a_key_of_another_project_gets_an_answer(made: MadeWithKeys) -> None:
    made.intrude(made.foreign, 1.0, Refusal.DENIED).answer = pb.CancelSweepResponse()


@breaks(keys.FORBIDDEN)
def a_reader_cancels(made: MadeWithKeys) -> None:
    made.intrude(made.reader, 1.0, Refusal.DENIED).answer = pb.CancelSweepResponse()


@breaks(keys.FORBIDDEN)
def a_wrong_secret_is_told_that_the_key_was_revoked(made: MadeWithKeys) -> None:
    made.intrude(made.bad, 1.0, Refusal.REVOKED)


@breaks(keys.FORBIDDEN)
def a_foreign_key_is_told_that_there_is_no_such_run(made: MadeWithKeys) -> None:
    one = made.intrude(made.foreign, 1.0, Refusal.DENIED)
    one.code, one.reason = "NOT_FOUND", "RUN_NOT_FOUND"


@breaks(keys.FORBIDDEN)
def a_revoked_key_opens_a_watch(made: MadeWithKeys) -> None:
    made.peek(made.revoked, 8.6, 8.7)


@breaks(keys.WATCH)
def a_watch_outlives_its_key(made: MadeWithKeys) -> None:
    made.peek(made.revoked, 1.0, 19.0)


@breaks(keys.NO_TRACE)
def a_point_that_no_user_queued(made: MadeWithKeys) -> None:
    made.runs[0].labels["request"] = "visitor"


@breaks(keys.NO_TRACE)
def a_name_that_no_user_gave(made: MadeWithKeys) -> None:
    made.runs[0].name = "visitor"


@breaks(keys.NO_TRACE)
def a_pause_that_no_user_asked_for(made: MadeWithKeys) -> None:
    made.see(3, 5, 6, sweep=sweep_of(sweep_pb2.SWEEP_STATE_PAUSED, 6))


@breaks(keys.OWN)
def a_sweep_of_another_project_is_listed(made: MadeWithKeys) -> None:
    one = made.read_by(made.editor, 3.0)
    one.method = "ListSweeps"
    one.answer = sweep_list_pb2.ListSweepsResponse(sweeps=[sweep_pb2.Sweep(project="another")])


@breaks(keys.OWN)
def a_key_of_another_project_is_listed(made: MadeWithKeys) -> None:
    one = made.read_by(made.editor, 3.0)
    one.method = "ListKeys"
    one.answer = key_pb.ListKeysResponse(keys=[key_pb.ApiKey(projects=[PROJECT, "another"])])


@breaks(keys.OWN)
def a_run_of_another_sweep_is_listed(made: MadeWithKeys) -> None:
    one = made.read_by(made.editor, 3.0)
    one.answer = pb.ListRunsResponse(runs=[made.runs[0]])
    one.answer.runs[0].sweep_id = "of another project"


@pytest.mark.parametrize(("prop", "change"), breaks.cases)
def test_a_broken_history_is_found(prop: str, change: Callable[[MadeWithKeys], None]) -> None:
    made = MadeWithKeys()
    change(made)
    found = check(made.history)
    assert prop in {violation.prop for violation in found}
    assert all(violation.lines() for violation in found)


def test_every_property_is_broken_by_some_history() -> None:
    assert properties_of(keys) == breaks.properties


def test_an_old_certificate_is_found() -> None:
    assert list(check_certificates([ShownCertificate("registry-0", b"new", b"new")])) == []
    (found,) = check_certificates([ShownCertificate("registry-0", b"old", b"new")])
    assert found.prop == certificates.SHOWN
