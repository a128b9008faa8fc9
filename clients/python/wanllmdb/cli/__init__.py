"""The `wanllmdb` program. Needs the extra `[cli]`; the client itself never imports this."""
