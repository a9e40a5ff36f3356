"""Makes a blinded digest of a file on its owner's own machine: the file and the salt never leave it."""

from __future__ import annotations

import hashlib
import json
import secrets
from pathlib import Path

from techmarket.cli.state import write_private
from techmarket.transparency.commitments import SALT_SIZE, digest_of


def commit_file(file: Path) -> tuple[str, Path]:
    """The digest to log, and where the opening was kept (0600): without it nobody can ever open the commitment."""
    kept = file.with_name(f"{file.name}.opening.json")
    if kept.exists():
        raise FileExistsError(17, "there is an opening already; it is not overwritten", str(kept))
    document, salt = sha256_of(file), secrets.token_bytes(SALT_SIZE)
    digest = digest_of(salt, document)
    opening = {"digest": digest, "document_sha256": document, "salt": salt.hex()}
    write_private(kept, json.dumps(opening, indent=2) + "\n")
    return digest, kept


def sha256_of(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
