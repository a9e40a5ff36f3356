"""The contract as a document people hold (合同文本): drawn from its text, with a field for each party's signature.

A party may sign the file itself with a certificate of its own (PAdES) and give it back. It counts when it is the very
file the market drew, or that file as the parties before signed it, with one more signature over all of it. Whose the
certificate is, is written down; whether its issuer is trusted is for the reader, and the market says which it knows.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from importlib import resources
from typing import Any, Literal

from techmarket.contracts import templates
from techmarket.contracts.rules import ContractType, LineKind, Origin
from techmarket.kernel.typesetting import typeset

SIZE_MAX = 16 * 2**20
SIGNS_A_PAGE = 6
MM = 72 / 25.4
_PAGE_HEIGHT = 297 * MM
_KINDS: Mapping[str, tuple[str, str]] = {
    LineKind.LUMP: ("一次总付", "lump sum"),
    LineKind.INSTALMENT: ("分期支付", "instalment"),
    LineKind.ENTRY_FEE: ("入门费", "entry fee"),
    LineKind.MILESTONE: ("里程碑", "milestone"),
    LineKind.ROYALTY: ("提成", "royalty"),
    LineKind.EQUITY: ("作价入股", "equity"),
}
_BASES = {
    "net_sales": "净销售额 net sales",
    "new_output_value": "新增产值 new output value",
    "profit": "利润 profit",
    "price": "产品价格 price",
}
_UNITS = {"days": "日 days", "working_days": "个工作日 working days", "months": "个月 months", "years": "年 years"}
_FROM = {
    "EFFECT": "合同生效后 from effect",
    "ACCEPTANCE": "验收后 from acceptance",
    "REPORT": "报告后 from the report",
}
_LICENCES = {"EXCLUSIVE": "独占许可 exclusive", "SOLE": "排他许可 sole", "ORDINARY": "普通许可 ordinary"}
_BANNERS = {
    Origin.PAPER: "本合同在市场之外以纸质盖章订立，以扫描件登记 · made elsewhere on paper with seals; a scan is kept",
    Origin.ELSEWHERE: "本合同在本市场之外以电子方式订立 · made elsewhere, electronically",
}


class NotThePaper(Exception):
    """A file given back is not the contract under one more signature; the first argument names the check."""


@dataclass(frozen=True, slots=True)
class OutsideSignature:
    """A signature in the file: whose certificate it names, and what its software said of the time."""

    field: str
    subject: str
    issuer: str
    serial: str
    certificate_sha256: str
    claimed_at: datetime | None

    def as_row(self) -> dict[str, Any]:
        return {
            "field": self.field,
            "subject": self.subject,
            "issuer": self.issuer,
            "serial": self.serial,
            "certificate_sha256": self.certificate_sha256,
            "claimed_at": None if self.claimed_at is None else self.claimed_at.isoformat(),
        }


def field_of(position: int) -> str:
    """The signature field of the party at this position of the order of signing."""
    return f"Party{position}"


def draw(
    document: Mapping[str, Any],
    *,
    sha256: str,
    signatories: Sequence[tuple[str, str]],
    is_draft: bool = False,
    form: Literal["pdf", "png"] = "pdf",
) -> Any:
    """The pages of a contract. `signatories` are (role, name) in their order; as `png`, a list of pages to look at.

    A draft has no fields to sign.
    """
    stated = stated_of(document, sha256=sha256, signatories=signatories, is_draft=is_draft)
    drawn = typeset((resources.files("techmarket.contracts") / "paper.typ").read_bytes(), stated, form)
    if form == "png" or is_draft or not signatories:
        return drawn
    # Here and below pyHanko is loaded when it is first needed: it takes a third of a second, and most processes never
    # hold a contract's file.
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign.fields import SigFieldSpec, append_signature_field

    writer = IncrementalPdfFileWriter(io.BytesIO(drawn))
    pages = int(writer.root["/Pages"]["/Count"])
    sheets = -(-len(signatories) // SIGNS_A_PAGE)
    for n in range(len(signatories)):
        page = pages - sheets + n // SIGNS_A_PAGE
        append_signature_field(writer, SigFieldSpec(field_of(n + 1), on_page=page, box=_box(n % SIGNS_A_PAGE)))
    out = io.BytesIO()
    writer.write(out)  # type: ignore[no-untyped-call]
    return out.getvalue()


def _box(n: int) -> tuple[int, int, int, int]:
    """Where the typst page draws the n-th frame, in points from the lower left."""
    left = (22 + (n % 2) * 85 + 2) * MM
    top = _PAGE_HEIGHT - (18 + 22 + (n // 2) * 74 + 16) * MM
    return round(left), round(top - 36 * MM), round(left + 75 * MM), round(top)


def check_signed(raw: bytes, base: bytes, *, field: str) -> OutsideSignature:
    """The file is `base` and one more signature, in this party's field, over every byte; raises `NotThePaper`.

    Not to be called on an event loop: the check runs one of its own.
    """
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko.sign.validation.status import SignatureCoverageLevel
    from pyhanko_certvalidator import ValidationContext

    if len(raw) > SIZE_MAX or not raw.startswith(b"%PDF-"):
        raise NotThePaper("form")
    if not raw.startswith(base) or len(raw) == len(base):
        raise NotThePaper("not_this_text")
    try:
        before = {one.field_name for one in PdfFileReader(io.BytesIO(base), strict=False).embedded_signatures}
        reader = PdfFileReader(io.BytesIO(raw), strict=False)
        added = [one for one in reader.embedded_signatures if one.field_name not in before]
        if [one.field_name for one in added] != [field]:
            raise NotThePaper("wrong_field")
        [signature] = added
        certificate = signature.signer_cert
        context = ValidationContext(trust_roots=[certificate], allow_fetching=False)
        status = validate_pdf_signature(signature, context)
        if not (status.intact and status.valid):
            raise NotThePaper("broken")
        if status.coverage is not SignatureCoverageLevel.ENTIRE_FILE:
            raise NotThePaper("does_not_cover")
        for earlier in reader.embedded_signatures:
            if earlier.field_name in before:
                _require_untouched(earlier)
    except NotThePaper:
        raise
    except Exception as error:  # what strangers call a PDF breaks readers in more ways than they name
        raise NotThePaper("form") from error
    return OutsideSignature(
        field,
        certificate.subject.human_friendly,
        certificate.issuer.human_friendly,
        str(certificate.serial_number),
        hashlib.sha256(certificate.dump()).hexdigest(),
        signature.self_reported_timestamp,
    )


def _require_untouched(earlier: Any) -> None:
    """What was signed before is changed by nothing but the signature that follows."""
    from pyhanko.sign.diff_analysis import ModificationLevel
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    context = ValidationContext(trust_roots=[earlier.signer_cert], allow_fetching=False)
    status = validate_pdf_signature(earlier, context)
    harmless = (ModificationLevel.NONE, ModificationLevel.LTA_UPDATES, ModificationLevel.FORM_FILLING)
    kept = status.modification_level in harmless
    if not (status.intact and status.valid and kept):
        raise NotThePaper("changed_after_signing")


def stated_of(
    document: Mapping[str, Any], *, sha256: str, signatories: Sequence[tuple[str, str]], is_draft: bool
) -> dict[str, Any]:
    """What the pages say, as text."""
    kind = ContractType(document["type"])
    title_zh, title_en = templates.NAMES[kind]
    origin = Origin(document.get("origin", Origin.MARKET))
    banner = "草案，未交付签署 · a draft, not yet called to signature" if is_draft else _BANNERS.get(origin)
    signs = [dict(zip(("zh", "en"), _side(kind, role), strict=True)) | {"name": name} for role, name in signatories]
    return {
        "title_zh": title_zh,
        "title_en": title_en,
        "number": document["number"],
        "sha256": sha256,
        "banner": banner,
        "head": _head(document),
        "parties": [_party(kind, one) for one in document["parties"]],
        "objects": [_object(one) for one in document.get("objects", [])],
        "terms": _terms(document),
        "plan": [_line(one) for one in document.get("plan", [])],
        "facts": [_fact(one) for one in document.get("facts", [])],
        "clauses": document["clauses"],
        "signs": [signs[n : n + SIGNS_A_PAGE] for n in range(0, len(signs), SIGNS_A_PAGE)],
    }


def _row(zh: str, en: str, value: str) -> dict[str, str]:
    return {"zh": zh, "en": en, "value": value}


def _head(document: Mapping[str, Any]) -> list[dict[str, str]]:
    rows = [_row("合同编号", "number", document["number"])]
    if document.get("trade_number"):
        rows.append(_row("交易项目", "project", document["trade_number"]))
    if document.get("amends"):
        amends = document["amends"]
        rows.append(_row("变更生效日", "as changed from", f"{amends['effective_on']} (v{amends['version'] + 1})"))
    if document.get("made_elsewhere"):
        made = document["made_elsewhere"]
        rows.append(_row("签订日期", "signed on", made["signed_on"]))
        rows.append(_row("扫描件", "scan (SHA-256)", made["scan_sha256"]))
    return rows


def _side(kind: ContractType, role: str) -> tuple[str, str]:
    payee, payer = templates.SIDES[kind]
    return payee if role == "PAYEE" else payer


def _party(kind: ContractType, one: Mapping[str, Any]) -> dict[str, Any]:
    zh, en = _side(kind, one["role"])
    notes = []
    if one.get("represented_by"):
        notes.append(f"受托办理 by mandate: {one['represented_by']}")
    if one.get("consortium"):
        notes.append(
            {"representative": "联合体代表 representative", "member": "联合体成员 member"}[one["consortium"]]
            + "，承担连带责任 jointly and severally liable"
        )
    return {"zh": zh, "en": en, "name": one["name"], "uscc": one["uscc"], "note": "; ".join(notes) or None}


def _object(one: Mapping[str, Any]) -> dict[str, Any]:
    rights = []
    for right in one["rights"]:
        parts = [right["kind"], right["number"]]
        parts += [f"申请号 application {right['application_number']}"] if right.get("application_number") else []
        parts += [f"申请日 filed {right['filed_on']}"] if right.get("filed_on") else []
        parts += [f"有效期至 expires {right['expires_on']}"] if right.get("expires_on") else []
        rights.append(" · ".join(str(part) for part in parts if part))
    return {
        "name": " / ".join(filter(None, (one["name_zh"], one["name_en"]))),
        "owners": "申请人与权利人 applicant and owner: " + "、".join(one["applicant_and_owner"]),
        "rights": rights,
    }


def _terms(document: Mapping[str, Any]) -> list[dict[str, str]]:
    rows = []
    licence = document.get("licence")
    if licence is not None:
        years = licence["term_years"]
        rows.append(_row("许可方式", "licence", _LICENCES.get(licence["kind"], licence["kind"])))
        rows.append(_row("地域", "territory", licence["territory"]))
        rows.append(_row("领域", "field", licence["field"]))
        rows.append(_row("方式", "manner", licence["manner"]))
        rows.append(_row("期限", "term", "不限 without limit" if years is None else f"{years} 年 years"))
    if document.get("trial"):
        months = document["trial"]["months"]
        rows.append(_row("先用后转", "trial", f"免费试用 {months} 个月，未接受则失效 · free, lapses unless accepted"))
    if document.get("title_moves"):
        when = {"ON_EFFECT": "合同生效时 on effect", "ON_PAYMENT": "付清固定价款后 once the fixed price is paid"}
        rows.append(_row("权属移转", "title moves", when[document["title_moves"]]))
    if document.get("crossing"):
        crossing = document["crossing"]
        way = {"IMPORT": "进口 import", "EXPORT": "出口 export"}[crossing["direction"]]
        what = {"FREE": "自由类 free", "RESTRICTED": "限制类 restricted"}[crossing["category"]]
        rows.append(_row("技术进出口", "across the border", f"{way} · {what}"))
    return rows


def _line(line: Mapping[str, Any]) -> dict[str, str]:
    zh, en = _KINDS[line["kind"]]
    what = [line["title"]] if line.get("title") else []
    what += [yuan(line[name]) for name in ("amount", "valuation") if name in line]
    if "share" in line:
        what.append(f"股权 share {_percent(line['share'])}")
    if "royalty" in line:
        what += _royalty(line["royalty"])
    if "secured_by" in line:
        what.append(f"担保 secured by: {line['secured_by']}")
    if "interest_a_day" in line:
        what.append(f"日利率 interest a day {_percent(line['interest_a_day'])}")
    return {"n": str(line["n"]), "zh": zh, "en": en, "what": "\n".join(what), "when": _when(line)}


def _when(line: Mapping[str, Any]) -> str:
    if "due_on" in line:
        return str(line["due_on"])
    if "royalty" in line:
        return f"{_FROM['REPORT']} {line['royalty']['due_days']} {_UNITS['days']}"
    if "within" in line:
        return f"{_FROM[line['from']]} {line['within']['n']} {_UNITS[line['within']['unit']]}"
    return "不付现金 no cash" if line["kind"] == LineKind.EQUITY else "—"


def _royalty(said: Mapping[str, Any]) -> list[str]:
    base = _BASES.get(said["base"], said["base"])
    rates = [
        f"第 {one['from_year']} 年起 from year {one['from_year']}: {_percent(one['rate'])}" for one in said["rates"]
    ]
    lines = [f"{base} × {_percent(said['rates'][0]['rate'])}"] if len(rates) == 1 else [base, *rates]
    if said.get("report_months"):
        lines.append(f"每 {said['report_months']} 个月报告 a report every {said['report_months']} months")
    for name, words in (
        ("minimum_a_year", "年最低 minimum a year"),
        ("cap_a_year", "年上限 cap a year"),
        ("cap_in_all", "总上限 cap in all"),
        ("advance", "预付抵扣 advance credited"),
    ):
        if said.get(name):
            lines.append(f"{words} {yuan(said[name])}")
    if said.get("late_interest_a_day"):
        lines.append(f"逾期日息 late interest a day {_percent(said['late_interest_a_day'])}")
    if said.get("books_may_be_inspected"):
        lines.append("可查阅账目 books may be inspected")
    return lines


def _fact(one: Mapping[str, str]) -> dict[str, Any]:
    own = "text" in one
    texts = [one["text"]] if own else [one["text_zh"], one["text_en"]]
    by = "" if own else "法定 by law · "
    return {"zh": one["title_zh"], "en": one["title_en"], "source": by + one["source"], "texts": texts}


def yuan(money: Mapping[str, str]) -> str:
    whole, _, cents = money["amount"].partition(".")
    return f"¥ {int(whole):,}.{cents}"


def _percent(rate: str) -> str:
    return f"{(Decimal(rate) * 100).normalize():f} %"
