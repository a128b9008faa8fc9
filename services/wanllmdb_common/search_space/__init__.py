"""Search spaces: what a sweep searches, shared by both services."""
