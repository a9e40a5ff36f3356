"""The certificate as a document people hold (鉴证书): a page with a QR code, the credential inside, sealed as PAdES.

The page is for reading; what counts is the file it carries. The file's signed status names the certificate of the
market's document seal, so whoever trusts the market's published keys needs nothing else to judge the PDF.
"""

from __future__ import annotations

import hashlib
import io
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Any, Literal

import pikepdf
import segno
from asn1crypto import cms, pem, x509  # type: ignore[import-untyped]
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import PdfSignatureMetadata, PdfSigner, Signer
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from techmarket.kernel.periods import SHANGHAI
from techmarket.kernel.seals import PaperSeal
from techmarket.kernel.typesetting import typeset

ATTACHMENT = "certificate.json"
FIELD = "MarketSeal"
SIZE_MAX = 8 * 2**20
FILE_MAX = 512 * 1024
SIGNATURE_BYTES_MAX = 72
"""Of ECDSA on P-256 in DER."""
STANDINGS = {
    "ISSUED": ("有效", "valid"),
    "SUSPENDED": ("中止", "suspended"),
    "REVOKED": ("已撤销", "revoked"),
    "REPLACED": ("已由新证替代", "replaced"),
}
_MADE = {
    "MARKET": "",
    "PAPER": "市场外纸质订立 made elsewhere, on paper",
    "ELSEWHERE": "市场外电子订立 made elsewhere, electronically",
}
_WORDS = {
    "TRANSFER": "技术转让 transfer",
    "LICENCE": "技术许可 licence",
    "DEVELOPMENT": "技术开发 development",
    "CONSULTING": "技术咨询 consulting",
    "SERVICE": "技术服务 service",
    "FIXED_PRICE": "挂牌 fixed price",
    "NEGOTIATED": "协议定价 negotiated",
    "ONLINE_BIDDING": "网络竞价 online bidding",
    "SEALED": "一次报价 sealed quote",
    "DESCENDING": "降价拍卖 falling price",
    "SCORED": "综合评分 scored",
    "SELECTION": "揭榜挂帅 selection",
    "EXCLUSIVE": "独占许可 exclusive",
    "SOLE": "排他许可 sole",
    "ORDINARY": "普通许可 ordinary",
    "INVENTION_PATENT": "发明专利 invention patent",
    "UTILITY_MODEL": "实用新型 utility model",
    "DESIGN": "外观设计 design",
    "SOFTWARE_COPYRIGHT": "软件著作权 software copyright",
    "TECHNICAL_SECRET": "技术秘密 technical secret",
    "PRICE": "价款 price",
    "ENTRY_FEE": "入门费 entry fee",
    "ROYALTY": "提成费 royalty",
    "REFUND": "退款 refund",
    "OPEN": "未付 open",
    "PAID": "已付 paid",
    "REFUNDED": "已退 refunded",
    "CANCELLED": "已取消 cancelled",
    "ANNOUNCEMENT": "交易公告 announcement",
    "RESULT": "结果公示 result",
}
"""What the page calls a code of the credential; one that is not here is shown as it is."""
_ROLES = {"PAYEE": ("让与方/许可方", "payee"), "PAYER": ("受让方/被许可方", "payer")}


class NotAPaper(Exception):
    """The bytes are no sealed PDF of a certificate; the first argument names the check that failed."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What a PDF carries, and whose seal covers every byte of it."""

    file: bytes
    certificate_sha256: str


def draw(
    file: bytes,
    credential: Mapping[str, Any],
    *,
    standing: str,
    as_of: datetime,
    credential_sha256: str,
    url: str,
    form: Literal["pdf", "png"] = "pdf",
) -> Any:
    """The page of a certificate, with its file attached; as `png`, a list of pages to look at."""
    stated = stated_of(credential) | {
        "standing": dict(zip(("zh", "en"), STANDINGS[standing], strict=True)),
        "as_of": _read(as_of.isoformat()),
        "credential_sha256": credential_sha256,
        "url": url,
        "qr": segno.make(url, error="m", micro=False).svg_inline(border=1),
        "file": file.decode(),
    }
    return typeset((resources.files("techmarket.certification") / "paper.typ").read_bytes(), stated, form)


