"""A client's connections: addresses, credentials, TLS, routing, retries and errors."""
