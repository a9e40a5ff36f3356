"""A certificate as a sealed PDF: what people hold, with the file that counts inside."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import pikepdf
import pypdfium2
import pytest
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader

from techmarket.certification import paper, verify
from techmarket.certification.verify import Answer, verify_paper
from techmarket.kernel.seals import PaperSeal, SealKey
from tests.certification.test_verify import AT, NUMBER, PRICE, TRUSTED, Sample

SEAL, STRANGER = PaperSeal.generate("Sample market"), PaperSeal.generate("Sample stranger")
DEAL: dict[str, Any] = {
    "contract": {
        "id": "00000000-0000-0000-0000-000000000002",
        "number": "HT-2026-000001",
        "type": "TRANSFER",
        "document_sha256": "0" * 64,
        "in_force_at": "2026-03-24T02:00:00Z",
    },
    "trade": {"number": "XM-2026-000001", "method": "ONLINE_BIDDING", "price": PRICE["entry_fee"]},
    "parties": [
        {"role": "PAYEE", "name": "示例大学一 Sample University", "uscc": "12330000000000000X"},
        {"role": "PAYER", "name": "示例企业 Sample Enterprise", "uscc": None},
    ],
    "objects": [
        {
            "name_zh": "一种示例电池隔膜",
            "name_en": "A sample separator",
            "rights": [{"kind": "INVENTION_PATENT", "number": "202310123456.6"}],
        }
    ],
    "licence": {"kind": "EXCLUSIVE", "territory": "CN", "field": None, "from": "2026-04-01", "until": "2036-03-31"},
    "price": {**PRICE, "royalty": {"rate": "0.03", "base": "净销售额"}},
    "payments": {
        "dues": [{"purpose": "ENTRY_FEE", "amount": PRICE["entry_fee"], "due_on": "2026-04-10", "state": "PAID"}],
        "royalty_reports": [],
    },
    "notices": [{"kind": "RESULT", "started_at": "2026-03-02T00:00:00Z", "ended_at": None}],
    "registration": None,
}


def a_paper(
    facts: dict[str, Any] = DEAL, *, hide: tuple[str, ...] = (), by: PaperSeal = SEAL, named: PaperSeal = SEAL
) -> bytes:
    """A sealed PDF whose inner status names the seal of `named`."""
    file = verify.present(Sample(facts=facts, paper_sha256=paper.fingerprint(named)).file(), hide, TRUSTED)
    return paper.seal(drawn(file), by)


def drawn(file: bytes, trusted: Mapping[str, SealKey] = TRUSTED) -> bytes:
    verdict = verify.verify_file(file, trusted)
    assert verdict.credential is not None
    url = f"https://market.example/certificates/{NUMBER}"
    return paper.draw(file, verdict.credential, standing="ISSUED", as_of=AT, credential_sha256="ab" * 32, url=url)


def words(raw: bytes) -> str:
    document = pypdfium2.PdfDocument(raw)
    return " ".join(page.get_textpage().get_text_bounded() for page in document)


def test_a_sealed_paper_verifies_without_a_network_as_the_file_inside_does():
    verdict = verify_paper(a_paper(), TRUSTED)
    assert (verdict.answer, verdict.number, verdict.fault) == (Answer.VALID, NUMBER, None)
    assert verdict.checked == ("paper", "form", "signature", "disclosures", "status", "checkpoint", "inclusion")
    assert verdict.not_checked[-1] == "page"
    assert {*verdict.checked, *verdict.not_checked} <= set(verify.SENTENCES)


def test_the_page_says_in_words_what_the_credential_says():
    said = words(a_paper())
    for expected in (
        NUMBER,
        "示例大学一 Sample University",
        "一种示例电池隔膜 / A sample separator",
        "202310123456.6",
        "¥ 600,000.00",
        "提成 royalty 0.03",
        "2026-04-20 16:00:00 +08:00",
        "独占许可 exclusive",
        "网络竞价 online bidding",
        "发明专利 invention patent",
        "已付 paid",
        "有效",
    ):
        assert expected in said


def test_what_the_holder_hides_stands_nowhere_in_the_document():
    raw = a_paper(hide=("price",))
    verdict = verify_paper(raw, TRUSTED)
    assert (verdict.answer, verdict.hidden) == (
        Answer.VALID,
        ("price", "trade.price", "payments", "trade.number", "notices"),
    )
    assert "600,000" not in words(raw)
    assert "持有人未出示" in words(raw)
    assert b"600000" not in paper.open_paper(raw).file


def test_one_byte_changed_anywhere_makes_a_paper_not_ours():
    raw = a_paper()
    assert verify_paper(raw, TRUSTED).is_valid
    seal_at = raw.index(b"/Contents <") + len(b"/Contents <")
    for place in {*range(0, len(raw), 997), len(raw) - 2, 10, *range(seal_at, len(raw) - 2, 101)}:
        bent = raw[:place] + bytes([raw[place] ^ 0x01]) + raw[place + 1 :]
        assert verify_paper(bent, TRUSTED).answer is Answer.NOT_OURS, place


def test_a_paper_under_a_seal_that_the_market_did_not_name_is_not_ours():
    forged = verify_paper(a_paper(by=STRANGER), TRUSTED)
    assert (forged.answer, forged.fault) == (Answer.NOT_OURS, "paper")
    bare = drawn(Sample(facts=DEAL).file())
    assert verify_paper(paper.seal(bare, SEAL), TRUSTED).fault == "paper"
    assert verify_paper(a_paper(), {}).fault == "signature"


def test_a_paper_without_a_seal_or_with_something_added_after_it_is_not_ours():
    file = Sample(facts=DEAL, paper_sha256=paper.fingerprint(SEAL)).file()
    assert verify_paper(drawn(file), TRUSTED).fault == "paper"
    more = IncrementalPdfFileWriter(io.BytesIO(a_paper()))
    more.root["/Sample"] = more.root["/Type"]
    more.update_root()
    out = io.BytesIO()
    more.write(out)
    assert verify_paper(out.getvalue(), TRUSTED).fault == "paper"


@pytest.mark.parametrize("raw", [b"", b"%PDF-", b"PK", b"%PDF-1.7\n" + b"<<" * 5_000, b"%PDF-" + b"0" * (8 * 2**20)])
def test_what_is_no_paper_is_not_ours_and_never_a_stack_trace(raw: bytes):
    assert verify_paper(raw, TRUSTED).answer is Answer.NOT_OURS


def test_a_deal_of_many_parties_and_objects_goes_over_as_many_pages_as_it_needs():
    many = {**DEAL, "objects": DEAL["objects"] * 60, "parties": DEAL["parties"] * 6}
    many["parties"] = [{**one, "name": one["name"] * 8} for one in many["parties"]]
    raw = a_paper(many)
    assert len(pypdfium2.PdfDocument(raw)) == 5
    assert verify_paper(raw, TRUSTED).is_valid


def test_the_page_leads_to_its_standing_and_its_fonts_are_inside():
    raw = a_paper()
    with pikepdf.open(io.BytesIO(raw)) as document:
        fonts = [font for page in document.pages for font in page.resources.Font.values()]
        assert len(fonts) >= 1
        assert all("/FontFile" in str(font.DescendantFonts[0].FontDescriptor.keys()) for font in fonts)
        assert list(document.attachments) == [paper.ATTACHMENT]
    assert f"https://market.example/certificates/{NUMBER}" in words(raw).replace("\r\n", "")


def test_the_seal_is_a_pades_signature():
    [signature] = PdfFileReader(io.BytesIO(a_paper())).embedded_signatures
    assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
    assert signature.field_name == paper.FIELD


def test_a_seal_is_a_p256_key_with_the_certificate_of_that_key():
    with pytest.raises(ValueError, match="another key"):
        PaperSeal(SEAL.key_pem, STRANGER.certificate_pem)
    assert repr(SEAL) == "PaperSeal()"