def stated_of(credential: Mapping[str, Any]) -> dict[str, Any]:
    """What the page says, as text; None where the holder does not show it."""
    facts: dict[str, Any] = credential["credentialSubject"]["transaction"]
    trade, licence, registration = facts["trade"], facts["licence"], facts["registration"]
    return {
        "number": credential["credentialSubject"]["certificateNumber"],
        "issuer": credential["issuer"]["name"],
        "issued_at": _read(credential["validFrom"]),
        "parties": [
            {
                "name": one["name"],
                "uscc": one["uscc"],
                **dict(zip(("role_zh", "role_en"), _ROLES[one["role"]], strict=True)),
            }
            for one in facts["parties"]
        ],
        "objects": [
            {"name": " / ".join(filter(None, (one["name_zh"], one["name_en"]))), "rights": _rights(one["rights"])}
            for one in facts["objects"]
        ],
        "contract": {
            **facts["contract"],
            "type": _word(facts["contract"]["type"]),
            "made": _MADE[facts["contract"].get("made", "MARKET")],
            "in_force_at": _read(facts["contract"]["in_force_at"]),
        },
        "trade": "协议成交 by agreement"
        if trade is None
        else f"{trade.get('number', '（持有人未出示 not shown）')} · {_word(trade['method'])}",
        "replaces": (credential["credentialSubject"].get("replaces") or {}).get("number"),
        "licence": _licence(licence),
        "registration": "—" if registration is None else f"{registration['number']} · {registration['class']}",
        "price": _price(facts["price"]) if "price" in facts else None,
        "payments": _payments(facts["payments"]) if "payments" in facts else None,
        "notices": [[_word(one["kind"]), _read(one["started_at"]), _read(one["ended_at"])] for one in facts["notices"]]
        if "notices" in facts
        else None,
    }


class _SealSigner(Signer):
    """The document seal as the signing library wants it, wherever its private half is held."""

    def __init__(self, by: PaperSeal) -> None:
        super().__init__(
            signing_cert=x509.Certificate.load(_der(by.certificate_pem)),
            cert_registry=SimpleCertificateStore(),  # type: ignore[no-untyped-call]
        )
        self._seal = by

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        if digest_algorithm != "sha256":
            raise ValueError(digest_algorithm)
        return bytes(SIGNATURE_BYTES_MAX) if dry_run else self._seal.sign(data)


def seal(page: bytes, by: PaperSeal) -> bytes:
    """The page under the market's document seal: a PAdES signature over every byte (ETSI EN 319 142, B-B)."""
    said = PdfSignatureMetadata(field_name=FIELD, subfilter=SigSeedSubFilter.PADES, md_algorithm="sha256")
    out = PdfSigner(said, _SealSigner(by)).sign_pdf(IncrementalPdfFileWriter(io.BytesIO(page)))
    return bytes(out.getvalue())


def open_paper(raw: bytes) -> Opened:
    """The file inside a sealed PDF, once the seal is found to cover every byte; raises `NotAPaper`.

    Whether the seal's certificate has run out does not matter: the status inside names it as of its own day.
    Not to be called on an event loop: the check runs one of its own.
    """
    if len(raw) > SIZE_MAX or not raw.startswith(b"%PDF-"):
        raise NotAPaper("form")
    try:
        signatures = PdfFileReader(io.BytesIO(raw), strict=False).embedded_signatures
        if len(signatures) != 1:
            raise NotAPaper("paper")
        [signature] = signatures
        certificate = signature.signer_cert
        context = ValidationContext(trust_roots=[certificate], allow_fetching=False)
        status = validate_pdf_signature(signature, context, skip_diff=True)
        if not (status.intact and status.valid and status.coverage is SignatureCoverageLevel.ENTIRE_FILE):
            raise NotAPaper("paper")
        _require_one_spelling(raw, signature)
        with pikepdf.open(io.BytesIO(raw)) as document:
            file = _unpacked(document.attachments[ATTACHMENT].get_file().obj)
    except NotAPaper:
        raise
    except Exception as error:  # what strangers call a PDF breaks readers in more ways than they name
        raise NotAPaper("paper") from error
    return Opened(file, hashlib.sha256(certificate.dump()).hexdigest())


