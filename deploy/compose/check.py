"""Check what no schema knows: the settings that compose.yaml gives, its files, and the init script.

Exits with one line for each problem.
"""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic_settings import BaseSettings

from wanllmdb import _env
from wanllmdb_gateway.settings import GatewaySettings
from wanllmdb_registry.settings import RegistrySettings
from wanllmdb_registry.store.database_address import DatabaseAddress
from wanllmdb_suggestion.settings import SuggestionSettings

FOLDER = Path(__file__).parent
MONITORING = FOLDER.parent / "monitoring"
SETTINGS: dict[str, type[BaseSettings]] = {
    "WANLLMDB_REGISTRY_": RegistrySettings,
    "WANLLMDB_SUGGESTION_": SuggestionSettings,
    "WANLLMDB_GATEWAY_": GatewaySettings,
}
# Of the init script, and of the command line.
OTHERS = {"WANLLMDB_NAMES", "WANLLMDB_DASHBOARD"}


def known_variables() -> set[str]:
    """Return every variable that a service or the client reads."""
    of_services = {
        f"{prefix}{field.upper()}"
        for prefix, settings in SETTINGS.items()
        for field in settings.model_fields
    }
    of_clients = {value for name, value in vars(_env).items() if name.isupper()}
    return of_services | of_clients | OTHERS


def problems_of_services(services: dict[str, Any]) -> Iterator[str]:
    """Yield the problems of the services of the file."""
    known = known_variables()
    for name, service in services.items():
        for variable in service.get("environment", {}):
            if variable.startswith("WANLLMDB_") and variable not in known:
                yield f"{name}: no program reads {variable}"
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            # A release without monitoring has none of its files.
            is_left_out = source.startswith("../monitoring") and not MONITORING.exists()
            if source.startswith(".") and not is_left_out and not (FOLDER / source).exists():
                yield f"{name}: there is no {source}"
        if service.get("image", "").startswith("wanllmdb-") and not service.get("read_only"):
            yield f"{name}: its root is not read-only"


def problems_of_init() -> Iterator[str]:
    """Run the init script twice, and yield what is wrong with its files."""
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        first, second = (_init(folder, {}) for _ in range(2))
        if not first or second:
            yield f"the init script wrote at its second start: {second}"
        registry = RegistrySettings(
            database_url_file=folder / "database/url",
            admin_key_file=folder / "registry/admin.key",
        )
        DatabaseAddress(registry.database_url.get_secret_value())
        SuggestionSettings(state_key_file=folder / "suggestion/state.key")
        for service in ("registry", "suggestion", "gateway"):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(folder / service / "tls.pem", folder / service / "tls.key")
        ssl.create_default_context(cafile=str(folder / "ca/ca.pem"))
        third = _init(folder, {"WANLLMDB_NAMES": "sweeps.example.org,10.0.0.7"})
        if third.count("tls.pem") != len(SETTINGS) or "ca.pem" in third or "admin" in third:
            yield f"with a further name, the init script wrote: {third}"
        for file in folder.rglob("*.key"):
            if file.stat().st_mode & 0o077:
                yield f"others may read {file.name}"


def _init(folder: Path, variables: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, FOLDER / "init.py", folder, str(os.getuid())],
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


def main() -> None:
    """Check everything; exit with the problems."""
    services = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]
    found = [*problems_of_services(services), *problems_of_init()]
    if found:
        sys.exit("\n".join(f"deploy/compose: {problem}" for problem in found))
    print(f"the variables of {len(services)} services are settings; init.py makes what they need")


if __name__ == "__main__":
    main()
