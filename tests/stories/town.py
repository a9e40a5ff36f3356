"""The town in which the stories happen: a sandbox market, its staff, and the people who come to it, all over HTTP."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from httpx import Response
from sqlalchemy import text

from techmarket.db.jobs import FOLLOWERS
from techmarket.db.means import Means
from techmarket.jobs import runner
from techmarket.kernel.periods import SHANGHAI
from techmarket.settlement.rules import sign_message
from techmarket.transparency.offline import proof_holds
from tests.client import Api
from tests.identity.make import a_market
from tests.notices.make import a_sandbox
from tests.settlement.make import sheet
from tests.stories import queue

ENTERPRISE = ("LISTING_OFFICER", "TRADER", "SIGNATORY", "FINANCE")
Json = dict[str, Any]


def at(month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    """A moment of 2026 in Shanghai."""
    return datetime(2026, month, day, hour, minute, tzinfo=SHANGHAI)


def moment(written: str) -> datetime:
    return datetime.fromisoformat(written).astimezone(SHANGHAI)


def yuan(amount: str) -> Json:
    return {"amount": amount, "currency": "CNY"}


def fen(amount: str) -> int:
    return int(amount.replace(".", ""))


@dataclass(frozen=True)
class Person:
    id: str
    key: str


@dataclass
class Party:
    """An organisation with its people by title."""

    id: str
    name: str
    people: dict[str, Person] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The key of the officer, who does what needs no other title."""
        return self.people["officer"].key


