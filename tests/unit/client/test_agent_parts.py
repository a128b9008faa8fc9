"""Unit tests of the parts of an agent."""

from __future__ import annotations

import contextlib
import io
import itertools
import math
import threading
import time
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from google.protobuf.message import Message

from tests.unit.client.runs import run
from wanllmdb import (
    Client,
    DeadlineExceededError,
    MetricRow,
    NotFoundError,
    StopDecision,
    UnavailableError,
    WanllmdbError,
)
from wanllmdb._agent.commands import RunCommands
from wanllmdb._agent.console import Console
from wanllmdb._agent.early_stopping import CheckSchedule, StopChecks
from wanllmdb._agent.hints import best_far_from_last
from wanllmdb._agent.metrics import MOST_VALUES, MetricFilter, numeric_values
from wanllmdb._agent.reporter import (
    BYTES_A_REQUEST,
    MOST_IN_MEMORY,
    MOST_WITHOUT_DISK,
    VALUES_A_REQUEST,
    Reporter,
    batches,
)
from wanllmdb._agent.run_sender import OnDisk, RunSender
from wanllmdb._agent.text import failed_by
from wanllmdb._agent.wait_policy import OutageWaiter
from wanllmdb._calls import run_calls
from wanllmdb._spool import Overflow, RunSpool, Spool
from wanllmdb.api.registry.v1.registry_service_pb2 import ReportMetricsRequest


def left_out(name: str, line: str) -> None:
    pytest.fail(f"{name} is left out: {line}")


class TestNumericValues:
    def test_whatever_is_a_number_is_kept_as_a_float(self) -> None:
        data = {
            "int": 1,
            "bool": True,
            "numpy": np.float32(0.5),
            "array": np.array(3),
            "fraction": Fraction(1, 4),
        }

        assert numeric_values(data, left_out) == {
            "int": 1.0,
            "bool": 1.0,
            "numpy": 0.5,
            "array": 3.0,
            "fraction": 0.25,
        }

    def test_nested_dictionaries_get_dotted_names(self) -> None:
        assert numeric_values({"val": {"acc": 1, "by": {"class": 2}}}, left_out) == {
            "val.acc": 1.0,
            "val.by.class": 2.0,
        }

    def test_nan_and_infinities_are_kept(self) -> None:
        values = numeric_values({"a": math.nan, "b": -math.inf}, left_out)

        assert math.isnan(values["a"])
        assert values["b"] == -math.inf

    def test_everything_else_is_left_out_and_named(self) -> None:
        ignored: list[str] = []
        data = {
            "text": "0.5",
            "none": None,
            "many": np.arange(3),
            "numpy text": np.str_("1"),
            "huge": 10**400,
            "group": {"list": [1]},
        }

        assert numeric_values(data, lambda name, _: ignored.append(name)) == {}
        assert ignored == ["text", "none", "many", "numpy text", "huge", "group.list"]


class HostileError(Exception):
    """The error that hostile values raise."""


class Hostile:
    def __getattr__(self, name: str) -> object:
        raise HostileError(name)

    def __float__(self) -> float:
        raise HostileError

    def __str__(self) -> str:
        raise HostileError

    __repr__ = __str__

    def __hash__(self) -> int:
        return 1


class HostileDict(dict[str, object]):
    def items(self) -> Any:
        raise HostileError


class Endless(dict[str, object]):
    def items(self) -> Any:
        return ((f"k{index}", 1.0) for index in itertools.count())


def circle() -> dict[str, object]:
    found: dict[str, object] = {}
    found["a"] = found["b"] = found
    return found


def deep(levels: int) -> dict[str, object]:
    found: dict[str, object] = {}
    for _ in range(levels):
        found = {"d": found}
    return found


def doubled(levels: int) -> dict[str, object]:
    found: dict[str, object] = {"x": 1.0}
    for _ in range(levels):
        found = {"a": found, "b": found}
    return found


