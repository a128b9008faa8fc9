"""Runs to and from other places, for `wanllmdb runs import` and `export`.

Each function is an entry of the group `wanllmdb.run_exchange`, loaded when it is used,
since it needs packages that the thin client does not. They raise WanllmdbError.
"""
