"""Every query of the index: states, dictionary, blocks, columns, documents."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db.session import Tx, fetched
from techmarket.matching.index.blocks import Piece, Tail

DEAD_TERMS_TURN = 400
DEAD_BLOCKS_TURN = 1_000
CHUNKS_READ = 128
STATE = (
    "space, generation, model, epoch, next_document, documents, length_sum, dead, sweep_below, sweep_after, sweep_dead"
)
DOCUMENT = "id, document, length, digest, forward, phrases"
"""Named one by one: tables that take the place of others hold the same columns, in whatever order."""


async def lock_state(db: AsyncSession, space: int) -> Any:
    """The space's row, held until the commit: its holder is the one writer."""
    query = text(f"SELECT {STATE} FROM search_state WHERE space = :space FOR UPDATE")
    return (await db.execute(query, {"space": space})).one()


class State(NamedTuple):
    """What a space says of itself. A new `generation` has nothing in common with the one before."""

    generation: UUID
    epoch: int
    next_document: int
    documents: int
    length_sum: int


async def get_state(db: AsyncSession, space: int) -> State:
    query = "SELECT generation, epoch, next_document, documents, length_sum FROM search_state WHERE space = $1"
    (row,) = await fetched(await db.connection(), query, space)
    return State(*row)


async def list_states(db: AsyncSession) -> Sequence[Any]:
    return (await db.execute(text(f"SELECT {STATE} FROM search_state ORDER BY space"))).all()


async def rename_generations(db: AsyncSession) -> None:
    await db.execute(text("UPDATE search_state SET generation = gen_random_uuid()"))


async def ids_in(db: AsyncSession, space: int) -> list[UUID]:
    query = text("SELECT id FROM search_document WHERE space = :space")
    return list((await db.execute(query, {"space": space})).scalars())


SIGN = "SELECT epoch, generation FROM search_state WHERE space = $1"
"""What tells that a space is another than before."""


async def sign(tx: Tx, space: int) -> tuple[Any, ...]:
    (row,) = await tx.fetch(SIGN, space)
    return tuple(row)


async def sign_within(db: AsyncSession, space: int) -> tuple[Any, ...]:
    (row,) = await fetched(await db.connection(), SIGN, space)
    return tuple(row)


async def put_state(db: AsyncSession, space: int, **values: Any) -> None:
    said = ", ".join(f"{name} = :{name}" for name in values)
    await db.execute(text(f"UPDATE search_state SET {said} WHERE space = :space"), {"space": space, **values})


