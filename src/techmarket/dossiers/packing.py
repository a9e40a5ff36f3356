"""An evidence package as it is written: file after file onto the disk, never the whole in memory.

One content has one spelling: files are stored as they are, in the order of the manifest, without a time or a trace of
the machine. The manifest names each by its hash and comes last, under the market's seal.
"""

from __future__ import annotations

import zipfile
from importlib import resources
from typing import IO, Any

from techmarket.dossiers.package import FORM, MANIFEST, README, SEAL, SEALED, put
from techmarket.kernel.canonical import canonical_json, sha256_hex
from techmarket.kernel.seals import Seal


class Packing:
    """The archive that is being written to `out`, and what its manifest will say."""

    def __init__(self, out: IO[bytes]) -> None:
        self._archive = zipfile.ZipFile(out, "w", zipfile.ZIP_STORED)
        self._named: list[dict[str, Any]] = []

    def add(self, name: str, body: bytes) -> None:
        put(self._archive, name, body)
        self._named.append({"name": name, "sha256": sha256_hex(body), "size": len(body)})

    def add_readme(self) -> None:
        self.add(README, (resources.files("techmarket.dossiers") / "reader.md").read_bytes())

    def seal(self, seal: Seal, *, subject: str, reader: str, made_at: str) -> None:
        """Name all files, sign, and close: the same content under the same key gives the same bytes."""
        manifest = canonical_json(
            {"form": FORM, "subject": subject, "reader": reader, "made_at": made_at, "files": self._named}
        )
        put(self._archive, MANIFEST, manifest)
        signature = {"kid": seal.kid, "signature": seal.sign(SEALED + manifest).hex()}
        put(self._archive, SEAL, canonical_json(signature))
        self.close()

    def close(self) -> None:
        self._archive.close()
