"""Writes the servers' settings into the chart's values.schema.json; `--check` only compares.

The chart passes `registry.settings` and the like to the servers as environment variables. A server
ignores a variable that names no setting, so the schema knows every setting and refuses other names.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from wanllmdb_common.server.settings import ProcessSettings
from wanllmdb_gateway.settings import GatewaySettings
from wanllmdb_registry.settings import RegistrySettings
from wanllmdb_suggestion.settings import SuggestionSettings

CHART = Path(__file__).parent / "wanllmdb"
SCHEMA = CHART / "values.schema.json"

SERVERS: dict[str, type[ProcessSettings]] = {
    "registry": RegistrySettings,
    "suggestion": SuggestionSettings,
    "gateway": GatewaySettings,
}
# Settings that the templates set themselves, from other values; or that make no sense in a Pod.
OF_THE_CHART = {
    *("host", "port", "local_port", "health_port", "metrics_port", "insecure"),
    *("tls_cert", "tls_key", "tls_client_ca", "grace", "drain_delay", "require_keys"),
    *("database_url", "database_url_file", "admin_key", "admin_key_file", "migrate_only"),
    *("state_key", "state_key_file", "session_key_file", "public_url"),
    *("registry", "suggestion"),
}
_OF_CHANNELS = ("registry_tls", "services_tls")
_KEPT = {"type", "enum", "minimum", "maximum", "exclusiveMinimum", "description"}


def settings_schema(settings: type[ProcessSettings]) -> dict[str, Any]:
    """Return the schema of one server's settings, as far as users of the chart set them."""
    fields = settings.model_json_schema()["properties"]
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            name: _reduced(field)
            for name, field in sorted(fields.items())
            if name not in OF_THE_CHART and not name.startswith(_OF_CHANNELS)
        },
    }


def _reduced(field: dict[str, Any]) -> dict[str, Any]:
    """Return what concerns users: without titles, defaults, and null for what is not set."""
    given: dict[str, Any] = next(
        (one for one in field.get("anyOf", []) if one.get("type") != "null"), {}
    )
    return {key: value for key, value in {**given, **field}.items() if key in _KEPT}


def with_settings(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the chart's schema with the settings as the servers have them now."""
    found = {f"{name}Settings": settings_schema(server) for name, server in SERVERS.items()}
    return {**schema, "$defs": {**schema["$defs"], **found}}


def main() -> int:
    """Return the exit code: 1 if the schema is not current and `--check` was given."""
    text = SCHEMA.read_text()
    current = json.dumps(with_settings(json.loads(text)), indent=2) + "\n"
    if "--check" in sys.argv[1:]:
        if text == current:
            return 0
        print(f"{SCHEMA.name} is not current: run python -m deploy.helm.settings_schema")
        return 1
    SCHEMA.write_text(current)
    return 0


if __name__ == "__main__":
    sys.exit(main())
