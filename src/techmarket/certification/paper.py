"""The certificate as a document people hold (鉴证书): a page with a QR code, the credential inside, sealed as PAdES.

The page is for reading; what counts is the file it carries. The file's signed status names the certificate of the
market's document seal, so whoever trusts the market's published keys needs nothing else to judge the PDF.
"""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Any, Literal

import segno

from techmarket.certification.credential import SAMPLE
from techmarket.kernel.periods import SHANGHAI
from techmarket.kernel.seals import PaperSeal
from techmarket.kernel.typesetting import typeset

ATTACHMENT = "certificate.json"
FIELD = "MarketSeal"
SIZE_MAX = 8 * 2**20
FILE_MAX = 512 * 1024
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
        "is_sample": SAMPLE in credential["type"],
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


def seal(page: bytes, by: PaperSeal) -> bytes:
    """The page under the market's document seal: a PAdES signature over every byte (ETSI EN 319 142, B-B)."""
    from techmarket.certification import pades

    return pades.seal(page, by)


def open_paper(raw: bytes) -> Opened:
    """The file inside a sealed PDF, once the seal is found to cover every byte; raises `NotAPaper`.

    Whether the seal's certificate has run out does not matter: the status inside names it as of its own day.
    Not to be called on an event loop: the check runs one of its own.
    """
    if len(raw) > SIZE_MAX or not raw.startswith(b"%PDF-"):
        raise NotAPaper("form")
    from techmarket.certification import pades

    return pades.open_paper(raw)


def fingerprint(by: PaperSeal) -> str:
    """SHA-256 of the document seal's certificate, as the status names it."""
    return hashlib.sha256(der(by.certificate_pem)).hexdigest()


@cache
def der(certificate_pem: bytes) -> bytes:
    """The certificate as the bytes that are signed and hashed."""
    return ssl.PEM_cert_to_DER_cert(certificate_pem.decode("ascii"))


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
