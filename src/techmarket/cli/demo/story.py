"""The way of one achievement, step by step, as the people of the market would go it over HTTP.

The figures are those of a worked example: an ordinary licence of one invention patent for six years, entry fee
600,000.00 decided by online bidding, 3 % of net sales of 18,456,789.12 as royalty, and what the law and the unit's rule
make of it for three inventors. The clock starts on 24 February 2026 and ends in August.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from techmarket.cli.demo import people
from techmarket.cli.demo.http import Caller, money
from techmarket.cli.demo.people import Party
from techmarket.cli.demo.robots import Robot, contest
from techmarket.settlement.rules import sign_message

SHANGHAI = ZoneInfo("Asia/Shanghai")
START = datetime(2026, 2, 24, 9, 0, tzinfo=SHANGHAI)
BIDDING_OPENS = datetime(2026, 3, 10, 9, 30, tzinfo=SHANGHAI)
PATIENCE_SECONDS = 60.0
OFFER = "S-O-001"
DEMAND = "S-D-001"
NET_SALES = "18456789.12"
COSTS = (
    ("stamp_tax", "346.11"),
    ("valuation_fee", "18888.88"),
    ("patent_fee", "2000.00"),
    ("fiscal_rd", "3000000.00"),
)


class StoryStuck(Exception):
    """Something that should have happened by itself did not happen in time."""


@dataclass
class Story:
    http: httpx.AsyncClient
    staff: dict[str, str]
    bank_secret: bytes
    folder: Path
    parties: dict[str, Party] = field(default_factory=dict)
    listing: str = ""
    achievement: str = ""
    trade: dict[str, Any] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    award: dict[str, Any] = field(default_factory=dict)
    contract: dict[str, Any] = field(default_factory=dict)
    table: dict[str, Any] = field(default_factory=dict)
    distribution: dict[str, Any] = field(default_factory=dict)
    certificate: dict[str, Any] = field(default_factory=dict)

    # --- small words ------------------------------------------------------------------------------------------------

    def market(self, title: str) -> Caller:
        return Caller(self.http, self.staff[title])

    @property
    def university(self) -> Party:
        return self.parties["university"]

    @property
    def buyer(self) -> Party:
        wanted = self.award["buyer_organisation_id"]
        return next(party for party in self.parties.values() if party.id == wanted)

    async def clock_to(self, moment: datetime) -> None:
        """Run the sandbox's clock ahead; standing where it should be already is fine."""
        now = datetime.fromisoformat((await self.market("operator").get("/v1/clock"))["now"])
        if now < moment:
            await self.market("operator").post("/v1/clock", {"now": moment.isoformat()})

    async def until(self, what: str, look: Callable[[], Awaitable[Any]]) -> Any:
        """Wait for what the market's jobs bring about."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            if (seen := await look()) is not None:
                return seen
            await asyncio.sleep(0.1)
        raise StoryStuck(what)

    async def bank_pays(self, party: Party, due: dict[str, Any], at: datetime) -> None:
        """The bank tells the market, under its signature, that the money has arrived."""
        body = json.dumps(
            {
                "message_id": f"sample-{due['reference']}",
                "payer_account": f"SAMPLE-{party.id[:8]}",
                "payer_name": party.name,
                "amount": due["outstanding"],
                "reference": due["reference"],
                "booked_at": at.isoformat(),
            },
            ensure_ascii=False,
        ).encode()
        stamp = str(int(time.time()))
        await Caller(self.http).call(
            "POST",
            "/v1/bank/messages",
            content=body,
            headers={
                "Content-Type": "application/json",
                "X-Bank-Timestamp": stamp,
                "X-Bank-Signature": sign_message(self.bank_secret, stamp, body),
            },
        )

    async def open_dues(self, party: Party) -> list[dict[str, Any]]:
        return list((await party.by("officer").get("/v1/dues", params={"state": "OPEN", "limit": 100}))["items"])

    # --- the way ----------------------------------------------------------------------------------------------------

    async def gather(self) -> None:
        """Organisations and people register; the operator verifies them."""
        operator = self.market("operator")
        self.parties["university"] = await people.university(self.http, operator)
        for letter in "XYZ":
            name = f"示例企业{letter} · Sample enterprise {letter}"
            self.parties[letter] = await people.enterprise(self.http, operator, name)
        self.parties["node"] = await people.enterprise(self.http, operator, "示例节点 · Sample node")

    def keys_of_people(self) -> dict[str, dict[str, str]]:
        """The API keys of everybody in the story, for whoever wants to go on trying."""
        return {
            party.name: {title: str(person.caller.key) for title, person in party.people.items()}
            for party in self.parties.values()
        }

    async def complete_achievement(self, listings: dict[str, str]) -> None:
        """The achievement behind the offer gets the people who made it, in their order."""
        officer = self.university.by("officer")
        self.listing = listings[OFFER]
        offer = await officer.get(f"/v1/listings/{self.listing}")
        self.achievement = offer["achievement_ids"][0]
        completers = [self.university.people[letter].id for letter in "ABC"]
        await officer.change(f"/v1/achievements/{self.achievement}", {"completers": completers})

    async def find(self) -> None:
        """The enterprise finds the offer by its own words, in public and without a key."""

        async def look() -> dict[str, Any] | None:
            found = await Caller(self.http).get("/v1/search", params={"q": "激光焊接 变形", "kind": "OFFER"})
            hits = [hit for hit in found["items"] if hit["listing"]["id"] == self.listing]
            return hits[0] if hits else None

        await self.until("the offer is findable", look)

    async def announce(self) -> None:
        """The trade is drafted, submitted and announced; its notice stands for ten working days."""
        officer = self.university.by("officer")
        drafted = await officer.post(
            "/v1/trades",
            {
                "listing_id": self.listing,
                "start_price": money("500000.00"),
                "increment": money("10000.00"),
                "deposit": money("150000.00"),
                "bidding_opens_at": BIDDING_OPENS.isoformat(),
            },
        )
        await officer.act(f"/v1/trades/{drafted['id']}/submission")
        self.trade = await self.market("operator").act(f"/v1/trades/{drafted['id']}/announcement")

    async def qualify(self) -> None:
        """Three enterprises register, are admitted and confirmed, and pay their deposits."""
        for letter in "XYZ":
            party = self.parties[letter]
            joined = await party.by("officer").post(f"/v1/trades/{self.trade['id']}/participants", {})
            await self.market("operator").post(f"/v1/participants/{joined['id']}/admission", {})
            await self.university.by("officer").post(f"/v1/participants/{joined['id']}/confirmation", {})
            self.numbers[letter] = joined["number"]
            (due,) = await self.open_dues(party)
            await self.bank_pays(party, due, START)

        async def all_ready() -> bool | None:
            path = f"/v1/trades/{self.trade['id']}/participants"
            joined = (await self.market("operator").get(path))["items"]
            states = [seat["state"] for one in joined for seat in one["seats"]]
            return True if states == ["READY"] * 3 else None

        await self.until("all deposits are held", all_ready)

    @property
    def lot(self) -> str:
        return str(self.trade["lot"]["id"])

    async def lot_in(self, state: str) -> dict[str, Any]:
        async def look() -> dict[str, Any] | None:
            lot = await Caller(self.http).get(f"/v1/lots/{self.lot}")
            return lot if lot["state"] == state else None

        return dict(await self.until(f"the lot is {state}", look))

    async def open_bidding(self) -> None:
        await self.clock_to(BIDDING_OPENS + timedelta(minutes=1))
        await self.lot_in("OPEN")

    def robots(self) -> list[tuple[Robot, int]]:
        """X answers a rival with its whole limit; the limits of the others lie below it."""
        limits = {"X": ("600000.00", True), "Y": ("580000.00", False), "Z": ("560000.00", False)}
        return [
            (Robot(letter, self.parties[letter].by("officer"), Decimal(limit), whole), self.numbers[letter])
            for letter, (limit, whole) in limits.items()
        ]

    async def compete(self) -> None:
        await contest(self.robots(), self.lot)

    async def close(self) -> None:
        """The free and the limited period pass without another bid; the clock closes the lot and awards it."""
        await self.clock_to(BIDDING_OPENS + timedelta(minutes=75))
        await self.lot_in("AWARDED")

        async def awarded() -> dict[str, Any] | None:
            path = f"/v1/trades/{self.trade['id']}/awards"
            offered = [a for a in (await self.market("operator").get(path))["items"] if a["state"] == "OFFERED"]
            return offered[0] if offered else None

        self.award = await self.until("the lot is awarded", awarded)

    async def contract_signed(self) -> None:
        """After the result notice: drafted, drawn as a PDF, signed by both, in force; the deposit becomes part of the
        price, and each signature is answered with the market's signed promise."""
        await self.clock_to(datetime(2026, 3, 20, 10, 0, tzinfo=SHANGHAI))
        seller = self.university.by("officer")
        drafted = await seller.post("/v1/contracts", {"award_id": self.award["id"], "royalty_due_days": 15})
        path = f"/v1/contracts/{drafted['id']}"
        document = {"document_sha256": drafted["document_sha256"]}
        await seller.post(f"{path}/signing", document)
        await seller.post(f"{path}/signatures", document)
        drawn = await seller.send("GET", f"{path}/paper")
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.folder / "contract.pdf").write_bytes(drawn.content)
        await self.buyer.by("officer").post(f"{path}/signatures", document)
        self.contract = await seller.get(path)

    async def pay_open_dues(self, at: datetime) -> None:
        """The buyer pays what is open; the market releases it to the unit, less its fee."""
        buyer = self.buyer
        dues = await self.open_dues(buyer)
        for due in dues:
            await self.bank_pays(buyer, due, at)
        finance = self.market("finance")
        for due in dues:
            await finance.act(f"/v1/dues/{due['id']}/release")
        payouts = await finance.get("/v1/payouts", params={"state": "INSTRUCTED", "limit": 100})
        for payout in payouts["items"]:
            if payout["channel"] == "ESCROW":
                answer = {"outcome": "CONFIRMED", "bank_reference": f"SAMPLE-{payout['id'][:8]}"}
                await finance.post(f"/v1/payouts/{payout['id']}/confirmation", answer)

    async def pay_entry_fee(self) -> None:
        await self.pay_open_dues(datetime(2026, 3, 20, 15, 0, tzinfo=SHANGHAI))

    async def register_contract(self) -> None:
        """认定登记: filed by the seller, decided by the registrar."""
        path = f"/v1/contracts/{self.contract['id']}/registrations"
        amounts = {"whole_amount": money("600000.00"), "technology_amount": money("600000.00")}
        filed = await self.university.by("officer").post(path, {"contract_class": "LICENCE", **amounts})
        await self.market("registrar").post(f"/v1/registrations/{filed['id']}/decision", {"number": "20263301000001"})

    async def certify(self) -> None:
        """Two certifiers, one certificate; kept as a file that needs neither us nor a network to check."""
        path = f"/v1/contracts/{self.contract['id']}/certificates"
        prepared = await self.market("certifier_1").act(path)
        self.certificate = await self.market("certifier_2").act(f"/v1/certificates/{prepared['id']}/approval")
        number = self.certificate["number"]

        async def proven() -> bytes | None:
            response = await self.market("operator").send("GET", f"/v1/certificates/{number}/file")
            if response.status_code != 200 or "proof" not in response.json()["log"]:
                return None
            return response.content

        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.folder / "certificate.json").write_bytes(await self.until("the certificate is in the log", proven))
        sealed = await self.market("operator").send("GET", f"/v1/certificates/{number}/pdf")
        (self.folder / "certificate.pdf").write_bytes(sealed.content)
        keys = await Caller(self.http).send("GET", "/.well-known/techmarket-keys.json")
        (self.folder / "keys.json").write_bytes(keys.content)

    async def report_royalty(self) -> None:
        """Half a year later: net sales reported, the royalty due, paid and released."""
        await self.clock_to(datetime(2026, 7, 10, 9, 0, tzinfo=SHANGHAI))
        await self.buyer.by("officer").post(
            f"/v1/contracts/{self.contract['id']}/royalty-reports",
            {"period_from": "2026-03-20", "period_to": "2026-06-30", "base": money(NET_SALES)},
        )
        await self.pay_open_dues(datetime(2026, 7, 15, 10, 0, tzinfo=SHANGHAI))

    async def sign_share_table(self) -> None:
        """85 / 5 / 10 inside the reward, 50 / 30 / 20 among the inventors; each of them signs exactly this table."""
        person = {title: one.id for title, one in self.university.people.items()}
        groups = [
            {
                "group": "MAIN",
                "weight": "85",
                "people": [
                    {"person_id": person["A"], "weight": "50"},
                    {"person_id": person["B"], "weight": "30"},
                    {"person_id": person["C"], "weight": "20"},
                ],
            },
            {"group": "STAFF", "weight": "5", "people": [{"person_id": person["staff"], "weight": "1"}]},
            {"group": "OTHERS", "weight": "10", "people": [{"person_id": person["others"], "weight": "1"}]},
        ]
        officer = self.university.by("officer")
        drafted = await officer.post(
            "/v1/share-tables", {"achievement_id": self.achievement, "table": {"groups": groups}}
        )
        path = f"/v1/share-tables/{drafted['id']}"
        opened = await officer.act(f"{path}/signing")
        for letter in "ABC":
            signature = {"document_sha256": opened["document_sha256"]}
            self.table = await self.university.by(letter).post(f"{path}/signatures", signature)

    async def split_income(self) -> None:
        """The unit enters its costs with evidence; the split is computed, and the reward list published in the unit."""
        officer = self.university.by("officer")
        for kind, amount in COSTS:
            await officer.post(
                f"/v1/contracts/{self.contract['id']}/costs",
                {
                    "kind": kind,
                    "amount": money(amount),
                    "evidence": f"SAMPLE-{kind}-2026",
                    "incurred_on": "2026-07-01",
                },
            )

        async def booked() -> bool | None:
            books = await officer.get(f"/v1/contracts/{self.contract['id']}/income")
            return True if books["open_income"]["amount"] == "1153703.67" else None

        await self.until("the released money is booked as income", booked)
        drafted = await officer.post(
            "/v1/distributions", {"contract_id": self.contract["id"], "share_table_id": self.table["id"]}
        )
        board = b"%PDF-1.4\n% Sample: the reward list on the unit's board.\n%%EOF\n"
        media = {"Content-Type": "application/pdf"}
        kept = await officer.call("POST", "/v1/evidence", content=board, headers=media)
        self.distribution = await officer.post(
            f"/v1/distributions/{drafted['id']}/publication", {"posted_sha256": kept["sha256"]}
        )

    def amounts_split(self) -> tuple[str, str]:
        return self.distribution["net_income"]["amount"], self.distribution["reward"]["amount"]

    async def pay_rewards(self) -> dict[str, str]:
        """After fifteen days in public: instructed, paid by the unit's payroll, confirmed; each reads her statement."""
        await self.clock_to(datetime(2026, 8, 3, 9, 0, tzinfo=SHANGHAI))
        officer = self.university.by("officer")
        path = f"/v1/distributions/{self.distribution['id']}"
        paid = await officer.act(f"{path}/payment")
        for line in paid["lines"]:
            if line["person_id"] is not None:
                await officer.act(f"/v1/lines/{line['id']}/payroll-confirmation")
        statements = {}
        for letter in "ABC":
            person = self.university.people[letter]
            statement = await person.caller.get(f"{path}/statements/{person.id}")
            statements[letter] = statement["amount"]["amount"]
            for kind, name in (("file", "json"), ("pdf", "pdf")):
                kept = await person.caller.send("GET", f"{path}/statements/{person.id}/{kind}")
                (self.folder / f"statement-{letter}.{name}").write_bytes(kept.content)
        sheet = await officer.send("GET", f"/v1/organisations/{self.university.id}/conversion-reports/2026/xlsx")
        (self.folder / "conversion-report-2026.xlsx").write_bytes(sheet.content)
        return statements

    async def everybody_told(self) -> bool | None:
        """Whether the last thing that happened to A, her reward, lies in her inbox."""
        inbox = await self.university.people["A"].caller.get("/v1/notifications?kind=revenue.line_paid")
        return True if inbox["items"] else None
