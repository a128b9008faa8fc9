"""Services show the certificate from their files, without a restart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.robustness.certificates import ShownCertificate
from tests.robustness.checks.violation import Violation

SHOWN = "services show the certificate in their files"


def check_certificates(shown: Sequence[ShownCertificate]) -> Iterator[Violation]:
    """Check the certificates after the last replacement."""
    for one in shown:
        if one.shown != one.stored:
            yield Violation(SHOWN, f"{one.service} shows another certificate than the stored one")
