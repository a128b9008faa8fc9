"""What holds for every RPC, file and error reason of the public protos."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from google.protobuf.descriptor import FileDescriptor, MethodDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions

from wanllmdb.api.registry.v1 import (
    activity_pb2,
    error_details_pb2,
    error_reason_pb2,
    key_service_pb2,
    plots_pb2,
    registry_service_pb2,
    run_columns_pb2,
    run_pb2,
    search_space_pb2,
    sweep_list_pb2,
    sweep_pb2,
    template_service_pb2,
    watch_pb2,
)
from wanllmdb.api.suggestion.v1 import analysis_service_pb2, suggestion_service_pb2
from wanllmdb_registry.rpc.rpc_table import RPC_TABLE

ROOT = Path(__file__).parents[2]
PROTOS = ROOT / "protos"
FILES: list[FileDescriptor] = [
    module.DESCRIPTOR
    for module in (
        activity_pb2,
        analysis_service_pb2,
        error_details_pb2,
        error_reason_pb2,
        key_service_pb2,
        plots_pb2,
        registry_service_pb2,
        run_columns_pb2,
        run_pb2,
        search_space_pb2,
        suggestion_service_pb2,
        sweep_list_pb2,
        sweep_pb2,
        template_service_pb2,
        watch_pb2,
    )
]
METHODS: list[MethodDescriptor] = [
    method
    for file in FILES
    for service in file.services_by_name.values()
    for method in service.methods
]
# Verbs of RPCs that change something.
MUTATING = (
    *("Create", "Update", "Delete", "Start", "Pause", "Resume", "Finish", "Cancel", "Enqueue"),
    *("Retry", "Import", "Report", "Release", "Heartbeat", "Suggest", "Revoke"),
)


def _only_reads(method: MethodDescriptor) -> bool:
    level = method.GetOptions().idempotency_level
    return bool(level == MethodOptions.NO_SIDE_EFFECTS)


def test_every_public_file_is_looked_at() -> None:
    assert {file.name for file in FILES} == {
        path.relative_to(PROTOS).as_posix() for path in (PROTOS / "wanllmdb/api").rglob("*.proto")
    }


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_an_rpc_declares_that_it_only_reads_unless_its_verb_changes_something(
    method: MethodDescriptor,
) -> None:
    assert _only_reads(method) != method.name.startswith(MUTATING)
    # What may be sent again without a declaration needs a request id.
    named = "request_id" in method.input_type.fields_by_name
    assert named != _only_reads(method) or method.name == "Heartbeat"


def test_the_audit_log_has_every_rpc_that_does_not_only_read() -> None:
    for method in METHODS:
        row = RPC_TABLE.get(f"/{method.containing_service.full_name}/{method.name}")
        if row is not None and method.name != "Heartbeat":
            assert (row.audit is None) == _only_reads(method), method.name


@pytest.mark.parametrize("file", FILES, ids=lambda file: Path(file.name).stem)
def test_the_java_class_of_a_file_has_a_name_that_no_message_has(file: FileDescriptor) -> None:
    options = file.GetOptions()
    words = Path(file.name).stem.split("_")
    assert options.java_outer_classname == "".join(map(str.capitalize, words)) + "Proto"
    assert options.java_multiple_files
    assert options.java_package == f"dev.{file.package}"
    taken = {
        *file.message_types_by_name,
        *file.enum_types_by_name,
        *file.services_by_name,
    }
    assert options.java_outer_classname not in taken


def test_equal_reasons_of_an_end_have_equal_numbers() -> None:
    finish = {
        name.removeprefix("FINISH_REASON_"): int(number)
        for name, number in sweep_pb2.FinishReason.items()
    }
    exhausted = {
        name.removeprefix("EXHAUSTED_REASON_"): int(number)
        for name, number in suggestion_service_pb2.ExhaustedReason.items()
    }
    shared = finish.keys() & exhausted.keys()
    assert shared == {"UNSPECIFIED", "RUN_CAP", "SPACE_EXHAUSTED", "TARGET_REACHED", "TERMINATED"}
    assert {name: finish[name] for name in shared} == {name: exhausted[name] for name in shared}


# Error reasons: their comments in the proto are the contract, and the services' source is compared
# with them.

_CLASSES = {
    "InvalidArgumentError": "INVALID_ARGUMENT",
    "NotFoundError": "NOT_FOUND",
    "AlreadyExistsError": "ALREADY_EXISTS",
    "FailedPreconditionError": "FAILED_PRECONDITION",
    "AbortedError": "ABORTED",
    "UnavailableError": "UNAVAILABLE",
    "OverloadedError": "RESOURCE_EXHAUSTED",
    "UnauthenticatedError": "UNAUTHENTICATED",
    "PermissionDeniedError": "PERMISSION_DENIED",
}


@dataclass
class Documented:
    """A reason as its comment describes it."""

    code: str
    metadata: set[str]


@dataclass
class Raised:
    """How the services raise a reason."""

    codes: set[str] = field(default_factory=set)
    metadata: set[str] = field(default_factory=set)


def _documented() -> dict[str, Documented]:
    text = (PROTOS / error_reason_pb2.DESCRIPTOR.name).read_text()
    found = {}
    for comment, name in re.findall(r"((?:  // .*\n)+)  ERROR_REASON_(\w+) = [1-9]", text):
        plain = " ".join(line.strip("/ ") for line in comment.splitlines())
        _, _, listed = re.sub("problems, the(?:ir)? number", "problems", plain).partition(
            "Metadata: "
        )
        names = set(re.findall(r"\b[a-z]+(?:_[a-z]+)*\b", listed)) & _NAMES
        found[name] = Documented(plain.partition(":")[0], names)
    return found


# All names of metadata, so that other words of a comment are not taken for one.
_NAMES = {
    *("sweep_id", "number", "external_run_id", "state", "attempt", "etag", "finished", "needed"),
    *("reference", "run_cap", "total_runs", "algorithm", "package", "template", "key_id"),
    *("needed_role", "limit", "max_metrics", "max_metric_bytes", "database_id", "revision"),
    *("problems", "request_id", "limit_seconds"),
}


def _raised() -> dict[str, Raised]:
    raised: dict[str, Raised] = defaultdict(Raised)
    for path in (ROOT / "services").rglob("*.py"):
        for call in _calls(ast.parse(path.read_text())):
            reason = call.args[0] if call.args else None
            if not (isinstance(reason, ast.Constant) and isinstance(reason.value, str)):
                continue
            name = call.func.id if isinstance(call.func, ast.Name) else ""
            raised[reason.value].codes.add(_CLASSES[name])
            raised[reason.value].metadata |= {
                keyword.arg for keyword in call.keywords if keyword.arg is not None
            } - {"retry_after", "violations", "uncounted"}
    return raised


def _calls(tree: ast.Module) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in _CLASSES
        ):
            yield node


def test_every_reason_is_raised_with_its_code_and_no_other() -> None:
    documented = _documented()
    for reason, raised in _raised().items():
        assert reason in documented, f"{reason} is not in error_reason.proto"
        assert raised.codes == {documented[reason].code}, reason


def test_reasons_have_the_metadata_that_their_comments_state() -> None:
    documented = _documented()
    stated = {reason: documented[reason].metadata for reason in _raised()}
    # The errors themselves count their problems.
    assert {
        reason: raised.metadata | (stated[reason] & {"problems"})
        for reason, raised in _raised().items()
    } == stated
