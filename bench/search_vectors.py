"""Vectors for a filled market: perturbed copies of a thousand, and an embedder that answers at once."""

from __future__ import annotations

import hashlib
import math
import random
import time
from collections.abc import Sequence
from typing import Any

from bench.harness import Store, rounded
from techmarket.kernel.embedding import Purpose
from techmarket.matching.index.columns import Space
from techmarket.matching.meaning import vectors

MODEL, DIM = "bench", 384
BASES = 1_000
NOISE = 0.4
SPACE = Space.REGISTERED


def _made(seed: int, length: float) -> list[float]:
    rng = random.Random(seed)
    raw = [rng.gauss(0, 1) for _ in range(DIM)]
    return [x * length / math.hypot(*raw) for x in raw]


class Nearby:
    """Answers at once with one of the thousand, a little aside: always the same for the same text."""

    name, dim, chars_max = MODEL, DIM, 1_000

    async def embed(self, texts: Sequence[str], purpose: Purpose) -> list[list[float]]:
        return [self._one(text) for text in texts]

    def _one(self, text: str) -> list[float]:
        seed = int.from_bytes(hashlib.sha256(text.encode("utf-8", "replace")).digest()[:6], "big")
        raw = [a + b for a, b in zip(_made(seed % BASES, 1.0), _made(seed + 2 * BASES, NOISE), strict=True)]
        return [x / math.hypot(*raw) for x in raw]


async def fill(store: Store, *, is_indexed: bool) -> dict[str, Any]:
    """Every document of the registered space gets its vector; returns how long that and the index took, and sizes."""
    connection = await store.connect()
    try:
        began = time.perf_counter()
        await connection.execute(f"CREATE TEMP TABLE made (n int, kind int, v halfvec({DIM}))")
        rows = [
            (n, kind, vectors.spelled(_made(n + kind * BASES, length)))
            for n in range(BASES)
            for kind, length in ((0, 1.0), (1, NOISE))
        ]
        await connection.executemany("INSERT INTO made VALUES ($1, $2, $3::text::halfvec)", rows)
        await connection.execute(
            "INSERT INTO listing_vector (model, space, id, document, text_hash, vector)"
            " SELECT $1, d.space, d.id, d.document, sha256(d.id::text::bytea), l2_normalize(b.v + o.v)"
            " FROM search_document d JOIN made b ON b.kind = 0 AND b.n = d.document % $3"
            " JOIN made o ON o.kind = 1 AND o.n = (d.document / $3) % $3 WHERE d.space = $2",
            MODEL,
            int(SPACE),
            BASES,
        )
        await connection.execute(
            "INSERT INTO vector_model (model, space, dim, next_document, is_ready)"
            " SELECT $1, space, $3, next_document, true FROM search_state WHERE space = $2",
            MODEL,
            int(SPACE),
            DIM,
        )
        await connection.execute("VACUUM ANALYZE listing_vector")
        said = {"filled_s": rounded(time.perf_counter() - began)}
        if is_indexed:
            began = time.perf_counter()
            await vectors.build_index(store.tx.engine, MODEL, DIM, SPACE)
            async with store.tx.begin() as db:
                await vectors.note_index(db, MODEL, SPACE)
            said["index_built_s"] = rounded(time.perf_counter() - began)
        size = await connection.fetchval("SELECT pg_total_relation_size('listing_vector')")
        return {**said, "mb": rounded(size / 1e6)}
    finally:
        await connection.close()
