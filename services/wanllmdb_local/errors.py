"""What can go wrong on the way up, each said in one message for people."""

from __future__ import annotations


class LocalError(Exception):
    """The platform can't start or go on; the text says why and what to do."""


class DataDirError(LocalError):
    """The data directory can't be used as it is. Nothing in it was changed."""


class DataDirInUseError(DataDirError):
    """Another process runs a platform on this data directory."""


class ReadyFileError(LocalError):
    """The ready file can't be where it was asked for. Nothing there was changed."""


class PortTakenError(LocalError):
    """A port that was asked for belongs to another program."""


class AddressError(LocalError):
    """An address that was asked for is not this machine's."""


class ProtectionError(LocalError):
    """Other machines would reach the platform without what protects it, or a file can't be used."""


class StartError(LocalError):
    """A part of the platform ended or stayed silent while it started."""