@pytest.mark.parametrize(
    "odd",
    [
        circle(),
        deep(100_000),
        doubled(60),
        Endless(),
        HostileDict(a=1),
        Hostile(),
        Decimal("sNaN"),
        10**5_000,
        np.arange(3),
        None,
        b"1",
    ],
    ids=lambda odd: type(odd).__name__,
)
def test_nothing_that_is_logged_fails_and_the_rest_is_kept(odd: object) -> None:
    said: list[str] = []
    metrics = MetricFilter(said.append)

    data: dict[Any, Any] = {"before": 1, "odd": odd, Hostile(): 1, "after": 2.0}

    values = metrics.numbers(data)

    assert values["before"] == 1.0
    assert len(values) <= MOST_VALUES
    assert said
    # Once for each name, however often the name occurs.
    metrics.numbers({"odd": odd})
    assert len(said) == len(set(said)) <= 102


@pytest.mark.parametrize("name", ["", "x" * 201, "a\0b", "\ud800" * 50])
def test_a_name_that_cant_be_stored_is_left_out_and_said_once(name: str) -> None:
    said: list[str] = []
    metrics = MetricFilter(said.append)

    for _ in range(3):
        assert metrics.numbers({name: 1.0, "loss": 0.5}) == {"loss": 0.5}

    assert len(said) == 1
    assert said[0].startswith("log leaves out ")


@pytest.mark.parametrize("step", [-1, 2**63 - 1, 10**5_000], ids=["below", "beyond", "huge"])
def test_a_step_out_of_range_is_left_out_and_said(step: int) -> None:
    said: list[str] = []

    assert MetricFilter(said.append).step(step) is None

    assert "a step is 0 to 2**63 - 2" in said[0]


class TestCheckSchedule:
    def test_it_is_due_after_a_number_of_finite_values_of_the_metric(self) -> None:
        schedule = CheckSchedule("m", next_check=2)
        schedule.observe(0, {"m": 1.0})
        schedule.observe(1, {"other": 1.0})
        assert not schedule.is_due

        schedule.observe(3, {"m": 1.0})
        assert schedule.is_due

    def test_a_value_that_is_not_finite_makes_it_due_at_once(self) -> None:
        schedule = CheckSchedule("m", next_check=3)
        schedule.observe(0, {"m": 1.0})
        schedule.observe(1, {"m": math.nan})
        assert schedule.is_due

        schedule.postpone(3)
        assert not schedule.is_due
        # This value is not an iteration, so one more finite value is not enough.
        schedule.observe(2, {"m": 1.0})
        assert not schedule.is_due
        schedule.observe(3, {"m": 1.0})
        assert schedule.is_due

    def test_the_same_step_counts_once(self) -> None:
        schedule = CheckSchedule("m", next_check=2)
        schedule.observe(0, {"m": 1.0})
        schedule.observe(0, {"m": 2.0})

        assert not schedule.is_due

    def test_an_answer_moves_it(self) -> None:
        schedule = CheckSchedule("m", next_check=1)
        schedule.observe(0, {"m": 1.0})

        # Not due again at once, whatever the answer is.
        schedule.postpone(1)
        assert not schedule.is_due
        schedule.observe(1, {"m": 1.0})
        assert schedule.is_due
        schedule.postpone(None)
        assert not schedule.is_due

    @pytest.mark.parametrize(("metric", "next_check"), [("m", None), (None, 1)])
    def test_it_is_never_due_without_early_termination_or_metric(
        self, metric: str | None, next_check: int | None
    ) -> None:
        schedule = CheckSchedule(metric, next_check)
        schedule.observe(0, {"m": 1.0})

        assert not schedule.is_due


class Sent:
    """Accepts rows in place of the registry, after a given number of failures."""

    def __init__(self, failures: int = 0) -> None:
        self.requests: list[list[MetricRow]] = []
        self.failures = failures
        self.arrived = threading.Event()

    def __call__(self, rows: list[MetricRow], timeout: float | None = None) -> None:
        if self.failures:
            self.failures -= 1
            raise UnavailableError("away")
        self.requests.append(rows)
        self.arrived.set()

    @property
    def values(self) -> dict[int, dict[str, float]]:
        return {row.step: dict(row.values) for rows in self.requests for row in rows}


