"""The entry point of the `wanllmdb` program."""

from __future__ import annotations

import io
import os
import sys
import traceback

FAILED = 1
INTERRUPTED = 130


def main() -> None:
    """Runs the program; every error of the client becomes one message and exit code 1."""
    # gRPC reads it when it is loaded. What it would print of connections that do not come
    # about, the client says in words of its own.
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    if isinstance(sys.stdout, io.TextIOWrapper):
        # As on stderr: a character that the terminal's encoding lacks is no reason to fail.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        _run()
    except KeyboardInterrupt:
        # It came while the program was being loaded: commands hear it by themselves.
        sys.exit(INTERRUPTED)


def _run() -> None:
    try:
        import rich  # noqa: F401  # asked for here, used by the commands
        import typer  # noqa: F401
    except ModuleNotFoundError as missing:
        sys.exit(
            f"The wanllmdb program needs the package {missing.name}: pip install 'wanllmdb[cli]'"
        )
    from wanllmdb import WanllmdbError
    from wanllmdb._shown import shown_lines
    from wanllmdb.cli.app import build_app

    try:
        try:
            build_app()(prog_name="wanllmdb")
        finally:
            # There is none where it was closed before the start (`>&-`).
            if sys.stdout is not None:
                sys.stdout.flush()
    except WanllmdbError as error:
        print(shown_lines(f"wanllmdb: {error}"), file=sys.stderr)
        sys.exit(FAILED)
    except OSError as error:
        # Commands tell of files by themselves: this is standard output, a full disk say.
        print(f"wanllmdb: the output can't be written: {error.strerror}", file=sys.stderr)
        # Python would try to write the rest when it ends, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
    except Exception as error:
        # An argument in bytes that are no UTF-8; protobuf wraps some of these errors.
        cause = error if isinstance(error, UnicodeEncodeError) else error.__cause__
        if isinstance(cause, UnicodeEncodeError):
            text = shown_lines(f"wanllmdb: {cause.object[:200]!r} is no text that can be sent")
            print(text, file=sys.stderr)
            sys.exit(FAILED)
        # A defect. What it was about may hold what a terminal obeys.
        print(shown_lines(traceback.format_exc()), end="", file=sys.stderr)
        sys.exit(FAILED)


if __name__ == "__main__":
    main()