async def known_terms(db: AsyncSession, space: int, terms: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Of these terms those that some document of the space holds: id and number of documents."""
    query = "SELECT id, term, df FROM search_term WHERE space = $1 AND term = ANY($2::text[]) AND df > 0"
    rows = await fetched(await db.connection(), query, space, list(terms))
    return {term: (id, df) for id, term, df in rows}


class Found(NamedTuple):
    """A term that some living document of a space holds; its postings, where they were to be read."""

    id: int
    df: int
    documents: bytes | None
    times: bytes | None


STATE_AND_POSTINGS = (
    "SELECT s.generation, s.epoch, s.next_document, s.documents, s.length_sum,"
    " t.term, t.id, t.df, b.documents, b.times FROM search_state s LEFT JOIN LATERAL"
    " (SELECT id, term, df, row_number() OVER rarest AS place, sum(df) OVER rarest AS total FROM search_term"
    " WHERE space = $1 AND term = ANY($2::text[]) AND df > 0"
    ' WINDOW rarest AS (ORDER BY df, term COLLATE "C" ROWS UNBOUNDED PRECEDING)) t ON true LEFT JOIN LATERAL'
    " (SELECT string_agg(documents, ''::bytea ORDER BY n) AS documents, string_agg(times, ''::bytea ORDER BY n)"
    " AS times FROM search_block WHERE term_id = t.id AND t.place <= $4 AND (t.place = 1 OR t.total <= $3)"
    " OFFSET 0) b ON true WHERE s.space = $1"
)
"""A space's state and the postings of some terms, of one moment: of the rarest, so many terms and so many postings."""


async def state_and_postings(
    tx: Tx, space: int, terms: Sequence[str], *, postings_max: int, terms_max: int
) -> tuple[State, dict[str, Found]]:
    rows = await tx.fetch(STATE_AND_POSTINGS, space, list(terms), postings_max, terms_max)
    return State(*rows[0][:5]), {row[5]: Found(*row[6:10]) for row in rows if row[5] is not None}


PAIRS_FROM = (
    "SELECT p.term FROM unnest($2::text[]) AS s(sign) CROSS JOIN LATERAL (SELECT term FROM search_term"
    " WHERE space = $1 AND term > s.sign AND term < s.sign || U&'\\+10FFFF' AND df > 0 AND length(term) = 2"
    " AND left(term, 1) = s.sign ORDER BY df DESC, term LIMIT 30) p"
)
Fetch = Callable[..., Awaitable[Sequence[Any]]]
"""The rows of one statement: of `Tx.fetch`, or of a transaction."""


def within(db: AsyncSession) -> Fetch:
    async def fetch(statement: str, *values: Any) -> Sequence[Any]:
        return await fetched(await db.connection(), statement, *values)

    return fetch


async def pairs_from(fetch: Fetch, space: int, signs: Sequence[str]) -> list[str]:
    """The most frequent pairs that begin with each of these characters."""
    return [term for (term,) in await fetch(PAIRS_FROM, space, list(signs))] if signs else []


async def read_blocks(db: AsyncSession, term_ids: Sequence[int]) -> dict[int, tuple[bytes, bytes]]:
    """All postings of each term in one piece.

    The lateral keeps the planner to index lookups, term by term: with statistics that lag behind a bulk import it
    would rather read the whole table.
    """
    query = (
        "SELECT t.id, b.documents, b.times FROM unnest($1::int[]) AS t(id) CROSS JOIN LATERAL"
        " (SELECT string_agg(documents, ''::bytea ORDER BY n) AS documents, string_agg(times, ''::bytea ORDER BY n)"
        " AS times FROM search_block WHERE term_id = t.id OFFSET 0) b"
    )
    rows = await fetched(await db.connection(), query, list(term_ids)) if term_ids else ()
    return {id: (documents or b"", times or b"") for id, documents, times in rows}


async def changed_chunks(db: AsyncSession, space: int, after: int, behind: int = -1) -> list[tuple[int, int, bytes]]:
    """The next chunks that changed after an epoch, behind one of them."""
    query = text(
        "SELECT chunk, epoch, content FROM search_column WHERE space = :space AND epoch > :after AND chunk > :behind"
        " ORDER BY chunk LIMIT :limit"
    )
    bound = {"space": space, "after": after, "behind": behind, "limit": CHUNKS_READ}
    return [(row.chunk, row.epoch, row.content) for row in await db.execute(query, bound)]


async def chunks_after(db: AsyncSession, space: int, after: int) -> AsyncIterator[tuple[int, int, bytes]]:
    """All chunks that changed after an epoch; a large space is never in memory twice."""
    behind = -1
    while True:
        some = await changed_chunks(db, space, after, behind)
        for one in some:
            yield one
        if len(some) < CHUNKS_READ:
            return
        behind = some[-1][0]


# --- writing --------------------------------------------------------------------------------------------------------


async def list_documents(db: AsyncSession, space: int, ids: Sequence[UUID]) -> dict[UUID, Any]:
    query = text(f"SELECT {DOCUMENT} FROM search_document WHERE space = :space AND id = ANY(cast(:ids as uuid[]))")
    return {row.id: row for row in await db.execute(query, {"space": space, "ids": list(ids)})}


async def document_numbers(db: AsyncSession, space: int, ids: Sequence[UUID]) -> dict[UUID, int]:
    if not ids:
        return {}
    query = text("SELECT id, document FROM search_document WHERE space = :space AND id = ANY(cast(:ids as uuid[]))")
    return {row.id: row.document for row in await db.execute(query, {"space": space, "ids": list(ids)})}


async def delete_documents(db: AsyncSession, space: int, ids: Sequence[UUID], *, changed: Collection[UUID]) -> None:
    """They go; of those that only changed the vectors are set aside, for the case that what is embedded is the same."""
    gone = [id for id in ids if id not in changed]
    for table, some in (("search_document", ids), ("search_number", ids), ("listing_vector", gone)):
        statement = text(f"DELETE FROM {table} WHERE space = :space AND id = ANY(cast(:ids as uuid[]))")
        await db.execute(statement, {"space": space, "ids": list(some)})
    aside = text("UPDATE listing_vector SET document = -1 WHERE space = :space AND id = ANY(cast(:ids as uuid[]))")
    await db.execute(aside, {"space": space, "ids": list(changed)})


async def insert_documents(db: AsyncSession, space: int, rows: Sequence[Mapping[str, Any]]) -> None:
    await db.execute(
        text(
            "INSERT INTO search_document (space, id, document, length, digest, forward, phrases)"
            " SELECT :space, r.id, r.document, r.length, r.digest, r.forward, string_to_array(r.phrases, E'\\x1f')"
            " FROM unnest(cast(:ids as uuid[]), cast(:documents as int[]), cast(:lengths as int[]),"
            " cast(:digests as bytea[]), cast(:forwards as bytea[]), cast(:phrases as text[]))"
            " AS r(id, document, length, digest, forward, phrases)"
        ),
        {
            "space": space,
            "ids": [row["id"] for row in rows],
            "documents": [row["document"] for row in rows],
            "lengths": [row["length"] for row in rows],
            "digests": [row["digest"] for row in rows],
            "forwards": [row["forward"] for row in rows],
            "phrases": ["\x1f".join(row["phrases"]) for row in rows],
        },
    )


async def insert_numbers(db: AsyncSession, space: int, pairs: Sequence[tuple[str, UUID]]) -> None:
    statement = text(
        "INSERT INTO search_number (space, number, id) SELECT :space, r.number, r.id"
        " FROM unnest(cast(:numbers as text[]), cast(:ids as uuid[])) AS r(number, id) ON CONFLICT DO NOTHING"
    )
    values = {"space": space, "numbers": [pair[0] for pair in pairs], "ids": [pair[1] for pair in pairs]}
    await db.execute(statement, values)


async def count_phrases(db: AsyncSession, space: int, counts: Mapping[str, int]) -> None:
    """Each phrase is in so many documents more, or fewer; what none holds any more goes."""
    changed = sorted(phrase for phrase, count in counts.items() if count)
    if not changed:
        return
    await db.execute(
        text(
            "INSERT INTO search_phrase AS p (space, phrase, df) SELECT :space, * FROM"
            " unnest(cast(:phrases as text[]), cast(:counts as int[]))"
            " ON CONFLICT (space, phrase) DO UPDATE SET df = p.df + excluded.df"
        ),
        {"space": space, "phrases": changed, "counts": [counts[phrase] for phrase in changed]},
    )
    gone = [phrase for phrase in changed if counts[phrase] < 0]
    if gone:
        statement = text("DELETE FROM search_phrase WHERE space = :space AND phrase = ANY(:gone) AND df <= 0")
        await db.execute(statement, {"space": space, "gone": gone})


async def tails(db: AsyncSession, space: int, terms: Sequence[str]) -> dict[str, tuple[int, Tail]]:
    """Number and last block of each of these terms; terms never seen get their number here."""
    query = text("SELECT id, term, tail_n, tail_size FROM search_term WHERE space = :space AND term = ANY(:terms)")
    rows = (await db.execute(query, {"space": space, "terms": list(terms)})).all()
    found = {row.term: (row.id, Tail(row.tail_n, row.tail_size)) for row in rows}
    new = [term for term in terms if term not in found]
    if new:
        insert = text(
            "INSERT INTO search_term (space, term) SELECT :space, * FROM unnest(cast(:terms as text[]))"
            " RETURNING id, term"
        )
        rows = (await db.execute(insert, {"space": space, "terms": new})).all()
        found |= {row.term: (row.id, Tail()) for row in rows}
    return found


async def change_terms(
    db: AsyncSession, ids: Sequence[int], more: Sequence[int], tails_now: Sequence[Tail | None]
) -> None:
    await db.execute(
        text(
            "UPDATE search_term t SET df = t.df + u.more, tail_n = coalesce(u.n, t.tail_n),"
            " tail_size = coalesce(u.size, t.tail_size) FROM unnest(cast(:ids as int[]), cast(:more as int[]),"
            " cast(:ns as int[]), cast(:sizes as int[])) AS u(id, more, n, size) WHERE t.id = u.id"
        ),
        {
            "ids": list(ids),
            "more": list(more),
            "ns": [tail.n if tail else None for tail in tails_now],
            "sizes": [tail.size if tail else None for tail in tails_now],
        },
    )


async def write_pieces(db: AsyncSession, pieces: Sequence[Piece]) -> None:
    grown = [piece for piece in pieces if not piece.is_new]
    new = [piece for piece in pieces if piece.is_new]
    for some, statement in (
        (
            grown,
            "UPDATE search_block b SET documents = b.documents || u.documents, times = b.times || u.times"
            " FROM unnest(cast(:ids as int[]), cast(:ns as int[]), cast(:documents as bytea[]),"
            " cast(:times as bytea[])) AS u(id, n, documents, times) WHERE b.term_id = u.id AND b.n = u.n",
        ),
        (
            new,
            "INSERT INTO search_block (term_id, n, documents, times) SELECT * FROM unnest(cast(:ids as int[]),"
            " cast(:ns as int[]), cast(:documents as bytea[]), cast(:times as bytea[]))",
        ),
    ):
        if some:
            await db.execute(
                text(statement),
                {
                    "ids": [piece.term_id for piece in some],
                    "ns": [piece.n for piece in some],
                    "documents": [piece.documents for piece in some],
                    "times": [piece.times for piece in some],
                },
            )


async def read_chunks(db: AsyncSession, space: int, chunks: Sequence[int]) -> dict[int, bytes]:
    query = text(
        "SELECT chunk, content FROM search_column WHERE space = :space AND chunk = ANY(cast(:chunks as int[]))"
    )
    rows = await db.execute(query, {"space": space, "chunks": list(chunks)})
    return {row.chunk: row.content for row in rows}


async def write_chunks(db: AsyncSession, space: int, epoch: int, contents: Mapping[int, bytes]) -> None:
    await db.execute(
        text(
            "INSERT INTO search_column AS c (space, chunk, epoch, content) SELECT :space, r.chunk, :epoch, r.content"
            " FROM unnest(cast(:chunks as int[]), cast(:contents as bytea[])) AS r(chunk, content)"
            " ON CONFLICT (space, chunk) DO UPDATE SET epoch = excluded.epoch, content = excluded.content"
        ),
        {"space": space, "epoch": epoch, "chunks": list(contents), "contents": list(contents.values())},
    )


async def terms_behind(db: AsyncSession, space: int, after: int) -> list[int]:
    """The next terms that a sweep looks at: at least one, and no more than it may rewrite while all others wait."""
    query = text(
        "SELECT id FROM (SELECT id, sum(tail_n + 1) OVER (ORDER BY id) AS blocks, row_number() OVER (ORDER BY id) AS n"
        " FROM (SELECT id, tail_n FROM search_term WHERE space = :space AND id > :after ORDER BY id LIMIT :limit) t) s"
        " WHERE n = 1 OR blocks <= :blocks ORDER BY id"
    )
    bound = {"space": space, "after": after, "limit": DEAD_TERMS_TURN, "blocks": DEAD_BLOCKS_TURN}
    return list((await db.execute(query, bound)).scalars())


async def forget_terms(db: AsyncSession, term_ids: Sequence[int]) -> None:
    """Terms that no posting names any more leave the dictionary."""
    await db.execute(text("DELETE FROM search_term WHERE id = ANY(:ids) AND df = 0"), {"ids": list(term_ids)})


async def replace_blocks(db: AsyncSession, term_id: int, pieces: Sequence[Piece]) -> None:
    await db.execute(text("DELETE FROM search_block WHERE term_id = :id"), {"id": term_id})
    await write_pieces(db, pieces)


# --- looking up -----------------------------------------------------------------------------------------------------


async def ids_of_number(db: AsyncSession, space: int, number: str, limit: int) -> list[UUID]:
    query = text("SELECT id FROM search_number WHERE space = :space AND number = :number ORDER BY id DESC LIMIT :limit")
    return list((await db.execute(query, {"space": space, "number": number, "limit": limit})).scalars())


async def similar_number(db: AsyncSession, space: int, number: str, least: float) -> str | None:
    query = text(
        "SELECT number FROM search_number WHERE number % :number AND space = :space"
        " AND similarity(number, :number) >= :least ORDER BY similarity(number, :number) DESC, number LIMIT 1"
    )
    return (await db.execute(query, {"space": space, "number": number, "least": least})).scalar_one_or_none()


async def similar_terms(fetch: Fetch, space: int, words: Sequence[str], least: float) -> dict[str, str]:
    """For each word that no document holds the one most like it that some do."""
    query = (
        "SELECT w.word, s.term FROM unnest($2::text[]) AS w(word) CROSS JOIN LATERAL"
        " (SELECT term FROM search_term WHERE term % w.word AND space = $1 AND df > 0"
        " AND term ~ '^[a-z]' AND similarity(term, w.word) >= $3::float8"
        " ORDER BY similarity(term, w.word) DESC, df DESC, term LIMIT 1) s"
    )
    return {row[0]: row[1] for row in await fetch(query, space, list(words), least)} if words else {}


async def phrases_from(db: AsyncSession, space: int, start: str, limit: int) -> list[str]:
    """What documents call themselves and their subjects, from its beginning; the most frequent first.

    Most phrases are one listing's own: of those the first in the alphabet are enough, and the rest is not looked at.
    """
    own = (
        "SELECT phrase, df FROM search_phrase WHERE space = :space AND phrase ~>=~ :start"
        " AND (cast(:end as text) IS NULL OR phrase ~<~ :end)"
    )
    query = text(
        f"SELECT phrase FROM (({own} AND df > 1 ORDER BY df DESC, phrase USING ~<~ LIMIT :limit)"
        f" UNION ALL ({own} AND df = 1 ORDER BY phrase USING ~<~ LIMIT :limit)) p"
        " ORDER BY df DESC, phrase USING ~<~ LIMIT :limit"
    )
    bound = {"space": space, "start": start, "end": after_all_from(start), "limit": limit}
    return list((await db.execute(query, bound)).scalars())


def after_all_from(start: str) -> str | None:
    """The first text behind all that begin so, by code points; None where there is none."""
    plain = start.rstrip(chr(sys.maxunicode))
    if not plain:
        return None
    last = ord(plain[-1]) + 1
    return plain[:-1] + chr(0xE000 if 0xD800 <= last < 0xE000 else last)
