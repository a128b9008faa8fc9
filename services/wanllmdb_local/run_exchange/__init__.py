"""Exchange of runs with other tools, for `wanllmdb runs import` and `export`.

Each function is an entry point of the group `wanllmdb.run_exchange` and is loaded on use, since it
needs packages that the thin client does not have. The functions raise WanllmdbError.
"""
