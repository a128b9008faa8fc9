"""The certificate that each service shows to new connections."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass

from tests.robustness.platform import CALLER, SERVICES, Platform
from wanllmdb_local import HOST


@dataclass(frozen=True, slots=True)
class ShownCertificate:
    """The certificate that a service shows, and the one in its file; both in DER."""

    service: str
    shown: bytes
    stored: bytes


async def shown_certificates(platform: Platform) -> Sequence[ShownCertificate]:
    """Return the certificate of each service, read over a new connection; none without TLS."""
    if not platform.security.tls:
        return ()
    return [await _shown(platform, name) for name in SERVICES]


async def _shown(platform: Platform, name: str) -> ShownCertificate:
    stored = platform.certificate(name)
    context = ssl.create_default_context(cafile=str(stored.ca))
    # gRPC closes a connection that does not choose HTTP/2.
    context.set_alpn_protocols(["h2"])
    if platform.security.mutual:
        own = platform.certificate(CALLER)
        context.load_cert_chain(own.cert, own.key)
    host, _, port = platform.address(name).rpartition(":")
    _reader, writer = await asyncio.open_connection(
        host, int(port), ssl=context, server_hostname=HOST
    )
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    first = stored.cert.read_text().partition("-----END CERTIFICATE-----")
    return ShownCertificate(name, shown, ssl.PEM_cert_to_DER_cert(first[0] + first[1]))
