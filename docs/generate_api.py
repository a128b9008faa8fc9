"""Write docs/api.md, the API's reference, from the comments of the protos.

buf build protos -o - | python docs/generate_api.py > docs/api.md
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from google.protobuf import descriptor_pb2 as pb

OURS = "wanllmdb.api."
_F = pb.FieldDescriptorProto
_SCALARS = {
    _F.TYPE_DOUBLE: "double",
    _F.TYPE_INT64: "int64",
    _F.TYPE_INT32: "int32",
    _F.TYPE_BOOL: "bool",
    _F.TYPE_STRING: "string",
    _F.TYPE_BYTES: "bytes",
}
# Field numbers in descriptor.proto: the paths of source locations consist of them.
_MESSAGE, _ENUM, _SERVICE = 4, 5, 6
_FIELD, _ONEOF, _VALUE, _METHOD = 2, 8, 2, 2


class Comments:
    """The comments of one file, by the path of the element that follows them."""

    def __init__(self, file: pb.FileDescriptorProto) -> None:
        self._by_path = {
            tuple(location.path): location.leading_comments
            for location in file.source_code_info.location
        }

    def paragraphs(self, *path: int) -> str:
        """Return the comment as Markdown; indented lines become a block."""
        lines = [line.removeprefix(" ") for line in self._by_path.get(path, "").splitlines()]
        return "\n".join(lines).strip()

    def line(self, *path: int) -> str:
        """Return the comment as one line of a table."""
        return " ".join(self.paragraphs(*path).split()).replace("|", "\\|")


def main() -> None:
    """Print the page for the FileDescriptorSet with source info on stdin."""
    files = pb.FileDescriptorSet.FromString(sys.stdin.buffer.read()).file
    ours = sorted(
        (file for file in files if file.package.startswith(OURS)),
        # Services come first, then the types that they use.
        key=lambda file: (file.package, not file.service, file.name),
    )
    print("\n".join(_page(ours)))


def _page(files: Sequence[pb.FileDescriptorProto]) -> Iterator[str]:
    yield "# The API"
    yield ""
    yield "Generated from the comments of `protos/` by `make docs`: edit those, not this page."
    yield ""
    for file in files:
        for service in file.service:
            yield f"- [{service.name}](#{service.name.lower()}): `{file.package}.{service.name}`"
    for file in files:
        comments = Comments(file)
        for index, service in enumerate(file.service):
            yield from _service(comments, index, service)
    for file in files:
        comments = Comments(file)
        yield ""
        yield f"## {file.name.removeprefix('wanllmdb/api/')}"
        for index, enum in enumerate(file.enum_type):
            yield from _enum(comments, index, enum)
        for index, message in enumerate(file.message_type):
            yield from _message(comments, index, message)


def _service(comments: Comments, index: int, service: pb.ServiceDescriptorProto) -> Iterator[str]:
    yield from ("", f"## {service.name}", "", comments.paragraphs(_SERVICE, index), "")
    yield "| RPC | what it does |"
    yield "| --- | --- |"
    for position, method in enumerate(service.method):
        stream = "stream of " if method.server_streaming else ""
        request, response = (_link(name) for name in (method.input_type, method.output_type))
        text = comments.line(_SERVICE, index, _METHOD, position)
        yield f"| **{method.name}**<br>{request} → {stream}{response} | {text} |"


def _enum(comments: Comments, index: int, enum: pb.EnumDescriptorProto) -> Iterator[str]:
    yield from ("", f"### {enum.name}", "", comments.paragraphs(_ENUM, index), "")
    yield "| value | number | meaning |"
    yield "| --- | --- | --- |"
    for position, value in enumerate(enum.value):
        text = comments.line(_ENUM, index, _VALUE, position)
        yield f"| `{value.name}` | {value.number} | {text} |"


def _message(comments: Comments, index: int, message: pb.DescriptorProto) -> Iterator[str]:
    yield from ("", f"### {message.name}", "", comments.paragraphs(_MESSAGE, index))
    if not message.field:
        return
    yield ""
    yield "| field | type | meaning |"
    yield "| --- | --- | --- |"
    for position, field in enumerate(message.field):
        text = comments.line(_MESSAGE, index, _FIELD, position)
        if field.HasField("oneof_index") and not field.proto3_optional:
            text = f"*One of `{message.oneof_decl[field.oneof_index].name}`.* {text}"
        yield f"| `{field.name}` | {_type(message, field)} | {text} |"


def _type(message: pb.DescriptorProto, field: pb.FieldDescriptorProto) -> str:
    if field.type in _SCALARS:
        name = _SCALARS[field.type]
    else:
        name = _link(field.type_name)
        entry = next((n for n in message.nested_type if field.type_name.endswith(n.name)), None)
        if entry is not None and entry.options.map_entry:
            return f"map of {_type(entry, entry.field[0])} to {_type(entry, entry.field[1])}"
    if field.label == _F.LABEL_REPEATED:
        return f"list of {name}"
    return f"optional {name}" if field.proto3_optional else name


def _link(full_name: str) -> str:
    name = full_name.rpartition(".")[2]
    return f"[{name}](#{name.lower()})" if full_name.startswith(f".{OURS}") else f"`{name}`"


if __name__ == "__main__":
    main()
