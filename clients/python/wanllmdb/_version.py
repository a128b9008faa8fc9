"""The client's version, the same as the distribution's."""

__version__ = "0.1.0"
