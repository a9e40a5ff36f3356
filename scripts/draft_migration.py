"""Drafts a migration: what the models say against what the migrations make, on a throw-away server of its own."""

import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config

from techmarket.db import embedded

ROOT = Path(__file__).parents[1]


def main(verb: str) -> None:
    with tempfile.TemporaryDirectory(prefix="techmarket-migration-") as folder:
        state = Path(folder)
        state.chmod(0o755)  # the server's user must get in
        try:
            with embedded.start(state, durable=False) as server:
                config = Config(ROOT / "alembic.ini")
                config.attributes["url"] = server.url()
                command.upgrade(config, "head")
                command.revision(config, message=verb, autogenerate=True)
        finally:
            embedded.remove(state)


if __name__ == "__main__":
    main(sys.argv[1])
