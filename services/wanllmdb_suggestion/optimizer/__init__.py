"""The model of one sweep: what to try next, when to stop, what matters. Free of gRPC and SQL."""
