"""Each RPC x each role x (own project, other project, all projects; bad keys): expected and seen.

`python -m tests.security_table` prints it, against real server processes. A row is a `Case` in
`CASES`: the RPC's full name, how a *valid* request is made, and the role and place that it needs,
written down a second time here, so that the servers' own tables are held against something. An RPC
of a served service without a row fails the test.

To add a service: start its server in `world.running_world` (its name in SERVED, its stubs by
`world.root_channels`), write its rows in a module of its own, and add them to
`cases.CASES`. `Case.make` gets the world and the project that the request is to be about, and makes
what it needs there with the operator's key, which may do everything: `world.sweep(project)`,
`world.running(project)` and so on. Keys of every kind are made by the world; nothing
else is needed.
"""
