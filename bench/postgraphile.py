"""PostGraphile over the market's tables, for comparison: installed by npm into a folder that goes again.

It gets what its users would give it: a view of the public part of a listing, a column of lexemes with its index, and a
function that finds by any of the words, ranked by ts_rank. The lexemes are the market's own terms, so that Chinese is
found at all.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from bench.harness import Store, say
from bench.served import free_port
from techmarket.cli.evaluation.baselines import lexemes, quoted
from techmarket.disclosure.tiers import Tier
from techmarket.listings.tiers import DEFAULTS
from techmarket.matching import texts, tokens

PACKAGE = "postgraphile@5.1.5"
INSTALL_S, READY_S = 300.0, 60.0
POOL = 16
HIDDEN = sorted({name for of in DEFAULTS.values() for name, tier in of.items() if tier is not Tier.PUBLIC})
CONFIG = """
// What it takes for granted from Node.js 22 on, for the versions before it.
Promise.withResolvers ??= function () {
  let resolve, reject;
  const promise = new this((yes, no) => { resolve = yes; reject = no; });
  return { promise, resolve, reject };
};
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { makePgService } from "postgraphile/adaptors/pg";
export default {
  extends: [PostGraphileAmberPreset],
  pgServices: [makePgService({
    connectionString: process.env.BENCH_URL, schemas: ["reads"], pubsub: false, poolConfig: { max: %d } })],
  grafserv: { host: "127.0.0.1", port: Number(process.env.BENCH_PORT), graphiql: false, watch: false },
};
"""
SCHEMA = """
CREATE SCHEMA reads;
CREATE VIEW reads.listing AS
  SELECT l.id AS number, l.kind, l.state, l.org_id, l.published_at, l.expires_on,
         (convert_from(t.body, 'UTF8')::jsonb -> 'fields') - '{%s}'::text[] AS terms,
         ARRAY(SELECT i.achievement_id FROM listing_item i WHERE i.listing_id = l.id AND i.n = l.current_n
               ORDER BY i.position) AS achievement_ids
  FROM listing l JOIN listing_version v ON v.listing_id = l.id AND v.n = l.current_n JOIN text t ON t.sha256 = v.sha256
  WHERE l.state IN ('PUBLISHED', 'ENGAGED');
COMMENT ON VIEW reads.listing IS E'@primaryKey number\\n@name offer';
CREATE TABLE words (id uuid PRIMARY KEY, words tsvector NOT NULL);
"""
FUNCTION = """
CREATE INDEX ON words USING gin (words);
CREATE FUNCTION reads.find_offers(asked text) RETURNS SETOF reads.listing LANGUAGE sql STABLE ROWS 20 AS $$
  SELECT o.* FROM (SELECT w.id, ts_rank(w.words, asked::tsquery, 1) AS rank FROM public.words w
                   WHERE w.words @@ asked::tsquery ORDER BY rank DESC, w.id DESC LIMIT 20) f
  JOIN reads.listing o ON o.number = f.id ORDER BY f.rank DESC, f.id DESC
$$;
ANALYZE words;
"""
FIELDS = "number kind state orgId publishedAt expiresOn terms achievementIds"
ONE = f"query One($number: UUID!) {{ one: offerByNumber(number: $number) {{ {FIELDS} }} }}"
PAGE = f"query Page {{ page: allOffers(first: 20, orderBy: NUMBER_DESC) {{ nodes {{ {FIELDS} }} }} }}"
FIND = f"query Find($asked: String!) {{ found: findOffers(asked: $asked, first: 20) {{ nodes {{ {FIELDS} }} }} }}"


def missing() -> str | None:
    """What keeps it from being measured here, in words."""
    return None if shutil.which("node") and shutil.which("npm") else "not measured: there is no Node.js on this machine"


def asked_of(words: str) -> str:
    """Any of the words, as a tsquery of the market's own terms."""
    return " | ".join(quoted(term) for term in sorted(tokens.terms(words)))


async def give_views(store: Store) -> None:
    connection = await store.connect()
    try:
        await connection.execute(SCHEMA % ",".join(HIDDEN))
        rows = await connection.fetch(
            "SELECT l.id, t.body FROM listing l JOIN listing_version v ON v.listing_id = l.id AND v.n = l.current_n"
            " JOIN text t ON t.sha256 = v.sha256"
        )
        said = [(row["id"], lexemes(texts.terms_of(json.loads(row["body"])["fields"]))) for row in rows]
        await connection.executemany("INSERT INTO words VALUES ($1, $2::text::tsvector)", said)
        await connection.execute(FUNCTION)
    finally:
        await connection.close()


def request(query: str, **variables: Any) -> bytes:
    body = json.dumps({"query": query, "variables": variables}, ensure_ascii=False).encode()
    head = (
        "POST /graphql HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nAccept: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@contextlib.asynccontextmanager
async def serving_postgraphile(store: Store) -> AsyncIterator[int]:
    """Installs it, starts it over the store, gives its port, and removes everything."""
    with tempfile.TemporaryDirectory(prefix="techmarket-bench-") as name:
        folder = Path(name)
        say(f"installing {PACKAGE}")
        await asyncio.to_thread(
            subprocess.run,
            ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", PACKAGE],
            cwd=folder,
            check=True,
            timeout=INSTALL_S,
            stdout=subprocess.DEVNULL,
        )
        (folder / "graphile.config.mjs").write_text(CONFIG % POOL)
        port = free_port()
        more = {
            "BENCH_URL": store.url.replace("+asyncpg", ""),
            "BENCH_PORT": str(port),
            "NODE_ENV": "production",
            "GRAPHILE_ENV": "production",
        }
        with (folder / "log").open("wb") as output:
            process = subprocess.Popen(  # noqa: ASYNC220
                ["node", "node_modules/postgraphile/dist/cli-run.js", "-C", "graphile.config.mjs"],
                cwd=folder,
                env={**os.environ, **more},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        try:
            await _until_ready(process, port, folder / "log")
            yield port
        finally:
            process.terminate()
            try:
                await asyncio.to_thread(process.wait, 20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


async def _until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + READY_S
    while not await asyncio.to_thread(_answers, port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostGraphile does not answer:\n{log.read_text(errors='replace')[-3000:]}")  # noqa: ASYNC240
        await asyncio.sleep(0.2)


def _answers(port: int) -> bool:
    body = json.dumps({"query": "{ __typename }"}).encode()
    headers = {"Content-Type": "application/json"}
    try:
        wanted = urllib.request.Request(f"http://127.0.0.1:{port}/graphql", body, headers)
        with urllib.request.urlopen(wanted, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
