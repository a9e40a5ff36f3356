"""Policy packs from the command line: are they right, and do they give what they promise."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

policy = typer.Typer(no_args_is_help=True, help=__doc__)
console = Console()


@policy.command()
def check(
    files: Annotated[list[Path] | None, typer.Argument(help="packs; none means those that come along")] = None,
) -> None:
    """Lint packs and compute their golden cases. Ends with 0: all right; 1: findings, each with file, line and reason;
    2: a file that is no pack at all."""
    from techmarket.cli.packs import check_files

    raise SystemExit(check_files(files or [], console))


@policy.command()
def effects(
    file: Annotated[Path | None, typer.Argument(help="a pack; without one, the book as it is now")] = None,
) -> None:
    """List which distributions of this market a pack would have made otherwise. It changes none of them."""
    from techmarket.cli.packs import effects_of_file

    effects_of_file(file, console)
