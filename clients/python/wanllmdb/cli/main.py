"""The entry point of the `wanllmdb` program."""

from __future__ import annotations

import io
import os
import sys
import traceback

FAILED = 1
INTERRUPTED = 130


def main() -> None:
    """Run the program; each client error becomes one message and exit code 1."""
    # gRPC reads this variable when it is loaded. The client itself reports failed
    # connections.
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    if isinstance(sys.stdout, io.TextIOWrapper):
        # As on stderr, characters that the terminal's encoding lacks are escaped.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        _run()
    except KeyboardInterrupt:
        # Ctrl-C came while the program was loading; commands handle it themselves.
        sys.exit(INTERRUPTED)


def _run() -> None:
    try:
        import rich  # noqa: F401  # asked for here, used by the commands
        import typer  # noqa: F401
    except ModuleNotFoundError as missing:
        sys.exit(
            f"The wanllmdb program needs the package {missing.name}: pip install 'wanllmdb[cli]'"
        )
    from wanllmdb._errors import WanllmdbError
    from wanllmdb._shown import shown_lines
    from wanllmdb.cli.app import build_app

    try:
        try:
            build_app()(prog_name="wanllmdb")
        finally:
            # stdout is None if it was closed before the start (`>&-`).
            if sys.stdout is not None:
                sys.stdout.flush()
    except WanllmdbError as error:
        print(shown_lines(f"wanllmdb: {error}"), file=sys.stderr)
        sys.exit(FAILED)
    except OSError as error:
        # Commands report errors of files themselves, so this is standard output, for example
        # on a full disk.
        print(f"wanllmdb: the output can't be written: {error.strerror}", file=sys.stderr)
        # Otherwise Python would try to write the rest at its end, and fail.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
    except Exception as error:
        # An argument that is not UTF-8; protobuf wraps some of these errors.
        cause = error if isinstance(error, UnicodeEncodeError) else error.__cause__
        if isinstance(cause, UnicodeEncodeError):
            text = shown_lines(
                f"wanllmdb: {cause.object[:200]!r} can't be sent, because it is not valid UTF-8"
            )
            print(text, file=sys.stderr)
            sys.exit(FAILED)
        # A defect; its traceback may contain terminal control characters.
        print(shown_lines(traceback.format_exc()), end="", file=sys.stderr)
        sys.exit(FAILED)


if __name__ == "__main__":
    main()
