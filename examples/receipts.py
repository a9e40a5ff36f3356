#!/usr/bin/env python3
"""Check the receipts of bids with nothing but the market's published key: no market, no network, no code of ours.

    python examples/receipts.py receipts.jsonl keys.json

`keys.json` is what `/.well-known/techmarket-keys.json` says; get it before you bid, and keep it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Json = dict[str, Any]


def is_genuine(receipt: Json, keys: Json) -> bool:
    """The market signed the root of a batch that holds exactly this decision."""
    batch = receipt["batch"]
    leaf = hashlib.sha256(b"\x00" + decision_of(receipt) + b"\n" + bytes.fromhex(receipt["chain"])).digest()
    root = root_of(leaf, batch["index"], batch["size"], [bytes.fromhex(step) for step in batch["path"]])
    key = next((key for key in keys["keys"] if key["kid"] == receipt["kid"] and key["use_here"] == "receipts"), None)
    if key is None or root is None or root.hex() != batch["root"]:
        return False
    public = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(key["x"] + "=" * (-len(key["x"]) % 4)))
    try:
        public.verify(bytes.fromhex(receipt["signature"]), b"techmarket bid batch 1\n" + root)
    except InvalidSignature:
        return False
    return True


def decision_of(receipt: Json) -> bytes:
    """The decision as it stands in the book: canonical JSON (RFC 8785), amounts in fen."""
    said = {
        "amount_minor": int(receipt["amount"]["amount"].replace(".", "")),
        "at": receipt["at"],
        "bidder": receipt["bidder"],
        "lot": receipt["lot"],
        "seq": receipt["seq"],
        "verdict": receipt["verdict"],
    }
    return json.dumps(said, sort_keys=True, separators=(",", ":")).encode()


def root_of(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes | None:
    """The root that follows from a leaf and its path (RFC 9162, section 2.1.3.2)."""
    here, last, node = index, size - 1, leaf
    if not 0 <= index < size:
        return None
    for sibling in path:
        if last == 0:
            return None
        if here % 2 or here == last:
            node = hashlib.sha256(b"\x01" + sibling + node).digest()
            while here % 2 == 0 and here:
                here, last = here // 2, last // 2
        else:
            node = hashlib.sha256(b"\x01" + node + sibling).digest()
        here, last = here // 2, last // 2
    return node if last == 0 else None


def main() -> int:
    receipts = [json.loads(line) for line in Path(sys.argv[1]).read_text().splitlines()]
    keys = json.loads(Path(sys.argv[2]).read_text())
    wrong = [receipt["seq"] for receipt in receipts if not is_genuine(receipt, keys)]
    print(json.dumps({"receipts": len(receipts), "genuine": len(receipts) - len(wrong), "not_genuine": wrong}))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
