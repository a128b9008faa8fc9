"""How a client reaches the services: addresses, credentials, TLS, routing, retries and errors."""