def unexpected(error: WanllmdbError) -> None:
    pytest.fail(str(error))


def ignored(_rows: list[MetricRow]) -> None:
    """A sender that keeps no rows."""


def as_text(rows: list[MetricRow]) -> list[str]:
    return [f"{row.step}{'*' if row.is_summary else ''} {dict(row.values)}" for row in rows]


class TestReporter:
    def test_summary_values_come_after_what_was_logged_before_them(self) -> None:
        reporter = Reporter(Sent(failures=10**6), failed=unexpected, keep=ignored)
        reporter.set_summary({"m": 0.0})
        reporter.add(0, {"m": 1.0, "n": 1.0})
        reporter.set_summary({"m": 2.0, "best": 3.0})
        reporter.add(0, {"n": 4.0})
        reporter.add(1, {"m": 5.0})
        reporter.set_summary({"n": 6.0})

        assert as_text(reporter.close()) == [
            "0 {'m': 1.0, 'n': 4.0}",
            "1 {'m': 5.0}",
            "0* {'best': 3.0}",
            "1* {'n': 6.0}",
        ]

    def test_a_summary_value_that_could_not_be_sent_gives_way_to_a_later_one(self) -> None:
        sent = Sent(failures=1)
        reporter = Reporter(sent, failed=unexpected, keep=ignored)
        reporter.add(3, {"m": 1.0})
        reporter.set_summary({"m": 2.0, "n": 2.0})
        with contextlib.suppress(UnavailableError):
            reporter.flush()
        reporter.add(4, {"m": 3.0})
        reporter.flush()
        reporter.close()

        rows = as_text([row for request in sent.requests for row in request])
        assert rows[:1] == ["3 {'m': 1.0}"]
        assert rows.index("4 {'m': 3.0}") > 0
        assert "n" in rows[-1] or "n" in rows[-2]

    def test_rows_are_sent_in_the_background_many_at_a_time(self) -> None:
        sent = Sent()
        reporter = Reporter(sent, failed=unexpected, keep=ignored)
        for step in range(100):
            reporter.add(step, {"m": float(step)})

        assert sent.arrived.wait(5)
        assert reporter.close() == []
        assert sent.values == {step: {"m": float(step)} for step in range(100)}
        assert len(sent.requests) < 10

    def test_values_of_one_step_are_one_row(self) -> None:
        sent = Sent()
        reporter = Reporter(sent, failed=unexpected, keep=ignored)
        reporter.add(0, {"a": 1.0})
        reporter.add(0, {"b": 2.0, "a": 3.0})
        reporter.flush()

        assert [row.values for rows in sent.requests for row in rows] == [{"a": 3.0, "b": 2.0}]

    def test_unsent_rows_are_returned_at_the_end(self) -> None:
        sent = Sent(failures=10**6)
        reporter = Reporter(sent, failed=unexpected, keep=ignored)
        reporter.add(0, {"m": 1.0})
        with pytest.raises(UnavailableError):
            reporter.flush()
        reporter.add(1, {"m": 2.0})
        reporter.add(0, {"m": 5.0})

        assert [(row.step, row.values) for row in reporter.close()] == [
            (0, {"m": 5.0}),
            (1, {"m": 2.0}),
        ]

    def test_a_failure_that_passes_loses_nothing(self) -> None:
        sent = Sent(failures=1)
        reporter = Reporter(sent, failed=unexpected, keep=ignored)
        reporter.add(0, {"m": 1.0})

        assert sent.arrived.wait(5)
        reporter.close()
        assert sent.values == {0: {"m": 1.0}}

    def test_a_permanent_failure_is_reported(self) -> None:
        told: list[WanllmdbError] = []
        heard = threading.Event()

        def refuse(_: list[MetricRow], timeout: float | None) -> None:
            raise NotFoundError("no such run")

        def hear(error: WanllmdbError) -> None:
            told.append(error)
            heard.set()

        reporter = Reporter(refuse, failed=hear, keep=ignored)
        reporter.add(0, {"m": 1.0})

        assert heard.wait(5)
        assert isinstance(told[0], NotFoundError)
        assert len(reporter.close()) == 1

    def test_no_request_exceeds_what_a_server_takes(self) -> None:
        sent = Sent()
        reporter = Reporter(sent, failed=unexpected, keep=ignored)
        wide = {f"m{index}": 0.0 for index in range(1_000)}
        for step in range(12):
            reporter.add(step, wide)
        reporter.flush()

        sizes = [sum(len(row.values) for row in rows) for rows in sent.requests]
        assert sum(sizes) == 12_000
        assert max(sizes) <= VALUES_A_REQUEST


