"""Calls about templates, asynchronous."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

from wanllmdb._async_client.connection import AsyncConnection
from wanllmdb._calls import template_calls
from wanllmdb._types.enums import ConfigFormat
from wanllmdb._types.templates import Template, TemplatePlaceholder
from wanllmdb._types.values import UNSET, Unset


class AsyncTemplateCalls(AsyncConnection):
    """Calls about templates."""

    async def create_template(
        self,
        name: str,
        config: Mapping[str, Any] | str,
        *,
        description: str = "",
        placeholders: Iterable[TemplatePlaceholder] = (),
        request_id: str | None = None,
    ) -> Template:
        """Create a template.

        Args:
            name: lower-case letters, digits and hyphens.
            config: a W&B-style config, as text or as a dictionary, in which `$(name)`
                stands for a placeholder's value.
            description: what the template is for.
            placeholders: the config's placeholders, in the order in which a form would ask for
                them.
            request_id: see the class.

        Raises:
            AlreadyExistsError: TEMPLATE_NAME_TAKEN.
            InvalidArgumentError: the config, checked with the placeholders' defaults and examples
                filled in, is invalid; lists every problem.
        """
        return await self._invoke(
            template_calls.create_template(name, config, description, placeholders, request_id)
        )

    async def get_template(self, name: str) -> Template:
        """A template, built-in or created."""
        return await self._invoke(template_calls.get_template(name))

    def list_templates(self, *, page_size: int = 0) -> AsyncIterator[Template]:
        """All templates by name, fetched in pages of `page_size` (1 to 1,000; 0 for 50)."""
        return self._pages(template_calls.list_templates(page_size))

    async def update_template(
        self,
        name: str,
        *,
        config: Mapping[str, Any] | str | Unset = UNSET,
        description: str | Unset = UNSET,
        placeholders: Iterable[TemplatePlaceholder] | Unset = UNSET,
        etag: str = "",
        request_id: str | None = None,
    ) -> Template:
        """Replace the given fields of a template.

        Raises:
            AbortedError: `etag` was given and the template has changed since.
            FailedPreconditionError: TEMPLATE_BUILT_IN.
        """
        return await self._invoke(
            template_calls.update_template(
                name, config, description, placeholders, etag, request_id
            )
        )

    async def delete_template(
        self, name: str, *, etag: str = "", request_id: str | None = None
    ) -> None:
        """Delete a template; sweeps created from it stay unchanged."""
        return await self._invoke(template_calls.delete_template(name, etag, request_id))

    async def render_template(
        self,
        name: str,
        values: Mapping[str, Any] | None = None,
        *,
        config_format: ConfigFormat | str = ConfigFormat.YAML,
    ) -> str:
        """The config that results from a template and these values, as "yaml" or "json" text.

        Raises:
            InvalidArgumentError: a value is missing or unknown; lists every such value.
        """
        return await self._invoke(template_calls.render_template(name, values or {}, config_format))
