"""The contract as a file: drawn, looked at, signed on the file itself, and given back."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import pem, x509  # type: ignore[import-untyped]
from asn1crypto.keys import PrivateKeyInfo  # type: ignore[import-untyped]
from PIL import Image
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko_certvalidator.registry import SimpleCertificateStore

from techmarket.contracts import errors, paper, service, templates
from techmarket.contracts.lifecycle import AuthorityState, ContractState, OrderedState
from techmarket.contracts.rules import AuthorityKind, ContractType
from techmarket.contracts.service import ordering
from techmarket.db.files import Files
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.kernel.seals import PaperSeal
from techmarket.notices import service as evidence
from techmarket.rulebook import service as rulebook
from techmarket.rulebook.rules import Binding, Evidence, RuleUnit
from techmarket.rulebook.service import RuleDraft
from techmarket.signing import errors as signing_errors
from techmarket.signing.outside import Begun, Looked, Order, OrderState
from tests.contracts.make import Deal, a_draft, a_signing
from tests.identity.make import a_market, an_organisation
from tests.notices.make import a_sandbox, an_evidence, move_to
from tests.settlement.test_two_people import set_rule

START = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
LONG = "示例先进制造与新材料产业技术研究院（浙江）股份有限公司 Sample Advanced Manufacturing Institute (Zhejiang)"


def money(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "CNY"}


def document(parties: int = 2, clauses: int = 1, **more: Any) -> dict[str, Any]:
    sides = [{"role": "PAYEE", "name": "示例大学", "uscc": "12100000470095016Q"}]
    sides += [{"role": "PAYER", "name": f"{LONG} {n}", "uscc": None} for n in range(1, parties)]
    return {
        "number": "HT-2026-000123",
        "type": "LICENCE",
        "trade_number": None,
        "parties": sides,
        "objects": [],
        "licence": {"kind": "SOLE", "territory": "CN-33", "field": "ANY", "manner": "ANY", "term_years": None},
        "plan": [{"n": 1, "kind": "LUMP", "from": "EFFECT", "amount": money("600000.00"), "due_on": "2026-04-01"}],
        "facts": templates.filled(ContractType.LICENCE, None, {}),
        "clauses": [{"title": "Notices 通知", "text": "以书面形式通知。Notices are given in writing. " * 20}] * clauses,
        **more,
    }


def ink(page: bytes) -> float:
    """How much of a page is printed on."""
    grey = Image.open(io.BytesIO(page)).convert("L")
    return sum(grey.histogram()[:200]) / (grey.width * grey.height)


def test_the_pages_hold_chinese_and_english_long_names_many_parties_and_break_where_they_must():
    signs = [("PAYEE", "示例大学"), *[("PAYER", f"{LONG} {n}") for n in range(7)]]
    pages = paper.draw(document(8, 9), sha256="ab" * 32, signatories=signs, form="png")
    assert len(pages) == 6
    assert all(0.005 < ink(page) < 0.3 for page in pages)
    one = paper.draw(document(2, 1), sha256="ab" * 32, signatories=signs[:2], form="png")
    assert len(one) == 3


def test_a_page_says_in_words_what_the_plan_and_the_law_say():
    royalty = {
        "base": "net_sales",
        "rates": [{"from_year": 1, "rate": "0.03"}, {"from_year": 3, "rate": "0.025"}],
        "due_days": 30,
        "minimum_a_year": money("50000.00"),
        "books_may_be_inspected": True,
    }
    said = paper.stated_of(
        document(plan=[{"n": 2, "kind": "ROYALTY", "from": "REPORT", "royalty": royalty}]),
        sha256="ab" * 32,
        signatories=[],
        is_draft=True,
    )
    [line] = said["plan"]
    assert line["what"].splitlines() == [
        "净销售额 net sales",
        "第 1 年起 from year 1: 3 %",
        "第 3 年起 from year 3: 2.5 %",
        "年最低 minimum a year ¥ 50,000.00",
        "可查阅账目 books may be inspected",
    ]
    assert said["facts"][0]["source"] == "法定 by law · art. 867, 869; SPC-T art. 25"
    assert said["banner"].startswith("草案")


# --- signed outside ---


def sign_file(raw: bytes, field: str, seal: PaperSeal) -> bytes:
    signer = SimpleSigner(
        signing_cert=x509.Certificate.load(pem.unarmor(seal.certificate_pem)[2]),
        signing_key=PrivateKeyInfo.load(pem.unarmor(seal.key_pem)[2]),
        cert_registry=SimpleCertificateStore(),
    )
    said = PdfSignatureMetadata(field_name=field, subfilter=SigSeedSubFilter.PADES, md_algorithm="sha256")
    out = PdfSigner(said, signer).sign_pdf(IncrementalPdfFileWriter(io.BytesIO(raw)))
    return bytes(out.getvalue())


def test_only_the_drawn_file_with_one_more_signature_in_the_right_field_over_all_of_it_counts():
    base = paper.draw(document(), sha256="ab" * 32, signatories=[("PAYEE", "A"), ("PAYER", "B")])
    seller, buyer = PaperSeal.generate("Sample University CA"), PaperSeal.generate("Sample Buyer CA")
    first = sign_file(base, "Party1", seller)
    put = paper.check_signed(first, base, field="Party1")
    assert ("Sample University CA" in put.subject, put.field) == (True, "Party1")
    second = sign_file(first, "Party2", buyer)
    assert "Sample Buyer CA" in paper.check_signed(second, first, field="Party2").subject
    other = paper.draw(document(3), sha256="ab" * 32, signatories=[("PAYEE", "A"), ("PAYER", "B")])
    bad = {
        "form": b"no file at all",
        "not_this_text": sign_file(other, "Party1", seller),
        "wrong_field": sign_file(base, "Party2", buyer),
        "broken": first[:-6_000] + bytes([first[-6_000] ^ 1]) + first[-5_999:],
        "does_not_cover": first + b"\n% something after the signature\n",
    }
    for check, raw in bad.items():
        with pytest.raises(paper.NotThePaper) as refused:
            paper.check_signed(raw, base, field="Party1")
        assert str(refused.value) in (check, "form"), check
    with pytest.raises(paper.NotThePaper):
        paper.check_signed(base, base, field="Party1")


async def signed_file(raw: bytes, field: str, seal: PaperSeal) -> bytes:
    return await asyncio.to_thread(sign_file, raw, field, seal)


async def upload(tx, files: Files, who: Any, raw: bytes) -> str:
    async def chunks() -> AsyncIterator[bytes]:
        yield raw

    view = await evidence.upload_evidence(tx, files, who, media_type="application/pdf", chunks=chunks())
    return view.sha256


async def read(tx, files: Files, who: Any, deal: Deal) -> bytes:
    view, chunks = await service.get_paper(tx, files, who, deal.id)
    raw = b"".join([chunk async for chunk in chunks])
    assert len(raw) == view.size
    return raw


async def test_a_file_signed_by_the_parties_own_certificates_puts_the_contract_in_force(tx, keys, tmp_path: Path):
    await a_sandbox(tx, START)
    files = Files.at(tmp_path / "store")
    deal = await a_signing(tx, keys)
    seller, buyer = deal.seller.actor, deal.buyer.actor
    drawn = set(await asyncio.gather(*[read(tx, files, who, deal) for who in (seller, buyer, seller)]))
    assert len(drawn) == 1
    [base] = drawn
    mine, theirs = PaperSeal.generate("Sample University CA"), PaperSeal.generate("Sample Buyer CA")
    early = await upload(tx, files, buyer, await signed_file(base, "Party2", theirs))
    with pytest.raises(signing_errors.NotYourTurn):
        await service.sign_paper(tx, files, keys, buyer, deal.id, paper_sha256=early)
    first = await signed_file(base, "Party1", mine)
    sha256 = await upload(tx, files, seller, first)
    with pytest.raises(errors.PaperNotValid):
        await service.sign_paper(tx, files, keys, seller, deal.id, paper_sha256=await upload(tx, files, seller, base))
    view = await service.sign_paper(tx, files, keys, seller, deal.id, paper_sha256=sha256)
    assert view.receipt is not None
    [signed] = view.signatures
    assert (signed.method, signed.paper_sha256, signed.certificate["field"]) == ("pades", sha256, "Party1")
    assert "Sample University CA" in signed.certificate["subject"]
    assert view.receipt["entry_id"] == str(signed.entry_id)
    # What was signed over the file without the seller's signature is not this file any more.
    with pytest.raises(errors.PaperNotValid):
        await service.sign_paper(tx, files, keys, buyer, deal.id, paper_sha256=early)
    current = await read(tx, files, buyer, deal)
    assert hashlib.sha256(current).hexdigest() == sha256
    both = await upload(tx, files, buyer, await signed_file(current, "Party2", theirs))
    done = await service.sign_paper(tx, files, keys, buyer, deal.id, paper_sha256=both)
    assert (done.state, [one.method for one in done.signatures]) == (ContractState.IN_FORCE, ["pades", "pades"])


async def test_a_draft_is_drawn_for_its_drafter_alone_and_has_nothing_to_sign(tx, keys, tmp_path: Path):
    files = Files.at(tmp_path / "store")
    deal = await a_draft(tx, keys)
    assert (await read(tx, files, deal.seller.actor, deal)).startswith(b"%PDF-")
    with pytest.raises(NotFound):
        await read(tx, files, deal.buyer.actor, deal)
    sha256 = await upload(tx, files, deal.seller.actor, b"%PDF-1.7\nnothing\n%%EOF\n")
    with pytest.raises(errors.NotSignedYet):
        await service.sign_paper(tx, files, keys, deal.seller.actor, deal.id, paper_sha256=sha256)


# --- by what authority ---


async def test_a_signature_names_the_authority_behind_it_and_where_one_is_asked_for_none_signs_without(tx, keys):
    await a_sandbox(tx, START)
    market, deal = await a_market(tx, keys), await a_signing(tx, keys)
    seller = deal.seller.actor
    proof = await an_evidence(tx, seller)
    recorded = await service.record_authority(
        tx,
        seller,
        person_id=seller.person,
        kind=AuthorityKind.POWER_OF_ATTORNEY,
        evidence_sha256=proof,
        valid_from=date(2026, 1, 1),
        valid_until=date(2026, 12, 31),
    )
    view = await service.sign(tx, seller, deal.id, document_sha256=deal.sha256, keys=keys)
    assert [(one.authority, one.is_authority_confirmed) for one in view.signatures] == [
        (AuthorityKind.POWER_OF_ATTORNEY, False)
    ]
    with pytest.raises(NotAllowed):
        await service.decide_authority(tx, seller, recorded.id, confirm=True)
    confirmed = await service.decide_authority(tx, market["operator"].actor, recorded.id, confirm=True)
    assert confirmed.state is AuthorityState.CONFIRMED
    await rulebook.add_rule(
        tx,
        market["operator"].actor,
        RuleDraft(
            key="contracts.signer_authority.required",
            jurisdiction="CN",
            scope="market",
            mode=None,
            applies_to="any",
            binding=Binding.DEFAULT,
            base=None,
            value="1",
            unit=RuleUnit.FLAG,
            source="Sample",
            evidence=Evidence.SAMPLE,
            effective_from=date(2026, 3, 2),
            effective_to=None,
        ),
    )
    with pytest.raises(errors.AuthorityMissing):
        await service.sign(tx, deal.buyer.actor, deal.id, document_sha256=deal.sha256)
    other = await an_organisation(tx, keys=keys)
    with pytest.raises(NotFound):
        await service.revoke_authority(tx, other.actor, recorded.id)
    assert (await service.revoke_authority(tx, seller, recorded.id)).state is AuthorityState.REVOKED


# --- ordered from a service ---


class FakeProvider:
    """A service in the market's place of one: it signs what it is given, when it is told to."""

    name = "sample service"

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}
        self.looked = Looked(OrderState.WAITING)
        self.silent = False

    async def begin(self, order: Order) -> Begun:
        if self.silent:
            raise signing_errors.ProviderSilent(provider=self.name)
        self.orders[str(order.id)] = order
        return Begun(str(order.id), "https://service.test/sign")

    async def look(self, reference: str) -> Looked:
        return self.looked


