"""Metrics of the gateway, beside those of calls that all servers have."""

from __future__ import annotations

from prometheus_client import Counter

REJECTED = Counter(
    "wanllmdb_gateway_rejected_total",
    "Requests rejected before they reached a service, by the rule that rejected them.",
    ["rule"],
)
SIGN_INS = Counter(
    "wanllmdb_gateway_sign_ins_total",
    "Sign-ins, by their result: ok, refused, limited or failed.",
    ["result"],
)
