"""A market of its own for one trial: its documents as offers, its queries as demands, all through the public API."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

import httpx
from pydantic import SecretStr

from techmarket.app import create_app
from techmarket.cli import state
from techmarket.cli.demo import intake, people
from techmarket.cli.demo.http import Caller
from techmarket.cli.evaluation.metrics import DEPTH
from techmarket.cli.evaluation.sets import TITLES, Trial
from techmarket.db.means import Means
from techmarket.jobs.runner import sequence_once
from techmarket.kernel.embedding import Embedder
from techmarket.matching import jobs, service
from techmarket.settings import Settings

ANSWERS_AT_ONCE = 4
Say = Callable[[str], None]


@dataclass(frozen=True)
class Loaded:
    """The trial in a market: listing by id of document and of query, and the other way round."""

    means: Means
    url: str
    http: httpx.AsyncClient
    key: str
    offers: Mapping[str, str]
    demands: Mapping[str, str]

    async def rankings(self, embedder: Embedder | None) -> dict[str, list[str]]:
        """The first ten offers for every demand, as the API answers its owner."""
        names = {listing: document for document, listing in self.offers.items()}
        app = create_app(replace(self.means, embedders=(embedder,) if embedder else ()))
        transport = httpx.ASGITransport(app=app)
        slots = asyncio.Semaphore(ANSWERS_AT_ONCE)
        async with httpx.AsyncClient(transport=transport, base_url="http://market", timeout=120) as http:
            caller = Caller(http, self.key)

            async def ask(listing: str) -> list[str]:
                async with slots:
                    answer = await caller.get(f"/v1/listings/{listing}/matches", params={"limit": DEPTH})
                if embedder is not None and answer["meaning"]["state"] != "USED":
                    raise SystemExit(f"techmarket: the embedder did not take part: {answer['meaning']}")
                return [names[item["listing"]["id"]] for item in answer["items"]]

            found = await asyncio.gather(*[ask(listing) for listing in self.demands.values()])
        return dict(zip(self.demands, found, strict=True))


async def stored_vectors(market: Loaded, embedder: Embedder) -> dict[str, list[float]]:
    """The vectors of the trial's documents, as the market has stored them."""
    async with market.means.tx.read() as db:
        found = await service.vectors_of(db, embedder, [UUID(one) for one in market.offers.values()])
    return {document: found[UUID(listing)] for document, listing in market.offers.items()}


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="techmarket-evaluation-") as name:
        Path(name).chmod(0o755)  # the database's own user must get in
        yield Path(name)


@asynccontextmanager
async def loaded(trial: Trial, embedder: Embedder | None, say: Say) -> AsyncIterator[Loaded]:
    """Found a market in a folder of its own, bring the trial in, index and embed it; everything goes in the end."""
    with _folder() as folder:
        settings = Settings(
            database_url=None, state_dir=folder, jobs_in_process=False, log_json=False, embedder_token=SecretStr("")
        )
        async with state.open_market(settings, application="evaluation") as market:
            app = create_app(market.means)
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(app=app), base_url="http://market", timeout=120
            ) as http:
                operator = Caller(http, market.staff()["operator"])
                seller = await people.enterprise(http, operator, "Evaluation documents / 评测文档")
                buyer = await people.enterprise(http, operator, "Evaluation queries / 评测查询")
                offers = await _bring_in(seller, operator, trial.documents, "offers", trial.language[1])
                demands = await _bring_in(buyer, operator, trial.queries, "demands", trial.language[0])
                say(f"{trial.name}: {len(offers)} offers and {len(demands)} demands published")
                while await sequence_once(market.means):
                    pass
                await jobs.index(market.means)
                if embedder is not None:
                    while await service.embed_some(market.means.tx, embedder):
                        pass
                    say(f"{trial.name}: embedded by {embedder.name}")
                yield Loaded(market.means, market.url, http, str(buyer.by("officer").key), offers, demands)


async def _bring_in(
    party: people.Party, operator: Caller, texts: Mapping[str, str], kind: str, language: str
) -> dict[str, str]:
    field, title = "abstract" if kind == "offers" else "problem", TITLES[language]
    rows = [{"external_id": id, f"title_{language}": title, f"{field}_{language}": text} for id, text in texts.items()]
    accepted, refused = await intake.bring_in(
        party.by("officer"), operator, rows, kind=kind, source="evaluation", advance=lambda _: None
    )
    if refused:
        raise SystemExit(f"techmarket: {len(refused)} rows were refused, the first: {json.dumps(refused[0])}")
    return {id: accepted[id] for id in texts}
