"""`python -m techmarket.db.embedded remove FOLDER`: take an embedded server and its data away."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from techmarket.db.embedded import EmbeddedServerError, remove


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m techmarket.db.embedded", description="Remove an embedded server and its data."
    )
    parser.add_argument("action", choices=["remove"])
    parser.add_argument("state_dir", type=Path)
    arguments = parser.parse_args(argv)
    try:
        remove(arguments.state_dir)
    except EmbeddedServerError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
