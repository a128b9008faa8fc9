"""A real Prometheus on a real `wanllmdb up` with faults: each alert fires in its fault."""
