"""How logged values reach the registry: in batches, in order, and kept while it is unavailable."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

import pytest
from google.protobuf.message import Message

from tests.unit.client.runs import run
from wanllmdb import (
    Client,
    MetricRow,
    NotFoundError,
    UnavailableError,
    WanllmdbError,
)
from wanllmdb._agent.reporter import MOST_IN_MEMORY, MOST_WITHOUT_DISK, Reporter
from wanllmdb._agent.row_batches import BYTES_A_REQUEST, VALUES_A_REQUEST, batches
from wanllmdb._agent.run_sender import OnDisk, RunSender
from wanllmdb._agent.wait_policy import OutageWaiter
from wanllmdb._calls import run_calls
from wanllmdb._spool import Overflow, RunSpool, Spool
from wanllmdb.api.registry.v1.registry_service_pb2 import ReportMetricsRequest


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

    def test_a_flush_sends_no_more_than_what_was_added_before_it(self) -> None:
        """Otherwise a thread that logs quickly would keep it waiting without end."""
        sent: list[int] = []
        training = threading.current_thread()

        def send(rows: list[MetricRow], _timeout: float | None) -> None:
            if threading.current_thread() is not training:
                raise UnavailableError("only the flush sends")
            sent.extend(row.step for row in rows)
            if len(sent) < 100:
                reporter.add(rows[-1].step + 1, {"m": 0.5})

        reporter = Reporter(send, failed=unexpected, keep=ignored)
        reporter.add(0, {"m": 0.5})
        reporter.add(1, {"m": 0.5})
        reporter.flush()
        reporter.close()

        assert sent == [0, 1]

    def test_rows_are_sent_in_the_background_many_at_a_time(self) -> None:
        sent = Sent()
        reporter = Reporter(sent, failed=unexpected, keep=ignored)
        for step in range(100):
            reporter.add(step, {"m": float(step)})

        assert sent.arrived.wait(60)
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

        assert sent.arrived.wait(60)
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

        assert heard.wait(60)
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

    def test_training_goes_on_while_a_request_is_made(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sent = Sent()
        reporter = Reporter(sent, failed=unexpected, keep=ignored)
        pauses = iter(range(5))

        def log_meanwhile() -> None:
            for count in pauses:
                # A step that is under way already, and one that comes later.
                reporter.add(0, {"again": float(count)})
                reporter.add(5_000 + count, {"m": 1.0})
                return

        monkeypatch.setattr("wanllmdb._agent.reporter.let_others_go", log_meanwhile)
        for step in range(900):
            reporter.add(step, {"m": float(step)})
        reporter.flush()
        reporter.close()

        values = sent.values
        assert values.pop(0) == {"again": 4.0}
        assert [values[step] for step in range(1, 900)] == [{"m": float(s)} for s in range(1, 900)]
        assert [values[step] for step in range(5_000, 5_005)] == [{"m": 1.0}] * 5

    def test_an_interrupt_while_a_request_is_made_loses_nothing(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupt() -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("wanllmdb._agent.reporter.let_others_go", interrupt)
        reporter = Reporter(Sent(), failed=unexpected, keep=ignored)
        # A closed reporter has no thread that could send the rows before.
        reporter.close()
        for step in range(300):
            reporter.add(step, {"m": float(step)})
        with pytest.raises(KeyboardInterrupt):
            reporter.flush()
        assert [row.step for row in reporter.close()] == list(range(300))


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

        assert sent.arrived.wait(60)
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

    def test_training_does_not_keep_its_rows_itself(self) -> None:
        by: list[threading.Thread] = []
        keeping, over = threading.Event(), threading.Event()

        def keep(_rows: list[MetricRow]) -> None:
            by.append(threading.current_thread())
            keeping.set()
            over.wait(60)

        reporter = Reporter(Sent(failures=10**6), failed=unexpected, keep=keep)
        reporter.add(0, {"m": 1.0})
        assert keeping.wait(60)
        # While the rows so far are encoded and written.
        reporter.add(1, {"m": 2.0})

        assert threading.current_thread() not in by
        over.set()
        assert [row.step for row in reporter.close()] == [0, 1]

    def test_what_is_logged_while_a_request_hangs_is_kept(self) -> None:
        hanging, over, kept = (threading.Event() for _ in range(3))
        is_first = iter([True])

        def hang_after_a_failure(_: list[MetricRow], timeout: float | None) -> None:
            if next(is_first, False):
                raise UnavailableError("away")
            hanging.set()
            over.wait(60)
            raise UnavailableError("still away")

        def keep(rows: list[MetricRow]) -> None:
            if [row.step for row in rows] == [0, 1]:
                kept.set()

        reporter = Reporter(hang_after_a_failure, failed=unexpected, keep=keep)
        reporter.add(0, {"m": 1.0})
        assert hanging.wait(60)
        reporter.add(1, {"m": 2.0})

        assert kept.wait(60)
        over.set()
        assert [row.step for row in reporter.close()] == [0, 1]

    def test_a_row_that_is_sent_in_parts_keeps_the_parts_that_are_left(self) -> None:
        values = {f"m{index}": float(index) for index in range(6_000)}
        is_first = iter([True])

        def fail_with_the_second_part(rows: list[MetricRow], timeout: float | None) -> None:
            if not next(is_first, False):
                raise UnavailableError("away")

        reporter = Reporter(fail_with_the_second_part, failed=unexpected, keep=ignored)
        # A closed reporter has no thread that could send the rows before.
        reporter.close()
        reporter.add(0, values)
        with pytest.raises(UnavailableError):
            reporter.flush()

        left = reporter.close()
        assert [row.step for row in left] == [0]
        assert left[0].values == dict(list(values.items())[1_000:])

    def test_the_end_does_not_wait_for_a_request_that_hangs(self) -> None:
        hanging, over, ended = (threading.Event() for _ in range(3))

        def hang(_: list[MetricRow], timeout: float | None) -> None:
            hanging.set()
            over.wait(60)
            ended.set()
            raise NotFoundError("the run has ended meanwhile")

        reporter = Reporter(hang, failed=unexpected, keep=ignored)
        reporter.add(0, {"m": 1.0})
        assert hanging.wait(60)
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

    def test_training_goes_on_while_a_file_is_read(self) -> None:
        class Disk:
            """Accepts rows; reading takes until `over`, and finds none."""

            reading, over, read = (threading.Event() for _ in range(3))

            def put(self, rows: list[MetricRow]) -> bool:
                return True

            def first(self) -> Message | None:
                self.reading.set()
                self.over.wait(60)
                self.read.set()
                return None

            def send(self, request: Message, timeout: float | None) -> None:
                raise AssertionError("there is no request")

            def done(self, request: Message) -> None:
                raise AssertionError("there is no request")

        sent, disk = Sent(), Disk()
        reporter = Reporter(sent, unexpected, ignored, disk)
        reporter.add(0, {f"m{index}": 0.0 for index in range(MOST_IN_MEMORY + 1)})
        assert disk.reading.wait(60)
        reporter.add(1, {"m": 1.0})

        assert not disk.read.is_set()
        disk.over.set()
        assert sent.arrived.wait(60)
        reporter.close()
        assert sent.values == {1: {"m": 1.0}}

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
