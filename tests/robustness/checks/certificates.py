"""Services show the certificate that is in their files, without being started again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.robustness.certificates import ShownCertificate
from tests.robustness.checks.violation import Violation

SHOWN = "services show the certificate that is in their files"


def check_certificates(shown: Sequence[ShownCertificate]) -> Iterator[Violation]:
    """After the last one was replaced."""
    for one in shown:
        if one.shown != one.stored:
            yield Violation(SHOWN, f"{one.service} shows another certificate than the stored one")
