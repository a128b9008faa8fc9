"""The server process: start, listening, health and shutdown."""
