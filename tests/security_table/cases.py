"""The rows of all services."""

from __future__ import annotations

from tests.security_table import registry_cases, suggestion_cases

CASES = [*registry_cases.CASES, *suggestion_cases.CASES]