def test_rows_are_cut_by_what_a_request_takes() -> None:
    rows = [MetricRow(step, {f"m{i}": 0.0 for i in range(2_000)}) for step in range(5)]

    assert [[row.step for row in batch] for batch in batches(rows)] == [[0, 1], [2, 3], [4]]
    assert list(batches([])) == []


@pytest.mark.parametrize(
    ("count", "name"), [(25_000, "m"), (5_000, "x" * 190), (5_000, "\N{SNOWMAN}" * 190)]
)
def test_a_row_that_no_request_takes_is_cut_by_values_and_by_bytes(count: int, name: str) -> None:
    row = MetricRow(7, {f"{name}{index}": float(index) for index in range(count)})

    cut = list(batches([row]))

    found: dict[str, float] = {}
    for batch in cut:
        assert {row.step for row in batch} == {7}
        request = run_calls.report_metrics("s", 0, 1, batch, None).request
        assert request.ByteSize() <= 1.1 * BYTES_A_REQUEST
        assert sum(len(row.values) for row in batch) <= VALUES_A_REQUEST
        for piece in batch:
            found.update(piece.values)
    assert found == row.values


class TestKeeping:
    """Rows that are kept while the registry is unavailable."""

    def test_all_of_it_is_kept_until_it_is_sent(self) -> None:
        sent = Sent(failures=1)
        kept: list[list[int]] = []
        reporter = Reporter(
            sent, failed=unexpected, keep=lambda rows: kept.append([row.step for row in rows])
        )
        reporter.add(0, {"m": 1.0})
        reporter.add(1, {"m": 2.0})
        with contextlib.suppress(UnavailableError):
            reporter.flush()

        assert sent.arrived.wait(5)
        reporter.close()
        assert kept == [[0, 1], []]

    def test_what_comes_later_is_kept_too(self) -> None:
        sent = Sent(failures=10**6)
        kept: list[list[int]] = []
        reporter = Reporter(
            sent, failed=unexpected, keep=lambda rows: kept.append([row.step for row in rows])
        )
        reporter.add(0, {"m": 1.0})
        with pytest.raises(UnavailableError):
            reporter.flush()
        assert reporter.is_failing
        reporter.add(1, {"m": 2.0})
        with pytest.raises(UnavailableError):
            reporter.flush()

        assert kept[-1] == [0, 1]
        assert [row.step for row in reporter.close()] == [0, 1]

    def test_the_end_does_not_wait_for_a_request_that_hangs(self) -> None:
        hanging, over, ended = (threading.Event() for _ in range(3))

        def hang(_: list[MetricRow], timeout: float | None) -> None:
            hanging.set()
            over.wait(30)
            ended.set()
            raise NotFoundError("the run has ended meanwhile")

        reporter = Reporter(hang, failed=unexpected, keep=ignored)
        reporter.add(0, {"m": 1.0})
        assert hanging.wait(5)
        reporter.add(1, {"m": 2.0})

        # Including the rows that are being sent.
        assert [row.step for row in reporter.close()] == [0, 1]
        assert not ended.is_set()
        over.set()


