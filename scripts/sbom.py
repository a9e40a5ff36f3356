"""What ships, as a CycloneDX 1.6 document: `python scripts/sbom.py > sbom.json`."""

from __future__ import annotations

import json
import re
import sys
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def pins(lock: Path) -> dict[str, tuple[str, list[str]]]:
    """(version, digests) of each package of a lock."""
    text = lock.read_text()
    starts = [(found.start(), found[1].lower().replace("_", "-"), found[2]) for found in _PIN.finditer(text)]
    ends = [start for start, _, _ in starts[1:]] + [len(text)]
    return {
        name: (version, _HASH.findall(text[start:end]))
        for (start, name, version), end in zip(starts, ends, strict=True)
    }


def licence_of(name: str) -> str | None:
    """What a package says of its licence: the expression, else the field, else its classifiers."""
    try:
        told = metadata(name)
    except PackageNotFoundError:
        return None
    said = told.get("License-Expression") or ""
    if not said:
        classified = [
            one.rsplit(" :: ", 1)[1] for one in told.get_all("Classifier") or [] if one.startswith("License ::")
        ]
        written = (told.get("License") or "").strip()
        said = " AND ".join(classified) or (written if len(written) < 100 else "")
    return said or None


def document(lock: Path) -> dict[str, Any]:
    components = []
    for name, (version, digests) in sorted(pins(lock).items()):
        licence = licence_of(name)
        components.append(
            {
                "type": "library",
                "name": name,
                "version": version,
                "purl": f"pkg:pypi/{name}@{version}",
                "hashes": [{"alg": "SHA-256", "content": digest} for digest in digests],
                **({"licenses": [{"license": {"name": licence}}]} if licence else {}),
            }
        )
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {"type": "application", "name": "techmarket", "licenses": [{"license": {"id": "Apache-2.0"}}]}
        },
        "components": components,
    }


if __name__ == "__main__":
    json.dump(document(ROOT / "requirements.lock"), sys.stdout, indent=1)
    sys.stdout.write("\n")
