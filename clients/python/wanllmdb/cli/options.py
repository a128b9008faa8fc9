"""Arguments and options that several commands have."""

from __future__ import annotations

from typing import Annotated

import typer

SweepId = Annotated[str, typer.Argument(metavar="SWEEP", help="The sweep's id.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
