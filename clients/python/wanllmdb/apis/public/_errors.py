"""What the API raises beside the client's own exceptions.

Each is also the built-in exception that W&B raises there, so that both ways to catch it work.
"""

from __future__ import annotations

from wanllmdb._errors import InvalidArgumentError, NotFoundError, WanllmdbError


class RunNotFoundError(NotFoundError, ValueError):
    """There is no such run."""


class SweepNotFoundError(NotFoundError, ValueError):
    """There is no such sweep."""


class ProjectNotFoundError(NotFoundError, ValueError):
    """There is no such project: a project is there as long as it has sweeps."""


class InvalidQueryError(InvalidArgumentError, ValueError):
    """A filter, an order, a path or another argument that the API can't read."""


class InvalidPathError(InvalidQueryError, NotFoundError):
    """A path that names nothing: W&B raises what it raises for a run that is not there."""


class ReadOnlyApiError(InvalidArgumentError):
    """The API reads only, or the platform keeps no such thing."""


class MissingPackageError(WanllmdbError, ImportError):
    """A table was asked for, and the package that makes it is not installed."""
