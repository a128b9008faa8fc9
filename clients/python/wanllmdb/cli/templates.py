"""`wanllmdb template ...`: named configs with placeholders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer
import yaml

import wanllmdb
from wanllmdb._shown import shown_lines
from wanllmdb.cli import details, tables
from wanllmdb.cli.console import put_document, say, say_lines, stdout
from wanllmdb.cli.documents import print_json
from wanllmdb.cli.help import Group
from wanllmdb.cli.options import AsJson, assignments, client_of, read_file

app = typer.Typer(cls=Group, no_args_is_help=True, help="Named sweep configs with placeholders.")

Name = Annotated[str, typer.Argument(metavar="TEMPLATE", help="Name of the template.")]
File = Annotated[
    str,
    typer.Argument(
        help="YAML file with name, description, placeholders and config, in the format of "
        "`template show --file`; - reads standard input."
    ),
]
Values = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Value of a placeholder; repeatable."),
]
_KEYS = {"name", "description", "placeholders", "config"}
_PLACEHOLDER_KEYS = {"description", "default", "example"}


@app.command("ls")
def list_templates(context: typer.Context, as_json: AsJson = False) -> None:
    """List the templates; a * marks required values."""
    with client_of(context) as client:
        templates = list(client.list_templates())
    if as_json:
        print_json(templates)
    else:
        stdout().print(tables.templates_table(templates))


@app.command()
def show(
    context: typer.Context,
    name: Name,
    as_file: Annotated[
        bool, typer.Option("--file", help="Print the file that `template create` reads.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show a template: its description, placeholders and config."""
    with client_of(context) as client:
        template = client.get_template(name)
    if as_json:
        print_json(template)
    elif as_file:
        put_document(_to_file(template))
    else:
        stdout().print(details.template(template))
        say_lines("\n" + template.config_text.rstrip("\n"))


@app.command()
def render(
    context: typer.Context,
    name: Name,
    values: Values = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the config as JSON.")] = False,
) -> None:
    """Print the config of a template with these values; `sweep create -` reads it."""
    form = wanllmdb.ConfigFormat.JSON if as_json else wanllmdb.ConfigFormat.YAML
    with client_of(context) as client:
        text = client.render_template(name, assignments(values or ()), config_format=form)
    put_document(text.rstrip("\n") + "\n")


@app.command()
def create(context: typer.Context, file: File, as_json: AsJson = False) -> None:
    """Create a template from a file."""
    name, description, config, placeholders = _from_file(file)
    with client_of(context) as client:
        template = client.create_template(
            name, config, description=description, placeholders=placeholders
        )
    _print_changed("Created", template, as_json)


@app.command()
def update(
    context: typer.Context,
    file: File,
    etag: Annotated[
        str, typer.Option(help="Change the template only if it still has this etag.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Replace a template with the content of a file."""
    name, description, config, placeholders = _from_file(file)
    with client_of(context) as client:
        template = client.update_template(
            name, config=config, description=description, placeholders=placeholders, etag=etag
        )
    _print_changed("Changed", template, as_json)


@app.command("rm")
def remove(context: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """Delete a template; sweeps made from it do not change."""
    with client_of(context) as client:
        client.delete_template(name)
    if as_json:
        print_json({"deleted": name})
    else:
        say(f"Deleted template {name}.")


def _print_changed(verb: str, template: wanllmdb.Template, as_json: bool) -> None:
    if as_json:
        print_json(template)
    else:
        say(f"{verb} template {template.name}.")


def _from_file(file: str) -> tuple[str, str, str, list[wanllmdb.TemplatePlaceholder]]:
    try:
        data = yaml.safe_load(read_file(file))
    except yaml.YAMLError as error:
        raise typer.BadParameter(f"{file} is not valid YAML: {error}") from None
    except RecursionError:
        raise typer.BadParameter(f"{file} is nested too deeply") from None
    if not isinstance(data, Mapping):
        raise typer.BadParameter(f"{file} must hold name, description, placeholders and config")
    _known_keys(file, data, _KEYS)
    for key in ("name", "config"):
        if not isinstance(data.get(key), str):
            hint = ": write `config: |` and indent the text" if key == "config" else ""
            raise typer.BadParameter(f"{file}: {key} must be a text{hint}")
    entries = data.get("placeholders") or {}
    if not isinstance(entries, Mapping):
        raise typer.BadParameter(f"{file}: placeholders must map names to objects")
    placeholders = [_placeholder(file, str(name), entry) for name, entry in entries.items()]
    return data["name"], str(data.get("description") or "").strip(), data["config"], placeholders


def _placeholder(file: str, name: str, entry: Any) -> wanllmdb.TemplatePlaceholder:
    entry = {} if entry is None else entry
    if not isinstance(entry, Mapping):
        raise typer.BadParameter(f"{file}: placeholders.{name} must be an object")
    _known_keys(f"{file}: placeholders.{name}", entry, _PLACEHOLDER_KEYS)
    return wanllmdb.TemplatePlaceholder(
        name,
        str(entry.get("description") or ""),
        entry.get("default", wanllmdb.UNSET),
        entry.get("example", wanllmdb.UNSET),
    )


def _known_keys(where: str, data: Mapping[Any, Any], known: set[str]) -> None:
    unknown = [str(key) for key in data if key not in known]
    if unknown:
        raise typer.BadParameter(
            f"{where}: unknown {', '.join(unknown)}; the known keys are {', '.join(sorted(known))}"
        )


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks."""


def _write_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _write_text)


def _to_file(template: wanllmdb.Template) -> str:
    placeholders = {}
    for each in template.placeholders:
        entry: dict[str, Any] = {"description": each.description} if each.description else {}
        entry |= {
            key: value
            for key, value in (("default", each.default), ("example", each.example))
            if value is not wanllmdb.UNSET
        }
        placeholders[each.name] = entry
    data = {
        "name": template.name,
        "description": template.description,
        "placeholders": placeholders,
        "config": template.config_text,
    }
    text = _dump(data, allow_unicode=True)
    # Characters that would reverse or hide text on a terminal are escaped.
    return text if shown_lines(text) == text else _dump(data, allow_unicode=False)


def _dump(data: dict[str, Any], *, allow_unicode: bool) -> str:
    text: str = yaml.dump(
        data, Dumper=_Dumper, sort_keys=False, allow_unicode=allow_unicode, width=100
    )
    return text
