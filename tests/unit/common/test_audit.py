"""The fields of a line of the audit log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import grpc

from wanllmdb.api.registry.v1 import key_service_pb2 as pb
from wanllmdb_common.calls.audit import Audit, mutating_rpcs, text
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
