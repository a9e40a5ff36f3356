"""The way in: loads the commands with the collector at rest, since what is loaded stays until the end.

Thousands of classes are made while the packages load. Looking through them again and again finds nothing to free and
costs about a sixth of the start.
"""

from __future__ import annotations

import gc


def main() -> None:
    gc.disable()
    from techmarket.cli import main as commands

    gc.freeze()
    gc.enable()
    commands.main()