async def test_a_signature_ordered_from_a_service_is_intended_then_asked_for_then_taken_once(tx, keys, tmp_path: Path):
    files, service_ = Files.at(tmp_path / "store"), FakeProvider()
    deal = await a_signing(tx, keys)
    seller, buyer = deal.seller.actor, deal.buyer.actor
    with pytest.raises(signing_errors.NoProvider):
        await service.order_signature(tx, None, seller, deal.id)
    base = await read(tx, files, seller, deal)
    with pytest.raises(signing_errors.NotYourTurn):
        await service.order_signature(tx, service_, buyer, deal.id)
    orders = await asyncio.gather(*[service.order_signature(tx, service_, seller, deal.id) for _ in range(4)])
    assert len({one.id for one in orders}) == 1
    service_.silent = True
    assert await service.send_orders(tx, files, service_) == 0
    assert (await service.get_order(tx, seller, orders[0].id)).state is OrderedState.INTENDED
    service_.silent = False
    assert await service.send_orders(tx, files, service_) == 1
    [order] = service_.orders.values()
    assert (order.paper, order.field, order.document_sha256) == (base, "Party1", deal.sha256)
    assert await service.collect_orders(tx, files, keys, service_) == 0
    signed = await signed_file(base, "Party1", PaperSeal.generate("Sample Service CA"))
    service_.looked = Looked(OrderState.SIGNED, signed, {"name": "示例人员"})
    assert await service.collect_orders(tx, files, keys, service_) == 1
    assert await service.collect_orders(tx, files, keys, service_) == 0
    view = await service.get_contract(tx, buyer, deal.id)
    [one] = view.signatures
    assert (one.method, one.person_id, one.identity) == ("provider", seller.person, {"name": "示例人员"})
    assert (await service.get_order(tx, buyer, orders[0].id)).state is OrderedState.SIGNED


