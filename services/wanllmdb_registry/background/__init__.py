"""Periodic tasks; every replica runs all of them, and no replica is special."""
