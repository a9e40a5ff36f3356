"""Whether a receipt of a bid is the market's: its signature, its place in the batch. Needs the published keys only.

`examples/receipts.py` shows the same without a line of this package. `cryptography` is loaded when it is asked.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

BATCH = b"techmarket bid batch 1\n"


def is_genuine(receipt: Mapping[str, Any], keys: Mapping[str, Any]) -> bool:
    """The market signed the root of a batch that holds exactly this decision.

    `keys` is what `/.well-known/techmarket-keys.json` said before the bidding began.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    batch = receipt["batch"]
    leaf = hashlib.sha256(b"\x00" + decision_of(receipt) + b"\n" + bytes.fromhex(receipt["chain"])).digest()
    root = root_of(leaf, batch["index"], batch["size"], [bytes.fromhex(step) for step in batch["path"]])
    known = [key for key in keys["keys"] if key["kid"] == receipt["kid"] and key["use_here"] == "receipts"]
    if not known or root is None or root.hex() != batch["root"]:
        return False
    x = str(known[0]["x"])
    public = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(x + "=" * (-len(x) % 4)))
    try:
        public.verify(bytes.fromhex(receipt["signature"]), BATCH + root)
    except InvalidSignature:
        return False
    return True


def decision_of(receipt: Mapping[str, Any]) -> bytes:
    """The decision as it stands in the book: canonical JSON (RFC 8785), amounts in fen."""
    said = {name: receipt[name] for name in ("at", "bidder", "lot", "seq", "verdict")}
    said["amount_minor"] = int(receipt["amount"]["amount"].replace(".", ""))
    return json.dumps(said, sort_keys=True, separators=(",", ":")).encode()


def root_of(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
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
