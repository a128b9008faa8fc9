"""`wanllmdb key ...`: API keys."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Annotated

import typer

from wanllmdb import ApiKey, CreatedKey, Role
from wanllmdb._types.keys import ALL_PROJECTS
from wanllmdb.cli import details, formats, tables
from wanllmdb.cli.console import say, stdout
from wanllmdb.cli.documents import print_json
from wanllmdb.cli.options import AsJson, client_of

app = typer.Typer(no_args_is_help=True, help="API keys: who may do what, in which projects.")

_LENGTH = re.compile(r"(\d{1,5})([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_ROLES = ", ".join(role for role in Role if role is not Role.UNKNOWN)


@app.command()
def create(
    context: typer.Context,
    role: Annotated[str, typer.Option(help=f"{_ROLES}: each may do what those before it may.")],
    projects: Annotated[
        list[str] | None,
        typer.Option("--project", help="A project that it is good for; repeatable."),
    ] = None,
    all_projects: Annotated[
        bool, typer.Option("--all-projects", help="It is good for all projects.")
    ] = False,
    expires: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="From when on it is refused: 90m, 12h, 30d or 8w from now, or a day or time "
            "such as 2027-01-31 or 2027-01-31T12:00+01:00. Default: never.",
        ),
    ] = None,
    name: Annotated[str, typer.Option(help="What it is for, for people.")] = "",
    as_json: AsJson = False,
) -> None:
    """Create a key and print it, this once.

    Standard output gets the key alone, so that it can be put into a variable or a file:
    `wanllmdb key create --role agent --project vision > agent.key`.
    """
    if all_projects == bool(projects):
        raise typer.BadParameter("give either --project, once for each project, or --all-projects")
    end = None if expires is None else _end(expires)
    with client_of(context) as client:
        created = client.create_key(name, role=role, projects=projects or ALL_PROJECTS, expires=end)
        # Else one would take the key for a protection that it is not.
        is_asked_for = client.get_caller().keys_required
    if as_json:
        print_json({"key": created.key, "text": created.text})
        return
    say(created.text)
    _explain(created, is_asked_for=is_asked_for)


@app.command("ls")
def list_keys(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List the keys of your projects, newest first, those that are no longer good too."""
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
        typer.Argument(metavar="KEY", help="The key's id, as `key ls` shows it; not its text."),
    ],
    as_json: AsJson = False,
) -> None:
    """Have a key refused from now on."""
    if key_id.startswith("wsk_"):
        # It may be in the shell's history by now, but need not go any further.
        raise typer.BadParameter("give the id alone, the part between the underscores")
    with client_of(context) as client:
        key = client.revoke_key(key_id)
    if as_json:
        print_json(key)
    else:
        say(f"Revoked key {key.key_id}{_named(key)}.")


@app.command()
def whoami(context: typer.Context, as_json: AsJson = False) -> None:
    """Show what the key that you use may do."""
    with client_of(context) as client:
        caller = client.get_caller()
    if as_json:
        print_json(caller)
    elif caller.key is None:
        say("The registry asks for no keys: everybody may do everything.")
    else:
        stdout().print(details.key(caller.key))


def _explain(created: CreatedKey, *, is_asked_for: bool) -> None:
    key = created.key
    end = formats.time_left(key.expire_time)
    say(
        f"Created key {key.key_id}{_named(key)}: {key.role} in {formats.projects(key.projects)}, "
        f"expires {end}.",
        err=True,
    )
    say(
        "The key is shown this once. Who uses it sets WANLLMDB_API_KEY to it, or "
        "WANLLMDB_API_KEY_FILE to a file that holds it.",
        err=True,
    )
    if not is_asked_for:
        say(
            "Note: the registry asks for no keys at present; it does when it is started with "
            "--require-keys.",
            err=True,
        )


def _named(key: ApiKey) -> str:
    return f" ({key.name})" if key.name else ""


def _end(text: str) -> datetime | timedelta:
    length = _LENGTH.fullmatch(text)
    if length is not None:
        return timedelta(**{_UNITS[length[2]]: int(length[1])})
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"--expires: {text!r} is no length of time such as 30d, nor a day or time such as "
            "2027-01-31"
        ) from None
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)
