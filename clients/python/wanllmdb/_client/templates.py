# Generated from _async_client/templates.py by generate_blocking.py; edit that file.
"""Calls about templates, blocking."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from wanllmdb._calls import template_calls
from wanllmdb._client.connection import Connection
from wanllmdb._types.enums import ConfigFormat
from wanllmdb._types.templates import Template, TemplatePlaceholder
from wanllmdb._types.values import UNSET, Unset


class TemplateCalls(Connection):
    """Calls about templates."""

    def create_template(
        self,
        name: str,
        config: Mapping[str, Any] | str,
        *,
        description: str = "",
        placeholders: Iterable[TemplatePlaceholder] = (),
        request_id: str | None = None,
    ) -> Template:
        """Creates a template.

        Args:
            name: lower-case letters, digits and hyphens.
            config: a W&B-style config, as text or as a dictionary, in which `$(name)`
                stands for a placeholder's value.
            description: what it is for.
            placeholders: those in the config, in the order in which a form would ask.
            request_id: see the class.

        Raises:
            AlreadyExistsError: TEMPLATE_NAME_TAKEN.
            InvalidArgumentError: names every problem of the config, which is checked with
                the placeholders' defaults and examples in their places.
        """
        return self._invoke(
            template_calls.create_template(name, config, description, placeholders, request_id)
        )

    def get_template(self, name: str) -> Template:
        """A template, a built-in one or another."""
        return self._invoke(template_calls.get_template(name))

    def list_templates(self, *, page_size: int = 0) -> Iterator[Template]:
        """All templates by name; `page_size` (1 to 1,000; 0 for 50) are fetched at a time."""
        return self._pages(template_calls.list_templates(page_size))

    def update_template(
        self,
        name: str,
        *,
        config: Mapping[str, Any] | str | Unset = UNSET,
        description: str | Unset = UNSET,
        placeholders: Iterable[TemplatePlaceholder] | Unset = UNSET,
        etag: str = "",
        request_id: str | None = None,
    ) -> Template:
        """Replaces what is given.

        Raises:
            AbortedError: `etag` was given and the template has changed since.
            FailedPreconditionError: TEMPLATE_BUILT_IN.
        """
        return self._invoke(
            template_calls.update_template(
                name, config, description, placeholders, etag, request_id
            )
        )

    def delete_template(self, name: str, *, etag: str = "", request_id: str | None = None) -> None:
        """Deletes a template; sweeps made from it stay as they are."""
        return self._invoke(template_calls.delete_template(name, etag, request_id))

    def render_template(
        self,
        name: str,
        values: Mapping[str, Any] | None = None,
        *,
        config_format: ConfigFormat | str = ConfigFormat.YAML,
    ) -> str:
        """The config that a template gives with these values, as "yaml" or "json" text.

        Raises:
            InvalidArgumentError: names every value that is missing or unknown.
        """
        return self._invoke(template_calls.render_template(name, values or {}, config_format))
