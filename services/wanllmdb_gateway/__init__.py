"""The gateway: browsers reach both services through it, over Connect and gRPC-Web."""
