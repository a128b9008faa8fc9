"""Each RPC x each role x (own project, other project, all projects; bad keys): expected and seen.

`python -m tests.security_table` prints the table, from calls to real server processes. A row is a
`Case` in `CASES`: the RPC's full name, a function that makes a *valid* request, and the role and
scope that the RPC needs. The roles are written down a second time here, so that the servers' own
tables are compared with something. An RPC of a served service without a row fails the test.

To add a service: start its server in `world.running_world` (its name in SERVED, its stubs by
`world.root_channels`), write its rows in a module of its own, and add them to `cases.CASES`.
`Case.make` gets the world and the project of the request, and creates what the request needs with
the operator's key, which may do everything: `world.sweep(project)`, `world.running(project)` and
so on. The world creates keys of every kind; nothing else is needed.
"""