class TestBeyondMemory:
    """Rows that exceed the memory while the server is unavailable."""

    @staticmethod
    def on_disk(folder: Path, said: list[str]) -> OnDisk:
        client = Client("127.0.0.1:1", "127.0.0.1:1")
        spool = RunSpool(Spool(folder), client.registry_address, run(), said.append)
        waiter = OutageWaiter(said.append)
        return OnDisk(
            RunSender(client, run(), {"m"}, waiter, spool, lambda _: None, said.append),
            lambda: None,
        )

    def test_older_rows_go_to_disk_in_order_and_the_newest_stay(self, tmp_path: Path) -> None:
        said: list[str] = []
        disk = self.on_disk(tmp_path / "spool", said)
        reporter = Reporter(Sent(failures=10**6), unexpected, ignored, disk)
        rows = 3 * MOST_IN_MEMORY
        for step in range(rows):
            reporter.add(step, {"m": float(step)})

        left = reporter.close()
        steps: list[int] = []
        while (request := disk.first()) is not None:
            assert isinstance(request, ReportMetricsRequest)
            steps.extend(row.step for row in request.rows)
            disk.done(request)

        # Rows that were being sent when the first file was written may be there twice.
        assert sorted(set(steps + [row.step for row in left])) == list(range(rows))
        assert steps == sorted(steps)
        assert len(left) <= MOST_IN_MEMORY
        assert said == []

    def test_a_disk_that_takes_none_is_said_once_and_the_newest_rows_stay(
        self, tmp_path: Path
    ) -> None:
        (tmp_path / "file").touch()
        said: list[str] = []
        disk = self.on_disk(tmp_path / "file" / "spool", said)
        reporter = Reporter(Sent(failures=10**6), unexpected, ignored, disk)
        rows = MOST_WITHOUT_DISK
        for step in range(rows):
            reporter.add(step, {"m": float(step)})

        left = [row.step for row in reporter.close()]

        assert len(left) <= MOST_WITHOUT_DISK
        assert left[-1] == rows - 1
        assert len(set(said)) == 1
        assert "its oldest values are lost unless the registry is back soon" in said[0]

    def test_files_of_an_earlier_life_come_first(self, tmp_path: Path) -> None:
        def requests(step: int) -> list[Message]:
            rows = [MetricRow(step, {"m": 0.0})]
            return [run_calls.report_metrics("sweep", 0, 1, rows, None).request]

        first, second = (
            Overflow(Spool(tmp_path), "127.0.0.1:1", run(), pytest.fail) for _ in range(2)
        )
        first.put(requests(0))
        second.put(requests(1))

        found: list[int] = []
        while (request := second.first()) is not None:
            assert isinstance(request, ReportMetricsRequest)
            found.append(request.rows[0].step)
            second.done(request)

        assert found == [0, 1]
        assert list(tmp_path.iterdir()) == []

    def test_a_file_that_is_broken_is_left_alone(self, tmp_path: Path) -> None:
        said: list[str] = []
        overflow = Overflow(Spool(tmp_path), "127.0.0.1:1", run(), said.append)
        overflow.put([run_calls.report_metrics("sweep", 0, 1, [], None).request])
        (path,) = tmp_path.iterdir()
        path.write_bytes(b"{")

        assert overflow.first() is None
        assert overflow.first() is None
        assert len(said) == 1
        assert path.exists()


class TestOutageWaiter:
    def test_a_call_is_repeated_until_the_service_is_back(self) -> None:
        said: list[str] = []
        answers = iter([UnavailableError("away"), DeadlineExceededError("slow"), None])

        def call() -> str:
            error = next(answers)
            if error is not None:
                raise error
            return "answer"

        assert OutageWaiter(said.append).retry(call) == "answer"
        assert said == [
            "waiting up to 10 min for the services: away",
            "the services are back after 1 s",
        ]

    def test_patience_ends(self) -> None:
        def call() -> None:
            raise UnavailableError("away")

        began = time.monotonic()
        with pytest.raises(UnavailableError):
            OutageWaiter(lambda _: None, patience=0.5).retry(call)
        assert 0.5 < time.monotonic() - began < 5

    def test_what_does_not_pass_is_raised_at_once(self) -> None:
        def call() -> None:
            raise NotFoundError("no such sweep")

        with pytest.raises(NotFoundError):
            OutageWaiter(pytest.fail).retry(call)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class TestConsole:
    def test_a_terminal_gets_one_line_that_is_redrawn(self) -> None:
        terminal = Terminal()
        console = Console(terminal)
        console.live("run 1/5", at_once=True)
        console.live("run 2", at_once=True)
        console.line("a line that stays")

        assert terminal.getvalue() == ("run 1/5\r\r       \rrun 2\r\r     \ra line that stays\n")

    def test_it_is_not_redrawn_all_the_time(self) -> None:
        terminal = Terminal()
        console = Console(terminal)
        for step in range(1000):
            console.live(f"step {step}")

        assert terminal.getvalue().count("step") < 100

    def test_without_a_terminal_there_are_only_lines(self) -> None:
        stream = io.StringIO()
        console = Console(stream)
        console.live("run 1/5", at_once=True)
        console.line("run 0 finished")
        console.clear()

        assert stream.getvalue() == "run 0 finished\n"