def _unpacked(stream: pikepdf.Object) -> bytes:
    """The attached file, at most as long as a file of ours: a stranger's PDF may hold a bomb."""
    raw = stream.read_raw_bytes()
    if str(stream.get("/Filter", "")) != "/FlateDecode":
        raise NotAPaper("paper")
    file = zlib.decompressobj().decompress(raw, FILE_MAX + 1)
    if len(file) > FILE_MAX:
        raise NotAPaper("paper")
    return file


def _require_one_spelling(raw: bytes, signature: EmbeddedPdfSignature) -> None:
    """The place of the signature itself lies outside what it signs: it has to be spelled as we spell it.

    What the key signed (the attributes), the signature and the certificate are put together anew, and nothing else.
    """
    _, end, begin, _ = (int(number) for number in signature.byte_range)
    said, certificate = signature.signer_info, signature.signer_cert
    signer = cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                "issuer_and_serial_number",
                cms.IssuerAndSerialNumber({"issuer": certificate.issuer, "serial_number": certificate.serial_number}),
            ),
            "digest_algorithm": {"algorithm": "sha256"},
            "signed_attrs": said["signed_attrs"],
            "signature_algorithm": {"algorithm": "sha256_ecdsa"},
            "signature": said["signature"].native,
        }
    )
    content = cms.ContentInfo(
        {
            "content_type": "signed_data",
            "content": cms.SignedData(
                {
                    "version": "v1",
                    "digest_algorithms": [{"algorithm": "sha256"}],
                    "encap_content_info": {"content_type": "data"},
                    "certificates": [certificate],
                    "signer_infos": [signer],
                }
            ),
        }
    )
    spelled = b"<" + content.dump(force=True).hex().upper().encode().ljust(begin - end - 2, b"0") + b">"
    if raw[end:begin] != spelled:
        raise NotAPaper("paper")


def fingerprint(by: PaperSeal) -> str:
    """SHA-256 of the document seal's certificate, as the status names it."""
    return hashlib.sha256(_der(by.certificate_pem)).hexdigest()


@cache
def _der(text: bytes) -> bytes:
    return bytes(pem.unarmor(text)[2])


def _word(code: str) -> str:
    return _WORDS.get(code, code)


def _rights(rights: Any) -> list[dict[str, str]]:
    return [{"kind": _word(one["kind"]), "number": one["number"] or "—"} for one in rights]


def _licence(licence: Mapping[str, Any]) -> str:
    if licence["kind"] is None:
        return "—"
    parts = [
        _word(licence["kind"]),
        *(f"{name}: {licence[name]}" for name in ("territory", "field") if licence.get(name)),
    ]
    span = " – ".join(licence[name] or "…" for name in ("from", "until")) if licence["from"] or licence["until"] else ""
    return " · ".join(filter(None, [*parts, span]))


def _price(price: Mapping[str, Any]) -> str:
    fee, royalty = price["entry_fee"], price["royalty"]
    parts = [_yuan(fee)] if fee else []
    if royalty:
        parts.append(f"提成 royalty {royalty['rate']} × {royalty['base']}")
    return " + ".join(parts) or "—"


def _payments(payments: Mapping[str, Any]) -> list[list[str]]:
    dues = [
        [_word(one["purpose"]), _yuan(one["amount"]), one["due_on"], _word(one["state"])] for one in payments["dues"]
    ]
    reports = [
        [f"提成报告 royalty {one['from']} – {one['to']}", _yuan(one["royalty"]), "", ""]
        for one in payments["royalty_reports"]
    ]
    return [*dues, *reports]


def _yuan(money: Mapping[str, str]) -> str:
    whole, _, cents = money["amount"].partition(".")
    return f"¥ {int(whole):,}.{cents}"


def _read(moment: str | None) -> str:
    """A moment as people here read it: in Shanghai, to the second."""
    if moment is None:
        return "—"
    return datetime.fromisoformat(moment).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S +08:00")
