"""The message of `up` once everything answers: the addresses, and the next steps."""

from __future__ import annotations

from wanllmdb_local import DASHBOARD_PORT, HOST, REGISTRY_PORT, SUGGESTION_PORT
from wanllmdb_local.data_dir import ADMIN_KEY, LOGS
from wanllmdb_local.platform import Endpoints
from wanllmdb_local.secret_files import ADMIN_KEY_VARIABLE, own_admin_key
from wanllmdb_local.settings import PlatformSettings


def welcome(settings: PlatformSettings, endpoints: Endpoints) -> str:
    """Return the message, without a newline at the end."""
    facts = [("registry", endpoints.registry), ("suggestion", endpoints.suggestion)]
    if endpoints.dashboard is not None:
        facts.append(("dashboard", endpoints.dashboard))
    facts.append(("logs", str(settings.data_dir / LOGS)))
    if settings.protection.has_keys:
        facts.append(("admin key", _admin_key(settings)))
    return "\n".join(
        [
            "",
            "wanllmdb is up; Ctrl-C stops it.",
            *(f"  {name:<11} {what}" for name, what in facts),
            "",
            "Next, in another terminal:",
            *(f"  {line}" for line in _exports(settings, endpoints)),
            "  wanllmdb sweep create sweep.yaml",
            *(["  wanllmdb ui"] if endpoints.dashboard is not None else []),
        ]
    )


def _admin_key(settings: PlatformSettings) -> str:
    if own := own_admin_key():
        where = f"the value of {own}"
    else:
        where = str(settings.data_dir / ADMIN_KEY)
    return (
        f"{where}; this key may do everything: create other keys for agents, see `wanllmdb key "
        "create --help`"
    )


def _exports(settings: PlatformSettings, endpoints: Endpoints) -> list[str]:
    protection = settings.protection
    lines = []
    default = (f"{HOST}:{REGISTRY_PORT}", f"{HOST}:{SUGGESTION_PORT}")
    if (endpoints.registry, endpoints.suggestion) != default:
        lines.append(
            f"export WANLLMDB_REGISTRY={endpoints.registry} "
            f"WANLLMDB_SUGGESTION={endpoints.suggestion}"
        )
    if endpoints.dashboard not in (None, f"http://{HOST}:{DASHBOARD_PORT}"):
        lines.append(f"export WANLLMDB_DASHBOARD={endpoints.dashboard}")
    if protection.has_tls:
        lines.append(
            f"export WANLLMDB_TLS_CA=CA.pem  # the authority that signed {protection.tls_cert}"
        )
    if protection.tls_client_ca is not None:
        lines.append(
            "export WANLLMDB_TLS_CERT=CLIENT.pem WANLLMDB_TLS_KEY=CLIENT.key  # signed by one of "
            f"{protection.tls_client_ca}"
        )
    if protection.has_keys:
        if own := own_admin_key():
            lines.append(f"export WANLLMDB_API_KEY{own.removeprefix(ADMIN_KEY_VARIABLE)}=${own}")
        else:
            lines.append(f"export WANLLMDB_API_KEY_FILE={settings.data_dir / ADMIN_KEY}")
        if protection.is_exposed and not protection.has_tls:
            lines.append("export WANLLMDB_INSECURE=1  # the key is sent in plain text")
    return lines
