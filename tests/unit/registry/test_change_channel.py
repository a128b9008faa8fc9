"""What a notification holds."""

from __future__ import annotations

from wanllmdb_registry.store.change_channel import MAX_PAYLOAD_BYTES, payloads


def test_ids_share_notifications_within_the_limit() -> None:
    ids = [f"{number:012}" for number in range(10_000)]
    sent = list(payloads(ids))
    assert [sweep_id for payload in sent for sweep_id in payload.split()] == ids
    assert max(map(len, sent)) <= MAX_PAYLOAD_BYTES
    assert len(sent) == 10_000 // (MAX_PAYLOAD_BYTES // 13) + 1
    assert list(payloads([])) == []