async def test_a_service_that_gives_back_another_file_signs_nothing(tx, keys, tmp_path: Path):
    files, service_ = Files.at(tmp_path / "store"), FakeProvider()
    deal = await a_signing(tx, keys)
    seller = deal.seller.actor
    base = await read(tx, files, seller, deal)
    order = await service.order_signature(tx, service_, seller, deal.id)
    await service.send_orders(tx, files, service_)
    service_.looked = Looked(OrderState.SIGNED, base + b"% nothing signed")
    assert await service.collect_orders(tx, files, keys, service_) == 1
    ended = await service.get_order(tx, seller, order.id)
    assert (ended.state, ended.why in ("wrong_field", "form")) == (OrderedState.FAILED, True)
    assert (await service.get_contract(tx, seller, deal.id)).signatures == ()
    again = await service.order_signature(tx, service_, seller, deal.id)
    assert again.id != order.id


async def test_orders_are_looked_at_in_turn_and_closed_when_they_came_to_nothing(
    tx, keys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    files, service_ = Files.at(tmp_path / "store"), FakeProvider()
    await a_sandbox(tx, datetime(2026, 3, 2, 2, 0, tzinfo=UTC))
    asked: list[str] = []

    async def look(reference: str) -> Looked:
        asked.append(reference)
        if len(asked) == 1:
            raise signing_errors.NotYourTurn(next_position=None, your_position=None)  # any refusal but a busy one
        return Looked(OrderState.WAITING)

    service_.look = look
    deals = [await a_signing(tx, keys) for _ in range(3)]
    for deal in deals:
        await read(tx, files, deal.seller.actor, deal)
    orders = [await service.order_signature(tx, service_, deal.seller.actor, deal.id) for deal in deals]
    assert await service.send_orders(tx, files, service_) == 3
    monkeypatch.setattr(ordering, "BATCH", 2)
    for _ in range(2):
        assert await service.collect_orders(tx, files, keys, service_) == 0
    assert set(asked) == {str(one.id) for one in orders}  # the two oldest do not stand before the third
    monkeypatch.undo()
    await service.cancel(tx, deals[0].seller.actor, deals[0].id)
    assert await service.close_stale_orders(tx) == 1
    await set_rule(tx, await a_market(tx, keys), ordering.LASTS, "10")
    await move_to(tx, datetime(2026, 3, 11, 2, 0, tzinfo=UTC))
    assert await service.close_stale_orders(tx) == 0
    await move_to(tx, datetime(2026, 3, 13, 2, 0, tzinfo=UTC))
    assert await service.close_stale_orders(tx) == 2
    ended = [await service.get_order(tx, deal.seller.actor, one.id) for deal, one in zip(deals, orders, strict=True)]
    assert [one.why for one in ended] == ["contract_cancelled", "expired", "expired"]


async def test_who_signs_may_be_vouched_for_and_without_a_voucher_no_token_is_taken(tx, keys):
    deal = await a_signing(tx, keys)

    class Sure:
        async def vouch(self, token: str, *, nonce: str) -> dict[str, str]:
            assert (token, nonce) == ("token", deal.sha256)
            return {"issuer": "http://op.test", "subject": "person-1", "at": "2026-03-02T02:00:00+00:00"}

    terms: dict[str, Any] = {"document_sha256": deal.sha256, "id_token": "token"}
    with pytest.raises(signing_errors.NoProvider):
        await service.sign_vouched(tx, None, deal.seller.actor, deal.id, **terms)
    view = await service.sign_vouched(tx, Sure(), deal.seller.actor, deal.id, **terms)
    assert [one.identity["subject"] for one in view.signatures if one.identity] == ["person-1"]
