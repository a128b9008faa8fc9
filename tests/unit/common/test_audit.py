"""The fields of a line of the audit log."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import grpc
import pytest

from wanllmdb.api.registry.v1 import key_service_pb2 as pb
from wanllmdb_common.calls.audit import Audit, mutating_rpcs, text
from wanllmdb_common.calls.audit_lines import audit_lines
from wanllmdb_common.calls.call import Call
from wanllmdb_common.error_mapping import Context

SERVICE = pb.DESCRIPTOR.services_by_name["KeyService"].full_name
CREATE_KEY = f"/{SERVICE}/CreateKey"


class FromAfar:
    def peer(self) -> str:
        return "ipv4:192.0.2.1:5"


def line_of(code: grpc.StatusCode, folder: Path) -> dict[str, Any]:
    """The line of a CreateKey with long fields and the given outcome."""
    file = folder / code.name

    def projects(request: Any, _response: object) -> dict[str, object]:
        return {"projects": [text(project) for project in request.projects]}

    audit = Audit(dict.fromkeys(mutating_rpcs(SERVICE), projects), [SERVICE], str(file))
    request = pb.CreateKeyRequest(projects=["p\n" * 1_000] * 100, request_id="r" * 1_000)
    call = Call(CREATE_KEY, request, cast("Context", FromAfar()), is_stream=False)
    call.code = code
    audit.after(call)
    audit.close()
    (line,) = file.read_text().splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def test_an_unauthenticated_call_logs_the_attempt_and_its_origin(tmp_path: Path) -> None:
    line = line_of(grpc.StatusCode.UNAUTHENTICATED, tmp_path)
    assert (line["event"], line["peer"], line["code"]) == (
        "CreateKey",
        "ipv4:192.0.2.1:5",
        "UNAUTHENTICATED",
    )
    assert len(json.dumps(line)) < 500


def test_a_rejected_call_of_a_known_caller_logs_everything(tmp_path: Path) -> None:
    line = line_of(grpc.StatusCode.PERMISSION_DENIED, tmp_path)
    assert line["projects"] == [text("p\n" * 1_000)] * 100
    assert line["request_id"] == "r" * 200


def test_a_line_is_written_before_the_next_step_and_as_the_page_shows_it(tmp_path: Path) -> None:
    file = tmp_path / "audit"
    audit = Audit(dict.fromkeys(mutating_rpcs(SERVICE), lambda *_: {}), [SERVICE], str(file))
    call = Call(CREATE_KEY, pb.CreateKeyRequest(), cast("Context", FromAfar()), is_stream=False)
    audit.after(call)
    # The writer is still open.
    line = file.read_text()
    time, rest = line.split(", ", 1)
    written = datetime.fromisoformat(json.loads(f"{time}}}")["timestamp"])
    assert timedelta() <= datetime.now(UTC) - written < timedelta(minutes=10)
    assert rest == (
        '"level": "info", "logger": "wanllmdb.audit", "event": "CreateKey", "key_id": "anonymous", '
        '"peer": "ipv4:192.0.2.1:5", "code": "OK"}\n'
    )
    audit.close()


def test_a_moved_file_is_opened_again_and_keeps_its_lines(tmp_path: Path) -> None:
    file, moved = tmp_path / "audit", tmp_path / "audit.1"
    file.write_text("of the process before\n")
    lines = audit_lines(str(file))
    lines.write("first")
    file.rename(moved)
    lines.write("second")
    file.unlink()
    file.write_text("")
    lines.write("third")
    assert moved.read_text() == "of the process before\nfirst\n"
    assert file.read_text() == "third\n"
    lines.close()


def test_the_moved_file_is_used_while_its_path_can_not_be_opened(tmp_path: Path) -> None:
    folder, moved = tmp_path / "logs", tmp_path / "moved"
    folder.mkdir()
    lines = audit_lines(str(folder / "audit"))
    folder.rename(moved)
    with pytest.raises(FileNotFoundError):
        lines.write("first")
    folder.mkdir()
    lines.write("second")
    assert (moved / "audit").read_text() == "first\n"
    assert (folder / "audit").read_text() == "second\n"
    lines.close()


def test_lines_on_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    audit_lines("stderr").write("a line")
    assert capfd.readouterr().err == "a line\n"