@dataclass
class Town:
    api: Api
    means: Means
    staff: dict[str, str]
    looks_at_queues: bool = False
    """Whether everything that is done must have stood in the queue of whoever does it, and be gone afterwards."""

    # --- asking -----------------------------------------------------------------------------------------------------

    async def post(self, path: str, body: Json | None = None, *, by: str | Party | None, **more: Any) -> Json:
        """A POST that must succeed; `by` is a party, or the title of one of the market's staff."""
        return _ok(await self.try_post(path, body, by=by, **more))

    async def try_post(self, path: str, body: Json | None = None, *, by: str | Party | None, **more: Any) -> Response:
        if body is not None:
            more["json"] = body
        key = self.key_of(by)
        before = await queue.waiting(self.api, key, path) if self.looks_at_queues else None
        answer = await self.api.post(path, key=key, **more)
        if before is not None and answer.status_code in (200, 201):
            after = await queue.waiting(self.api, key, path)
            assert after is not None
            queue.check(path, before, after)
        return answer

    async def get(self, path: str, *, by: str | Party | None = None, **params: Any) -> Json:
        return _ok(await self.api.get(path, key=self.key_of(by), params=params))

    async def refused(self, path: str, body: Json | None = None, *, by: str | Party | None) -> tuple[int, str]:
        """Status and code of a POST that must be refused."""
        answer = await self.try_post(path, body, by=by)
        assert answer.headers["content-type"] == "application/problem+json", answer.text
        return answer.status_code, answer.json()["code"]

    def key_of(self, by: str | Party | Person | None) -> str | None:
        if by is None:
            return None
        return self.staff[by] if isinstance(by, str) else by.key

    # --- time and what it brings ------------------------------------------------------------------------------------

    async def move_to(self, when: datetime) -> None:
        """The sandbox's clock runs ahead, and whatever is due by then happens."""
        await self.post("/v1/clock", {"now": when.isoformat()}, by="operator")
        await self.settle()

    async def settle(self) -> None:
        """All jobs and reactions have nothing left to do; then every book balances and nobody was left behind."""
        await runner.settle_down(self.means)
        # Those that follow the journal by themselves, and the checkpoint over its end.
        await runner.run_due(self.means, *FOLLOWERS, "transparency.checkpoint")
        async with self.means.tx.read() as db:
            head = "(SELECT coalesce(max(n) + 1, 0) FROM journal_position)"
            behind = await db.execute(text(f"SELECT name FROM journal_reader WHERE position < {head}"))
            assert behind.scalars().all() == []
            assert (await db.execute(text("SELECT count(*) FROM journal_waiting"))).scalar_one() == 0
        assert (await self.get("/v1/ledger/balance-check", by="finance"))["is_balanced"] is True

    async def money(self) -> dict[str, int]:
        """What the accounts of each purpose hold together in the market's book, in fen, without the empty ones."""
        return await sheet(self.means.tx)

    async def escrow(self, party: Party) -> tuple[str, str]:
        """(balance, available) of the party's own escrow, as the party is shown it."""
        shown = await self.get("/v1/ledger/accounts", by=party, book="market", purpose="ESCROW", limit=100)
        for account in shown["items"]:
            if account["subject"] is None:
                return account["balance"]["amount"], account["available"]["amount"]
        return "0.00", "0.00"

    # --- people -----------------------------------------------------------------------------------------------------

    async def a_party(self, kind: str, name: str, **facts: Any) -> Party:
        """Registered by its administrator, verified by the operator, with an officer for everything."""
        body = {"kind": kind, "name": name, "administrator": f"Sample administrator of {name}", "region": "330100"}
        made = await self.post("/v1/organisations", {**body, **facts}, by=None)
        party = Party(made["organisation"]["id"], name)
        party.people["administrator"] = Person(made["administrator"]["id"], made["key"]["key"])
        await self.post(f"/v1/organisations/{party.id}/verification", by="operator")
        await self.a_person(party, "officer", *ENTERPRISE)
        return party

    async def a_person(self, party: Party, title: str, *roles: str) -> Person:
        body = {"name": f"Sample {title} of {party.name}", "roles": list(roles)}
        made = await self.api.post(
            f"/v1/organisations/{party.id}/people", json=body, key=party.people["administrator"].key
        )
        shown = _ok(made)
        party.people[title] = Person(shown["person"]["id"], shown["key"]["key"])
        return party.people[title]

    async def a_university(self, name: str = "Sample University 1 / 示例大学一") -> Party:
        """A university set up by the government, in the province, with three inventors and those who share."""
        university = await self.a_party("UNIVERSITY", name, government_established=True)
        for title in ("A", "B", "C", "others"):
            await self.a_person(university, title, "INVENTOR")
        await self.a_person(university, "staff", "BROKER")
        return university

    async def an_achievement(self, university: Party) -> str:
        """One invention patent on record, made by A, B and C in this order."""
        body = {
            "title_zh": "薄壁铝合金件激光焊接变形在线补偿方法",
            "title_en": "In-process compensation of weld distortion",
            "abstract_zh": "示例数据：实时测量焊缝附近的变形并修正激光头路径。",
            "abstract_en": "Sample data: measures the distortion beside the seam and corrects the path.",
            "technology_field": "03",
            "trl": 7,
            "rights": [{"kind": "INVENTION_PATENT", "number": "202119900001.9", "filed_on": "2021-09-06"}],
            "completers": [university.people[title].id for title in "ABC"],
        }
        made = await self.post("/v1/achievements", body, by=university)
        await self.post(f"/v1/achievements/{made['id']}/record", by=university)
        return str(made["id"])

    async def an_offer(self, university: Party, achievement: str) -> str:
        """An ordinary licence for six years: floor 500,000.00 and 3 % of net sales, accepted by the operator."""
        terms = {
            "title_zh": "薄壁铝合金件激光焊接变形在线补偿方法",
            "title_en": "In-process compensation of weld distortion",
            "summary_zh": "示例数据：普通许可六年，入门费加提成。",
            "summary_en": "Sample data: an ordinary licence for six years, entry fee and royalty.",
            "technical_details": "Sample data: parameters of the seam sensor.",
            "mode": "LICENCE",
            "licence_kind": "ORDINARY",
            "scope": {"territory": "CN", "field": "ANY", "term_years": 6},
            "price_form": "MIXED",
            "price": yuan("500000.00"),
            "royalty_rate": "0.03",
            "royalty_base": "net_sales",
        }
        body = {"kind": "OFFER", "terms": terms, "achievement_ids": [achievement]}
        made = await self.post("/v1/listings", body, by=university)
        await self.post(f"/v1/listings/{made['id']}/submission", by=university)
        accepted = await self.accept(made["id"])
        assert accepted["state"] == "PUBLISHED"
        return str(made["id"])

    async def accept(self, listing: str) -> Json:
        """The operator lets the public see what he has read."""
        read = (await self.get(f"/v1/listings/{listing}", by="operator"))["dossier"]["sha256"]
        return await self.post(f"/v1/listings/{listing}/acceptance", {"sha256": read}, by="operator")

    # --- notices ----------------------------------------------------------------------------------------------------

    async def evidence(self, party: Party, content: str) -> str:
        """A paper that the party keeps as evidence; returns its hash."""
        paper = b"%PDF-1.4\n% " + content.encode() + b"\n%%EOF\n"
        media = {"Content-Type": "application/pdf"}
        kept = _ok(await self.api.post("/v1/evidence", content=paper, headers=media, key=party.key))
        assert kept["sha256"] == sha256(paper)
        return str(kept["sha256"])

    async def hang(self, notice: str, party: Party) -> Json:
        """The unit hangs the notice on its own board and confirms it with a photograph."""
        proof = {"evidence_sha256": await self.evidence(party, f"Sample photograph of {notice}")}
        return await self.post(f"/v1/notices/{notice}/postings", proof, by=party)

    # --- money ------------------------------------------------------------------------------------------------------

    async def bank_pays(self, party: Party, due: Json) -> None:
        """The bank tells the market, under its signature, that exactly the outstanding money has arrived."""
        body = json.dumps(
            {
                "message_id": f"SAMPLE-{due['reference']}",
                "payer_account": f"SAMPLE-{party.id[:8]}",
                "payer_name": party.name,
                "amount": due["outstanding"],
                "reference": due["reference"],
                "booked_at": (await self.get("/v1/clock"))["now"],
            }
        ).encode()
        stamp = str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "X-Bank-Timestamp": stamp,
            "X-Bank-Signature": sign_message(self.means.keys.bank_secret, stamp, body),
        }
        answer = _ok(await self.api.http.post("/v1/bank/messages", content=body, headers=headers))
        assert answer["outcome"] == "MATCHED"

    async def the_open_due(self, party: Party) -> Json:
        (due,) = (await self.get("/v1/dues", by=party, state="OPEN"))["items"]
        return dict(due)

    async def confirm_payouts(self) -> list[tuple[str, str]]:
        """The bank has paid what was instructed by escrow; returns to whom and how much, sorted."""
        waiting = (await self.get("/v1/payouts", by="finance", state="INSTRUCTED", limit=100))["items"]
        done = []
        for payout in waiting:
            if payout["channel"] == "ESCROW":
                answer = {"outcome": "CONFIRMED", "bank_reference": f"SAMPLE-{payout['id'][:8]}"}
                await self.post(f"/v1/payouts/{payout['id']}/confirmation", answer, by="finance")
                done.append((payout["org_id"], payout["amount"]["amount"]))
        await self.settle()
        return sorted(done)

    # --- the log ----------------------------------------------------------------------------------------------------

    async def prove(self, kind: str, ref: str) -> Json:
        """The one entry of this kind about this thing is in the log, and anyone can check it with the key alone."""
        async with self.means.tx.read() as db:
            query = text("SELECT id FROM journal_entry WHERE kind = :kind AND refs @> cast(:ref as jsonb) ORDER BY seq")
            found = (await db.execute(query, {"kind": kind, "ref": json.dumps([ref])})).scalars().all()
        assert found, f"the log has no {kind} of {ref}"
        proof = await self.get(f"/v1/log/entries/{found[-1]}/proof", by="operator")
        assert proof_holds(proof, self.means.keys.log.public), f"{kind} of {ref} is not provable"
        assert not proof_holds(
            {**proof, "row": proof["row"].replace(kind, "nothing.happened")}, self.means.keys.log.public
        )
        row = json.loads(proof["row"])
        assert row["kind"] == kind
        return dict(row)


async def a_town(api: Api, means: Means, start: datetime) -> Town:
    """A market founded this morning; its clock stands at `start`."""
    await a_sandbox(means.tx, start)
    staff = {title: one.key for title, one in (await a_market(means.tx, means.keys)).items()}
    return Town(api, means, staff)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _ok(answer: Response) -> Json:
    assert answer.status_code < 400, f"{answer.request.method} {answer.request.url.path}: {answer.text}"
    shown: Json = answer.json() if answer.content else {}
    return shown
