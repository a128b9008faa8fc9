"""`wanllmdb key ...`: API keys."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Annotated

import typer

import wanllmdb
from wanllmdb.cli import details, formats, tables
from wanllmdb.cli.console import say, stdout
from wanllmdb.cli.documents import print_json
from wanllmdb.cli.help import Group
from wanllmdb.cli.options import AsJson, client_of

app = typer.Typer(cls=Group, no_args_is_help=True, help="Create, list and revoke API keys.")

_LENGTH = re.compile(r"(\d{1,5})([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_ROLES = ", ".join(role for role in wanllmdb.Role if role is not wanllmdb.Role.UNKNOWN)


@app.command()
def create(
    context: typer.Context,
    role: Annotated[
        str,
        typer.Option(
            help=f"Role of the key: {_ROLES}. Each role includes the rights of those before it."
        ),
    ],
    projects: Annotated[
        list[str] | None,
        typer.Option("--project", help="Project that the key gives access to; repeatable."),
    ] = None,
    all_projects: Annotated[
        bool, typer.Option("--all-projects", help="Give the key access to all projects.")
    ] = False,
    expires: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="When the key expires: 90m, 12h, 30d or 8w from now, or a date or time such as "
            "2027-01-31 or 2027-01-31T12:00+01:00. Default: never.",
        ),
    ] = None,
    name: Annotated[str, typer.Option(help="Name of the key, for example its purpose.")] = "",
    as_json: AsJson = False,
) -> None:
    """Create a key and print it; it can't be printed again.

    Only the key goes to standard output, so that it can be redirected to a file:
    `wanllmdb key create --role agent --project vision > agent.key`.
    """
    if all_projects == bool(projects):
        raise typer.BadParameter(
            "give either --project, once for each project, or --all-projects, not both"
        )
    # Imported here because it loads protobuf, which a help text does not need.
    from wanllmdb._types.keys import ALL_PROJECTS

    end = None if expires is None else _end(expires)
    with client_of(context) as client:
        created = client.create_key(name, role=role, projects=projects or ALL_PROJECTS, expires=end)
        # Without this note, users would believe that the key protects the registry.
        is_asked_for = client.get_caller().keys_required
    if as_json:
        print_json({"key": created.key, "text": created.text})
        return
    say(created.text)
    _explain(created, is_asked_for=is_asked_for)


@app.command("ls")
def list_keys(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="List at most this many keys.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List the keys of your projects, newest first, including revoked and expired keys."""
    with client_of(context) as client:
        keys = list(islice(client.list_keys(), limit))
    if as_json:
        print_json(keys)
    else:
        stdout().print(tables.keys_table(keys))


@app.command()
def revoke(
    context: typer.Context,
    key_id: Annotated[
        str,
        typer.Argument(
            metavar="KEY", help="The key's id, as `key ls` prints it; not the key itself."
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Revoke a key, effective immediately."""
    if key_id.startswith("wsk_"):
        # The key may be in the shell's history by now, but it need not be sent to the registry.
        raise typer.BadParameter("give only the key's id, the part between the underscores")
    with client_of(context) as client:
        key = client.revoke_key(key_id)
    if as_json:
        print_json(key)
    else:
        say(f"Revoked key {key.key_id}{_named(key)}.")


@app.command()
def whoami(context: typer.Context, as_json: AsJson = False) -> None:
    """Show the role and the projects of the key in use."""
    with client_of(context) as client:
        caller = client.get_caller()
    if as_json:
        print_json(caller)
    elif caller.key is None:
        say("The registry requires no keys: all callers may do everything.")
    else:
        stdout().print(details.key(caller.key))


def _explain(created: wanllmdb.CreatedKey, *, is_asked_for: bool) -> None:
    key = created.key
    end = formats.time_left(key.expire_time)
    say(
        f"Created key {key.key_id}{_named(key)}: {key.role} in {formats.projects(key.projects)}, "
        f"expires {end}.",
        err=True,
    )
    say(
        "The key is not shown again. To use it, set WANLLMDB_API_KEY to the key, or "
        "WANLLMDB_API_KEY_FILE to a file that holds it.",
        err=True,
    )
    if not is_asked_for:
        say(
            "Note: the registry does not require keys at present; start it with --require-keys "
            "to require them.",
            err=True,
        )


def _named(key: wanllmdb.ApiKey) -> str:
    return f" ({key.name})" if key.name else ""


def _end(text: str) -> datetime | timedelta:
    length = _LENGTH.fullmatch(text)
    if length is not None:
        return timedelta(**{_UNITS[length[2]]: int(length[1])})
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"--expires: {text!r} is neither a duration such as 30d nor a date or time such as "
            "2027-01-31"
        ) from None
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)
