"""How a server starts, listens, reports its health and stops."""
