"""Tries the clients of all languages with the same vectors, and compares what they answer."""