def test_a_failure_keeps_the_message_and_the_traceback() -> None:
    def train() -> None:
        raise ValueError("broken data")

    with pytest.raises(ValueError, match="broken data") as raised:
        train()

    failed = failed_by(raised.value)

    assert failed.message == "ValueError: broken data"
    assert "test_agent_parts.py" in failed.traceback
    assert failed.traceback.endswith("ValueError: broken data\n")


class Decisions(Client):
    """A client whose suggestion service is first unavailable and then returns given decisions."""

    def __init__(self) -> None:
        super().__init__("127.0.0.1:1", "127.0.0.1:1")
        self.asked = threading.Semaphore(0)
        # A list, which copies of the client share.
        self.decisions: list[StopDecision] = []

    def should_stop(self, sweep_id: str, number: int) -> StopDecision:
        self.asked.release()
        if not self.decisions:
            raise UnavailableError("away")
        return self.decisions[0]


class TestStopQuestions:
    def test_an_answer_that_comes_late_counts_at_the_next_value(self) -> None:
        client = Decisions()
        orders = RunCommands()
        questions = StopChecks(
            client, run(), CheckSchedule("loss", 1), lambda _: None, orders, pytest.fail
        )
        questions.observe(0, {"loss": 1.0})
        questions.ask_if_due()
        assert client.asked.acquire(timeout=5)
        assert orders.order is None
        # Training continues and does not ask the service itself.
        questions.observe(1, {"loss": 1.0})
        questions.ask_if_due()

        client.decisions.append(StopDecision(True, "too slow", None, None, None, 0, None))
        assert client.asked.acquire(timeout=5)
        deadline = time.monotonic() + 5
        while orders.order is None and time.monotonic() < deadline:
            questions.ask_if_due()
            time.sleep(0.05)
        assert orders.order is not None
        assert orders.order.reason == "too slow"
        questions.close()

    def test_no_decision_is_requested_after_the_end(self) -> None:
        client = Decisions()
        questions = StopChecks(
            client, run(), CheckSchedule("loss", 1), lambda _: None, RunCommands(), pytest.fail
        )
        questions.observe(0, {"loss": 1.0})
        questions.ask_if_due()
        assert client.asked.acquire(timeout=5)
        questions.close()

        assert not client.asked.acquire(timeout=1.5)


class TestValueLoss:
    """Early termination ranks by the last value: a far better earlier one is a warning."""

    @pytest.mark.parametrize(
        ("values", "minimize", "best"),
        [
            ([9.0, 1.0, 8.0], True, 1.0),
            ([9.0, 1.0, 4.0], True, None),
            ([0.1, 0.9, 0.2], False, 0.9),
            ([0.1, 0.9, 0.8], False, None),
            ([9.0, 1.0, math.nan, 8.0, math.inf], True, 1.0),
            # The run never improved.
            ([1.0, 5.0, 9.0], True, None),
            ([9.0, 1.0], True, None),
            ([], True, None),
        ],
    )
    def test_far_is_more_than_half_of_what_was_gained(
        self, values: list[float], minimize: bool, best: float | None
    ) -> None:
        assert best_far_from_last(values, minimize=minimize) == best


def test_a_redrawn_line_is_due_on_a_terminal_alone_and_not_with_each_value() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    assert not Console(io.StringIO()).is_due
    console = Console(Terminal())
    assert console.is_due
    console.live("run 1", at_once=True)
    assert not console.is_due
