"""The steps around every call of a server, before and after the servicer's method."""
