"""Every RPC, fed with what no well-meaning caller sends: see `python -m tests.fuzz --help`."""
