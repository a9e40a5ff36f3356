"""Stretches of the way that several stories go: a trade up to its award, a contract up to its signatures."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests.stories.town import Json, Party, Town, at, moment, yuan

START = at(2, 24, 9)
BIDDING_OPENS = at(3, 10, 9, 30)
BIDS = {"Z": "560000.00", "Y": "600000.00", "X": "640000.00"}


@dataclass
class Sale:
    """What a story knows of its trade."""

    town: Town
    university: Party
    buyers: dict[str, Party]
    achievement: str
    listing: str
    trade: Json = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)

    @property
    def lot(self) -> str:
        return str(self.trade["lot"]["id"])

    async def awards(self) -> dict[str, Json]:
        """The awards by the letter of their buyer, as the market sees them."""
        shown = await self.town.get(f"/v1/trades/{self.trade['id']}/awards", by="operator")
        letters = {party.id: letter for letter, party in self.buyers.items()}
        return {letters[award["buyer_organisation_id"]]: award for award in shown["items"]}

    async def award_states(self) -> dict[str, str]:
        return {letter: award["state"] for letter, award in (await self.awards()).items()}

    async def deposits(self) -> dict[str, str]:
        """How each buyer's deposit stands, as the seller sees it."""
        shown = await self.town.get(f"/v1/trades/{self.trade['id']}/participants", by=self.university)
        letters = {party.id: letter for letter, party in self.buyers.items()}
        return {letters[one["organisation_id"]]: one["deposits"][0]["state"] for one in shown["items"]}


async def a_published_offer(town: Town) -> Sale:
    university = await town.a_university()
    buyers = {letter: await town.a_party("ENTERPRISE", f"Sample enterprise {letter}") for letter in "XYZ"}
    achievement = await town.an_achievement(university)
    return Sale(town, university, buyers, achievement, await town.an_offer(university, achievement))


async def announce(sale: Sale) -> None:
    """Floor 500,000.00, steps of 10,000.00, deposits of 150,000.00; an hour of free bidding."""
    body: dict[str, Any] = {
        "listing_id": sale.listing,
        "start_price": yuan("500000.00"),
        "increment": yuan("10000.00"),
        "deposit": yuan("150000.00"),
        "free_seconds": 3600,
        "limited_seconds": 180,
        "bidding_opens_at": BIDDING_OPENS.isoformat(),
    }
    drafted = await sale.town.post("/v1/trades", body, by=sale.university)
    await sale.town.post(f"/v1/trades/{drafted['id']}/submission", by=sale.university)
    sale.trade = await sale.town.post(f"/v1/trades/{drafted['id']}/announcement", by="operator")


async def qualify(sale: Sale) -> None:
    """X, Y and Z register, are admitted by the operator, confirmed by the seller, and pay their deposits."""
    town = sale.town
    for letter, party in sale.buyers.items():
        joined = await town.post(f"/v1/trades/{sale.trade['id']}/participants", {}, by=party)
        await town.post(f"/v1/participants/{joined['id']}/admission", {}, by="operator")
        await town.post(f"/v1/participants/{joined['id']}/confirmation", {}, by=sale.university)
        sale.numbers[letter] = joined["number"]
        await town.bank_pays(party, await town.the_open_due(party))
    await town.settle()


async def bid(sale: Sale, letter: str, amount: str) -> Json:
    return await sale.town.post(f"/v1/lots/{sale.lot}/bids", {"amount": yuan(amount)}, by=sale.buyers[letter])


async def close(sale: Sale) -> None:
    lot = await sale.town.get(f"/v1/lots/{sale.lot}")
    await sale.town.move_to(moment(lot["effective_end"]) + timedelta(seconds=1))


async def to_the_award(town: Town) -> Sale:
    """All of it: X has won with 640,000.00, Y waits with 600,000.00, Z is released."""
    sale = await a_published_offer(town)
    await announce(sale)
    await qualify(sale)
    await town.move_to(BIDDING_OPENS)
    for letter, amount in BIDS.items():
        await bid(sale, letter, amount)
    await close(sale)
    return sale


async def a_contract(sale: Sale, letter: str) -> Json:
    """The contract of this buyer's award, drafted and put up for signatures by the university."""
    award = (await sale.awards())[letter]
    body = {"award_id": award["id"], "royalty_due_days": 30}
    drafted = await sale.town.post("/v1/contracts", body, by=sale.university)
    document = {"document_sha256": drafted["document_sha256"]}
    return await sale.town.post(f"/v1/contracts/{drafted['id']}/signing", document, by=sale.university)


async def sign(sale: Sale, contract: Json, by: Party) -> Json:
    document = {"document_sha256": contract["document_sha256"]}
    return await sale.town.post(f"/v1/contracts/{contract['id']}/signatures", document, by=by)
