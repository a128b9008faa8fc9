"""The errors of starting a platform, each with a message for the user."""

from __future__ import annotations


class LocalError(Exception):
    """The platform can't start or continue; the text gives the reason and the next step."""


class DataDirError(LocalError):
    """The data directory can't be used as it is. Nothing in it was changed."""


class DataDirInUseError(DataDirError):
    """Another process runs a platform on this data directory."""


class ReadyFileError(LocalError):
    """The ready file can't be written at the requested path. Nothing there was changed."""


class PortTakenError(LocalError):
    """A requested port is in use by another program."""


class AddressError(LocalError):
    """A requested address does not belong to this machine."""


class ProtectionError(LocalError):
    """Other machines would reach an unprotected platform, or a TLS file can't be used."""


class StartError(LocalError):
    """A part of the platform ended or did not answer while it started."""
